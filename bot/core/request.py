"""A request, its votes and the closed table of actions."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import rfc8785

from bot.core.account import Account, Instance
from bot.core.quorum import Quorum

BOT = "countersign"
"""The name the bot signs its own requests and entries with; no person of a roster may bear it."""


class Action(StrEnum):
    """What a request wishes to have done."""

    DEACTIVATE = "deactivate"
    RESTORE = "restore"
    ROSTER = "roster"
    PROTECT = "protect"
    GUARD = "guard"
    REINSTATE = "reinstate"
    RELEASE = "release"


class About(StrEnum):
    """What the subject of a request is."""

    ACCOUNT = "account"
    RULES = "rules"
    """The policy, which the ledger holds."""
    ACTOR = "actor"
    """A member of staff whom the platform keeps out because the guard asked for it."""
    LATCH = "latch"
    """What the guard has switched off in doubt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionRule:
    """One row of the closed table: what the action makes of its subject and whether the lane's brakes bind it."""

    about: About
    makes_active: bool | None
    """What is to be seen of the account afterwards; None where the subject is no account."""
    waits_for_incident: bool
    """An open unexplained deactivation of the account holds it back, its execution clock with it."""
    limited: bool
    """It counts against `deactivations_per_hour`."""


def _of_no_account(about: About) -> ActionRule:
    return ActionRule(about=about, makes_active=None, waits_for_incident=False, limited=False)


ACTIONS: dict[Action, ActionRule] = {
    Action.DEACTIVATE: ActionRule(about=About.ACCOUNT, makes_active=False, waits_for_incident=True, limited=True),
    Action.RESTORE: ActionRule(about=About.ACCOUNT, makes_active=True, waits_for_incident=False, limited=False),
    Action.ROSTER: _of_no_account(About.RULES),
    Action.PROTECT: _of_no_account(About.RULES),
    Action.GUARD: _of_no_account(About.RULES),
    Action.REINSTATE: _of_no_account(About.ACTOR),
    Action.RELEASE: _of_no_account(About.LATCH),
}


class State(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    RUNNING = "running"
    UNCERTAIN = "uncertain"
    PROVISIONAL = "provisional"
    RATIFIED = "ratified"
    DONE = "done"
    FAILED = "failed"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    VOID = "void"
    LAPSED = "lapsed"
    SUPERSEDED = "superseded"


OPEN = frozenset({State.PENDING, State.APPROVED})
"""A vote, a deny or a withdrawal may still change these."""
IN_LANE = frozenset({State.RUNNING, State.UNCERTAIN})
"""At most one request per account stands here."""
LIVE = OPEN | IN_LANE
"""Not ended: a second request for the same account and action is refused meanwhile."""
NOT_YET_RATIFIED = IN_LANE | {State.PROVISIONAL}
"""Where an emergency stands until it is ratified, ended by somebody, or its time is over."""
EXPLAINING = frozenset({State.RUNNING, State.UNCERTAIN, State.DONE, State.PROVISIONAL, State.RATIFIED})
"""The states in which a request may explain an instance."""


class Undo(StrEnum):
    """How far the restore of an emergency is that was not ratified."""

    RESTORING = "restoring"
    RESTORED = "restored"
    LEFT = "left"
    """Down for a reason of its own meanwhile: the owner or a registered principal took the account down too."""
    STUCK = "stuck"
    """The platform refuses for good: a person has to look."""


class Choice(StrEnum):
    """What a vote says."""

    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True, kw_only=True, slots=True)
