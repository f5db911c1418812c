"""An emergency: a deactivation that acts at once and undoes itself unless the quorum ratifies it in time.

It is filed and claimed in one move. What it has done is provisional: ratified once a read has shown it and the ordinary
quorum stands; denied, withdrawn or past its deadline it is undone by a restore that policy approves.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.asking import evidence_is_url, no_live_twin, no_open_incident, quorum_reachable, reason_fits, within_limit
from bot.core.ending import end, requester_of
from bot.core.filing import (
    ASK_CHECKS,
    Check,
    Filing,
    asked,
    handle_confirmed,
    known_category,
    not_already_so,
    unrestricted,
)
from bot.core.policy import Person, Policy, Tier
from bot.core.quorum import Quorum
from bot.core.refusal import Refusal, Why
from bot.core.reminding import reminder_after
from bot.core.request import ACTIONS, BOT, Action, Choice, Request, State, Undo
from bot.core.tasks import carry_out, draw, expire, page, tell, thread
from bot.core.transition import Kind, Task, Transition, move
from bot.core.voting import standing_approvals


@dataclass(frozen=True, kw_only=True, slots=True)
class EmergencyFiling(Filing):
    """An emergency about to be filed, with what stands against acting at once."""

    identity_known: bool
    """Slack has said of late who the person is."""
    unratified: Request | None
    """The person's emergency that is not ratified yet."""
    emergencies_today: int
    """How many the person has filed today, in the policy's time zone; those that failed did nothing."""
    busy: bool
    """Another request of the account is in the lane, or an incident of it is open."""
    claimed_in_hour: tuple[datetime, ...]
    """When deactivations were claimed in the last hour, oldest first."""


def may_act_first(policy: Policy, person: Person, *, tier: Tier, action: Action, at: datetime) -> bool:
    """Whether the tier lets this person act before they are approved.

    Nobody may whom the leaver rule binds, and nobody who was just added.
    """
    allowed = policy.groups_of(person, at=at) & set(tier.emergency)
    bound = policy.restricted(person, at) or (person.approves_from is not None and at < person.approves_from)
    return bool(allowed) and not ACTIONS[action].makes_active and not bound


def tier_allows(case: EmergencyFiling) -> Refusal | None:
    if may_act_first(case.policy, case.asker, tier=case.tier, action=case.draft.action, at=case.at):
        return None
    return Refusal(why=Why.EMERGENCY_NOT_ALLOWED, input="emergency", facts={"groups": sorted(case.tier.emergency)})


def identified(case: EmergencyFiling) -> Refusal | None:
    """Nobody else looks before it is done: so it is known who does it, or it is not done."""
    return None if case.identity_known else Refusal(why=Why.IDENTITY_UNKNOWN)


def one_at_a_time(case: EmergencyFiling) -> Refusal | None:
    if case.unratified is None:
        return None
    facts = {"request": case.unratified.id, "handle": case.unratified.subject.handle}
    return Refusal(why=Why.UNRATIFIED_EMERGENCY, input="emergency", facts=facts)


def within_the_day(case: EmergencyFiling) -> Refusal | None:
    limit = case.policy.limits.emergencies_per_person_day
    if case.emergencies_today < limit:
        return None
    facts = {"limit": limit, "again_at": case.policy.tomorrow(case.at)}
    return Refusal(why=Why.TOO_MANY_EMERGENCIES, input="emergency", facts=facts)


def within_the_hour(case: EmergencyFiling) -> Refusal | None:
    """What acts at once cannot wait for the limit on all deactivations, so it is not taken."""
    limit, claimed = case.policy.limits.deactivations_per_hour, case.claimed_in_hour
    if len(claimed) < limit:
        return None
    facts = {"limit": limit, "again_at": claimed[-limit] + timedelta(hours=1)}
    return Refusal(why=Why.TOO_MANY_DEACTIVATIONS, input="emergency", facts=facts)


def nothing_under_way(case: EmergencyFiling) -> Refusal | None:
    if not case.busy:
        return None
    return Refusal(why=Why.ACCOUNT_BUSY, input="handle", facts={"handle": case.account.handle})


EmergencyCheck = Callable[[EmergencyFiling], Refusal | None] | Check
EMERGENCY_CHECKS: tuple[EmergencyCheck, ...] = (
    *ASK_CHECKS,
    no_open_incident,
    unrestricted,
    not_already_so,
    no_live_twin,
    known_category,
    reason_fits,
    evidence_is_url,
    handle_confirmed,
    identified,
    tier_allows,
    one_at_a_time,
    within_the_day,
    within_the_hour,
    nothing_under_way,
    within_limit,
    quorum_reachable,
)


