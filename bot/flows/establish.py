"""Set the cause of an incident: a person says what it was; until then it is under investigation."""

from dataclasses import replace

from bot.core.establishing import Establishing, may_establish
from bot.core.establishing import establish as established
from bot.core.incident import Cause
from bot.core.refusal import Refusal
from bot.core.transition import Change
from bot.flows.note import note
from bot.flows.world import World
from bot.ports import View


async def establish(
    world: World, *, incident: str, cause: Cause | None, shown: Cause | None, slack_user: str, replay: str | None
) -> Change | Refusal:
    """By one who may vote on the bot's own rules and is not the actor. Raises LedgerAway, Replayed."""

    def propose(view: View) -> Change | Refusal:
        case = replace(_case(world, view, incident, slack_user), cause=cause, shown=shown)
        said = established(case)
        return said if isinstance(said, Refusal) else Change(transitions=(said,))

    outcome = await world.ledger.decide(propose, replay=replay)
    if isinstance(outcome, Refusal):
        await note(world, outcome, slack_user=slack_user, replay=replay)
    return outcome


def against(world: World, view: View, incident: str, slack_user: str) -> Refusal | None:
    """Why this person may not say what the cause was, for a form that does not ask in vain."""
    return may_establish(_case(world, view, incident, slack_user))


def _case(world: World, view: View, incident: str, slack_user: str) -> Establishing:
    policy = world.policy_in(view)
    person = policy.person_of_slack(slack_user)
    return Establishing(
        incident=view.incident(incident),
        person=person,
        cause=None,
        shown=None,
        policy=policy,
        at=world.now(),
        unacknowledged=view.unacknowledged_of(person.id) if person else None,
    )
