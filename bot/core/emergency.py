"""An emergency: a deactivation that acts at once and undoes itself unless the quorum ratifies it in time.

It is filed and claimed in one move. What it has done is provisional: ratified once a read has shown it and the ordinary
quorum stands; denied, withdrawn or past its deadline it is undone by a restore that policy approves.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.asking import (
    evidence_is_url,
    identified,
    no_live_twin,
    no_open_incident,
    quorum_reachable,
    reason_fits,
    within_limit,
)
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
from bot.core.refusal import Refusal, Why
from bot.core.reminding import reminder_after
from bot.core.request import ACTIONS, Action, Request, State
from bot.core.tasks import carry_out, draw, expire, tell
from bot.core.transition import Kind, Task, Transition, move


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
    tasks: tuple[Task, ...] = (
        carry_out(request, due=at),
        *draw(request, version=1, at=at),
        expire(request, due=ends),
        *reminder_after(request, case.policy.reminders, step=1, at=at),
        *tell(request, "emergency", to=(slack_user, *case.policy.security), at=at),
    )
    by, policy = case.asker.id, case.policy.digest
    return move(None, request, kind=Kind.EMERGENCY, by=by, at=at, tasks=tasks, policy=policy)
