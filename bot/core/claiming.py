"""The move `claim`: everything an approved request must still satisfy at the moment it is carried out.

The checks run in the transaction that claims, from the votes; the state column only says that it is worth asking.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.account import Account
from bot.core.ending import end
from bot.core.policy import PROTECTED, Policy, Tier
from bot.core.request import BOT, OPEN, Choice, Request, State, Subject, bound_digest
from bot.core.tasks import draw, waiting
from bot.core.transition import Kind, Transition, move
from bot.core.undoing import lapse
from bot.core.verdict import Because, Verdict
from bot.core.voting import quorum_missing, revise

TOLD_AFTER = timedelta(seconds=30)
"""How long a request waits before its requester hears of it."""


class Waits(StrEnum):
    """What an approved request waits for."""

    COOLING_OFF = "cooling_off"
    LANE = "lane"
    INCIDENT = "incident"
    LIMIT = "limit"
    UNEXPLAINED = "unexplained"
    PLATFORM = "platform"


PAUSES_CLOCK = frozenset({Waits.INCIDENT, Waits.LIMIT})
"""While it waits for these its `execution_expires` clock stands still."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """Not now: look again at `until`; `transition` says so on the record when that is news."""

    why: Waits
    until: datetime
    transition: Transition | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """An approved request, whatever it is about, in the transaction that claims it."""

    request: Request
    policy: Policy
    at: datetime
    unacknowledged: frozenset[str]
    """The persons whose principals acted in incidents that nobody has acknowledged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim(Due):
    """Everything the checks look at, read in the claiming transaction but for the account, read just before."""

    account: Account
    tier: Tier
    lane: Request | None
    """The other request of this account that is running or uncertain."""
    incident: str | None
    """An open unexplained deactivation of this account."""
    verdict: Verdict | None
    """Of the instance that stands, where the account is down."""
    claimed_in_hour: tuple[datetime, ...]
    """When deactivations were claimed in the last hour, oldest first."""
    may_yet_land: bool = False
    """Of a restore that undoes an emergency: that emergency's call is still under way, and no read has shown it."""


Outcome = Transition | Wait
Check = Callable[[Claim], Outcome | None]


def no_deny(claim: Due) -> Outcome | None:
    denied = any(v.choice is Choice.DENY for v in claim.request.votes)
    return void(claim, "denied") if denied else None


def in_time(claim: Due) -> Outcome | None:
    """The quorum came before `request_expires`, and `execution_expires` has not run out since."""
    request = claim.request
    late = request.quorate_at is None or (request.expires_at is not None and request.quorate_at >= request.expires_at)
    ends = execution_ends(request, at=claim.at)
    return expired(request, at=claim.at) if late or ends is None or claim.at >= ends else None


def cooled_off(claim: Due) -> Outcome | None:
    starts = claim.request.not_before
    return wait(claim.request, Waits.COOLING_OFF, until=starts, at=claim.at) if starts and claim.at < starts else None


def requester_entitled(claim: Claim) -> Outcome | None:
    policy, person = claim.policy, claim.policy.people.get(claim.request.requester)
    if person is None or policy.gone(person, claim.at):
        return void(claim, "requester_left")
    if not policy.groups_of(person, at=claim.at) & policy.may_ask:
        return void(claim, "requester_may_not_ask")
    if claim.tier.name == PROTECTED and policy.restricted(person, claim.at):
        return void(claim, "requester_restricted")
    return void(claim, "requester_in_incident") if person.id in claim.unacknowledged else None


