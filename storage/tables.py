"""The tables. Imported by this package alone; the domain's frozen records are something else (`storage.rows`).

Times are RFC 3339 text in UTC with milliseconds: they sort as they are, read the same in both databases and in the
log. `tasks.due` is milliseconds since 1970, because it is compared and moved all the time.
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, false, text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from bot.core.audit import canonical, parse


class Json(TypeDecorator[Any]):
    """Canonical JSON as text, so that equal values are equal rows."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else parse(value)


IN_LANE = text("state in ('running', 'uncertain')")
LIVE = text("state in ('pending', 'approved', 'running', 'uncertain')")
LIVE_OF_PEOPLE = text("state in ('pending', 'approved', 'running', 'uncertain') and not by_policy")
NOT_UNDONE = text("state = 'open' and kind in ('deactivated', 'late')")


class RequestRow(SQLModel, table=True):
    """A request without its votes."""

    __tablename__ = "requests"
    __table_args__ = (
        Index("one_in_the_lane", "account", unique=True, sqlite_where=IN_LANE, postgresql_where=IN_LANE),
        Index(
            "one_live_of_a_kind",
            "account",
            "action",
            unique=True,
            sqlite_where=LIVE_OF_PEOPLE,
            postgresql_where=LIVE_OF_PEOPLE,
        ),
        Index("requests_live", "account", sqlite_where=LIVE, postgresql_where=LIVE),
        Index("requests_by_state", "state", "filed_at"),
        Index("requests_by_account", "account", "filed_at"),
        Index("requests_by_handle", "handle", "filed_at"),
        Index("requests_by_requester", "requester", "filed_at"),
        Index("requests_by_claim", "action", "claimed_at"),
        Index("requests_unratified", "emergency", "state"),
    )

    id: str = Field(primary_key=True)
    version: int
    revision: int
    action: str
    account: str
    """The subject's id again, for the indexes."""
    handle: str
    """The subject's handle again, in lower case, for people who look it up."""
    subject: Any = Field(sa_column=Column(Json, nullable=False))
    tier: str
    quorum: Any = Field(sa_column=Column(Json, nullable=False))
    emergency: bool
    category: str
    reason: str
    evidence: str | None
    requester: str
    requester_slack: str | None
    by_policy: bool
    incident: str | None
    state: str
    operation: str = Field(unique=True)
    policy: str
    filed_at: str
    expires_at: str | None
    quorate_at: str | None
    not_before: str | None
    execute_by: str | None
    claimed_at: str | None
    if_match: str | None
    waits_for: str | None
    waits_since: str | None
    revised_why: str | None
    ended_at: str | None
    ended_by: str | None
    outcome: str | None
    explains: Any = Field(sa_column=Column(Json, nullable=True))
    ratify_by: str | None
    undoes: str | None
    undo: str | None
    undone_by: str | None
    undone_at: str | None
    denied_before: str | None


class VoteRow(SQLModel, table=True):
    """One person's vote on one revision; the key is what makes two clicks one vote."""

    __tablename__ = "votes"

    request: str = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    person: str = Field(primary_key=True)
    place: int
    """Its place in the order of the request's votes."""
    choice: str
    at: str
    slack_user: str
    groups: Any = Field(sa_column=Column(Json, nullable=False))
    team: str | None
    reason: str | None
    digest: str
    policy: str


class IncidentRow(SQLModel, table=True):
    """An incident."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index("one_open_of_an_account", "account", unique=True, sqlite_where=NOT_UNDONE, postgresql_where=NOT_UNDONE),
        Index("incidents_by_account", "account", "seen_at"),
        Index("incidents_by_time", "seen_at"),
        Index("incidents_by_person", "person", "acknowledged_at"),
        Index("incidents_by_actor", "actor", "seen_at"),
    )

    id: str = Field(primary_key=True)
    version: int
    kind: str
    state: str
    account: str
    handle: str
    display_name: str
    actor: str | None
    person: str | None
    operation: str | None
    why: str
    found_by: str
    at: str | None
    seen_at: str
    followers_before: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    followers_after: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    request: str | None
    restored_at: str | None
    restored_by: str | None
    cause: str | None
    acknowledged_by: str | None
    acknowledged_at: str | None
    purge_at: str | None
    decided_at: str | None
    sent_at: str | None
    following_before: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    baseline_at: str | None
    baseline_from: str | None
    followers_now: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    following_now: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    sampled_at: str | None
    whole_at: str | None
    contained_at: str | None
    reinstated_at: str | None
    established: str | None
    established_by: str | None
    established_at: str | None
    quiet: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=false()))


class AuditRow(SQLModel, table=True):
    """One line of the log; triggers refuse its update, its deletion and any number but the next."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_by_request", "request"),
        Index("audit_by_kind", "kind", "at"),
        Index("audit_by_time", "at"),
    )

    seq: int = Field(
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    )
    at: str
    kind: str
    by: str
    request: str | None
    facts: Any = Field(sa_column=Column(Json, nullable=False))


