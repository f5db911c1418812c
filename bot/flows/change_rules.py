"""Change the bot's own rules: file the wish, and make the change once it is approved.

The policy is a row of the ledger, so claiming, changing and settling are one transaction: nothing is ever uncertain.
"""

from dataclasses import replace
from datetime import datetime

from bot.core.claiming import Wait
from bot.core.outlook import outlook
from bot.core.overlay import RuleChange, RuleVerb, parse_change
from bot.core.policy import SEEN_FOR, Policy
from bot.core.refusal import Refusal
from bot.core.request import Request, State
from bot.core.ruling import ACTION_OF, RuleClaim, RuleFiling, claim_change, file_change
from bot.core.settling import done
from bot.core.transition import Change, Sighting, Task
from bot.flows.bring_into_force import taking_force
from bot.flows.ids import operation_key, request_id
from bot.flows.limits import filed_in_hour
from bot.flows.submit import noted
from bot.flows.world import Result, World
from bot.ports import View


async def ask_change(
    world: World,
    *,
    change: RuleChange,
    tier: str | None,
    reason: str,
    evidence: str | None,
    slack_user: str,
    identity_known: bool,
    replay: str | None,
) -> Change | Refusal:
    """File it; `tier` is that of the account just read, where it is about one. Raises LedgerAway, Replayed."""
    at, id, operation, line = world.now(), request_id(), operation_key(), change.line()
    action = ACTION_OF[change.verb]

    def propose(view: View) -> Change | Refusal:
        policy = world.policy_in(view)
        person = policy.person_of_slack(slack_user)
        case = RuleFiling(
            change=change,
            person=person,
            policy=policy,
            at=at,
            outlook=outlook(policy, change, at=at, tier=tier),
            reason=reason,
            evidence=evidence,
            identity_known=identity_known,
            live=view.live_request(line, action),
            filed_in_hour=filed_in_hour(view, policy, person, at=at),
            unacknowledged=view.unacknowledged_of(person.id) if person else None,
            denied_before=view.denied(line, action, at - SEEN_FOR),
        )
        filed = file_change(case, id=id, operation=operation, slack_user=slack_user)
        if isinstance(filed, Refusal):
            return filed
        seen = (Sighting(account=change.account, tier=tier, at=at),) if tier is not None else ()
        return Change(transitions=(filed,), sightings=seen)

    return await noted(world, await world.ledger.decide(propose, replay=replay), by=slack_user, replay=replay)


async def change_rules(world: World, task: Task) -> Result:
    """Make an approved change, or record what stands against it; both are one transaction."""

    def propose(view: View) -> Change:
        request = view.request(task.payload["request"])
        if request is None or request.state is not State.APPROVED:
            return Change()
        return _made(world, view, request)

    change = await world.ledger.decide(propose)
    await world.ledger.read(world.book.take_up)
    again = change.answer if isinstance(change, Change) else None
    return again if isinstance(again, datetime) else None


def _made(world: World, view: View, request: Request) -> Change:
    at, policy = world.now(), world.policy_in(view)
    change = parse_change(request.subject.id)
    case = RuleClaim(
        request=request,
        policy=policy,
        at=at,
        unacknowledged=view.unacknowledged_actors(),
        outlook=outlook(policy, change, at=at, tier=_tier(view, policy, change, at=at), request=request.id),
    )
    outcome = claim_change(case)
    if isinstance(outcome, Wait):
        return Change(transitions=(outcome.transition,) if outcome.transition else (), answer=outcome.until)
    running, after = outcome.after, case.outlook.after
    if not isinstance(running, Request) or running.state is not State.RUNNING:
        return Change(transitions=(outcome,))
    assert after is not None, "what there can be no policy of is void"
    taken = taking_force(world, view.policy_in_force(), after, by=request.requester, at=at, request=request.id)
    return replace(taken, transitions=(outcome, done(running, at=at, instance=None)))


def _tier(view: View, policy: Policy, change: RuleChange, *, at: datetime) -> str | None:
    """The weightiest tier that the account of a `protect` was seen in: its own filing saw it in one."""
    if change.verb is not RuleVerb.PROTECT:
        return None
    seen = view.tiers_seen(change.account, at - SEEN_FOR)
    return next((tier.name for tier in policy.tiers if tier.name in seen), None)
