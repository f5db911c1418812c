"""One game: the rules it is played by, the scope it stays in, and what a move of it is."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from bot.core.account import Account
from bot.core.policy import Policy
from bot.core.request import Request
from bot.core.transition import Change
from tests.core.search import ledger, people
from tests.core.search.cards import shown
from tests.core.search.rules import Rules
from tests.core.search.scopes import Scope
from tests.core.search.world import Ledger, Shown, State

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One move: what it is called, where it leads, and what the oracle has to know of it."""

    kind: str
    label: str
    after: State
    change: Change | None = None
    """What the ledger wrote, where it wrote anything."""
    account: Account | None = None
    """The read it was decided on."""
    by: str | None = None
    """The Slack account that clicked."""
    card: Shown | None = None
    """What the clicked card showed."""
    identity_known: bool = True
    """Whether Slack confirmed who clicked."""
    form: Any = None
    """What was typed: a `hands.Form`."""


class Numbers:
    """A number for each value, the same for equal ones; a value known by its identity is not compared again."""

    def __init__(self) -> None:
        self._of_value: dict[Hashable, int] = {}
        self._of_object: dict[int, tuple[object, int]] = {}

    def of(self, value: Any, form: Callable[[Any], Hashable] | None = None) -> int:
        """Its number; `form` says what of it counts."""
        known = self._of_object.get(id(value))
        if known is not None:
            return known[1]
        number = self._of_value.setdefault(form(value) if form else value, len(self._of_value))
        self._of_object[id(value)] = (value, number)
        return number


@dataclass(frozen=True, kw_only=True)
class Game:
    rules: Rules = field(default_factory=Rules)
    scope: Scope
    values: Numbers = field(default_factory=Numbers)
    """By which a rule's question is known again."""
    outlines: Numbers = field(default_factory=Numbers)
    """By which a state is known again: see `outline`."""
    answers: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, about: Hashable, ask: Callable[[], T]) -> T:
        """A rule's answer, asked for once: a rule is a function of what it looks at, and `about` names all of that."""
        known = self.answers.get(about)
        if known is None:
            known = self.answers[about] = (ask(),)
        answer: T = known[0]
        return answer

    def number(self, value: Hashable) -> int:
        return self.values.of(value)

    def ledger(self, state: State) -> int:
        """The number of all that is on disk."""
        return self.values.of(state.ledger, self._parts)

    def _parts(self, of: Ledger) -> Hashable:
        requests = tuple(map(self.values.of, of.requests))
        incidents = tuple(map(self.values.of, of.incidents))
        return (requests, incidents, self.values.of(of.verdicts), of.sightings, of.restores, of.todo, of.finished)

    def policy(self, state: State) -> Policy:
        return people.policy(self.scope.house, state.roster, aliases_known=self.rules.aliases_known)

    def left(self, state: State, disturbance: str) -> bool:
        """Whether the world may still disturb in this way."""
        may = self.scope.may.get(disturbance, 0)
        return may > 0 and len(state.spent) < self.scope.most and state.spent.count(disturbance) < may

    def asks_left(self, state: State) -> bool:
        """Whether people may still file something."""
        asked = sum(not request.by_policy for request in state.ledger.requests)
        return asked < self.scope.asks and not (self.scope.asks_first and state.spent)

    def spend(self, state: State, disturbance: str) -> State:
        return replace(state, spent=tuple(sorted((*state.spent, disturbance))))

    def ids(self, state: State) -> tuple[str, str, str]:
        """Those of the next incident and request, and its key: counted, so that two ways to a state meet."""
        number = len(state.ledger.requests) + 1
        return f"INC-{len(state.ledger.incidents) + 1}", f"REQ-{number}", f"op-{number}"

    def commit(self, state: State, change: Change, *, finish: str | None = None) -> State:
        """The state after one transaction. Of a card that is drawn anew the old one is kept. Raises KeyTaken."""
        if change == NOTHING and finish is None:
            return state
        cards, memory = state.cards, state.memory
        for transition in change.transitions:
            before, after = transition.before, transition.after
            if isinstance(before, Request) and before.revision != after.revision:
                old = (before.id, shown(before), before.digest)
                cards = (*(card for card in cards if card[0] != before.id), old)
            if isinstance(after, Request) and after.ended_at is not None and not after.emergency:
                memory = memory.without(after.id)
        written = ledger.write(state.ledger, change, keys=self.rules.keys, finish=finish)
        return replace(state, ledger=written, cards=cards, memory=memory)


NOTHING = Change()


@dataclass(frozen=True)
class Moment:
    """The part of a flow's world that its transactions look at."""

    policy: Policy
    at: datetime

    def policy_in(self, view: object) -> Policy:  # noqa: ARG002 - the flow's signature
        return self.policy

    def now(self) -> datetime:
        return self.at
