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
    OBSERVED = "observed"
    LEFT = "left"
    """Explained meanwhile (the owner took it down too): left as it is."""
    STUCK = "stuck"
    """Cannot be undone by the bot: a person has to look."""


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

    @property
    def down_for(self) -> timedelta | None:
        if self.restored_at is None or self.at is None:
            return None
        return max(self.restored_at - self.at, timedelta(0))

    @property
    def instance(self) -> Instance:
        return Instance(account=self.account, at=self.at, actor=self.actor, operation=self.operation)
