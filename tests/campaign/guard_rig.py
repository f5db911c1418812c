"""The flows' rig with somebody who meddles: between any two calls that the bot makes, something else happens."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from tests.campaign.life import Shifted
from tests.campaign.rig import Rig, rig
from tests.campaign.roster import Roster

STEPS = tuple(timedelta(seconds=s) for s in (0, 1, 2, 5, 61, 61))
"""Long enough for every second look, and for two sweeps."""


@dataclass
class Meddling:
    """Does its act once, at the n-th call, before the call or after it."""

    act: Callable[[], Awaitable[object]] | None = None
    left: int = 0
    after: bool = False
    calls: int = 0

    async def around(self, call: Callable[[], Awaitable[Any]]) -> Any:
        self.calls += 1
        due = self.act is not None and self.left == 0
        self.left -= 1
        act = self.act
        if due:
            self.act = None
        if due and not self.after and act is not None:
            await act()
        answer = await call()
        if due and self.after and act is not None:
            await act()
        return answer


class Meddled:
    """A port with somebody at every call."""

    def __init__(self, port: Any, meddling: Meddling) -> None:
        self._port = port
        self._meddling = meddling

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._meddling.around(lambda: method(*args, **kwargs))

        return call


@dataclass
class Meddlers:
    """A rig whose bot's every call somebody may come between; `plain` is the same rig with nobody there."""

    stand: Rig
    plain: Rig
    meddling: Meddling

    async def comes_to_rest(self) -> None:
        """The feed heard, what is due done, the sweep made, as often as anything may yet follow."""
        for step in STEPS:
            self.stand.clock.move(step)
            await self.stand.hear()
            await self.stand.settle()

    def told(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """What the bot's file holds."""
        with closing(sqlite3.connect(self.stand.folder / "countersign.db")) as opened:
            return list(opened.execute(question, values))


@asynccontextmanager
async def meddlers(roster: Roster | None = None) -> AsyncIterator[Meddlers]:
    """Everything started, the guard too."""
    async with rig(roster, clock=Shifted()) as plain:
        await plain.guard()
        meddling = Meddling()
        ledger: Any = Meddled(plain.ledger, meddling)
        platform: Any = Meddled(plain.platform, meddling)
        world = replace(plain.world, ledger=ledger, platform=platform)
        stand = replace(plain, world=world)
        plain.ledger.on_commit(stand.take)
        yield Meddlers(stand, plain, meddling)
