"""What the flows ask of the world. Each Protocol has one implementation and, over HTTP, one stand-in."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from bot.core.account import Account, Event, Instance, PublicView
from bot.core.digest import Digest
from bot.core.incident import Incident
from bot.core.policy import Policy
from bot.core.refusal import Refusal
from bot.core.request import Action, Request, State
from bot.core.transition import ActorStands, Change, Entry, Judged, Latch, PolicyRow, Sample, Standing, Task, TaskKind
from bot.core.verdict import Previous

T = TypeVar("T")


class Clock(Protocol):
    """The time. Nothing in `core` or `flows` reads a clock of its own."""

    def now(self) -> datetime:
        """The wall clock in UTC with whole milliseconds, never earlier than a time it gave before."""
        ...

    def monotonic(self) -> float:
        """Seconds for measuring how long something took."""
        ...


class View(Protocol):
    """The ledger as one transaction sees it. Synchronous: it is used inside that transaction only."""

    def about(self, instances: Collection[Instance]) -> "Gathered":
        """The same, with what a verdict on these asks of the ledger at hand; of no use once something was written."""
        ...

    def request(self, id: str) -> Request | None: ...
    def requests(self, ids: Collection[str]) -> Mapping[str, Request]:
        """Those of them that there are, by id."""
        ...

    def incident(self, id: str) -> Incident | None: ...
    def live_request(self, account: str, action: Action) -> Request | None: ...
    def lane(self, account: str) -> Request | None:
        """The request of the account that is running or uncertain."""
        ...

    def keyed(self, operation: str) -> Request | None: ...
    def filed_since(self, person: str, since: datetime, *, most: int) -> tuple[datetime, ...]:
        """When the last `most` requests of the person were filed, the oldest first; none where there are fewer."""
        ...

    def deactivations_claimed_since(self, since: datetime, *, most: int) -> tuple[datetime, ...]:
        """When the last `most` deactivations were claimed, the oldest first; none where there are fewer."""
        ...

    def open_incident(self, account: str) -> Incident | None:
        """The unexplained deactivation of the account that is not undone yet."""
        ...

    def open_incidents(self) -> int:
        """How many incidents are not undone, or wait for a person."""
        ...

    def not_undone(self, account: str) -> Sequence[Incident]:
        """The account's unexplained deactivations that a restore would end, the oldest first."""
        ...

    def unacknowledged_of(self, person: str) -> str | None:
        """Id of an unacknowledged incident whose actor is this person."""
        ...

    def unacknowledged_actors(self) -> frozenset[str]:
        """Every person of whom that is so."""
        ...

    def samples(self, account: str, *, since: datetime, until: datetime) -> Sequence[Sample]:
        """The account's counts in that time, both ends included, the oldest first."""
        ...

    def last_sample(self, account: str, *, before: datetime, since: datetime) -> Sample | None:
        """The newest counts of the account taken before a moment, not older than `since`."""
        ...

    def to_sample(
        self, tiers: Collection[str], *, seen_since: datetime, sampled_before: datetime, limit: int
    ) -> Sequence[str]:
        """Accounts seen in one of the tiers since then and not sampled since; those sampled longest ago come first."""
        ...

    def actor(self, actor: str) -> ActorStands | None: ...
    def actors(self, standings: Collection[Standing]) -> Sequence[ActorStands]:
        """The actors that stand in one of these ways, the longest first."""
        ...

    def latch(self, name: str) -> Latch | None:
        """The latch while it holds."""
        ...

    def unexplained_by(self, actor: str | None, since: datetime, *, account: str | None = None) -> int:
        """How many unexplained instances of the actor were judged since then, of one account or of all; at most 64."""
        ...

    def tiers_seen(self, account: str, since: datetime) -> frozenset[str]: ...
    def restored_at(self, account: str) -> datetime | None: ...
    def judged(self, instance: Instance) -> Judged | None: ...
    def first_of_key(self, account: str, operation: str) -> Instance | None:
        """The first instance of the account with that key on which there is a verdict."""
        ...

    def previous(self, account: str) -> Previous | None:
        """The last instance of the account that was judged."""
        ...

    def pending(self, *, limit: int = 100) -> Sequence[Request]:
        """The requests that wait for a decision, the oldest first; `limit` is at most 1000."""
        ...

    def unratified(self, *, person: str | None = None) -> Sequence[Request]:
        """The emergencies that are not ratified yet, one person's or all of them; the oldest first."""
        ...

    def emergencies_filed(self, person: str, since: datetime) -> int:
        """How many emergencies of the person since then did something, or may yet."""
        ...

    def denied(self, subject: str, action: Action, since: datetime) -> str | None:
        """Id of the last request for that which was denied since then."""
        ...

    def requests_of_account(self, account: str, *, limit: int = 20) -> Sequence[Request]: ...
    def requests_of_person(self, person: str, *, states: Collection[State] = (), limit: int = 500) -> Sequence[Request]:
        """What this person asked for and stands in one of the states, in any where none is named; the oldest first."""
        ...

    def incidents(
        self,
        *,
        account: str | None = None,
        actor: str | None = None,
        open_only: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 20,
    ) -> Sequence[Incident]: ...
    def entries(
        self,
        *,
        kinds: Iterable[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        request: str | None = None,
        incident: str | None = None,
    ) -> Sequence[Entry]:
        """The audit entries that are all of this, in the log's order; without a filter the whole log."""
        ...

    def seen_as(self, tier: str, accounts: Collection[str], since: datetime) -> frozenset[str]:
        """Those of the accounts that were seen in the tier since then."""
        ...

    def awaiting_judgement(self) -> frozenset[str]:
        """The accounts of which an event was taken, and which are still to be read and judged."""
        ...

    def task(self, key: str) -> Task | None:
        """As it stands, done or not; `owner` is who has it leased."""
        ...

    def unfinished(self, task: str) -> bool:
        """Whether the task with that key is still to be done, or being done."""
        ...

    def policy_in_force(self) -> PolicyRow | None: ...
    def policy_mark(self) -> tuple[int, str] | None:
        """Number and digest of the policy in force, without its text; a later one has a higher number."""
        ...

    def cursor(self) -> int | None: ...
    def lease(self, name: str) -> "Lease | None": ...
    def card(self, record: str) -> "CardAt | None": ...
    def drawn_first(self, record: str, *, version: int) -> int | None:
        """The oldest version below that one whose drawing is still to be done, or being done."""
        ...


class Gathered(View, Protocol):
    """A view of several accounts that are decided about in one transaction, one after the other."""

    def note(self, change: Change) -> None:
        """What is decided of one counts for the next, where it is about their actor or the request of their key."""
        ...


Propose = Callable[[View], Change | Refusal]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fence:
    """A lease that this process held; `token` is higher with every new holder."""

    name: str
    token: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """A lease as it stands: who last held it, until when, and what they said of themselves when they last kept it."""

    owner: str
    until: datetime
    since: datetime
    facts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class CardAt:
    """Where a record's card stands in Slack and which version it shows."""

    channel: str
    ts: str
    drawn: int
    cut: bool = False
    """Whether it was posted just now with less than the whole reason on it."""

    @property
    def place(self) -> tuple[str, str]:
        return self.channel, self.ts


Place = tuple[str, ...]
"""How far the ledger was gone through: a table, and the key of the last row looked at."""


class Ledger(Protocol):
    """The store. `decide` is the only way to change anything that a person or the guard decides."""

    async def decide(
        self, propose: Propose, *, finish: Task | None = None, replay: str | None = None, fence: "Fence | None" = None
    ) -> Change | Refusal:
        """Run a rule in one transaction and write what it proposes.

        `propose` is pure but for the view and may be called again: when another writer came first, or when what shared
        its transaction could not be written. A refusal writes nothing (but see `refused`). `finish` is the task that
        led here; `replay` is the key of the signed request that did.

        Raises:
            LedgerAway: nothing was recorded.
            Replayed: the same signed request had its effect before.
            Fenced: somebody else holds the lease of `fence` by now.
        """
        ...

    async def hold(self, name: str, *, seconds: float, facts: Mapping[str, Any] = ...) -> "Fence | None":
        """Take the lease, or keep it, for so long from now; None while another process holds it.

        Who lets one run out hangs: what else it had under way is taken over with it, and done again. `facts` are for
        the others (`View.lease`). Raises LedgerAway.
        """
        ...

    async def live(self) -> None:
        """Say that this process lives. Raises LedgerAway."""
        ...

    async def take_over(self) -> int:
        """Say so, and take over the tasks and leases of those that do not live; how many these were.

        A process is not taken for gone at the first look at which it is missed. Raises LedgerAway.
        """
        ...

    async def step_down(self) -> None:
        """Give back the leases, and keep the tasks for as long as they take. Raises LedgerAway."""
        ...

    async def leave(self) -> None:
        """Give back all tasks and leases, as the last thing: nobody misses who stops in order. Raises LedgerAway."""
        ...

    async def read(self, query: Callable[[View], T], *, long: bool = False) -> T:
        """Answer a question from one consistent snapshot; `long` ones wait for each other alone. Raises LedgerAway."""
        ...

    async def refused(
        self, refusal: Refusal, *, by: str, at: datetime, request: str | None, replay: str | None
    ) -> None:
        """Record that a person was refused: at most 10 lines a person and minute, the rest counted in the next."""
        ...

    async def remember(self, replay: str, *, at: datetime) -> None:
        """Record a signed request that has no effect of its own. Raises Replayed, LedgerAway."""
        ...

    async def seen(self, replay: str) -> bool:
        """Whether that signed request is on record. Raises LedgerAway."""
        ...

    async def add(self, *tasks: Task) -> None:
        """File tasks outside a decision; those whose key exists are left as they are."""
        ...

    async def put_card(
        self,
        record: str,
        card: CardAt,
        *,
        was: CardAt | None = None,
        finish: Task | None = None,
        then: Sequence[Task] = (),
    ) -> None:
        """Remember where the card stands, unless it shows more by now; `finish` is done, `then` filed in any case.

        Where it stands elsewhere by now than where it `was`, it is to be drawn there: `finish` is done once more.
        Raises TaskLost, LedgerAway.
        """
        ...

    async def redraw(self, record: str, task: Task, *, card: CardAt | None, was: CardAt) -> None:
        """Remember that a card stands no more where it `was` but at `card`, or nowhere; `task` is to draw it, again.

        Nothing is written where it stands elsewhere already.
        """
        ...

    async def slot(self, channel: str, *, every: float, task: Task) -> float:
        """Take the channel's next place for a post; the seconds until then. Of all processes each gets another.

        The task's lease is renewed. Raises TaskLost where it is another's by now.
        """
        ...

    async def still(self, task: Task) -> None:
        """Look whether the task is this process's. Raises TaskLost where it is another's by now, LedgerAway."""
        ...

    async def claim_due(self, *, limit: int, without: Collection[TaskKind] = ()) -> Sequence[Task]:
        """Lease due tasks to this process, the earliest first; of the kinds in `without` only what is protected."""
        ...

    async def finish(self, task: Task) -> None:
        """Mark a task done, if this process still holds it."""
        ...

    async def postpone(self, task: Task, *, due: datetime) -> None:
        """Give a task back, to be done again at `due`."""
        ...

    async def thin_samples(self, accounts: Collection[str], *, at: datetime) -> None:
        """Keep of these accounts' samples all of the last hour and the last of each day."""
        ...

    async def drop_samples(self, *, at: datetime) -> bool:
        """Drop some samples that are too old or too many, whoever's they are; answers whether there are more."""
        ...

    async def prune(self, place: Place | None, *, at: datetime) -> Place | None:
        """Drop what nobody asks for any more of the few rows from `place` on; where to go on, None at the end."""
        ...

    async def probe(self) -> None:
        """Write, changing nothing. Raises LedgerAway where nothing could be recorded."""
        ...

    async def next_due(self) -> datetime | None:
        """When the earliest task falls due, or the earliest lease runs out."""
        ...


class Platform(Protocol):
    """The platform's API. Every method may raise PlatformAway; those that name one account PlatformRefused too."""

    async def account(self, id: str) -> Account | None: ...
    async def find(self, handle_or_id: str) -> Account | None:
        """By immutable id or by handle, case-insensitively and without `@`."""
        ...

    async def set_active(self, request: Request, *, active: bool, reason: str) -> None:
        """Send the call with the request's operation key and `If-Match`. Success is not assumed from its return.

        Raises WorldMoved on 412.
        """
        ...

    async def public(self, id: str) -> PublicView | None: ...
    async def events(self, *, after: int, wait: float) -> tuple[Sequence[Event], int]:
        """The events after the cursor and the next cursor. Raises CursorLost."""
        ...

    async def latest_cursor(self) -> int: ...
    async def edges(self, id: str) -> int | None:
        """The true number of the account's followers, counted from its relationships; slow. None: no such account."""
        ...

    async def recount(self, id: str) -> None:
        """Ask the platform to repair the account's counts."""
        ...

    async def suspend(self, actor: str) -> None:
        """Lock a member of staff out. Raises PlatformRefused, also where the platform cannot do it to that actor."""
        ...

    async def reinstate(self, actor: str) -> None:
        """Let a member of staff in again. Raises PlatformRefused."""
        ...

    async def inactive(
        self, *, since: datetime | None = None, start: int = 1, count: int = 1000
    ) -> tuple[Sequence[Account], int]:
        """A page of the inactive accounts (changed after `since`), ordered by id, and how many there are in all."""
        ...

    async def listed(self, *, start: int, count: int) -> tuple[Sequence[Account], int]:
        """A page of all accounts, ordered by id, and how many there are in all."""
        ...

    async def ready(self) -> None:
        """Raise PlatformAway or PlatformRefused unless the API answers with our token."""
        ...


class Notice(StrEnum):
    """A message that is no card; each has its words in `bot.slack.notices`."""

    FILED = "filed"
    REVISED = "revised"
    VOTE_AGAIN = "vote_again"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    VOID = "void"
    SUPERSEDED = "superseded"
    DONE = "done"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    WAITING = "waiting"
    EMERGENCY = "emergency"
    PROVISIONAL = "provisional"
    NEAR_ITS_END = "near_its_end"
    RATIFIED = "ratified"
    LAPSED = "lapsed"
    UNDONE = "undone"
    LEFT_DOWN = "left_down"
    NOT_UNDONE = "not_undone"
    REMINDER = "reminder"
    ESCALATED = "escalated"
    PAGE = "page"
    POLICY = "policy"
    LIMIT = "limit"
    TIER_FELL = "tier_fell"
    OBSERVING = "observing"
    CONTAINED = "contained"
    LATCHED = "latched"
    WHOLE_REASON = "whole_reason"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A notice with what its words are made of."""

    notice: Notice
    record: Request | Incident | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    timeline: tuple[Entry, ...] = ()
    """What the thread of a request that has ended is told of it, the oldest first; empty in every other message."""


class Desk(Protocol):
    """What the flows may ask of Slack. Every method may raise SlackAway, SlackShut or SlackRefused."""

    async def draw(self, record: Request | Incident, at: CardAt | None) -> CardAt:
        """Post the record's card, or redraw the one that stands. Raises CardGone where it stands no more."""
        ...

    async def remove(self, at: CardAt) -> None:
        """Delete a card; one that is gone already is as good."""
        ...

    async def tell(self, to: str, message: Message) -> None:
        """Send a message to a Slack user (direct message) or a channel."""
        ...

    async def thread(self, card: CardAt, message: Message) -> None:
        """Answer in the card's thread."""
        ...

    async def post_digest(self, digest: Digest) -> None: ...


class Pager(Protocol):
    """Wakes the on-call outside Slack. Raises SlackAway-like errors never: it answers whether it got through."""

    @property
    def there(self) -> bool:
        """Whether there is one; where there is none, nothing can get through."""
        ...

    async def page(self, *, key: str, summary: str, facts: Mapping[str, Any]) -> bool: ...
    async def resolve(self, *, key: str) -> bool:
        """Say that what was paged under that key is over; one who was never paged for it hears nothing of it."""
        ...


class PolicyBook(Protocol):
    """The policy in force, as this process last read it from the ledger."""

    @property
    def policy(self) -> Policy: ...

    def stands(self, row: PolicyRow | None, *, at: datetime) -> tuple[bool, str]:
        """Whether that row is this process's file, or may differ from it for now; and what there is to say."""
        ...

    def policy_in(self, view: View) -> Policy:
        """That of the ledger's row in force as this transaction sees it; where there is none yet, `policy`."""
        ...

    def take_up(self, view: View) -> None:
        """Let `policy` be that one. Only of a snapshot: what a transaction that writes sees may never have been."""
        ...