def shown_is_so(claim: Claim) -> Outcome | None:
    """The digest of the record with the account, tier and quorum of now is the one every approval signed."""
    request, requester = claim.request, claim.policy.people[claim.request.requester]
    subject = Subject.of(claim.account)
    quorum = claim.policy.quorum_of(claim.tier, requester=requester, at=claim.at)
    now = bound_digest(request, subject=subject, tier=claim.tier.name, quorum=quorum)
    if all(vote.digest == now for vote in request.approvals):
        return None
    if request.expires_at is not None and claim.at >= request.expires_at:
        return expired(request, at=claim.at)  # nobody could vote on it any more
    shown = {**request.subject.bound(), "tier": request.tier, "quorum": request.quorum}
    found = {**subject.bound(), "tier": claim.tier.name, "quorum": quorum}
    why = [name for name in shown if shown[name] != found[name]] or ["digest"]
    return revise(
        request, subject=subject, tier=claim.tier.name, quorum=quorum, why=why, policy=claim.policy, at=claim.at
    )


def quorum_stands(claim: Due) -> Outcome | None:
    empty = quorum_missing(claim.request, policy=claim.policy, at=claim.at, unacknowledged=claim.unacknowledged)
    return void(claim, "no_quorum") if empty else None


def not_already_so(claim: Claim) -> Outcome | None:
    """Already so by an explained cause: superseded. Down for no reason we know: the incident comes first.

    Where nobody is undoing it (the guard observes, or could not) there is no end to wait for: the clock runs.
    """
    if not claim.request.shows_as_asked(claim.account):
        return None
    if claim.account.active or (claim.verdict is not None and claim.verdict.explained):
        by = claim.account.deactivation.actor if claim.account.deactivation else None
        return supersede(claim.request, by=by, at=claim.at)
    why = Waits.INCIDENT if claim.incident is not None else Waits.UNEXPLAINED
    return wait(claim.request, why, until=claim.at + timedelta(seconds=1), at=claim.at)


def still_unexplained(claim: Claim) -> Outcome | None:
    """The guard's own restore is dropped when the account is back, or down for a reason that explains it.

    That a system relabelled what an emergency did explains nothing once the emergency has ended unratified.
    """
    verdict = claim.verdict
    explained = verdict is not None and verdict.explained
    if claim.request.undoes is not None and verdict is not None and verdict.because is Because.REPLACES_EXPLAINED:
        explained = False
    if claim.account.active or explained:
        by = claim.account.deactivation.actor if claim.account.deactivation else None
        return supersede(claim.request, by=by, at=claim.at)
    return None


def nothing_may_land(claim: Claim) -> Outcome | None:
    """That an account reads active says nothing while the call that takes it down may be under way."""
    if not claim.may_yet_land or not claim.account.active:
        return None
    return wait(claim.request, Waits.LANE, until=claim.at + timedelta(milliseconds=200), at=claim.at)


def lane_free(claim: Claim) -> Outcome | None:
    if claim.lane is None:
        return None
    return wait(claim.request, Waits.LANE, until=claim.at + timedelta(milliseconds=200), at=claim.at)


def no_open_incident(claim: Claim) -> Outcome | None:
    if claim.incident is None or not claim.request.rule.waits_for_incident:
        return None
    return wait(claim.request, Waits.INCIDENT, until=claim.at + timedelta(seconds=1), at=claim.at)


def within_limit(claim: Claim) -> Outcome | None:
    limit, claimed = claim.policy.limits.deactivations_per_hour, claim.claimed_in_hour
    if not claim.request.rule.limited or len(claimed) < limit:
        return None
    freed = claimed[-limit] if limit else claim.at
    return wait(claim.request, Waits.LIMIT, until=freed + timedelta(hours=1), at=claim.at)


CLAIM_CHECKS: tuple[Check, ...] = (
    no_deny,
    in_time,
    requester_entitled,
    shown_is_so,
    quorum_stands,
    cooled_off,
    not_already_so,
    lane_free,
    no_open_incident,
    within_limit,
)
POLICY_CLAIM_CHECKS: tuple[Check, ...] = (nothing_may_land, still_unexplained, lane_free)
"""For a restore that policy approved: no voters, no clocks, no limits."""


