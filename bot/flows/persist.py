"""Try until it works: what a start needs of the outside."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.core.errors import CountersignError, LedgerAway, PlatformAway, PlatformRefused
from bot.outage import Outage

T = TypeVar("T")

PAUSES = (0.2, 0.5, 1.0, 2.0)
AWAY = (PlatformAway, PlatformRefused, LedgerAway)


async def persist(attempt: Callable[[], Awaitable[T]], what: str, *, despite: tuple[type[Exception], ...] = AWAY) -> T:
    """Try with pauses, whatever of `despite` it raises; what can never work is raised.

    That the ledger is away its own watch tells, whoever asks.
    """
    tries, outage = 0, Outage(what, says="cannot be reached yet")
    while True:
        try:
            found = await attempt()
        except despite as error:
            if not isinstance(error, LedgerAway):
                outage.failed(error if isinstance(error, CountersignError) else f"no answer ({type(error).__name__})")
            await asyncio.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1
        else:
            outage.worked()
            return found
