"""File a request: what the person sees of the account first, and the filing itself."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from bot.core.account import Account
from bot.core.counts import seen_active
from bot.core.emergency import EmergencyFiling, file_emergency, may_act_first
from bot.core.errors import PlatformAway, PlatformRefused
from bot.core.filing import Draft, Filing, file
from bot.core.policy import SEEN_FOR, Person, Policy, Tier
from bot.core.quorum import Quorum
from bot.core.refusal import Refusal, Why
from bot.core.request import Action
from bot.core.tasks import tell
from bot.core.transition import Change, Sighting, Task, Transition
from bot.flows.ids import operation_key, request_id
from bot.flows.limits import claimed_in_hour, filed_in_hour
from bot.flows.note import note
from bot.flows.world import World
from bot.ports import Notice, View


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Who the account really is and what a request on it by this person would demand."""

    account: Account
    tier: Tier
    quorum: Quorum
    may_act_first: bool
    """This person may file an emergency on it; the form offers it to nobody else."""


async def look_up(world: World, *, action: Action, handle: str, slack_user: str) -> Facts | Refusal:
    """Find an account by handle or id and say what it would take. Raises LedgerAway."""
    if not handle.strip().removeprefix("@"):
        return Refusal(why=Why.HANDLE_EMPTY, input="handle")
    try:
        account = await world.platform.find(handle.strip())
    except (PlatformAway, PlatformRefused):
        return Refusal(why=Why.PLATFORM_AWAY, input="handle")
    if account is None:
        return Refusal(why=Why.UNKNOWN_ACCOUNT, input="handle", facts={"handle": handle.strip()})
    at = world.now()
    policy, seen, fresh = await world.ledger.read(
        lambda view: (
            world.policy_in(view),
            view.tiers_seen(account.id, at - SEEN_FOR),
            view.tiers_seen(account.id, at - SEEN_AGAIN),
        )
    )
    tier = policy.tier_of(account, seen, at=at)
    now = policy.tier_of(account, at=at).name
    if now not in fresh:
        # who is looked up is remembered by its weight, also where nobody asks for it in the end
        await world.ledger.decide(lambda _: Change(sightings=(Sighting(account=account.id, tier=now, at=at),)))
    person = policy.person_of_slack(slack_user)
    first = person is not None and may_act_first(policy, person, tier=tier, action=action, at=at)
    return Facts(account=account, tier=tier, quorum=_quorum(policy, tier, person, at), may_act_first=first)


def _quorum(policy: Policy, tier: Tier, person: Person | None, at: datetime) -> Quorum:
    if person is None:
        return Quorum(groups=tier.approvals, different_teams=tier.from_different_teams)
    return policy.quorum_of(tier, requester=person, at=at)


SEEN_AGAIN = timedelta(days=1)
"""No look within a day of the last is noted: of thirty days one more or less is all the same, of commits not."""
RECORDED = frozenset(
    {
        Why.NOT_ROSTERED,
        Why.IDENTITY_UNKNOWN,
        Why.PAST_LAST_DAY,
        Why.MAY_NOT_ASK,
        Why.OPEN_INCIDENT_OF_YOURS,
        Why.ABOUT_YOURSELF,
        Why.RESTRICTED_ON_PROTECTED,
        Why.TOO_MANY_REQUESTS,
        Why.EMERGENCY_NOT_ALLOWED,
        Why.UNRATIFIED_EMERGENCY,
        Why.TOO_MANY_EMERGENCIES,
        Why.TOO_MANY_DEACTIVATIONS,
    }
)
"""Refusals of who asked; what was merely typed wrong leaves no entry."""


async def submit(
    world: World, *, draft: Draft, account: Account, slack_user: str, identity_known: bool, replay: str | None
) -> Change | Refusal:
    """File it for the account just read. Raises LedgerAway, Replayed."""
    at = world.now()
    id, operation = request_id(), operation_key()

    def propose(view: View) -> Change | Refusal:
        policy = world.policy_in(view)
        person = policy.person_of_slack(slack_user)
        tier = policy.tier_of(account, view.tiers_seen(account.id, at - SEEN_FOR), at=at)
        case = Filing(
            draft=draft,
            account=account,
            person=person,
            policy=policy,
            at=at,
            tier=tier,
            live=view.live_request(account.id, draft.action),
            filed_in_hour=filed_in_hour(view, policy, person, at=at),
            unacknowledged=view.unacknowledged_of(person.id) if person else None,
            denied_before=view.denied(account.id, draft.action, at - SEEN_FOR),
        )
        if draft.emergency:
            urgent = _at_once(view, case, identity_known=identity_known)
            filed = file_emergency(urgent, id=id, operation=operation, slack_user=slack_user)
        else:
            filed = file(case, id=id, operation=operation, slack_user=slack_user)
        if isinstance(filed, Refusal):
            return filed
        now = policy.tier_of(account, at=at).name
        seen = Sighting(account=account.id, tier=now, at=at)
        fallen = _fallen(world, policy, filed, now=now) if now != tier.name else ()
        counts = seen_active(account, at=at) if draft.emergency else ()
        return Change(transitions=(filed,), tasks=fallen, sightings=(seen,), samples=counts)

    return await noted(world, await world.ledger.decide(propose, replay=replay), by=slack_user, replay=replay)


async def noted(world: World, outcome: Change | Refusal, *, by: str, replay: str | None) -> Change | Refusal:
    """The outcome; of a refusal of who asked it leaves the `refused` entry. Raises LedgerAway, Replayed."""
    if isinstance(outcome, Refusal) and outcome.why in RECORDED:
        await note(world, outcome, slack_user=by, replay=replay)
    return outcome


def _fallen(world: World, policy: Policy, filed: Transition, *, now: str) -> tuple[Task, ...]:
    """Somebody may have made the account look lighter than it is before it was asked for."""
    to = policy.security_channel or world.channel
    return tell(filed.after, Notice.TIER_FELL, to=(to,), at=filed.entry.at, now=now)


def _at_once(view: View, case: Filing, *, identity_known: bool) -> EmergencyFiling:
    """With what stands against acting before anybody has approved."""
    person, account, at = case.person, case.account.id, case.at
    unratified = view.unratified(person=person.id) if person else ()
    return EmergencyFiling(
        **{field.name: getattr(case, field.name) for field in fields(case)},
        identity_known=identity_known,
        unratified=next(iter(unratified), None),
        emergencies_today=view.emergencies_filed(person.id, case.policy.midnight(at)) if person else 0,
        busy=view.lane(account) is not None or view.open_incident(account) is not None,
        claimed_in_hour=claimed_in_hour(view, case.policy, at=at),
    )