def claim(case: Claim, *, checks: tuple[Check, ...] | None = None) -> Outcome:
    """Take the lane for an approved request, or say what stands against it."""
    assert case.request.state is State.APPROVED
    for check in checks if checks is not None else _checks_of(case.request):
        if outcome := check(case):
            return outcome
    running = replace(
        case.request,
        state=State.RUNNING,
        claimed_at=case.at,
        if_match=case.account.etag,
        policy=case.policy.digest,
        waits_for=None,
        waits_since=None,
        execute_by=execution_ends(case.request, at=case.at),
    )
    redraw = draw(case.request, version=case.request.version + 1, at=case.at)
    return move(case.request, running, kind=Kind.CLAIMED, by=BOT, at=case.at, tasks=redraw, policy=case.policy.digest)


def _checks_of(request: Request) -> tuple[Check, ...]:
    return POLICY_CLAIM_CHECKS if request.by_policy else CLAIM_CHECKS


def execution_ends(request: Request, *, at: datetime) -> datetime | None:
    """When the execution clock runs out, moved by the time it has stood still until now."""
    if request.execute_by is None:
        return None
    if request.waits_for in PAUSES_CLOCK and request.waits_since is not None:
        return request.execute_by + max(at - request.waits_since, timedelta(0))
    return request.execute_by


def wait(request: Request, why: Waits, *, until: datetime, at: datetime) -> Wait:
    """Say once on the record what it waits for; after half a minute the requester is told."""
    assert request.state is State.APPROVED
    if request.waits_for == why:
        return Wait(why=why, until=until, transition=None)
    waits = replace(request, waits_for=why.value, waits_since=at, execute_by=execution_ends(request, at=at))
    told = () if request.by_policy else (waiting(request, since=at, due=at + TOLD_AFTER),)
    tasks = (*draw(request, version=request.version + 1, at=at), *told)
    said = move(request, waits, kind=Kind.WAITED, by=BOT, at=at, tasks=tasks)
    return Wait(why=why, until=until, transition=said)


def void(claim: Due, why: str) -> Transition:
    ended = replace(claim.request, state=State.VOID, outcome=why)
    return end(claim.request, ended, kind=Kind.VOIDED, by=BOT, at=claim.at, ended_by=BOT, why=why)


def account_gone(request: Request, *, at: datetime) -> Transition:
    """The account is deleted or purged: there is nothing left to do it to."""
    assert request.state is State.APPROVED
    void = replace(request, state=State.VOID, outcome="account_gone")
    return end(request, void, kind=Kind.VOIDED, by=BOT, at=at, ended_by=BOT, why="account_gone")


def supersede(request: Request, *, by: str | None, at: datetime) -> Transition:
    """The account is already as asked, by an explained cause; the requester is told by whom."""
    assert request.state in OPEN
    done = replace(request, state=State.SUPERSEDED, outcome=by)
    return end(request, done, kind=Kind.SUPERSEDED, by=by or BOT, at=at, ended_by=by or BOT)


def expired(request: Request, *, at: datetime) -> Transition:
    """A clock ran out; which one is what the state before says."""
    assert request.state in OPEN
    which = "not_decided" if request.state is State.PENDING else "not_carried_out"
    gone = replace(request, state=State.EXPIRED, outcome=which)
    return end(request, gone, kind=Kind.EXPIRED, by=BOT, at=at, ended_by=BOT, why=which)


def expire_due(request: Request, *, policy: Policy, at: datetime) -> Transition | datetime | None:
    """What the expiry task finds: the end, the time to look again (a clock that stood still), or nothing."""
    if request.unratified and request.ratify_by is not None:
        return lapse(request, policy=policy, at=at) if at >= request.ratify_by else request.ratify_by
    if request.by_policy or request.state not in OPEN:
        return None
    ends = request.expires_at if request.state is State.PENDING else execution_ends(request, at=at)
    if ends is None:
        return None
    return expired(request, at=at) if at >= ends else ends
