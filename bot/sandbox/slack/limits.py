"""What Slack accepts in a message, a modal and a Home view. Pure: a payload in, sentences about what is wrong out.

Figures: the reference of Block Kit and the types of Slack's own SDKs; where these disagree, the stricter figure.
"""

import json
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.charts import DATA_VISUALIZATION, data_table
from bot.sandbox.slack.elements import ELEMENTS, IDENTIFIER, IN_ACTIONS, IN_INPUT, IN_SECTION, one_source
from bot.sandbox.slack.rules import (
    Rule,
    anything,
    boolean,
    both,
    choice,
    kinds,
    listed,
    number,
    problem,
    shape,
    string,
    text,
)

Json = dict[str, Any]

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
VIEW_BYTES = 250_000
BLOCK_TEXT = 12_000
POSTED_TEXT = 40_000
UPDATED_TEXT = 4_000
CHARTS = 2

STYLE = shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight"), boolean))
INLINE = kinds(
    {
        "text": shape({"text": string(BLOCK_TEXT, 1)}, {"style": STYLE}),
        "link": shape({"url": string(3000, 1)}, {"text": string(3000), "unsafe": boolean, "style": STYLE}),
        "user": shape({"user_id": IDENTIFIER}, {"style": STYLE}),
        "usergroup": shape({"usergroup_id": IDENTIFIER}, {"style": STYLE}),
        "channel": shape({"channel_id": IDENTIFIER}, {"style": STYLE}),
        "emoji": shape({"name": string(100, 1)}, {"unicode": string(100), "style": STYLE}),
        "broadcast": shape({"range": choice("here", "channel", "everyone")}, {"style": STYLE}),
        "date": shape(
            {"timestamp": number(0, 10**12, whole=True), "format": string(255, 1)},
            {"url": string(3000), "fallback": string(255), "style": STYLE},
        ),
        "color": shape({"value": string(32, 1)}, {"style": STYLE}),
    }
)
RUN = listed(INLINE, 0, 1000)
INDENT = {"indent": number(0, 8, whole=True), "border": number(0, 1, whole=True), "offset": number(0, 1000, whole=True)}
SECTION_RUN = shape({"elements": RUN})
RICH_TEXT = shape(
    {
        "elements": listed(
            kinds(
                {
                    "rich_text_section": SECTION_RUN,
                    "rich_text_list": shape(
                        {
                            "elements": listed(kinds({"rich_text_section": SECTION_RUN}), 1, 1000),
                            "style": choice("bullet", "ordered"),
                        },
                        INDENT,
                    ),
                    "rich_text_preformatted": shape({"elements": RUN}, {**INDENT, "language": string(64)}),
                    "rich_text_quote": shape({"elements": RUN}, INDENT),
                }
            ),
            1,
            1000,
        )
    },
    {"block_id": IDENTIFIER},
)


def block(required: dict[str, Rule], optional: dict[str, Rule] | None = None) -> Rule:
    return shape(required, {"block_id": IDENTIFIER, **(optional or {})})


def section_says_something(value: Json, path: str) -> Iterator[str]:
    if "text" not in value and not value.get("fields"):
        yield problem("must define either `text` or `fields`", path)


