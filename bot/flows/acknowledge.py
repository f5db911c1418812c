"""Acknowledge an incident: somebody other than its actor has seen it."""

from collections.abc import Callable

from bot.core.acknowledging import Acknowledging
from bot.core.acknowledging import acknowledge as acknowledged
from bot.core.refusal import Refusal
from bot.core.transition import Change, Transition
from bot.flows.note import note
from bot.flows.world import World
from bot.ports import View

Rule = Callable[[Acknowledging], Transition | Refusal]


async def acknowledge(world: World, *, incident: str, slack_user: str, replay: str | None) -> Change | Refusal:
    """Any rostered person but the actor. Raises LedgerAway, Replayed."""
    return await decided(world, acknowledged, incident=incident, slack_user=slack_user, replay=replay)


async def decided(world: World, rule: Rule, *, incident: str, slack_user: str, replay: str | None) -> Change | Refusal:
    """What the rule makes of an incident that a person has clicked on. Raises LedgerAway, Replayed."""
    at = world.now()

    def propose(view: View) -> Change | Refusal:
        policy = world.policy_in(view)
        person = policy.person_of_slack(slack_user)
        case = Acknowledging(
            incident=view.incident(incident),
            person=person,
            policy=policy,
            at=at,
            unacknowledged=view.unacknowledged_of(person.id) if person else None,
        )
        said = rule(case)
        return said if isinstance(said, Refusal) else Change(transitions=(said,))

    outcome = await world.ledger.decide(propose, replay=replay)
    if isinstance(outcome, Refusal):
        await note(world, outcome, slack_user=slack_user, replay=replay)
    return outcome
