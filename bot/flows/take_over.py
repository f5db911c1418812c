"""Take over what other processes held that are at work no more, and be seen to be at work oneself."""

import asyncio
import logging

from bot.core.errors import LedgerAway
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
