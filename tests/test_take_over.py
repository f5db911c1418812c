"""A process is seen at work, whatever else it waits for."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bot.core.errors import LedgerAway
from bot.flows.take_over import SEEN_EVERY, take_over


@dataclass
class Ledger:
    """It never answers what takes a turn to write; every other sign of life finds it away."""

    lived: int = 0

    async def live(self) -> None:
        self.lived += 1
        if self.lived % 2:
            raise LedgerAway("The database cannot be reached.")

    async def take_over(self) -> int:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")


@dataclass
class World:
    ledger: Ledger


async def test_who_waits_for_a_turn_to_write_or_for_the_database_says_that_it_lives_all_the_same() -> None:
    ledger = Ledger()
    world: Any = World(ledger)
    with suppress(TimeoutError):
        await asyncio.wait_for(take_over(world), SEEN_EVERY * 10)
    assert ledger.lived >= 4
