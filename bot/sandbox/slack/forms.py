"""A modal as a person fills it in: what each input holds, and what Slack's client refuses before anything is sent."""

import re
from collections.abc import Container, Mapping
from typing import Any

from bot.sandbox.slack.elements import offered
from bot.sandbox.slack.payloads import value_key
from bot.sandbox.slack.records import Json, View

REQUIRED = "Please complete this required field."
TEXTS = {"plain_text_input", "url_text_input", "email_text_input", "number_input"}
PATTERNS = {
    "url_text_input": (re.compile(r"https?://[^\s/$.?#][^\s]*"), "Please enter a valid URL."),
    "email_text_input": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "Please enter a valid email address."),
    "number_input": (re.compile(r"-?\d+(\.\d+)?"), "Please enter a number."),
}
LONGEST = 3000


class NotThere(LookupError):
    """A person cannot do this: what they would have to touch is not on their screen."""


def option_of(element: Json, wanted: Any) -> Json:
    """The offered option with this value (a whole option is taken as its value)."""
    value = wanted.get("value") if isinstance(wanted, dict) else wanted
    for option in offered(element):
        if option["value"] == value:
            return option
    if element["type"].endswith("external_select") and isinstance(wanted, dict):
        return wanted
    raise NotThere(f"{element.get('action_id')} offers no option {value!r}")


def user_of(users: Container[str], given: Any) -> str:
    """A user of the workspace, by id."""
    if not isinstance(given, str) or given not in users:
        raise NotThere(f"no user {given!r} in this workspace")
    return given


def chosen(element: Json, given: Any, users: Container[str]) -> Any:
    """What Slack holds for an element after a person put `given` into it; `users` are those of the workspace."""
    key = value_key(element["type"])
    if key == "selected_user":
        return None if given is None else user_of(users, given)
    if key == "selected_users":
        return list(dict.fromkeys(user_of(users, one) for one in given or ()))
    if key == "selected_option":
        return None if given is None else option_of(element, given)
    if key == "selected_options":
        many = [given] if isinstance(given, (str, dict)) else list(given or ())
        found = [option_of(element, one) for one in many]
        return [option for nth, option in enumerate(found) if option not in found[:nth]]
    if element["type"] in TEXTS:
        return None if given in (None, "") else str(given)
    return given


def initial(element: Json) -> Any:
    if element["type"] in TEXTS:
        return element.get("initial_value") or None
    key = value_key(element["type"]).replace("selected_", "initial_", 1)
    return element.get(key, [] if key == "initial_options" else None)


def filled(view: View, values: Mapping[str, Any], users: Container[str]) -> dict[str, Json]:
    """`view.state.values` after a person put these values, by block id, into the inputs. Raises NotThere."""
    inputs = view.inputs
    if unknown := [block_id for block_id in values if block_id not in inputs]:
        raise NotThere(f"the modal has no input {unknown[0]!r}, only {sorted(inputs)}")
    state = {block_id: held for block_id, held in view.values.items() if block_id not in inputs}
    for block_id, block in inputs.items():
        element = block["element"]
        key, action_id = value_key(element["type"]), element["action_id"]
        if block_id in values:
            value = chosen(element, values[block_id], users)
        else:
            value = view.values.get(block_id, {}).get(action_id, {}).get(key, initial(element))
        state[block_id] = {action_id: {"type": element["type"], key: value}}
    return state


def complaint(block: Json, value: Any) -> str | None:
    element = block["element"]
    if not value:
        return None if block.get("optional") else REQUIRED
    if element["type"] not in TEXTS:
        most = element.get("max_selected_items")
        return f"Please choose at most {most}." if most is not None and len(value) > most else None
    least, most = element.get("min_length", 0), element.get("max_length", LONGEST)
    if len(value) < least:
        return f"Please enter at least {least} characters."
    if len(value) > most:
        return f"Please enter at most {most} characters."
    pattern, sentence = PATTERNS.get(element["type"], (None, ""))
    return sentence if pattern is not None and not pattern.fullmatch(value) else None


def complaints(view: View, state: Mapping[str, Json]) -> dict[str, str]:
    """What Slack's own client says at the inputs, by block id; empty when the modal may be submitted."""
    found = {}
    for block_id, block in view.inputs.items():
        (held,) = state[block_id].values()
        sentence = complaint(block, held[value_key(block["element"]["type"])])
        if sentence is not None:
            found[block_id] = sentence
    return found
