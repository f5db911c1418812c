"""Try until it works: what a start needs of the outside."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.core.errors import LedgerAway, PlatformAway, PlatformRefused

log = logging.getLogger(__name__)
T = TypeVar("T")

PAUSES = (0.2, 0.5, 1.0, 2.0)
AWAY = (PlatformAway, PlatformRefused, LedgerAway)


async def persist(attempt: Callable[[], Awaitable[T]], what: str, *, despite: tuple[type[Exception], ...] = AWAY) -> T:
    """Try with pauses, whatever of `despite` it raises; what can never work is raised."""
    tries = 0
    while True:
        try:
            return await attempt()
        except despite as error:
            log.warning("%s cannot be reached yet: %s", what, type(error).__name__)
            await asyncio.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1