def file_emergency(
    case: EmergencyFiling,
    *,
    id: str,
    operation: str,
    slack_user: str,
    checks: tuple[EmergencyCheck, ...] = EMERGENCY_CHECKS,
) -> Transition | Refusal:
    """File and claim it in one move; its deadline is armed, the security group told."""
    for check in checks:
        if refusal := check(case):
            return refusal
    at, ends = case.at, case.at + case.policy.limits.ratify_within
    request = replace(
        asked(case, id=id, operation=operation, slack_user=slack_user),
        emergency=True,
        state=State.RUNNING,
        claimed_at=at,
        if_match=case.account.etag,
        ratify_by=ends,
        expires_at=None,
    )
    security = (case.policy.security_channel,) if case.policy.security_channel else ()
    tasks: tuple[Task, ...] = (
        carry_out(request, due=at),
        *draw(request, version=1, at=at),
        expire(request, due=ends),
        *reminder_after(request, case.policy.reminders, step=1, at=at),
        *tell(request, "emergency", to=(slack_user, *security), at=at),
    )
    by, policy = case.asker.id, case.policy.digest
    return move(None, request, kind=Kind.EMERGENCY, by=by, at=at, tasks=tasks, policy=policy)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratifying:
    """What the ratification looks at, in the transaction of the vote or of the read that makes it possible."""

    request: Request
    policy: Policy
    at: datetime
    unacknowledged: frozenset[str]
    """The persons whose principals acted in incidents that nobody has acknowledged."""
    restored_at: datetime | None
    """The latest restore of the account on record."""


def verified(case: Ratifying) -> bool:
    """A read has shown what it did."""
    return case.request.state is State.PROVISIONAL


def undenied(case: Ratifying) -> bool:
    return all(vote.choice is not Choice.DENY for vote in case.request.votes)


def still_down(case: Ratifying) -> bool:
    """Nobody has restored the account since: there would be nothing to ratify."""
    done = case.request.explains
    return case.restored_at is None or done is None or done.at is None or case.restored_at <= done.at


def in_time(case: Ratifying) -> bool:
    return case.request.ratify_by is not None and case.at < case.request.ratify_by


def quorum_stands(case: Ratifying) -> bool:
    approvals = standing_approvals(case.request, policy=case.policy, at=case.at)
    able = [approver for approver in approvals if approver.person not in case.unacknowledged]
    return not case.request.quorum.missing(able)


RATIFY_CHECKS: tuple[Callable[[Ratifying], bool], ...] = (
    verified,
    still_down,
    undenied,
    in_time,
    quorum_stands,
)


def ratify(case: Ratifying, *, checks: tuple[Callable[[Ratifying], bool], ...] = RATIFY_CHECKS) -> Transition | None:
    """The quorum's word for what was done already; None while something of it is missing."""
    if not all(check(case) for check in checks):
        return None
    ratified = replace(case.request, state=State.RATIFIED, policy=case.policy.digest)
    by = ratified.approvals[-1].person
    return end(case.request, ratified, kind=Kind.RATIFIED, by=by, at=case.at, ended_by=by, policy=case.policy.digest)


def lapse(request: Request, *, policy: Policy, at: datetime) -> Transition:
    """Nobody ratified it in time; the on-call is woken, the security group told."""
    assert request.unratified
    lapsed = replace(request, state=State.LAPSED)
    security = (policy.security_channel,) if policy.security_channel else ()
    ended = end(request, lapsed, kind=Kind.LAPSED, by=BOT, at=at, ended_by=BOT)
    more = (*page(request, "lapsed", due=at), *tell(request, "lapsed", to=security, at=at))
    return replace(ended, tasks=(*ended.tasks, *more))


def restore_of(emergency: Request, *, id: str, operation: str, policy: str, at: datetime) -> Transition:
    """What undoes an emergency that ended unratified: filed and approved by policy in the commit of that end."""
    request = Request(
        id=id,
        version=0,
        revision=1,
        action=Action.RESTORE,
        subject=emergency.subject,
        tier=emergency.tier,
        quorum=Quorum(groups=()),
        emergency=False,
        category="emergency",
        reason=f"emergency {emergency.state.value}: {emergency.id}",
        evidence=None,
        requester=BOT,
        requester_slack=None,
        by_policy=True,
        incident=None,
        state=State.APPROVED,
        operation=operation,
        policy=policy,
        filed_at=at,
        quorate_at=at,
        undoes=emergency.id,
    )
    return move(None, request, kind=Kind.FILED, by=BOT, at=at, tasks=(carry_out(request, due=at),))


def undone(emergency: Request, *, by: str | None, at: datetime) -> Transition:
    """A read shows the account active again; `by` is None where it was so before the restore was tried."""
    after = replace(emergency, undo=Undo.RESTORED, undone_by=by, undone_at=at)
    return _told(emergency, after, "undone", at=at)


def left_down(emergency: Request, *, by: str | None, at: datetime) -> Transition:
    """Down by a hand that may: what the emergency did is over, the account stays as that hand left it."""
    return _told(emergency, replace(emergency, undo=Undo.LEFT, undone_by=by), "left_down", at=at)


def not_undone(emergency: Request, *, at: datetime) -> Transition:
    """The platform refuses for good: a person has to look."""
    moved = _told(emergency, replace(emergency, undo=Undo.STUCK), "not_undone", at=at)
    return replace(moved, tasks=(*moved.tasks, *page(emergency, "not_undone", due=at)))


def _told(before: Request, after: Request, notice: str, *, at: datetime) -> Transition:
    tasks = (
        *draw(before, version=before.version + 1, at=at),
        *tell(before, notice, to=requester_of(before), at=at),
        thread(before, notice, at=at),
    )
    return move(before, after, kind=Kind.UNDONE, by=BOT, at=at, tasks=tasks)