class AuditHead(SQLModel, table=True):
    """The last sequence number given out: a counter that rolls back with its transaction, so there is no gap."""

    __tablename__ = "audit_head"

    id: int = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))


class TaskRow(SQLModel, table=True):
    """A durable thing to do; `due` is timer and lease in one."""

    __tablename__ = "tasks"
    __table_args__ = (Index("tasks_by_due", "state", "due"),)

    key: str = Field(primary_key=True)
    kind: str
    payload: Any = Field(sa_column=Column(Json, nullable=False))
    due: int = Field(sa_column=Column(BigInteger, nullable=False))
    owner: str | None
    attempts: int
    state: str
    """`waiting`, `running` or `done`."""


class VerdictRow(SQLModel, table=True):
    """What was decided of an instance; `place` orders the verdicts of an account."""

    __tablename__ = "verdicts"
    __table_args__ = (
        Index("verdicts_by_account", "account", "place"),
        Index("verdicts_by_actor", "actor", "judged_at"),
    )

    key: str = Field(primary_key=True)
    place: int = Field(sa_column=Column(BigInteger, nullable=False))
    account: str
    at: str | None
    actor: str | None
    operation: str | None
    explained: bool
    why: str
    judged_at: str
    incident: str | None


class SightingRow(SQLModel, table=True):
    """When an account was last seen in a tier."""

    __tablename__ = "sightings"
    __table_args__ = (Index("sightings_by_tier", "tier", "at"),)

    account: str = Field(primary_key=True)
    tier: str = Field(primary_key=True)
    at: str


class RestoreRow(SQLModel, table=True):
    """The latest restore of an account on record."""

    __tablename__ = "restores"

    account: str = Field(primary_key=True)
    at: str


class SampleRow(SQLModel, table=True):
    """An account's counts while it was active: the baseline of its next restore, and how the last one went."""

    __tablename__ = "samples"
    __table_args__ = (Index("samples_by_time", "at"),)

    account: str = Field(primary_key=True)
    at: str = Field(primary_key=True)
    followers: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    following: int | None = Field(sa_column=Column(BigInteger, nullable=True))


class ActorRow(SQLModel, table=True):
    """How an actor of the platform stands with the guard."""

    __tablename__ = "actors"

    actor: str = Field(primary_key=True)
    standing: str
    since: str
    why: str
    incident: str | None


class LatchRow(SQLModel, table=True):
    """Something that stays switched off until people switch it on again, over restarts too."""

    __tablename__ = "latches"

    name: str = Field(primary_key=True)
    since: str | None
    facts: Any = Field(sa_column=Column(Json, nullable=False))


class LeaseRow(SQLModel, table=True):
    """Who does what only one may do; `token` rises with each new holder, so that an old one is known as such."""

    __tablename__ = "leases"

    name: str = Field(primary_key=True)
    owner: str
    token: int = Field(sa_column=Column(BigInteger, nullable=False))
    until: int = Field(sa_column=Column(BigInteger, nullable=False))
    since: int = Field(sa_column=Column(BigInteger, nullable=False, server_default="0"))
    """When it was last kept, and `facts` what its holder said then."""
    facts: Any = Field(sa_column=Column(Json, nullable=False, server_default="{}"))


class PolicyRowTable(SQLModel, table=True):
    """The policies that were in force; the last one is."""

    __tablename__ = "policies"

    place: int = Field(primary_key=True)
    digest: str
    text: str
    since: str
    by: str


class CursorRow(SQLModel, table=True):
    """How far the platform's feed was judged."""

    __tablename__ = "cursors"

    name: str = Field(primary_key=True)
    value: int = Field(sa_column=Column(BigInteger, nullable=False))


class CardRow(SQLModel, table=True):
    """Where a record's card stands and which version it shows."""

    __tablename__ = "cards"

    record: str = Field(primary_key=True)
    channel: str
    ts: str
    drawn: int


class ReplayRow(SQLModel, table=True):
    """Signed requests seen inside Slack's window."""

    __tablename__ = "replays"
    __table_args__ = (Index("replays_by_time", "at"),)

    key: str = Field(primary_key=True)
    at: str


class SuppressedRow(SQLModel, table=True):
    """Refusals of a person beyond what a minute may log, told with the next one logged."""

    __tablename__ = "suppressed"

    person: str = Field(primary_key=True)
    count: int


def table(name: str) -> Table:
    """The table for statements of Core."""
    return SQLModel.metadata.tables[name]
