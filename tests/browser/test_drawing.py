"""What Slack can draw, the page draws: each kind of block, posted through the Web API."""

import re
from typing import Any

from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.server import APPROVALS
from bot.sandbox.stage import Stage
from tests.browser.test_what_it_looks_like import violations
from tests.browser.visitor import ADA, MONA, Visitor

Json = dict[str, Any]
WEEKS = ["W43", "W44", "W45", "W46"]
# Upright names by their boxes; of slanted ones, whose boxes overlap where their letters do not, the lines' distance.
OVERLAPS = """svg => { const all = [...svg.querySelectorAll('.name')];
  const box = (node) => node.getBoundingClientRect();
  const slanted = all[0].hasAttribute('transform');
  return all.slice(1).filter((node, at) => slanted
    ? (box(node).right - box(all[at]).right) * Math.SQRT1_2 < parseFloat(getComputedStyle(node).fontSize)
    : box(node).left < box(all[at]).right).map((node) => node.textContent); }"""


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def xy(kind: str) -> Json:
    series = [
        {"name": name, "data": [{"label": week, "value": value * (at + 1)} for at, week in enumerate(WEEKS)]}
        for name, value in (("asked", 7), ("denied", 2))
    ]
    axis = {"categories": WEEKS, "x_label": "week", "y_label": "requests"}
    return {"type": kind, "series": series, "axis_config": axis}


def charted(kind: str) -> Json:
    segments = [{"label": label, "value": value} for label, value in (("spam", 9), ("legal", 3), ("other", 1))]
    chart = {"type": "pie", "segments": segments} if kind == "pie" else xy(kind)
    return {"type": "data_visualization", "title": f"Requests ({kind})", "chart": chart}


EVERYTHING: list[Json] = [
    {"type": "header", "text": plain("A header")},
    {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "*bold* _it_ ~no~ `code` <@U02MONA> <!date^1511663100^{date_num}|then> :x:"},
        "accessory": {"type": "button", "action_id": "look", "text": plain("Look")},
    },
    {"type": "section", "fields": [plain("Filed\n3"), plain("Denied\n1")]},
    {"type": "divider"},
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "text", "text": "strong", "style": {"bold": True, "code": True}},
                    {"type": "user", "user_id": "U02MONA"},
                    {"type": "usergroup", "usergroup_id": "S0CALL"},
                    {"type": "link", "url": "https://example.com/a", "text": "a link"},
                    {"type": "date", "timestamp": 1511663100, "format": "{date_num} {time}", "fallback": "2017"},
                ],
            },
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "a quote"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "as  it   is"}]},
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "an item"}]}],
            },
        ],
    },
    {"type": "image", "image_url": "https://example.com/cat.png", "alt_text": "a cat"},
    {
        "type": "data_table",
        "caption": "By tier",
        "rows": [
            [{"type": "raw_text", "text": "tier"}, {"type": "raw_text", "text": "asked"}],
            [{"type": "raw_text", "text": "high"}, {"type": "raw_number", "value": 1200}],
        ],
    },
    {"type": "context", "elements": [plain("small print")]},
]


async def test_every_block_is_drawn(visitor: Visitor, empty_stage: Stage) -> None:
    await visitor.open()
    client = AsyncWebClient(token=empty_stage.workspace.bot_token, base_url=empty_stage.workspace.api_url)
    await client.chat_postMessage(channel=APPROVALS, text="everything", blocks=EVERYTHING)
    message = visitor.see(".message").last
    for kind in ("header", "section", "divider", "rich_text", "image", "data_table", "context"):
        await expect(message.locator(f".block-{kind}").first).to_be_attached()
    for selector in ("strong", "em", "s", "blockquote", "pre", "ul li", "table caption", "time"):
        await expect(message.locator(selector).first).to_be_visible()
    await expect(message.locator(".mention")).to_have_text(["@mona", "@mona", "@S0CALL"])
    await expect(message.locator("td.number")).to_have_text("1,200")
    await expect(message.locator(".picture")).to_have_attribute("aria-label", "a cat")
    assert await message.locator(".unknown").count() == 0
    await visitor.keep("blocks")
    assert await violations(visitor) == []


