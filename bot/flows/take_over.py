"""Keep up with the other processes: be seen to be at work, take over what the dead held, go by the rules of now."""

import asyncio
import logging

from bot.core.errors import LedgerAway, Misconfigured
from bot.flows.world import World

log = logging.getLogger(__name__)

LOOKED_EVERY = 0.3
"""Seconds: within one of its death the tasks of a process are somebody else's."""


async def take_over(world: World) -> None:
    """Look again and again; returns only by being cancelled."""
    while True:
        await asyncio.sleep(LOOKED_EVERY)
        try:
            if gone := await world.ledger.take_over():
                log.warning("%d other processes are gone; what they had under way is taken over", gone)
        except LedgerAway as away:
            log.warning("others may take this process for gone: %s", away)
            continue
        await _keep_up(world)


async def _keep_up(world: World) -> None:
    """What is shown goes by the policy in force, also where nothing is decided here; another process may change it."""
    try:
        await world.ledger.read(world.book.take_up)
    except LedgerAway as away:
        log.warning("which policy is in force is not known: %s", away)
    except Misconfigured as wrong:
        log.warning("the policy in force is of another Countersign: %s", wrong)
