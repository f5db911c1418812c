"""Keep up with the other processes: be seen to be at work, take over what the dead held, go by the rules of now."""

import asyncio
import logging
from contextlib import suppress

from bot.core.errors import LedgerAway, Misconfigured
from bot.flows.world import World

log = logging.getLogger(__name__)

SEEN_EVERY = 0.1
"""Seconds: who lost the connection that says so is seen at work again before anybody has looked twice."""
LOOKED_EVERY = 0.3
"""Seconds: within one of its death the tasks of a process are somebody else's."""


async def take_over(world: World) -> None:
    """Look again and again; returns only by being cancelled."""
    await asyncio.gather(_be_seen(world), _look(world))


async def _be_seen(world: World) -> None:
    """Whatever else this process waits for, it says that it lives."""
    while True:
        await asyncio.sleep(SEEN_EVERY)
        with suppress(LedgerAway):  # others may take this process for gone
            await world.ledger.live()


async def _look(world: World) -> None:
    while True:
        await asyncio.sleep(LOOKED_EVERY)
        try:
            if gone := await world.ledger.take_over():
                whose = "another process is" if gone == 1 else f"{gone} other processes are"
                log.warning("%s gone without a word; what was under way there is taken over", whose)
                world.status.vacant.set()
        except LedgerAway:
            continue
        await _keep_up(world)


async def _keep_up(world: World) -> None:
    """What is shown goes by the policy in force, also where nothing is decided here; another process may change it."""
    try:
        await world.ledger.read(world.book.take_up)
    except LedgerAway:
        pass  # which policy is in force is asked again
    except Misconfigured as wrong:
        log.warning("the policy in force is of another Countersign: %s", wrong)