class Vote:
    """One person's approve or deny on one revision; unique by (request, revision, person)."""

    person: str
    revision: int
    choice: Choice
    at: datetime
    slack_user: str
    groups: tuple[str, ...]
    """The person's groups of the quorum when voting; what the card ticks. The claim asks the policy again."""
    team: str | None
    reason: str | None
    digest: str
    policy: str
    """Digest of the policy in force at the vote."""

    @property
    def key(self) -> tuple[int, str]:
        """What makes it the person's one vote on the revision."""
        return (self.revision, self.person)


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """The account as the card shows it; all of it is bound by the digest but `followers` and `created`."""

    id: str
    handle: str
    display_name: str
    verified: bool
    tags: tuple[str, ...]
    followers: int | None
    created: datetime | None = None

    @classmethod
    def of(cls, account: Account) -> "Subject":
        return cls(
            id=account.id,
            handle=account.handle,
            display_name=account.display_name,
            verified=account.verified,
            tags=tuple(sorted(account.tags)),
            followers=account.followers,
            created=account.created,
        )

    def bound(self) -> dict[str, Any]:
        """What the digest binds of it."""
        return {
            "id": self.id,
            "handle": self.handle,
            "display_name": self.display_name,
            "verified": self.verified,
            "tags": list(self.tags),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """The wish to do one action to one subject, with every vote cast on it.

    `version` rises by one with each change and is what the store compares; `revision` rises when what the
    card showed is no longer so, and voids the approvals of the one before.
    """

    id: str
    version: int
    revision: int
    action: Action
    subject: Subject
    tier: str
    quorum: Quorum
    emergency: bool
    category: str
    reason: str
    evidence: str | None
    requester: str
    requester_slack: str | None
    by_policy: bool
    """Approved by policy (a restore by the guard): never expires, counts against no limit."""
    incident: str | None
    state: State
    operation: str = field(repr=False)
    policy: str
    """Digest of the policy that was in force at the last move that asked it."""
    filed_at: datetime
    expires_at: datetime | None = None
    quorate_at: datetime | None = None
    not_before: datetime | None = None
    """End of the cooling off."""
    execute_by: datetime | None = None
    claimed_at: datetime | None = None
    if_match: str | None = None
    """ETag of the read the claim was decided on; sent with every try of the call."""
    waits_for: str | None = None
    waits_since: datetime | None = None
    revised_why: str | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    outcome: str | None = None
    explains: Instance | None = None
    ratify_by: datetime | None = None
    """An emergency's deadline; not ratified by then it lapses and is undone."""
    undoes: str | None = None
    """On a restore approved by policy: the emergency that it undoes."""
    undo: Undo | None = None
    """On an emergency that ended unratified: how far its restore is, `undone_by` whom and when."""
    undone_by: str | None = None
    undone_at: datetime | None = None
    denied_before: str | None = None
    """The last request for the same that was denied: who decides shall know that somebody said no."""
    votes: tuple[Vote, ...] = ()

    @property
    def digest(self) -> str:
        """The 64 hex digits on the button: SHA-256 of the RFC 8785 JSON of what the card shows."""
        return bound_digest(self, subject=self.subject, tier=self.tier, quorum=self.quorum)

    @property
    def approvals(self) -> tuple[Vote, ...]:
        """The approvals that stand: those of the revision now shown."""
        return tuple(v for v in self.votes if v.choice is Choice.APPROVE and v.revision == self.revision)

    @property
    def unratified(self) -> bool:
        """Whether it is an emergency that acts, or has acted, and waits for its quorum."""
        return self.emergency and self.state in NOT_YET_RATIFIED

    @property
    def waits_for_people(self) -> bool:
        """Whether approvals are asked for: pending, or an emergency to be ratified."""
        return self.state is State.PENDING or self.unratified

    @property
    def decidable(self) -> bool:
        """Whether a vote or a withdrawal may still change it."""
        return self.state in OPEN or self.unratified

    @property
    def decided_by(self) -> datetime | None:
        """Until when it can be decided: an emergency's deadline, else the expiry while it is pending."""
        if self.emergency:
            return self.ratify_by
        return self.expires_at if self.state is State.PENDING else None

    def vote_of(self, person: str) -> Vote | None:
        """The person's vote on the revision now shown."""
        return next((v for v in self.votes if v.person == person and v.revision == self.revision), None)

    @property
    def of_the_rules(self) -> bool:
        """Whether it is about the text of the policy."""
        return self.rule.about is About.RULES

    @property
    def of_an_account(self) -> bool:
        return self.rule.about is About.ACCOUNT

    @property
    def lets_in(self) -> str | None:
        """The principal that it would let in again."""
        return self.subject.id if self.rule.about is About.ACTOR else None

    @property
    def rule(self) -> ActionRule:
        return ACTIONS[self.action]

    def shows_as_asked(self, account: Account) -> bool:
        """Whether a read shows what this request wants, by whatever hand."""
        return account.active is self.rule.makes_active

    def carried_out(self, account: Account) -> bool:
        """Whether a read shows *this request's* effect: a deactivation is ours only with our key on it."""
        if not self.shows_as_asked(account):
            return False
        if self.rule.makes_active:
            return True
        return account.deactivation is not None and account.deactivation.operation == self.operation


def bound_digest(request: Request, *, subject: Subject, tier: str, quorum: Quorum) -> str:
    """The digest this request would have with that subject, tier and quorum."""
    shown: dict[str, Any] = {
        "request": request.id,
        "revision": request.revision,
        "action": request.action.value,
        "subject": subject.bound(),
        "tier": tier,
        "quorum": quorum.as_json(),
        "emergency": request.emergency,
        "category": request.category,
        "reason": request.reason,
        "evidence": request.evidence,
    }
    return hashlib.sha256(rfc8785.dumps(shown)).hexdigest()
