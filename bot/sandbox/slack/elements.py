"""The interactive elements of Block Kit and their limits, as tables."""

from collections.abc import Iterator
from typing import Any

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

IDENTIFIER = string(255, 1)
PLACEHOLDER = text(150, plain=True)
DATE = string(10, 10)

CONFIRM = shape(
    {
        "title": text(100, plain=True),
        "text": text(300),
        "confirm": text(30, plain=True),
        "deny": text(30, plain=True),
    },
    {"style": choice("primary", "danger")},
)
COMMON = {"action_id": IDENTIFIER, "confirm": CONFIRM, "focus_on_load": boolean}
TYPED = {
    "action_id": IDENTIFIER,
    "placeholder": PLACEHOLDER,
    "focus_on_load": boolean,
    "dispatch_action_config": shape(
        {}, {"trigger_actions_on": listed(choice("on_enter_pressed", "on_character_entered"), 1, 2)}
    ),
}


def option(*, plain: bool) -> Rule:
    return shape(
        {"text": text(75, plain=plain), "value": string(75, 1)},
        {"description": text(75, plain=plain), "url": string(3000)},
    )


def options(most: int, *, plain: bool = True, least: int = 1) -> Rule:
    return listed(option(plain=plain), least, most)


GROUPS = listed(shape({"label": text(75, plain=True), "options": options(100)}), 1, 100)


def offered(element: dict[str, Any]) -> list[dict[str, Any]]:
    """All options that a person could choose in this element, groups flattened."""
    grouped = [item for group in element.get("option_groups") or [] for item in group["options"]]
    return [*(element.get("options") or []), *grouped]


def choices_agree(element: dict[str, Any], path: str) -> Iterator[str]:
    if element["type"].endswith("static_select") and bool(element.get("options")) == bool(element.get("option_groups")):
        yield problem("must define either `options` or `option_groups`", path)
    values = [item["value"] for item in offered(element)]
    if len(set(values)) != len(values):
        yield problem("option values must be unique", f"{path}/options")
    initial = element.get("initial_options") or [element[name] for name in ("initial_option",) if name in element]
    if any(item not in offered(element) for item in initial):
        yield problem("initial options must be among the options", path)


def lengths_agree(element: dict[str, Any], path: str) -> Iterator[str]:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if least > most:
        yield problem("min_length must not exceed max_length", path)
    if len(element.get("initial_value") or "") > most:
        yield problem("initial_value is longer than max_length", f"{path}/initial_value")


def one_source(element: dict[str, Any], path: str) -> Iterator[str]:
    if ("image_url" in element) == ("slack_file" in element):
        yield problem("must define either `image_url` or `slack_file`", path)


def a_choice(required: dict[str, Rule], optional: dict[str, Rule]) -> Rule:
    return both(shape(required, {**COMMON, **optional}), choices_agree)


def select(optional: dict[str, Rule]) -> Rule:
    return shape({}, {**COMMON, "placeholder": PLACEHOLDER, **optional})


def multi(optional: dict[str, Rule]) -> Rule:
    return select({"max_selected_items": number(1, 100, whole=True), **optional})


STATIC: dict[str, Rule] = {"placeholder": PLACEHOLDER, "options": options(100), "option_groups": GROUPS}
CONVERSATIONS = {
    "default_to_current_conversation": boolean,
    "response_url_enabled": boolean,
    "filter": anything,
}

ELEMENTS: dict[str, Rule] = {
    "button": shape(
        {"text": text(75, plain=True)},
        {
            "action_id": IDENTIFIER,
            "confirm": CONFIRM,
            "value": string(2000),
            "url": string(3000),
            "style": choice("primary", "danger"),
            "accessibility_label": string(75),
        },
    ),
    "checkboxes": a_choice({"options": options(10, plain=False)}, {"initial_options": options(10, plain=False)}),
    "radio_buttons": a_choice({"options": options(10, plain=False)}, {"initial_option": option(plain=False)}),
    "overflow": shape({"options": options(5)}, {"action_id": IDENTIFIER, "confirm": CONFIRM}),
    "static_select": a_choice({}, {**STATIC, "initial_option": option(plain=True)}),
    "multi_static_select": a_choice(
        {}, {**STATIC, "initial_options": options(100), "max_selected_items": number(1, 100, whole=True)}
    ),
    "external_select": select({"min_query_length": number(0, 255, whole=True), "initial_option": option(plain=True)}),
    "multi_external_select": multi({"min_query_length": number(0, 255, whole=True), "initial_options": options(100)}),
    "users_select": select({"initial_user": IDENTIFIER}),
    "multi_users_select": multi({"initial_users": listed(IDENTIFIER, 1, 100)}),
    "channels_select": select({"initial_channel": IDENTIFIER, "response_url_enabled": boolean}),
    "multi_channels_select": multi({"initial_channels": listed(IDENTIFIER, 1, 100)}),
    "conversations_select": select({"initial_conversation": IDENTIFIER, **CONVERSATIONS}),
    "multi_conversations_select": multi({"initial_conversations": listed(IDENTIFIER, 1, 100), **CONVERSATIONS}),
    "datepicker": select({"initial_date": DATE}),
    "timepicker": select({"initial_time": string(5, 5), "timezone": string(255)}),
    "datetimepicker": shape({}, {**COMMON, "initial_date_time": number(10**9, 10**10 - 1, whole=True)}),
    "plain_text_input": both(
        shape(
            {},
            {
                **TYPED,
                "initial_value": string(3000),
                "multiline": boolean,
                "min_length": number(0, 3000, whole=True),
                "max_length": number(1, 3000, whole=True),
            },
        ),
        lengths_agree,
    ),
    "email_text_input": shape({}, {**TYPED, "initial_value": string(3000)}),
    "url_text_input": shape({}, {**TYPED, "initial_value": string(3000)}),
    "number_input": shape(
        {"is_decimal_allowed": boolean},
        {**TYPED, "initial_value": string(64), "min_value": string(64), "max_value": string(64)},
    ),
    "rich_text_input": shape({}, {**TYPED, "initial_value": anything}),
    "file_input": shape(
        {},
        {
            "action_id": IDENTIFIER,
            "filetypes": listed(string(32, 1), 1, 100),
            "max_files": number(1, 10, whole=True),
        },
    ),
    "image": both(
        shape(
            {"alt_text": string(2000, 1)},
            {"image_url": string(3000, 1), "slack_file": anything},
        ),
        one_source,
    ),
}
NOT_INTERACTIVE = {"image"}
TYPED_IN = {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input"}


def some(*excluded: str) -> Rule:
    """Any element but these."""
    return kinds({name: rule for name, rule in ELEMENTS.items() if name not in excluded})


IN_ACTIONS = some("image", *(TYPED_IN - {"rich_text_input"}))
IN_SECTION = some(*TYPED_IN)
IN_INPUT = some("button", "overflow", "image")
