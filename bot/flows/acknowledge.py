"""Acknowledge an incident: somebody other than its actor has seen it."""

from bot.core.guarding import acknowledged
from bot.core.refusal import Refusal, Why
from bot.core.transition import Change
from bot.flows.world import World
from bot.ports import View


async def acknowledge(world: World, *, incident: str, slack_user: str, replay: str | None) -> Change | Refusal:
    """Any rostered person but the actor. Raises LedgerAway, Replayed."""
    policy, at = world.policy, world.now()
    person = policy.person_of_slack(slack_user)

    def propose(view: View) -> Change | Refusal:
        if person is None:
            return Refusal(why=Why.NOT_ROSTERED)
        if policy.gone(person, at):
            return Refusal(why=Why.PAST_LAST_DAY)
        found = view.incident(incident)
        if found is None:
            return Refusal(why=Why.UNKNOWN_INCIDENT)
        if found.acknowledged_by is not None:
            return Refusal(why=Why.ALREADY_ACKNOWLEDGED, facts={"by": found.acknowledged_by})
        own = view.unacknowledged_of(person.id)
        if own is not None:
            return Refusal(why=Why.OPEN_INCIDENT_OF_YOURS, facts={"incident": own})
        return Change(transitions=(acknowledged(found, by=person.id, at=at),))

    outcome = await world.ledger.decide(propose, replay=replay)
    if isinstance(outcome, Refusal):
        by = person.id if person else slack_user
        await world.ledger.refused(outcome, by=by, at=at, request=None, replay=replay)
    return outcome
