"""A bot that can be killed: its calls to the ledger and to the platform are counted, and at one of them it dies."""

import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import aiohttp

from bot.core.errors import PlatformAway, PlatformRefused
from bot.platform.scim import ScimPlatform
from bot.sandbox.platform.server import MockPlatform
from storage.database import Database
from storage.ledger import SqlLedger
from tests.campaign.rig import Hand, Rig, world_of, written
from tests.campaign.roster import Roster

ANSWER_WITHIN = 0.3
"""Seconds that the platform has to answer, so that one which does not costs little."""
LATE = 0.45
"""Seconds after which the platform does what nobody waits for any more."""


class Killed(BaseException):
    """kill −9: nothing that runs hears of it."""


@dataclass
class Death:
    """Counts the calls to the outside; at the one it waits for, the bot dies before or after what the call does."""

    left: int | None = None
    after: bool = False

    def due(self) -> bool:
        if self.left is None:
            return False
        self.left -= 1
        return self.left < 0


class Mortal:
    """A port whose calls may be the last."""

    def __init__(self, port: Any, death: Death) -> None:
        self._port = port
        self._death = death

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            dies = self._death.due()
            if dies and not self._death.after:
                raise Killed
            answer = await method(*args, **kwargs)
            if dies:
                raise Killed
            return answer

        return call


class Shifted(Hand):
    """This machine's time and as much as it was moved: the platform's own times stay in order with the bot's."""

    def __init__(self) -> None:
        super().__init__(self._here())
        self._moved = timedelta(0)

    def now(self) -> datetime:
        self.at = max(self.at, self._here() + self._moved)
        return self.at

    def move(self, by: timedelta) -> None:
        self._moved += max(by, timedelta(0))

    @staticmethod
    def _here() -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


@dataclass
class Life(Rig):
    """A rig whose bot can die and be started again on the same file."""

    death: Death = field(default_factory=Death)
    starts: int = 0

    async def start(self, roster: Roster) -> None:
        """A new process on the file: what others held is taken back, the policy's file offered, the guard started."""
        self.starts += 1
        database = Database(f"sqlite:///{self.folder / 'countersign.db'}")
        self.ledger = SqlLedger(database, clock=self.clock, owner=f"start {self.starts}")
        self.leased.clear()
        self.ledger.on_commit(self.take)
        self.death = Death()
        world = world_of(self.ledger, self.platform, self.clock, written(roster, self.folder))
        ledger: Any = Mortal(self.ledger, self.death)
        platform: Any = Mortal(self.platform, self.death)
        self.world = replace(world, ledger=ledger, platform=platform)
        await self.ledger.reclaim()
        await self.rule(roster)
        await self.guard()

    async def die_at(self, call: int, *, after: bool, doing: Callable[[], Any]) -> bool:
        """Do something and die at the n-th call of it; whether it had so many."""
        self.death.left, self.death.after = call, after
        try:
            await doing()
        except Killed:
            return True
        finally:
            self.death.left = None
        return False

    async def hear_what_can_be(self) -> None:
        with contextlib.suppress(PlatformAway, PlatformRefused):
            await self.hear()


@asynccontextmanager
async def stage_of_lives() -> AsyncIterator[Callable[[Path], Life]]:
    """One platform for many lives, each over a folder of its own with a migrated file to begin with."""
    async with AsyncExitStack() as stack:
        mock = await stack.enter_async_context(MockPlatform())
        session = await stack.enter_async_context(aiohttp.ClientSession())
        platform = ScimPlatform(mock.url, "bot-dev-token", answer_within=ANSWER_WITHIN)
        stack.push_async_callback(platform.close)

        def life(folder: Path) -> Life:
            nobody = cast("Any", None)
            return Life(folder, mock, session, platform, Shifted(), nobody, nobody)

        yield life


def new_file(template: Path, folder: Path) -> None:
    """A migrated file: a life that is not about migrations does not wait for one."""
    if not template.exists():
        database = Database(f"sqlite:///{template}")
        database.migrate()
        database.close()
    shutil.copyfile(template, folder / "countersign.db")
