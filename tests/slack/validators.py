"""Two independent validators and the checks that neither makes; each raises AssertionError or its own error."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import blockkit
from blockkit.core import Component
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from tests.slack.native import NATIVE, check_native

Json = dict[str, Any]

KINDS: dict[str, type[Component]] = {
    "actions": blockkit.Actions,
    "button": blockkit.Button,
    "checkboxes": blockkit.Checkboxes,
    "context": blockkit.Context,
    "date": blockkit.RichDateEl,
    "divider": blockkit.Divider,
    "header": blockkit.Header,
    "home": blockkit.Home,
    "input": blockkit.Input,
    "link": blockkit.RichLinkEl,
    "modal": blockkit.Modal,
    "multi_static_select": blockkit.MultiStaticSelect,
    "plain_text": blockkit.Text,
    "plain_text_input": blockkit.PlainTextInput,
    "rich_text": blockkit.RichText,
    "rich_text_preformatted": blockkit.RichTextPreformatted,
    "rich_text_quote": blockkit.RichTextQuote,
    "rich_text_section": blockkit.RichTextSection,
    "section": blockkit.Section,
    "static_select": blockkit.StaticSelect,
    "text": blockkit.RichTextEl,
    "url_text_input": blockkit.UrlInput,
    "user": blockkit.RichUserEl,
    "users_select": blockkit.UsersSelect,
    "usergroup": blockkit.RichUserGroupEl,
}
"""All that is used; a mrkdwn text is none of it and fails here."""
NAMELESS: dict[str, type[Component]] = {
    "confirm": blockkit.Confirm,
    "initial_option": blockkit.Option,
    "initial_options": blockkit.Option,
    "options": blockkit.Option,
    "style": blockkit.RichStyle,
}
"""Objects without a type, by the field they stand in."""


def check_message(blocks: list[Json], text: str, *, most: int = 4000) -> None:
    """A message as `chat.update` takes it, the stricter of the two."""
    assert 0 < len(text) <= most
    assert 0 < len(blocks) <= 50
    assert characters(blocks) < 12_000
    _check_blocks(blocks)


def check_view(view: Json) -> None:
    """A modal or a Home."""
    assert len(view["blocks"]) <= 100
    if view["type"] == "modal" and any(block["type"] == "input" for block in view["blocks"]):
        assert view.get("submit"), "a modal with inputs has no submit"
    _check_blocks(view["blocks"])
    parsed = View(**view)
    parsed.validate_json()
    parsed.to_dict()
    assert len(view.get("private_metadata", "")) <= 3000
    # blockkit makes JSON of what is JSON already
    outside = {name: given for name, given in view.items() if name not in {"private_metadata", "blocks"}}
    assert outside.items() <= _built(outside).items()


def _check_blocks(everything: list[Json]) -> None:
    check_native([block for block in everything if block["type"] in NATIVE])
    blocks = [block for block in everything if block["type"] not in NATIVE]
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    assert len(set(ids)) == len(ids), f"a block_id twice: {ids}"
    for block in blocks:
        _check_block(json.dumps(block))


@lru_cache(maxsize=10_000)
def _check_block(text: str) -> None:
    """Once each: most blocks stand in many messages."""
    block = json.loads(text)
    names = [element["action_id"] for element in block.get("elements", ()) if "action_id" in element]
    assert len(set(names)) == len(names), f"an action_id twice: {names}"
    assert _built(block) == block
    (parsed,) = Block.parse_all([block])
    assert parsed.to_dict()


def _built(block: Json) -> Json:
    """What blockkit makes of it: the same again, or an error that names the field."""
    built: Json = _component(block, "").build()
    element = block.get("element", {})
    if element.get("type") == "url_text_input" and "initial_value" in element:
        built["element"]["initial_value"] = element["initial_value"]
    return built


def _component(value: Json, field: str) -> Any:
    kind = KINDS[value["type"]] if "type" in value else NAMELESS[field]
    found: Any = kind()
    for name, given in value.items():
        if name == "type":
            continue
        if kind is blockkit.UrlInput and name == "initial_value":
            found.initial_value(given[:74])  # blockkit's own figure; Slack's reference and types name none
            continue
        if isinstance(given, list):
            getattr(found, name)(*(_component(item, name) for item in given))
        else:
            getattr(found, name)(_component(given, name) if isinstance(given, dict) else given)
    if kind is blockkit.Text:
        found.type(value["type"])  # it guesses the type from the text unless told after it
    return found


def characters(value: Any) -> int:
    """How much text a reader sees."""
    if isinstance(value, list):
        return sum(map(characters, value))
    if not isinstance(value, dict):
        return 0
    own = len(value["text"]) if isinstance(value.get("text"), str) else 0
    return own + sum(map(characters, value.values()))


def strings(value: Any) -> Iterator[str]:
    """Every text that is shown, wherever it stands."""
    if isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for item in value.values():
            yield from strings(item)


def shown(blocks: list[Json]) -> str:
    """All that a message shows, in its order."""
    return " ".join(strings(blocks))


def buttons(blocks: list[Json]) -> dict[str, str]:
    """The values of a message's buttons by their action ids."""
    rows = [block["elements"] for block in blocks if block["type"] == "actions"]
    return {element["action_id"]: element["value"] for row in rows for element in row}


def read(blocks: list[Json]) -> list[str]:
    """A message as a person reads it, a line each: mentions as <U…>, buttons as [label]."""
    return [line for block in blocks for line in _line(block).split("\n")]


def _line(value: Json) -> str:
    match value:
        case {"type": "actions", "elements": elements}:
            return " ".join(f"[{element['text']['text']}]" for element in elements)
        case {"type": kind, "elements": elements}:
            return ("> " if kind == "rich_text_quote" else "") + "".join(map(_line, elements))
        case {"type": "user", "user_id": name} | {"type": "date", "fallback": name}:
            return f"<{name}>"
        case {"text": {"text": text}} | {"text": text}:
            return str(text)
    raise AssertionError(f"nobody reads {value}")
