"""A change of the rules made in Slack, as one line of text; and the tables that keep it behind the file's own text.

The policy in force is one text: the file's, then a table `[[overlay]]` for each change that still stands. Only the bot
writes those, always in this form, so that where the file ends is never a guess.
"""

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from bot.core.errors import Misconfigured
from bot.core.policy_values import Wrong, day, matching, named, text
from bot.core.record import stamp

NAME_LENGTH = 40
"""Characters of a name in a change: whoever approves it must see all of it."""


class RuleVerb(StrEnum):
    """What a change does; the value is how its line begins."""

    ADD = "roster add"
    REMOVE = "roster remove"
    LEAVE = "roster leave"
    PROTECT = "protect"
    OBSERVE = "guard observe"
    ENFORCE = "guard enforce"


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleChange:
    """One change of the rules. Raises ValueError with a sentence where its line could not say it."""

    verb: RuleVerb
    person: str = ""
    slack: str = ""
    groups: tuple[str, ...] = ()
    """In the order of the alphabet, whatever order they are given in."""
    team: str | None = None
    last_day: date | None = None
    account: str = ""
    handle: str = ""
    """The account's as it was then, for people to read; empty where no line could hold it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "groups", tuple(sorted(set(self.groups))))
        needed, possible = _PARTS[self.verb]
        for name, read in _READ.items():
            value = getattr(self, name)
            if not value and name in needed:
                raise ValueError(f"“{self.verb}” needs a value for {name}.")
            if value and name not in needed + possible:
                raise ValueError(f"“{self.verb}” takes no {name}.")
            try:
                _ = [read(one) for one in (value if name == "groups" else [value] if value else [])]
            except Wrong as wrong:
                raise ValueError(f"{name} {wrong}.") from None

    def line(self) -> str:
        """The change as its one line, the same for equal changes."""
        parts = [self.verb.value, self.person, self.slack, ",".join(self.groups), self.account, self.handle]
        parts += [f"team={self.team}" if self.team else "", self.last_day.isoformat() if self.last_day else ""]
        return " ".join(part for part in parts if part)

    def about(self) -> tuple[str, str]:
        """What it changes: of changes of the same thing the last one counts."""
        if self.verb in {RuleVerb.OBSERVE, RuleVerb.ENFORCE}:
            return "guard", ""
        return ("account", self.account) if self.verb is RuleVerb.PROTECT else ("person", self.person)


def _short(value: Any) -> Any:
    """A name that a card shows whole."""
    if len(str(value)) > NAME_LENGTH:
        raise Wrong(f"must be no longer than {NAME_LENGTH} characters")
    return named(value)


_TOKEN = matching(r"[A-Za-z0-9._:@+~-]+", "one word of letters, digits and . _ : @ + ~ -")
_READ: dict[str, Callable[[Any], Any]] = {
    "person": _short,
    "slack": matching("[UW][A-Z0-9]+", "a Slack user id such as U02MONA"),
    "groups": _short,
    "team": _short,
    "last_day": day,
    "account": _TOKEN,
    "handle": _TOKEN,
}
_PARTS: dict[RuleVerb, tuple[tuple[str, ...], tuple[str, ...]]] = {
    RuleVerb.ADD: (("person", "slack", "groups"), ("team",)),
    RuleVerb.REMOVE: (("person",), ()),
    RuleVerb.LEAVE: (("person", "last_day"), ()),
    RuleVerb.PROTECT: (("account",), ("handle",)),
    RuleVerb.OBSERVE: ((), ()),
    RuleVerb.ENFORCE: ((), ()),
}
"""What each needs, in the order of its line, and what may stand behind that."""


def parse_change(line: str) -> RuleChange:
    """The change that the line says. Raises ValueError with a sentence for every other line."""
    verb = next((v for v in RuleVerb if line == v or line.startswith(f"{v} ")), None)
    if verb is None:
        raise ValueError(f"“{line}” is no change of the rules.")
    names, words = [name for part in _PARTS[verb] for name in part], line.split(" ")[len(verb.split(" ")) :]
    given = dict(zip(names, words, strict=False))
    values: dict[str, Any] = {**given, "team": given.get("team", "").removeprefix("team=") or None}
    if "groups" in given:
        values["groups"] = tuple(given["groups"].split(","))
    if "last_day" in given:
        values["last_day"] = _day(given["last_day"])
    change = RuleChange(verb=verb, **values)
    if change.line() != line:
        raise ValueError(f"“{line}” is not written as “{change.line()}” is.")
    return change


def change_of(value: Any) -> RuleChange:
    """The same of a policy's value."""
    try:
        return parse_change(text(value))
    except ValueError as error:
        raise Wrong(f"cannot be read: {str(error).removesuffix('.')}") from None


def _day(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise ValueError(f"“{word}” is no date; write a day that exists, as in 2026-11-21.") from None


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlaid:
    """A change that stands, since when, and the request that made it."""

    change: RuleChange
    at: datetime
    request: str


def rendered(overlay: Iterable[Overlaid]) -> str:
    """The tables as they stand behind the file's text."""
    return "".join(
        f'\n[[overlay]]\nchange = "{one.change.line()}"\nat = {stamp(one.at)}\nrequest = "{one.request}"\n'
        for one in overlay
    )


def overlay_of(policy: str) -> tuple[Overlaid, ...]:
    """What stands behind the file's text, in its order. The text is of a policy that was in force.

    Raises Misconfigured where a newer program wrote what this one does not know.
    """
    found = tomllib.loads(policy).get("overlay", [])
    try:
        changes = [parse_change(one["change"]) for one in found]
    except ValueError as error:
        raise Misconfigured(f"The policy in force cannot be read: {error} Run the program that wrote it.") from None
    return tuple(
        Overlaid(change=change, at=one["at"], request=one["request"])
        for change, one in zip(changes, found, strict=True)
    )


def file_of(policy: str) -> str:
    """The text without what stands behind the file's own."""
    return policy.removesuffix(rendered(overlay_of(policy)))


def with_change(policy: str, change: RuleChange, *, at: datetime, request: str) -> str:
    """The text with one change more, in the place of what it replaces.

    Whether the result is a policy is for `parse_policy` to say: it refuses what cannot be, in sentences.
    """
    file, overlay = file_of(policy), overlay_of(policy)
    kept = [one for one in overlay if not _replaces(change, one.change)]
    new = Overlaid(change=change, at=at, request=request)
    return file + rendered(kept if _undoes(change, overlay, file) else [*kept, new])


def _replaces(new: RuleChange, old: RuleChange) -> bool:
    """A last day is noted on whoever was added, or removed, by an earlier change: that one stands."""
    if new.about() != old.about():
        return False
    return new.verb is not RuleVerb.LEAVE or old.verb is RuleVerb.LEAVE


def _undoes(change: RuleChange, overlay: Iterable[Overlaid], file: str) -> bool:
    """Whether nothing is left to say once what it replaces is gone: the file itself says so already."""
    told = tomllib.loads(file)
    if change.verb is RuleVerb.ENFORCE:
        return bool(told.get("guard", {}).get("mode", "enforce") == "enforce")
    added = any(one.change.person == change.person and one.change.verb is RuleVerb.ADD for one in overlay)
    return change.verb is RuleVerb.REMOVE and added and change.person not in told["people"]
