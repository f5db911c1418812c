"""Let in again whom the guard had locked out, or switch on again what it had switched off: a request for a quorum.

Of the tier `rules` where the policy has one, else of its weightiest. Nobody has a say in whether their own principal
is let in again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.asking import (
    Asking,
    evidence_is_url,
    identified,
    no_live_twin,
    no_open_incident,
    not_gone,
    reason_fits,
    rostered,
    within_limit,
)
from bot.core.claiming import Due, Outcome, cooled_off, in_time, no_deny, quorum_stands, supersede, void
from bot.core.policy import RULES, Person, Policy, Tier
from bot.core.quorum import ANY_GROUP, Quorum
from bot.core.refusal import Refusal, Why
from bot.core.reminding import reminder_after
from bot.core.request import ACTIONS, BOT, About, Action, Request, State, Subject, bound_digest
from bot.core.ruling import requester_rostered
from bot.core.tasks import draw, expire, tell
from bot.core.transition import Kind, Transition, move
from bot.core.voting import revise

CATEGORY = "guard"
"""What stands for a category on such a request."""
KEPT_OUT: dict[Action, Why] = {Action.REINSTATE: Why.NOT_CONTAINED, Action.RELEASE: Why.NOT_LATCHED}
"""Whose lock it is about, and what is said where there is none."""


def tier_for(policy: Policy) -> Tier:
    """The one of the bot's own rules, else the weightiest there is."""
    return policy.tier(RULES) or policy.tiers[0]


def subject_of(action: Action, name: str) -> Subject:
    """The actor, or the latch, as the subject of its request."""
    handle = name.partition(":")[2] if ACTIONS[action].about is About.ACTOR else name
    return Subject(id=name, handle=handle or name, display_name=name, verified=False, tags=(), followers=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unlocking(Asking):
    """The wish, with everything the checks look at, read in the transaction that files."""

    action: Action
    subject: str
    locked: bool
    """Whether the actor is kept out, or the latch holds."""
    reason: str
    evidence: str | None
    identity_known: bool
    live: Request | None
    """A live request for the same."""
    filed_in_hour: tuple[datetime, ...]
    unacknowledged: str | None
    denied_before: str | None

    @property
    def tier(self) -> Tier:
        return tier_for(self.policy)

    @property
    def quorum(self) -> Quorum:
        return self.policy.quorum_of(self.tier, requester=self.asker, at=self.at)


def not_about_oneself(case: Unlocking) -> Refusal | None:
    return Refusal(why=Why.ABOUT_YOURSELF) if case.subject in case.asker.platform else None


def is_locked(case: Unlocking) -> Refusal | None:
    return None if case.locked else Refusal(why=KEPT_OUT[case.action], facts={"actor": case.subject})


def quorum_reachable(case: Unlocking) -> Refusal | None:
    """Without whom it is about."""
    able = case.policy.eligible(case.quorum, tier=case.tier.name, at=case.at, requester=case.asker.id)
    others = [a for a in able if case.subject not in case.policy.people[a.person].platform]
    missing = case.quorum.missing(others)
    if not missing:
        return None
    groups = sorted(case.quorum.names) if ANY_GROUP in missing else sorted(set(missing))
    return Refusal(why=Why.NOBODY_ELIGIBLE, facts={"groups": groups, "tier": case.tier.name})


UNLOCK_ASK_CHECKS: tuple[Callable[[Asking], Refusal | None], ...] = (rostered, not_gone)
"""Those that need no subject: whom they refuse is not even shown the form."""
UnlockCheck = Callable[[Unlocking], Refusal | None]
UNLOCK_CHECKS: tuple[UnlockCheck, ...] = (
    *UNLOCK_ASK_CHECKS,
    not_about_oneself,
    identified,
    no_open_incident,
    is_locked,
    no_live_twin,
    reason_fits,
    evidence_is_url,
    within_limit,
    quorum_reachable,
)


def may_unlock(policy: Policy, person: Person | None, at: datetime) -> Refusal | None:
    """What stands against this person's asking for any of it."""
    case = Asking(person=person, policy=policy, at=at)
    return next((refusal for check in UNLOCK_ASK_CHECKS if (refusal := check(case))), None)


def file_unlocking(
    case: Unlocking, *, id: str, operation: str, slack_user: str, checks: tuple[UnlockCheck, ...] = UNLOCK_CHECKS
) -> Transition | Refusal:
    """File what passes every check: it always needs the quorum."""
    for check in checks:
        if refusal := check(case):
            return refusal
    at, ends = case.at, case.at + case.policy.limits.request_expires
    request = Request(
        id=id,
        version=0,
        revision=1,
        action=case.action,
        subject=subject_of(case.action, case.subject),
        tier=case.tier.name,
        quorum=case.quorum,
        emergency=False,
        category=CATEGORY,
        reason=case.reason,
        evidence=case.evidence,
        requester=case.asker.id,
        requester_slack=slack_user,
        by_policy=False,
        incident=None,
        state=State.PENDING,
        operation=operation,
        policy=case.policy.digest,
        filed_at=at,
        expires_at=ends,
        denied_before=case.denied_before,
    )
    tasks = (
        *draw(request, version=1, at=at),
        *tell(request, "filed", to=(slack_user,), at=at),
        expire(request, due=ends),
        *reminder_after(request, case.policy.reminders, step=1, at=at),
    )
    return move(None, request, kind=Kind.FILED, by=case.asker.id, at=at, tasks=tasks)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnlockClaim(Due):
    """An approved request, in the transaction that claims it."""

    locked: bool


def requester_not_concerned(claim: UnlockClaim) -> Outcome | None:
    """The roster may have learned meanwhile whose principal it is."""
    person = claim.policy.people[claim.request.requester]
    return void(claim, "about_requester") if claim.request.lets_in in person.platform else None


def still_locked(claim: UnlockClaim) -> Outcome | None:
    return None if claim.locked else supersede(claim.request, by=None, at=claim.at)


def demands_as_shown(claim: UnlockClaim) -> Outcome | None:
    """What it demands by the policy of now is what every approval signed."""
    request, requester = claim.request, claim.policy.people[claim.request.requester]
    tier = tier_for(claim.policy)
    quorum = claim.policy.quorum_of(tier, requester=requester, at=claim.at)
    now = bound_digest(request, subject=request.subject, tier=tier.name, quorum=quorum)
    if all(vote.digest == now for vote in request.approvals):
        return None
    why = ["tier"] if tier.name != request.tier else ["quorum"]
    return revise(
        request, subject=request.subject, tier=tier.name, quorum=quorum, why=why, policy=claim.policy, at=claim.at
    )


UNLOCK_CLAIM_CHECKS: tuple[Callable[[UnlockClaim], Outcome | None], ...] = (
    no_deny,
    in_time,
    requester_rostered,
    requester_not_concerned,
    demands_as_shown,
    quorum_stands,
    cooled_off,
    still_locked,
)


def claim_unlocking(
    case: UnlockClaim, *, checks: tuple[Callable[[UnlockClaim], Outcome | None], ...] = UNLOCK_CLAIM_CHECKS
) -> Outcome:
    """Go on, or say what stands against it."""
    assert case.request.state is State.APPROVED
    for check in checks:
        if outcome := check(case):
            return outcome
    digest = case.policy.digest
    running = replace(
        case.request, state=State.RUNNING, claimed_at=case.at, policy=digest, waits_for=None, waits_since=None
    )
    redraw = draw(case.request, version=case.request.version + 1, at=case.at)
    return move(case.request, running, kind=Kind.CLAIMED, by=BOT, at=case.at, tasks=redraw, policy=digest)