CONTEXT = kinds(
    {
        "image": ELEMENTS["image"],
        "plain_text": shape({"text": string(2000, 1)}, {"emoji": boolean}),
        "mrkdwn": shape({"text": string(2000, 1)}, {"verbatim": boolean}),
    }
)
EVERYWHERE: dict[str, Rule] = {
    "header": block({"text": text(150, plain=True)}),
    "divider": block({}),
    "section": both(
        block(
            {},
            {"text": text(3000), "fields": listed(text(2000), 1, 10), "accessory": IN_SECTION, "expand": boolean},
        ),
        section_says_something,
    ),
    "context": block({"elements": listed(CONTEXT, 1, 10)}),
    "actions": block({"elements": listed(IN_ACTIONS, 1, 25)}),
    "image": both(
        block(
            {"alt_text": string(2000, 1)},
            {"image_url": string(3000, 1), "slack_file": anything, "title": text(2000, plain=True)},
        ),
        one_source,
    ),
    "input": block(
        {"label": text(2000, plain=True), "element": IN_INPUT},
        {"hint": text(2000, plain=True), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": RICH_TEXT,
}
IN_MESSAGES: dict[str, Rule] = {
    **EVERYWHERE,
    "data_visualization": block(DATA_VISUALIZATION),
    "data_table": data_table(RICH_TEXT),
    "markdown": block({"text": string(BLOCK_TEXT, 1)}),
}
MESSAGE = listed(kinds(IN_MESSAGES), 0, MESSAGE_BLOCKS)
VIEW_LIST = listed(kinds(EVERYWHERE), 0, VIEW_BLOCKS)
COMMON_OF_VIEWS: dict[str, Rule] = {
    "private_metadata": string(3000),
    "callback_id": string(255),
    "external_id": string(255),
    "clear_on_close": boolean,
    "notify_on_close": boolean,
}
BUTTON_OF_MODAL = text(24, plain=True)
MODAL = shape(
    {"title": text(24, plain=True), "blocks": VIEW_LIST},
    {
        **COMMON_OF_VIEWS,
        "submit": BUTTON_OF_MODAL,
        "close": BUTTON_OF_MODAL,
        "submit_disabled": boolean,
    },
)
HOME = shape(
    {"blocks": VIEW_LIST},
    {**COMMON_OF_VIEWS, "title": BUTTON_OF_MODAL, "submit": BUTTON_OF_MODAL, "close": BUTTON_OF_MODAL},
)


def elements_of(value: Json) -> list[Json]:
    """The elements of a block that a person can act on, in order."""
    found = [value.get("accessory"), value.get("element")]
    if value.get("type") == "actions":
        found += value["elements"]
    return [element for element in found if isinstance(element, dict) and element.get("type") != "image"]


def twice(values: list[str]) -> set[str]:
    return {value for value in values if values.count(value) > 1}


def together(blocks: list[Json], path: str) -> Iterator[str]:
    """What no block shows alone: identifiers that must be unique."""
    ids = [value["block_id"] for value in blocks if "block_id" in value]
    for repeated in sorted(twice(ids)):
        yield problem(f"`block_id` {repeated} already exists", path)
    for index, value in enumerate(blocks):
        actions = [element["action_id"] for element in elements_of(value) if "action_id" in element]
        for repeated in sorted(twice(actions)):
            yield problem(f"`action_id` {repeated} already exists", f"{path}/{index}")
    if sum(1 for value in blocks for element in elements_of(value) if element.get("focus_on_load")) > 1:
        yield problem("only one element may have focus_on_load", path)


def block_problems(blocks: Any) -> list[str]:
    """All that is wrong with the blocks of a message; empty when Slack would take them."""
    found = list(MESSAGE(blocks, "/blocks"))
    if found:
        return found
    if sum(1 for value in blocks if value["type"] == "data_visualization") > CHARTS:
        found.append(problem(f"no more than {CHARTS} data_visualization blocks allowed", "/blocks"))
    return [*found, *together(blocks, "/blocks")]


def view_problems(view: Any, *, kind: str | None = None) -> list[str]:
    """All that is wrong with a view; `kind` narrows it to `modal` or `home`."""
    table = {name: rule for name, rule in {"modal": MODAL, "home": HOME}.items() if kind in {None, name}}
    found = list(kinds(table)(view, "/view"))
    if found:
        return found
    if view["type"] == "modal" and "submit" not in view and any(value["type"] == "input" for value in view["blocks"]):
        found.append(problem("`submit` is required when an input block is within blocks", "/view/submit"))
    return [*found, *together(view["blocks"], "/view/blocks")]


def view_too_large(view: Json) -> bool:
    return len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES


def text_length(value: Any) -> int:
    """Characters that a reader sees in blocks; tables and charts have limits of their own."""
    if isinstance(value, list):
        return sum(map(text_length, value))
    if not isinstance(value, dict) or value.get("type") in {"data_table", "data_visualization"}:
        return 0
    own = len(value["text"]) if isinstance(value.get("text"), str) else 0
    return own + sum(text_length(item) for item in value.values())
