"""Drop what nobody asks for any more: once a day through the ledger, a few rows at a time."""

from dataclasses import dataclass
from datetime import timedelta

from bot.core.tasks import keep_house
from bot.core.transition import Task
from bot.flows.world import Result, World
from bot.ports import Place

EVERY = timedelta(days=1)
FIRST = timedelta(minutes=5)
"""After the very first start; later ones find the task waiting."""
BETWEEN = timedelta(milliseconds=250)
"""So long everybody else has the ledger; a million rows are gone through in some minutes."""


async def arm_housekeeping(world: World) -> None:
    """From now on; it is there already after a restart."""
    await world.ledger.add(keep_house(due=world.now() + FIRST))


@dataclass(slots=True)
class Housekeeping:
    """Goes through the ledger; where a restart finds it, it begins anew: there is less to go through each time."""

    _place: Place | None = None

    async def keep_house(self, world: World, _: Task) -> Result:
        self._place = await world.ledger.prune(self._place, at=world.now())
        return world.now() + (BETWEEN if self._place else EVERY)
