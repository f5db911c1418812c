"""Accounts, actors and events as the platform tells of them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

OWN_PRINCIPAL = "svc:countersign"


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """One deactivation as it stands on the platform: what is judged, never an event alone.

    `at` and `actor` are None where the platform does not say (a broken replica, a lost actor).
    """

    account: str
    at: datetime | None
    actor: str | None
    operation: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deactivation:
    """The platform's own record of why an account is down."""

    actor: str | None
    at: datetime | None
    operation: str | None = field(repr=False)
    reason: str | None
    purge_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """An account as one read of the platform showed it; `etag` names exactly that read."""

    id: str
    handle: str
    display_name: str
    active: bool
    verified: bool
    followers: int | None
    following: int | None
    tags: tuple[str, ...]
    etag: str | None
    deactivation: Deactivation | None
    created: datetime | None = None
    """None where the platform does not say."""

    @property
    def instance(self) -> Instance | None:
        """The deactivation that stands, or None while the account is active."""
        if self.active:
            return None
        down = self.deactivation
        return Instance(
            account=self.id,
            at=down.at if down else None,
            actor=down.actor if down else None,
            operation=down.operation if down else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicView:
    """What the public sees of an account; `as_of` is the platform's clock."""

    active: bool
    followers: int | None
    following: int | None
    as_of: datetime


class EventType(StrEnum):
    """The kinds of event that the platform's feed tells."""

    CREATED = "account.created"
    UPDATED = "account.updated"
    DEACTIVATED = "account.deactivated"
    RESTORED = "account.restored"
    DELETED = "account.deleted"
    SUSPENDED = "staff.suspended"
    REINSTATED = "staff.reinstated"
    OTHER = "other"
    """What this program knows nothing of; its number was told all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What the feed says happened, to whom and by which actor; it is a hint, a read is the proof."""

    seq: int
    type: EventType
    account: str
    handle: str
    actor: str | None
    at: datetime
    operation: str | None = field(repr=False)

    @property
    def instance(self) -> Instance:
        """The instance this event speaks of, if it is one of a deactivation."""
        return Instance(account=self.account, at=self.at, actor=self.actor, operation=self.operation)


def owner_of(account: str) -> str:
    """The principal of an account's owner."""
    return f"owner:{account}"
