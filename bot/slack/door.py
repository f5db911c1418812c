"""One signed request on its way, and whether its bytes came before."""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial

from bot.core.errors import LedgerAway, Replayed
from bot.ports import Clock, Ledger

log = logging.getLogger(__name__)

ANSWERED_WITHIN = 2.5
"""Seconds from a request's arrival in which all that its answer waits for must be over; Slack waits three."""
SEEN_WITHIN = 2.0
"""Seconds that the store has to say whether it saw a key. What is let through in doubt could say a second time what
leaves no entry; and a store that takes longer leaves no time to record anything in."""
KEPT_WITHIN = 0.4
"""Seconds that an answer waits for its key to be written down alone; the writing itself goes on."""


@dataclass(slots=True)
class Door:
    """`key` names the request in the store, so that the same bytes have one effect."""

    key: str
    arrived: float
    """On the monotonic clock."""
    settled: bool = False
    """The key was written with the request's effect, or nothing could be written at all."""
    replayed: bool = False


class Replays:
    """What the gate and the socket ask of the ledger before and after a request is dispatched."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._writing: dict[str, asyncio.Future[None]] = {}
        self._inside: set[str] = set()

    def door(self, key: str) -> Door:
        return Door(key=key, arrived=self._clock.monotonic())

    def enters(self, door: Door) -> bool:
        """Whether no other with its key is under way here, whose key the store does not know yet."""
        if door.key in self._inside:
            return False
        self._inside.add(door.key)
        return True

    def leaves(self, door: Door) -> None:
        """It was answered; its key is gone from here once its writing, if there is one, has ended."""
        if door.key not in self._writing:
            self._inside.discard(door.key)

    async def came_before(self, door: Door) -> bool:
        """Where the ledger does not say, what has an effect finds out when it writes it."""
        try:
            async with asyncio.timeout(SEEN_WITHIN):
                door.replayed = await self._ledger.seen(door.key)
        except (LedgerAway, TimeoutError):
            log.warning("the ledger is away; only what records nothing is answered")
        return door.replayed

    async def keep(self, door: Door) -> bool:
        """Note a request that had no effect of its own; whether it came before, found out only now."""
        if door.settled or door.replayed:
            return door.replayed
        writing = asyncio.ensure_future(self._ledger.remember(door.key, at=self._clock.now()))
        self._writing[door.key] = writing
        writing.add_done_callback(partial(self._written, door.key))
        try:
            async with asyncio.timeout(KEPT_WITHIN):
                await asyncio.shield(writing)
        except Replayed:
            door.replayed = True
        except (LedgerAway, TimeoutError):
            log.warning("a request without an effect is not remembered yet")
        return door.replayed

    def _written(self, key: str, writing: asyncio.Future[None]) -> None:
        self._writing.pop(key, None)
        self._inside.discard(key)
        if not writing.cancelled():
            writing.exception()  # told above, or too late to be told
