"""Rules of misbehaviour: which call or event each one takes, and how often it did.

Calls, events and restores are matched apart: of the rules for one of them the first match wins. Beside what
a kind needs, a rule may say `by` (the id of the actor whose calls alone it takes, so that a fault hits the bot
and not the rogue) and `share` (0…1 of what it would take, spread evenly: 0.3 takes three of ten).
"""

from collections.abc import Callable
from math import floor
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_AROUND_A_CALL = frozenset(["status", "status_after", "timeout", "timeout_after", "late"])
_INSIDE_A_CALL = frozenset(["no_op", "silent", "purged", "feed_down", "cursor_lost", "partial_list", "impossible_list"])
CALLS = _AROUND_A_CALL | _INSIDE_A_CALL
EVENTS = frozenset(["drop", "duplicate", "reorder", "delay", "actor", "clock"])
RESTORES = frozenset(["reattack"])

# Kinds that concern one place whatever `on` says; `impossible_list` takes single reads too where `on` asks for them.
_PLACE_OF = {"feed_down": "feed", "cursor_lost": "feed", "partial_list": "list", "purged": "patch"}

_NEEDED = {
    "status": ["code"],
    "status_after": ["code"],
    "timeout": ["seconds"],
    "timeout_after": ["seconds"],
    "late": ["seconds"],
    "delay": ["seconds"],
    "actor": ["actor"],
    "partial_list": ["keep"],
    "reattack": ["actor", "every"],
    "bulk": ["actor", "count", "per_second"],
    "clock": ["offset"],
}

Kind = Literal[
    "status", "status_after", "timeout", "timeout_after", "late", "no_op", "silent", "drop", "duplicate", "reorder",
    "delay", "actor", "feed_down", "cursor_lost", "partial_list", "impossible_list", "reattack", "bulk", "purged",
    "clock",
]  # fmt: skip
Place = Literal["patch", "get", "list", "feed", "public", "staff", "any"]


class RuleActor(BaseModel):
    """An actor as a rule names it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    kind: str


class Rule(BaseModel):
    """One rule, as posted. A key that its kind does not know of is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    on: Place = "patch"
    account: str | None = None
    by: str | None = None
    times: int | None = Field(default=None, ge=1)
    share: float = Field(default=1.0, ge=0, le=1)
    code: int | None = Field(default=None, ge=200, le=599)
    retry_after: float | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, ge=0)
    actor: RuleActor | None = None
    every: float | None = Field(default=None, ge=0)
    count: int | None = Field(default=None, ge=1)
    per_second: float | None = Field(default=None, gt=0)
    keep: float | None = Field(default=None, ge=0, le=1)
    offset: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, rule: Any) -> Any:
        """Refuse a rule without what its kind needs; "staff:rex" will do for `{"id": "staff:rex", "kind": "staff"}`."""
        if not isinstance(rule, dict):
            return rule
        missing = [name for name in _NEEDED.get(str(rule.get("kind")), []) if name not in rule]
        if missing:
            raise ValueError(f"a rule of kind {rule['kind']} needs {' and '.join(missing)}")
        actor = rule.get("actor")
        if isinstance(actor, str):
            rule = {**rule, "actor": {"id": actor, "kind": actor.partition(":")[0]}}
        if rule.get("kind") in ("reattack", "bulk") and rule["actor"] is None:
            raise ValueError(f"a rule of kind {rule['kind']} needs an actor")
        return rule

    def takes_place(self, place: str) -> bool:
        if self.kind == "impossible_list":
            return place == "list" or (place == "get" and self.on in ("get", "any"))
        wanted = _PLACE_OF.get(self.kind, self.on)
        return wanted in ("any", place)


class _Standing:
    """A rule in force, with its count."""

    def __init__(self, rule_id: str, rule: Rule, floor_seq: int) -> None:
        self.id = rule_id
        self.rule = rule
        self.floor_seq = floor_seq
        self.hits = 0
        self.seen = 0

    def take(self) -> bool:
        if self.rule.times is not None and self.hits >= self.rule.times:
            return False
        self.seen += 1
        if floor(self.seen * self.rule.share) == floor((self.seen - 1) * self.rule.share):
            return False
        self.hits += 1
        return True


class Faults:
    """The rules in force, in the order they came."""

    def __init__(self) -> None:
        self._standing: list[_Standing] = []
        self._added = 0

    def add(self, rule: Rule, *, forgets_before: int = 0) -> str:
        """Put a rule in force. `forgets_before` is the first cursor that a `cursor_lost` still knows."""
        self._added += 1
        rule_id = f"fault_{self._added}"
        self._standing.append(_Standing(rule_id, rule, forgets_before))
        return rule_id

    @property
    def in_force(self) -> bool:
        return bool(self._standing)

    def clear(self) -> None:
        self._standing.clear()

    def listed(self) -> list[dict[str, Any]]:
        return [
            {"id": one.id, **one.rule.model_dump(exclude_unset=True), "on": one.rule.on, "hits": one.hits}
            for one in self._standing
        ]

    def hit(self, rule_id: str) -> None:
        """Count what a rule did on its own account, not taking a call."""
        for one in self._standing:
            if one.id == rule_id:
                one.hits += 1

    def for_call(
        self, place: str, *, account: str | None, by: str | None, restores: bool, cursor: int | None
    ) -> Rule | None:
        """Return the rule that takes this call, counted."""

        def fits(one: _Standing) -> bool:
            rule = one.rule
            if not rule.takes_place(place) or rule.by not in (None, by):
                return False
            if rule.account not in (None, account) and rule.kind != "impossible_list":
                return False
            if rule.kind == "purged":
                return restores
            if rule.kind == "cursor_lost":
                return cursor is not None and cursor < one.floor_seq
            return True

        return self._first(CALLS, fits)

    def for_event(self, *, account: str | None, by: str) -> Rule | None:
        return self._first(EVENTS, lambda one: one.rule.account in (None, account) and one.rule.by in (None, by))

    def for_restore(self, *, account: str, by: str) -> Rule | None:
        return self._first(RESTORES, lambda one: one.rule.account in (None, account) and one.rule.by in (None, by))

    def _first(self, kinds: frozenset[str], fits: Callable[[_Standing], bool]) -> Rule | None:
        for one in self._standing:
            if one.rule.kind in kinds and fits(one) and one.take():
                return one.rule
        return None
