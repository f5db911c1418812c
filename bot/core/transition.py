"""A change and its audit entry, made as one value so that neither exists without the other."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Any

from bot.core.incident import Incident
from bot.core.record import changes, dump, plain
from bot.core.request import Request


class Kind(StrEnum):
    """What an audit entry tells; one kind a move, and the facts that are no request's move."""

    # moves of a request
    FILED = "filed"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    REVISED = "revised"
    EXPIRED = "expired"
    CLAIMED = "claimed"
    VOIDED = "voided"
    WAITED = "waited"
    RELEASED = "released"
    SETTLED = "settled"
    EMERGENCY = "emergency"
    RATIFIED = "ratified"
    LAPSED = "lapsed"
    UNDONE = "undone"
    SUPERSEDED = "superseded"
    EXPLAINED = "explained"
    # incidents
    OPENED = "incident_opened"
    JOINED = "incident_joined"
    RESTORED = "incident_restored"
    CLOSED = "incident_closed"
    ACKNOWLEDGED = "incident_acknowledged"
    SAMPLED = "incident_sampled"
    WHOLE = "incident_whole"
    FELL = "incident_fell"
    LOST = "incident_lost"
    ESTABLISHED = "incident_cause"
    CONTAINED = "incident_contained"
    REINSTATED = "incident_reinstated"
    # what belongs to no record
    REFUSED = "refused"
    POLICY = "policy_in_force"
    GUARD_STARTED = "guard_started"
    JUDGED = "judged"
    DIGEST = "digest_posted"
    LIMIT = "limit_reached"
    ACTOR = "actor"
    LATCHED = "latched"
    UNLATCHED = "unlatched"


class TaskKind(StrEnum):
    """Every durable thing to do; `bot.wiring` says which flow does it."""

    CARRY_OUT = "carry_out"
    EXPIRE = "expire"
    DRAW = "draw"
    TELL = "tell"
    THREAD = "thread"
    WAITING = "waiting"
    REMIND = "remind"
    PAGE = "page"
    CALL = "call"
    JUDGE = "judge"
    BACKLOG = "backlog"
    TRIAGE = "triage"
    SWEEP = "sweep"
    SAMPLE = "sample"
    BASELINE = "baseline"
    NEAR_PURGE = "near_purge"
    CONTAIN = "contain"
    DIGEST = "digest"
    KEEP_HOUSE = "keep_house"
    REMOVE = "remove"


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A durable thing to do. `due` is timer and lease in one; `key` makes a second filing of it a no-op."""

    key: str
    kind: TaskKind
    payload: dict[str, Any]
    due: datetime
    attempts: int = 0
    owner: str | None = None
    record: Request | None = field(default=None, compare=False, repr=False)
    """The request as the commit that filed the task left it; a task that was found in the store has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of the audit log. `by` is a person of the roster, a principal or `countersign`."""

    kind: Kind
    at: datetime
    by: str
    request: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """A record as it was, as it will be, the entry that says so and what there is to do then."""

    before: Request | Incident | None
    after: Request | Incident
    entry: Entry
    tasks: tuple[Task, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What one transaction of the ledger writes. All of it or nothing."""

    transitions: tuple[Transition, ...] = ()
    entries: tuple[Entry, ...] = ()
    tasks: tuple[Task, ...] = ()
    verdicts: tuple["Judged", ...] = ()
    sightings: tuple["Sighting", ...] = ()
    restores: tuple[tuple[str, datetime], ...] = ()
    """(account id, when): restores that are now on record."""
    samples: tuple["Sample", ...] = ()
    actors: tuple["ActorStands", ...] = ()
    latches: tuple["Latch", ...] = ()
    cursor: int | None = None
    policy: "PolicyRow | None" = None
    answer: object = None
    """What the flow wants to know of what was decided; not written."""

    def request(self) -> Request:
        """The request as the last transition left it."""
        return next(t.after for t in reversed(self.transitions) if isinstance(t.after, Request))


_LISTED = tuple(f.name for f in fields(Change) if f.default == ())


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A verdict on record: one row an instance."""

    account: str
    at: datetime | None
    actor: str | None
    operation: str | None = field(repr=False)
    explained: bool
    why: str
    judged_at: datetime
    incident: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """An account was seen in a tier; the weightiest of 30 days binds."""

    account: str
    tier: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """An account's counts as the public saw them while it was active; a hidden count is None."""

    account: str
    at: datetime
    followers: int | None
    following: int | None


class Standing(StrEnum):
    """How far an actor is kept from the platform."""

    FREE = "free"
    CONTAINING = "containing"
    CONTAINED = "contained"
    UNCONTAINABLE = "uncontainable"
    """The platform has no way to lock it out, or says no."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ActorStands:
    """How an actor stands, since when and why; one row an actor."""

    actor: str
    standing: Standing
    since: datetime
    why: str
    incident: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Latch:
    """Something that stays switched off until people switch it on again; `since` is None once they have."""

    name: str
    since: datetime | None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyRow:
    """A policy that came into force."""

    digest: str
    text: str
    since: datetime
    by: str


def together(changes: Iterable[Change], *, answer: object = None) -> Change:
    """Several changes of different records as one. A later cursor or policy counts."""
    listed = tuple(changes)
    parts: dict[str, Any] = {
        name: tuple(chain.from_iterable(getattr(change, name) for change in listed)) for name in _LISTED
    }
    cursors = [change.cursor for change in listed if change.cursor is not None]
    policies = [change.policy for change in listed if change.policy is not None]
    return Change(
        **parts,
        cursor=cursors[-1] if cursors else None,
        policy=policies[-1] if policies else None,
        answer=answer,
    )


def move(
    before: Request | Incident | None,
    after: Request | Incident,
    *,
    kind: Kind,
    by: str,
    at: datetime,
    tasks: tuple[Task, ...] = (),
    **context: Any,
) -> Transition:
    """Join a change and its entry; `facts["changes"]` is what a replay of the log applies."""
    after = replace(after, version=before.version + 1 if before else 1)
    changed = changes(before, after) if before else dump(after)
    if isinstance(after, Request):
        # what a reader of the log would otherwise have to look up in the entry that filed it
        facts = {**context, "filed_at": plain(after.filed_at), "by_policy": after.by_policy, "changes": changed}
        entry = Entry(kind=kind, at=at, by=by, request=after.id, facts=facts)
    else:
        facts = {**context, "incident": after.id, "changes": changed}
        entry = Entry(kind=kind, at=at, by=by, request=after.request, facts=facts)
    return Transition(before=before, after=after, entry=entry, tasks=tasks)
