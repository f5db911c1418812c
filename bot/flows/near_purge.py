"""Wake the on-call again before the platform deletes for good what nobody could put back."""

from bot.core.guarding import warned
from bot.core.transition import Change, Task
from bot.flows.world import Result, World


async def near_purge(world: World, task: Task) -> Result:
    """Only where the account is still down: what is back by then wakes nobody."""
    found = await world.ledger.read(lambda view: view.incident(task.payload["incident"]))
    if found is None:
        return None
    return Change(tasks=warned(found, task.payload["why"], at=world.now()))
