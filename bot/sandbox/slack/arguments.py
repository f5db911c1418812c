"""Arguments of a call of the Web API, which come as JSON or as form fields that may hold JSON."""

import json
from typing import Any

from bot.sandbox.slack.records import Json
from bot.sandbox.slack.state import SlackError


def parsed(args: Json, name: str, error: str = "invalid_arguments") -> Any:
    """An argument that is JSON; form bodies carry it as a string."""
    value = args.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except ValueError:
        raise SlackError(error, f"[ERROR] {name} is no JSON") from None


def needed(args: Json, name: str, error: str = "invalid_arguments") -> str:
    value = args.get(name)
    if value in (None, ""):
        raise SlackError(error, f"[ERROR] missing required field: {name}")
    return str(value)


def flag(args: Json, name: str) -> bool:
    return str(args.get(name, "")).lower() in {"1", "true"}
