"""Have counts watched again that did not come back in time: a person has decided so."""

from bot.core.acknowledging import Acknowledging
from bot.core.refusal import Refusal
from bot.core.transition import Change, Transition
from bot.core.watching import watch_on as watched_on
from bot.flows.acknowledge import decided
from bot.flows.world import World


async def watch_on(world: World, *, incident: str, slack_user: str, replay: str | None) -> Change | Refusal:
    """Any rostered person but the actor. Raises LedgerAway, Replayed."""

    def rule(case: Acknowledging) -> Transition | Refusal:
        return watched_on(case, case.policy.guard.samples)

    return await decided(world, rule, incident=incident, slack_user=slack_user, replay=replay)
