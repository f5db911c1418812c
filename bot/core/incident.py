"""Something unapproved and all that followed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.account import Instance


class IncidentKind(StrEnum):
    """What was unapproved."""

    DEACTIVATED = "deactivated"
    RESTORED = "restored"
    DELETED = "deleted"
    LATE = "late"


class IncidentState(StrEnum):
    """How far its undoing is."""

    OPEN = "open"
    RESTORED = "restored"
    """The state is back; its counts are being watched."""
    WHOLE = "whole"
    """And the counts are what they were."""
    LOST = "lost"
    """The counts did not come back in the time they were watched: a person decides."""
    OBSERVED = "observed"
    LEFT = "left"
    """Explained meanwhile (the owner took it down too): left as it is."""
    STUCK = "stuck"
    """Cannot be undone by the bot: a person has to look."""


BACK = frozenset({IncidentState.RESTORED, IncidentState.WHOLE, IncidentState.LOST})
"""The account is up again, whatever its counts do."""


UNDOABLE = frozenset({IncidentState.OPEN, IncidentState.OBSERVED, IncidentState.STUCK})
"""A restore ends these, whoever restores."""

BY_OTHERS = "others"
"""What stands for whoever restored the account where only a read has shown it."""


class Baseline(StrEnum):
    """Where the figure comes from that a restore is held against."""

    SAMPLE = "sample"
    """The public view, before the account went down."""
    EDGES = "edges"
    """The platform's true count of relationships: no earlier figure is known."""


class Cause(StrEnum):
    """What a person found the cause to be; until then it is under investigation."""

    HUMAN_ERROR = "human_error"
    DELIBERATE = "deliberate"
    SYSTEM_FAULT = "system_fault"


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident:
    """One unexplained instance (or restore, or deletion) and what was done about it.

    `down_for` runs from the platform's `at` of the act to the public view's `as_of` that showed it undone.
    """

    id: str
    version: int
    kind: IncidentKind
    state: IncidentState
    account: str
    handle: str
    display_name: str
    actor: str | None
    person: str | None
    """The person of the roster whose principal acted."""
    operation: str | None
    why: str
    found_by: str
    """`feed` or `sweep`."""
    at: datetime | None
    seen_at: datetime
    followers_before: int | None
    followers_after: int | None
    request: str | None
    """The bot's own request that undoes it."""
    restored_at: datetime | None
    restored_by: str | None
    cause: str | None
    """Why it is stuck or left, in the platform's words or the verdict's."""
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    purge_at: datetime | None = None
    """When the platform deletes the account for good if it stays down."""
    decided_at: datetime | None = None
    """When it was judged; `seen_at` is when the guard first heard of it."""
    sent_at: datetime | None = None
    """When the call that put it back was sent."""
    following_before: int | None = None
    baseline_at: datetime | None = None
    """When `followers_before` and `following_before` were taken; None where they are no baseline."""
    baseline_from: Baseline | None = None
    followers_now: int | None = None
    following_now: int | None = None
    sampled_at: datetime | None = None
    """The last look at the counts since it is back."""
    whole_at: datetime | None = None
    contained_at: datetime | None = None
    """When its actor was locked out on the platform."""
    reinstated_at: datetime | None = None
    """When people let the actor in again."""
    established: Cause | None = None
    established_by: str | None = None
    established_at: datetime | None = None
    quiet: bool = False
    """One of so many at once that it has no card and no page of its own, unless it cannot be undone."""

    @property
    def down_for(self) -> timedelta | None:
        if self.restored_at is None or self.at is None:
            return None
        return max(self.restored_at - self.at, timedelta(0))

    @property
    def whole_after(self) -> timedelta | None:
        """From the act to the sample that showed the counts whole again."""
        if self.whole_at is None:
            return None
        return max(self.whole_at - (self.at or self.seen_at), timedelta(0))

    @property
    def instance(self) -> Instance:
        return Instance(account=self.account, at=self.at, actor=self.actor, operation=self.operation)
