from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox.slack.limits import block_problems, text_length, view_problems, view_too_large

Json = dict[str, Any]


def plain(length: int = 3) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int = 3) -> Json:
    return {"type": "mrkdwn", "text": "x" * length}


def button(action_id: str = "go", **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain(), **more}


def option(value: str = "v") -> Json:
    return {"text": plain(), "value": value}


def section(**more: Any) -> Json:
    return {"type": "section", "text": plain(), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def field(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain(), "element": element, **more}


def rich(text: str = "x") -> Json:
    section_of_text = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section_of_text]}


def confirm(**more: Any) -> Json:
    return {"title": plain(), "text": mrkdwn(), "confirm": plain(), "deny": plain(), **more}


def chart(kind: str = "bar", *, categories: int = 2, series: int = 1, **more: Any) -> Json:
    names = [f"c{number}" for number in range(categories)]
    drawn = {
        "type": kind,
        "series": [
            {"name": f"s{number}", "data": [{"label": name, "value": 1} for name in names]} for number in range(series)
        ],
        "axis_config": {"categories": names},
    }
    return {"type": "data_visualization", "title": "Decisions", "chart": drawn, **more}


def pie(segments: int) -> Json:
    parts = [{"label": f"p{number}", "value": 1} for number in range(segments)]
    return {"type": "data_visualization", "title": "Share", "chart": {"type": "pie", "segments": parts}}


def table(rows: int = 2, columns: int = 2, length: int = 1) -> Json:
    cells = [[{"type": "raw_text", "text": "x" * length} for _ in range(columns)] for _ in range(rows)]
    return {"type": "data_table", "caption": "Incidents", "rows": cells}


GOOD: list[Json] = [
    section(text=mrkdwn(3000)),
    {"type": "section", "fields": [mrkdwn(2000)] * 10},
    section(accessory={"type": "image", "image_url": "https://x.test/a.png", "alt_text": "a"}),
    section(accessory=button(value="v" * 2000, style="danger", confirm=confirm())),
    section(accessory={"type": "overflow", "action_id": "more", "options": [option(str(n)) for n in range(5)]}),
    {"type": "header", "text": plain(150)},
    {"type": "divider"},
    {"type": "context", "elements": [mrkdwn()] * 10},
    {"type": "image", "image_url": "https://x.test/a.png", "alt_text": "a", "title": plain()},
    actions(*(button(str(number)) for number in range(25))),
    rich(),
    chart(),
    chart("line", categories=20, series=12),
    chart("area"),
    pie(12),
    table(201, 20),
    field({"type": "plain_text_input", "action_id": "a", "max_length": 3000}),
    field({"type": "url_text_input", "action_id": "a"}, optional=True, hint=plain(2000)),
    field({"type": "checkboxes", "action_id": "a", "options": [option()]}),
    field({"type": "static_select", "action_id": "a", "options": [option(str(n)) for n in range(100)]}),
    field({"type": "users_select", "action_id": "a", "placeholder": plain(150)}),
    field({"type": "number_input", "action_id": "a", "is_decimal_allowed": False}),
]


@pytest.mark.parametrize("block", GOOD, ids=lambda block: block["type"])
def test_a_block_at_its_limit_is_taken(block: Json) -> None:
    assert block_problems([block]) == []


