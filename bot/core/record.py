"""Requests and incidents to plain JSON values and back: what the log carries and a replay compares."""

import types
import typing
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, partial
from typing import Any, TypeVar

from bot.core.quorum import Quorum
from bot.core.request import Vote

T = TypeVar("T")


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, the one form in which a time leaves the program."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unstamp(text: str) -> datetime:
    return datetime.fromisoformat(text)


AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def plain(value: Any) -> Any:  # noqa: PLR0911 - one line a type
    """The JSON form of a field."""
    if type(value) in AS_THEY_ARE:
        return value
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Quorum):
        return value.as_json()
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return dump(value)
    return value


def dump(record: Any) -> dict[str, Any]:
    """Every field of a record as plain values."""
    return {name: plain(getattr(record, name)) for name in _names(typing.cast("Hashable", type(record)))}


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    return tuple(f.name for f in fields(typing.cast("Any", kind)))


def changes(before: Any, after: Any) -> dict[str, Any]:
    """The fields that differ, as they are after; of votes only those added or changed."""
    changed = {
        name: plain(getattr(after, name))
        for name in _names(typing.cast("Hashable", type(after)))
        if name != "votes" and getattr(before, name) != getattr(after, name)
    }
    if cast := new_votes(getattr(before, "votes", ()), getattr(after, "votes", ())):
        changed["votes"] = plain([vote for _, vote in cast])
    return changed


def new_votes(before: Sequence[Vote], after: Sequence[Vote]) -> list[tuple[int, Vote]]:
    """The votes that are new or other than they were, each with its place: votes keep their places."""
    return [(place, vote) for place, vote in enumerate(after) if place >= len(before) or before[place] != vote]


def fold(state: Mapping[str, Any] | None, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Apply one entry's changes to the plain record replayed so far."""
    if state is None:
        return dict(changed)
    if "votes" not in state:
        return {**state, **changed}
    votes = {_of_whom(vote): vote for vote in (*state["votes"], *changed.get("votes", []))}
    return {**state, **changed, "votes": list(votes.values())}


def _of_whom(vote: Mapping[str, Any]) -> tuple[Any, Any]:
    """A person's later vote on a revision stands in the place of the earlier."""
    return (vote["revision"], vote["person"])


def completed(kind: type, value: Mapping[str, Any]) -> dict[str, Any]:
    """A plain record as the log tells it, with the default of each field that was not there yet when it was written."""
    hints = _hints(typing.cast("Hashable", kind))
    defaults = {f.name: plain(f.default) for f in fields(kind) if f.default is not MISSING}
    return {**defaults, **{name: _completed(hints.get(name), item) for name, item in value.items()}}


def _completed(hint: Any, value: Any) -> Any:
    arms = [hint, *typing.get_args(hint)]
    kind = next((arm for arm in arms if isinstance(arm, type) and is_dataclass(arm) and arm is not Quorum), None)
    if kind is not None and isinstance(value, Mapping):
        return completed(kind, value)
    return [_completed(kind, item) for item in value] if kind is not None and isinstance(value, list) else value


def load(kind: type[T], value: Mapping[str, Any]) -> T:
    """The record that `dump` made this of. Raises KeyError, TypeError or ValueError for anything else."""
    parsers = _parsers(typing.cast("Hashable", kind))
    return kind(**{name: item if item is None else parsers[name](item) for name, item in value.items()})


Parser = Callable[[Any], Any]


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(kind)


@cache
def _parsers(kind: Hashable) -> dict[str, Parser]:
    """What makes a value of each field: looked up once a kind of record, for there are very many of each."""
    return {name: _parser(hint) for name, hint in _hints(kind).items()}


def _parser(hint: Any) -> Parser:
    if isinstance(hint, types.UnionType):
        return _parser(next(arm for arm in typing.get_args(hint) if arm is not types.NoneType))
    if typing.get_origin(hint) is tuple:
        return partial(_items, _parser(typing.get_args(hint)[0]))
    if hint is datetime:
        return unstamp
    if hint is Quorum:
        return Quorum.from_json
    if is_dataclass(hint):
        return partial(load, typing.cast("type[Any]", hint))
    return hint if isinstance(hint, type) and issubclass(hint, StrEnum) else _as_it_is


def _items(parse: Parser, values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(None if value is None else parse(value) for value in values)


def _as_it_is(value: Any) -> Any:
    return value