async def test_charts_are_drawn_with_axes_a_legend_and_a_table(visitor: Visitor, empty_stage: Stage) -> None:
    await visitor.open()
    client = AsyncWebClient(token=empty_stage.workspace.bot_token, base_url=empty_stage.workspace.api_url)
    for pair in (("line", "bar"), ("area", "pie")):
        await client.chat_postMessage(channel=APPROVALS, text="charts", blocks=[charted(kind) for kind in pair])
    await expect(visitor.see("figure.chart")).to_have_count(4)
    shapes = {"line": "path.line", "bar": "rect", "area": "path.under", "pie": "path.slice"}
    for kind, shape in shapes.items():
        figure = visitor.see("figure.chart").filter(has_text=f"({kind})")
        assert await figure.locator(shape).count() in {2, 3, 8}
        assert await figure.locator(".legend li").count() in {2, 3}
        await expect(figure.locator("svg")).to_have_attribute("role", "img")
        await figure.locator("summary").click()
        await expect(figure.locator("table")).to_be_visible()
        await figure.locator("summary").click()
    axes = visitor.see("figure.chart").first.locator(".axis")
    await expect(axes).to_have_text(["requests", "week"])
    await visitor.keep("charts")
    assert await violations(visitor) == []


async def test_names_under_a_chart_never_overlap_and_a_small_bar_is_seen(visitor: Visitor, empty_stage: Stage) -> None:
    await visitor.open()
    client = AsyncWebClient(token=empty_stage.workspace.bot_token, base_url=empty_stage.workspace.api_url)
    for count in (4, 10, 20):
        names = [f"INC-{'WQ8' * 3}{number:02}" for number in range(count)]
        series = [
            {"name": name, "data": [{"label": label, "value": value} for label in names]}
            for name, value in (("here", 0.017), ("in 2017", 660))
        ]
        told = {"type": "bar", "series": series, "axis_config": {"categories": names, "x_label": "incident"}}
        block = {"type": "data_visualization", "title": f"Time to restore ({count})", "chart": told}
        await client.chat_postMessage(channel=APPROVALS, text="chart", blocks=[block])
    await expect(visitor.see("figure.chart")).to_have_count(3)
    for at, count in enumerate((4, 10, 20)):
        figure = visitor.see("figure.chart").nth(at)
        assert await figure.locator("svg").evaluate(OVERLAPS) == []
        await expect(figure.locator("rect.hue-0 title").first).to_have_text(re.compile("0.017$"))
        assert await figure.locator("rect").count() == 2 * count
        heights = await figure.locator("rect").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
        assert min(heights) >= 2
        await figure.locator("summary").click()
        await expect(figure.locator("td.number").first).to_have_text("0.017")
        await expect(figure.locator("tbody tr")).to_have_count(count)
    await visitor.keep("chart-names")


async def test_fields_stand_in_two_columns(visitor: Visitor, empty_stage: Stage) -> None:
    await visitor.open()
    client = AsyncWebClient(token=empty_stage.workspace.bot_token, base_url=empty_stage.workspace.api_url)
    fields = {"type": "section", "fields": [plain(f"Name\n{number}") for number in range(5)]}
    await client.chat_postMessage(channel=APPROVALS, text="fields", blocks=[fields])
    await expect(visitor.see(".field")).to_have_count(5)
    lefts = await visitor.see(".field").evaluate_all("all => all.map(one => one.getBoundingClientRect().left)")
    assert lefts == [lefts[0], lefts[1]] * 2 + [lefts[0]]


async def test_replies_ephemerals_and_unread_places(visitor: Visitor, empty_stage: Stage) -> None:
    await visitor.open()
    client = AsyncWebClient(token=empty_stage.workspace.bot_token, base_url=empty_stage.workspace.api_url)
    parent = await client.chat_postMessage(channel=APPROVALS, text="a card")
    await client.chat_postMessage(channel=APPROVALS, text="the whole reason", thread_ts=parent["ts"])
    await client.chat_postEphemeral(channel=APPROVALS, user=MONA, text="for Mona alone")
    await client.chat_postMessage(channel=ADA, text="for Ada alone")
    await visitor.see(".thread summary").click()
    await expect(visitor.see(".thread .message")).to_contain_text("the whole reason")
    await expect(visitor.see(".ephemeral")).to_have_count(0)
    await expect(visitor.see('[data-place="dm"] .dot')).to_be_visible()
    await visitor.go("dm")
    await expect(visitor.see(".message")).to_contain_text("for Ada alone")
    await expect(visitor.see("#composer")).to_be_hidden()
    await visitor.become(MONA)
    await visitor.go("account-approvals")
    await expect(visitor.see(".ephemeral")).to_contain_text("for Mona alone")
    await client.chat_update(channel=APPROVALS, ts=str(parent["ts"]), text="an edited card")
    await expect(visitor.see("#announcer")).to_contain_text("an edited card")