BAD: dict[str, Any] = {
    "no list": {"type": "divider"},
    "no object": ["divider"],
    "no type": [{}],
    "unknown type": [{"type": "marquee"}],
    "unknown field": [section(colour="red")],
    "51 blocks": [{"type": "divider"}] * 51,
    "section of nothing": [{"type": "section"}],
    "section text empty": [section(text=plain(0))],
    "section text too long": [section(text=plain(3001))],
    "eleven fields": [{"type": "section", "fields": [plain()] * 11}],
    "field too long": [{"type": "section", "fields": [plain(2001)]}],
    "text object without text": [section(text={"type": "mrkdwn"})],
    "text object of unknown type": [section(text={"type": "html", "text": "x"})],
    "input element in a section": [section(accessory={"type": "plain_text_input", "action_id": "a"})],
    "header in mrkdwn": [{"type": "header", "text": mrkdwn()}],
    "header too long": [{"type": "header", "text": plain(151)}],
    "context of eleven": [{"type": "context", "elements": [plain()] * 11}],
    "context of a button": [{"type": "context", "elements": [button()]}],
    "actions of none": [actions()],
    "actions of 26": [actions(*(button(str(number)) for number in range(26)))],
    "image without alt_text": [{"type": "image", "image_url": "https://x.test/a.png"}],
    "image without source": [{"type": "image", "alt_text": "a"}],
    "button text in mrkdwn": [actions({**button(), "text": mrkdwn()})],
    "button text too long": [actions({**button(), "text": plain(76)})],
    "button value too long": [actions(button(value="v" * 2001))],
    "button of unknown style": [actions(button(style="pink"))],
    "action_id too long": [actions(button("a" * 256))],
    "block_id too long": [{"type": "divider", "block_id": "b" * 256}],
    "block_id twice": [{"type": "divider", "block_id": "b"}, {"type": "divider", "block_id": "b"}],
    "action_id twice in a block": [actions(button("a"), button("a"))],
    "confirm title too long": [actions(button(confirm=confirm(title=plain(101))))],
    "confirm text too long": [actions(button(confirm=confirm(text=plain(301))))],
    "confirm button too long": [actions(button(confirm=confirm(deny=plain(31))))],
    "confirm without deny": [actions(button(confirm={"title": plain(), "text": plain(), "confirm": plain()}))],
    "select without options": [field({"type": "static_select", "action_id": "a"})],
    "101 options": [
        field({"type": "static_select", "action_id": "a", "options": [option(str(n)) for n in range(101)]})
    ],
    "option value too long": [field({"type": "static_select", "action_id": "a", "options": [option("v" * 76)]})],
    "option twice": [field({"type": "static_select", "action_id": "a", "options": [option(), option()]})],
    "initial option not offered": [
        field({"type": "static_select", "action_id": "a", "options": [option()], "initial_option": option("w")})
    ],
    "overflow of six": [section(accessory={"type": "overflow", "options": [option(str(n)) for n in range(6)]})],
    "checkboxes of eleven": [field({"type": "checkboxes", "options": [option(str(n)) for n in range(11)]})],
    "placeholder too long": [field({"type": "users_select", "placeholder": plain(151)})],
    "button as input": [field(button())],
    "input without label": [{"type": "input", "element": {"type": "plain_text_input"}}],
    "label too long": [field({"type": "plain_text_input"}, label=plain(2001))],
    "max_length too large": [field({"type": "plain_text_input", "max_length": 3001})],
    "min over max": [field({"type": "plain_text_input", "min_length": 9, "max_length": 3})],
    "rich text empty": [rich("")],
    "rich text of unknown element": [{"type": "rich_text", "elements": [{"type": "rich_text_poem", "elements": []}]}],
    "chart of unknown kind": [chart("radar")],
    "chart title too long": [chart(title="t" * 51)],
    "chart of 13 series": [chart(series=13)],
    "chart of 21 categories": [chart(categories=21)],
    "pie of 13": [pie(13)],
    "three charts": [chart(), chart(), chart()],
    "table of 202 rows": [table(202)],
    "table of 21 columns": [table(columns=21)],
    "table of too many characters": [table(100, 3, 100)],
    "table without caption": [{"type": "data_table", "rows": table()["rows"]}],
    "table with a ragged row": [{**table(), "rows": [table()["rows"][0], table(columns=1)["rows"][0]]}],
}


@pytest.mark.parametrize("blocks", BAD.values(), ids=BAD.keys())
def test_a_block_past_its_limit_is_refused_with_a_pointer(blocks: Any) -> None:
    problems = block_problems(blocks)
    assert problems
    assert all("json-pointer:/" in sentence for sentence in problems)


def test_data_labels_must_be_the_categories_of_the_axis() -> None:
    wrong = chart()
    wrong["chart"]["axis_config"]["categories"] = ["c0", "other"]
    assert "must match" in block_problems([wrong])[0]


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain(24), "blocks": list(blocks), **more}


INPUT = field({"type": "plain_text_input", "action_id": "a"}, block_id="i")

VIEWS: dict[str, tuple[Json, str]] = {
    "inputs without submit": (modal(INPUT), "submit"),
    "title too long": (modal(title=plain(25)), "title"),
    "submit too long": (modal(INPUT, submit=plain(25)), "submit"),
    "close too long": (modal(close=plain(25)), "close"),
    "no title": ({"type": "modal", "blocks": []}, "title"),
    "private_metadata too long": (modal(private_metadata="x" * 3001), "private_metadata"),
    "callback_id too long": (modal(callback_id="x" * 256), "callback_id"),
    "101 blocks": (modal(*[{"type": "divider"}] * 101), "100"),
    "a chart in a modal": (modal(chart()), "unsupported"),
    "of no type": ({"title": plain(), "blocks": []}, "type"),
    "block_id twice": (modal(INPUT, INPUT, submit=plain()), "already exists"),
}


@pytest.mark.parametrize(("view", "word"), VIEWS.values(), ids=VIEWS.keys())
def test_a_view_past_its_limit_is_refused(view: Json, word: str) -> None:
    assert word in " ".join(view_problems(view))


def test_a_modal_at_its_limits_is_taken() -> None:
    view = modal(INPUT, *[{"type": "divider"}] * 99, submit=plain(24), private_metadata="x" * 3000)
    assert view_problems(view, kind="modal") == []
    assert view_problems(view, kind="home") != []


def test_a_view_over_250_kilobytes_is_too_large() -> None:
    assert view_too_large(modal(*[section(text=plain(3000))] * 90))
    assert not view_too_large(modal(section()))


def test_the_text_of_blocks_is_counted_without_tables_and_charts() -> None:
    assert (
        text_length([section(text=plain(5)), {"type": "header", "text": plain(7)}, table(), chart(), rich("four")])
        == 16
    )


@pytest.mark.parametrize("make", [plain, mrkdwn])
def test_both_kinds_of_text_are_taken_where_both_may_stand(make: Callable[[], Json]) -> None:
    assert block_problems([section(text=make())]) == []
