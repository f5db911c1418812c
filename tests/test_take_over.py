"""A process is seen at work, whatever else it waits for; and what the dead held is asked for at once."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bot.core.errors import LedgerAway
from bot.flows.stand_guard import KEPT_EVERY, stand_guard
from bot.flows.status import Status
from bot.flows.take_over import LOOKED_EVERY, SEEN_EVERY, take_over


@dataclass
class Ledger:
    """Another process is the guard; every other sign of life finds the ledger away."""

    gone: int | None = None
    """Processes that every look finds gone; a look has no end where that is None."""
    lived: int = 0
    held: int = 0

    async def live(self) -> None:
        self.lived += 1
        if self.lived % 2:
            raise LedgerAway("The database cannot be reached.")

    async def take_over(self) -> int:
        if self.gone is None:
            await asyncio.Event().wait()
        return self.gone or 0

    async def hold(self, *_: object, **__: object) -> None:
        self.held += 1

    async def read(self, _: object) -> tuple[None, None]:
        return None, None


class Book:
    """Handed to the ledger, which does not ask it."""

    take_up = None


@dataclass
class World:
    ledger: Ledger
    status: Status = field(default_factory=Status)
    book: Any = field(default_factory=Book)


async def for_a_while(work: Awaitable[None], seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(work, seconds)


async def test_who_waits_for_a_turn_to_write_or_for_the_database_says_that_it_lives_all_the_same() -> None:
    world: Any = World(Ledger())
    await for_a_while(take_over(world), SEEN_EVERY * 10)
    assert world.ledger.lived >= 4


async def test_where_nobody_is_gone_nobody_is_told_so() -> None:
    world: Any = World(Ledger(gone=0))
    await for_a_while(take_over(world), LOOKED_EVERY * 2)
    assert not world.status.vacant.is_set()


async def test_who_finds_another_gone_asks_for_the_guards_lease_at_once() -> None:
    world: Any = World(Ledger(gone=1))
    waiting = asyncio.create_task(for_a_while(stand_guard(world), KEPT_EVERY * 0.9))
    for _ in range(3):
        await asyncio.sleep(0)
        world.status.vacant.set()
        await asyncio.sleep(0.02)
    await waiting
    assert world.ledger.held >= 4
    await for_a_while(take_over(world), LOOKED_EVERY * 2)
    assert world.status.vacant.is_set()
