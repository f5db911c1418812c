"""Leave the `refused` entry of what a person was not let do."""

from bot.core.refusal import Refusal
from bot.flows.world import World


async def note(
    world: World, refusal: Refusal, *, slack_user: str, replay: str | None, request: str | None = None
) -> None:
    """By the person or, for one of no roster, by the Slack user. Raises LedgerAway, Replayed."""
    person = world.policy.person_of_slack(slack_user)
    by = person.id if person else slack_user
    await world.ledger.refused(refusal, by=by, at=world.now(), request=request, replay=replay)
