"""The small world as one frozen value: what the platform, the ledger and the bot's memory hold at a moment.

Everything is a value, so that a move is a function from one state to the next and two ways to the same state meet.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.core.account import Account, Event, Instance
from bot.core.incident import Incident
from bot.core.request import Request
from bot.core.transition import Judged

Shown = tuple[object, ...]
"""All that a card shows of a request, in our own words: see `cards.shown`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Todo:
    """A task as the ledger holds it: its key, what is to be done to which record, and when if that is not now."""

    key: str
    kind: str
    about: str
    due: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """What is on disk."""

    requests: tuple[Request, ...] = ()
    incidents: tuple[Incident, ...] = ()
    verdicts: tuple[Judged, ...] = ()
    """The latest last."""
    sightings: frozenset[tuple[str, str]] = frozenset()
    """(account, tier); the small world lasts two days, so each is still of the last 30."""
    restores: tuple[tuple[str, datetime], ...] = ()
    todo: tuple[Todo, ...] = ()
    finished: frozenset[str] = frozenset()
    """Keys of tasks that are done: one of the same key is not filed again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A PATCH of the bot's as it goes over the wire."""

    request: str
    operation: str
    account: str
    active: bool
    if_match: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """What the platform holds; `origin` and `effects` are the truth that only the oracle sees."""

    accounts: tuple[Account, ...]
    feed: tuple[Event, ...] = ()
    """Events that the guard has not taken yet."""
    told: int = 0
    """The last event's number."""
    answered: frozenset[tuple[str, str]] = frozenset()
    """(account, operation key) of calls that were answered with a 2xx: the same answer comes again, without effect."""
    on_its_way: tuple[Call, ...] = ()
    """Calls whose caller has given up and which land later."""
    origin: tuple[tuple[str, str], ...] = ()
    """(account, who really took it down) of each account that is down."""
    effects: tuple[tuple[str, int], ...] = ()
    """(request, how often a call of the bot's for it changed the platform)."""

    def account(self, id: str) -> Account:
        return next(account for account in self.accounts if account.id == id)

    def cause(self, account: str) -> str | None:
        return dict(self.origin).get(account)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What the guard has read and not yet judged: the events of `batch`, or what a list or a task named."""

    by: str
    account: Account
    event: Event | None
    batch: tuple[int, ...] = ()
    task: str | None = None

    @property
    def instance(self) -> Instance | None:
        return self.account.instance or (self.event.instance if self.event else None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """What a crash takes: reads not yet decided on, answers not yet recorded."""

    reads: tuple[tuple[str, Account], ...] = ()
    """(request, the account as just read) before a claim."""
    answers: tuple[tuple[str, str], ...] = ()
    """(request, what came back of its call) before a look."""
    calls: tuple[tuple[str, Call], ...] = ()
    """(emergency, the call about to be sent): it goes out even if the emergency ends before it does."""
    found: Found | None = None

    def without(self, request: str) -> "Memory":
        """What is left once a request has ended: whatever was under way for it comes to nothing."""
        reads, answers = put(self.reads, request, None), put(self.answers, request, None)
        return self if (reads, answers) == (self.reads, self.answers) else replace(self, reads=reads, answers=answers)


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """Everything at one moment."""

    now: datetime
    ledger: Ledger
    platform: Platform
    memory: Memory = field(default_factory=Memory)
    roster: frozenset[tuple[str, str]] = frozenset()
    """What has changed of it."""
    cards: tuple[tuple[str, Shown, str], ...] = ()
    """(request, what its last card but one showed, the digest on its buttons): it still stands on somebody's screen."""
    signed: frozenset[tuple[str, int, str, Shown]] = frozenset()
    """(request, revision, Slack account, what the clicked card showed) of each approval: the truth behind a vote."""
    guarded: bool = True
    spent: tuple[str, ...] = ()
    """The disturbances so far, in the order of the alphabet."""

    def request(self, id: str) -> Request:
        return next(request for request in self.ledger.requests if request.id == id)


def put(pairs: tuple[tuple[str, object], ...], key: str, value: object) -> tuple[tuple[str, object], ...]:
    """The pairs with one of them set, or left out where the value is None; in the order of their keys."""
    kept = tuple(pair for pair in pairs if pair[0] != key)
    return tuple(sorted(((*kept, (key, value)) if value is not None else kept), key=lambda pair: pair[0]))


MOMENT = timedelta(milliseconds=1)
"""What the platform takes for a change: no two of them happen at the same time."""
