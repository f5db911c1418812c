"""Small rules from which the tables of Block Kit are built.

A rule takes a value and its JSON pointer and yields what is wrong.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Rule = Callable[[Any, str], Iterator[str]]


def problem(sentence: str, path: str) -> str:
    """One message in the form that Slack puts into `response_metadata.messages`."""
    return f"[ERROR] {sentence} [json-pointer:{path or '/'}]"


def string(most: int, least: int = 0) -> Rule:
    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield problem("must be a string", path)
        elif len(value) > most:
            yield problem(f"must be less than {most + 1} characters", path)
        elif len(value) < least:
            yield problem(f"must be more than {least - 1} characters", path)

    return check


def number(least: float, most: float, *, whole: bool = False) -> Rule:
    def check(value: Any, path: str) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            yield problem("must be an integer" if whole else "must be a number", path)
        elif not least <= value <= most:
            yield problem(f"must be between {least} and {most}", path)

    return check


def boolean(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield problem("must be a boolean", path)


def anything(value: Any, path: str) -> Iterator[str]:  # noqa: ARG001  # as above; a field that is not looked into
    yield from ()


def choice(*allowed: str) -> Rule:
    def check(value: Any, path: str) -> Iterator[str]:
        if value not in allowed:
            yield problem(f"must be a valid enum value: {', '.join(allowed)}", path)

    return check


def listed(rule: Rule, least: int, most: int) -> Rule:
    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield problem("must be an array", path)
            return
        if len(value) > most:
            yield problem(f"no more than {most} items allowed", path)
        if len(value) < least:
            yield problem(f"no fewer than {least} items allowed", path)
        for index, item in enumerate(value):
            yield from rule(item, f"{path}/{index}")

    return check


def shape(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """An object with these fields and no others; `type` is always allowed."""
    optional = optional or {}

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must provide an object", path)
            return
        for name, rule in required.items():
            if value.get(name) is None:
                yield problem(f"missing required field: {name}", path)
            else:
                yield from rule(value[name], f"{path}/{name}")
        for name, given in value.items():
            if name in optional:
                yield from optional[name](given, f"{path}/{name}")
            elif name not in required and name != "type":
                yield problem(f"invalid additional property: {name}", path)

    return check


def kinds(table: Mapping[str, Rule]) -> Rule:
    """An object whose `type` chooses its rule."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must provide an object", path)
        elif not isinstance(value.get("type"), str):
            yield problem("missing required field: type", path)
        elif value["type"] not in table:
            yield problem(f"unsupported type: {value['type']}", f"{path}/type")
        else:
            yield from table[value["type"]](value, path)

    return check


def both(first: Rule, then: Rule) -> Rule:
    """The second looks across fields; it is asked only when the first found nothing."""

    def check(value: Any, path: str) -> Iterator[str]:
        found = list(first(value, path))
        yield from found or then(value, path)

    return check


def text(most: int, *, plain: bool = False, least: int = 1) -> Rule:
    plain_text = shape({"text": string(most, least)}, {"emoji": boolean})
    mrkdwn = shape({"text": string(most, least)}, {"verbatim": boolean})
    return kinds({"plain_text": plain_text} if plain else {"plain_text": plain_text, "mrkdwn": mrkdwn})
