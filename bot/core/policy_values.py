"""What a value of a policy file may be.

A reader takes what TOML made of the value and returns what the policy holds, or raises `Wrong` with what the
value must be instead: the sentence goes on after the key's name.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Read = Callable[[Any], Any]

LONGEST = timedelta(days=3650)
"""No clock of a policy is longer than ten years: far from where dates end."""
EARLIEST, LATEST = date(1970, 1, 1), date(2999, 12, 31)
"""Days of people; clocks and windows are added to them."""
CATEGORY_LENGTH, MOST_CATEGORIES = 75, 100
"""Slack's own bounds on an option's text and on the options of a select."""

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(-?)([0-9]{1,15})(ms|s|m|h|d)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Wrong(ValueError):
    """A value is not what its key demands; the message says what it must be."""


def anything(value: Any) -> Any:
    """A value that is itself a table, read on its own."""
    return value


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong("must be true or false")
    return value


def text(value: Any) -> str:
    if not isinstance(value, str) or not value or value != value.strip():
        raise Wrong("must be a text in quotes, neither empty nor with blanks around it")
    return value


def whole(least: int, most: int | None = None) -> Read:
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least or (most or value) < value:
            bounds = f"of {least} or more" if most is None else f"from {least} to {most}"
            raise Wrong(f"must be a whole number {bounds}")
        return value

    return read


def day(value: Any) -> date:
    """A TOML date; one with a time is none."""
    if type(value) is not date:
        raise Wrong("must be a date without quotes, as in 2026-11-21")
    if not EARLIEST <= value <= LATEST:
        raise Wrong(f"must be between {EARLIEST} and {LATEST}")
    return value


def moment(value: Any) -> datetime:
    """A TOML date with a time and the offset from UTC."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Wrong("must be a moment in UTC without quotes, as in 2026-11-21T15:00:00.000Z")
    return value


def duration(*, may_be_zero: bool = False, days: bool = False) -> Read:
    """A duration; with `days`, one that is compared with dates and so must be made of whole days."""

    def read(value: Any) -> timedelta:
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise Wrong('must be a duration: a whole number and ms, s, m, h or d in quotes, as in "24h"')
        if match[1]:
            raise Wrong("must not be negative")
        length = _length(int(match[2]), _UNITS[match[3]])
        if not length and not may_be_zero:
            raise Wrong("must be longer than nothing")
        if days and length % timedelta(days=1):
            raise Wrong('must be whole days, as in "14d"')
        return length

    return read


def _length(number: int, unit: str) -> timedelta:
    if number > LONGEST / timedelta(**{unit: 1}):
        raise Wrong(f"must be no longer than {LONGEST.days}d")
    return timedelta(**{unit: number})


def one_of(values: Mapping[str, Any]) -> Read:
    def read(value: Any) -> Any:
        if not isinstance(value, str) or value not in values:
            raise Wrong(f"must be one of {listed(values)}")
        return values[value]

    return read


def matching(pattern: str, what: str, *, may_be_empty: bool = False) -> Read:
    form = re.compile(pattern)

    def read(value: Any) -> str:
        if isinstance(value, str) and (form.fullmatch(value) or (may_be_empty and not value)):
            return value
        raise Wrong(f"must be {what}" + (" or empty" if may_be_empty else ""))

    return read


def several(read: Read, *, may_be_empty: bool = True, most: int | None = None) -> Read:
    """A list of different values."""

    def read_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Wrong("must be a list in square brackets")
        if not value and not may_be_empty:
            raise Wrong("must not be empty")
        if most is not None and len(value) > most:
            raise Wrong(f"must be no longer than {most}")
        items = tuple(_item(read, item) for item in value)
        if twice := next((item for item, of in zip(value, items, strict=True) if items.count(of) > 1), None):
            raise Wrong(f"names “{twice}” twice")
        return items

    return read_all


def _item(read: Read, item: Any) -> Any:
    try:
        return read(item)
    except Wrong as wrong:
        raise Wrong(f"holds {shown(item)}, which {wrong}") from None


def named(value: Any) -> str:
    """A name that the roster gives: of a person or a group."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Wrong("must be a name of letters, digits, dots, dashes and underscores")
    return value


def category(value: Any) -> str:
    if len(text(value)) > CATEGORY_LENGTH:
        raise Wrong(f"must be no longer than {CATEGORY_LENGTH} characters")
    if not text(value).isprintable():
        raise Wrong("must be one line without control characters")
    return text(value)


def explained(value: Any) -> str:
    """A principal whose deactivations stand. Ours is explained by its key alone, an unknown one by nothing."""
    if value in {"svc:countersign", "unknown"}:
        raise Wrong("must be a principal of the platform other than ours and “unknown”")
    return text(value)


def emergency(value: Any) -> tuple[str, ...]:
    """False, or the groups that may."""
    if value is False:
        return ()
    if not isinstance(value, list):
        raise Wrong('must be false or a list of groups, as in ["duty"]')
    groups: tuple[str, ...] = several(named)(value)
    return groups


def zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(text(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Wrong("must be a time zone of the IANA database, as in “Europe/Berlin”") from None


def shown(value: Any) -> str:
    """The value as a sentence quotes it: what a terminal would obey, or not show, is no part of that."""
    text = "".join(c if c.isprintable() else "�" for c in str(value))
    return f"“{text}”" if isinstance(value, str) else text


def listed(names: Any) -> str:
    return ", ".join(f"“{name}”" for name in names)
