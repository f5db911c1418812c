"""Have counts watched again that did not come back in time: a person has decided so."""

from bot.core.acknowledging import Acknowledging
from bot.core.refusal import Refusal
from bot.core.transition import Change
from bot.core.watching import watch_on as watched_on
from bot.flows.note import note
from bot.flows.world import World
from bot.ports import View


async def watch_on(world: World, *, incident: str, slack_user: str, replay: str | None) -> Change | Refusal:
    """Any rostered person but the actor. Raises LedgerAway, Replayed."""
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
        said = watched_on(case, policy.guard.samples)
        return said if isinstance(said, Refusal) else Change(transitions=(said,))

    outcome = await world.ledger.decide(propose, replay=replay)
    if isinstance(outcome, Refusal):
        await note(world, outcome, slack_user=slack_user, replay=replay)
    return outcome
