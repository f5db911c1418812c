"""A bot that can be killed: its calls to the ledger and to the platform are counted, and at one of them it dies."""

import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import aiohttp

from bot.core.errors import PlatformAway, PlatformRefused, WorldMoved
from bot.core.request import Request
from bot.platform.scim import ScimPlatform
from bot.sandbox.platform.server import MockPlatform
from storage.database import Database
from storage.ledger import SqlLedger
from tests.campaign.rig import Hand, Rig, world_of, written
from tests.campaign.roster import Roster


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


class Queue(Mortal):
    """The platform behind a queue: a call may be answered by nothing, and land when nobody waits for it any more."""

    def __init__(self, port: ScimPlatform, death: Death, late: list[Callable[[], Awaitable[None]]]) -> None:
        super().__init__(port, death)
        self._late = late
        self.kept_back = 0
        """How many of the next calls are kept."""

    async def set_active(self, request: Request, *, active: bool, reason: str) -> None:
        if self.kept_back:
            self.kept_back -= 1
            self._late.append(partial(self._port.set_active, request, active=active, reason=reason))
            raise PlatformAway("The platform did not answer in time.")
        await self.__getattr__("set_active")(request, active=active, reason=reason)


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
    late: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """Calls that stand in the platform's queue; a new start of the bot does not take them back."""

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
        self.queue = Queue(self.platform, self.death, self.late)
        platform: Any = self.queue
        self.world = replace(world, ledger=ledger, platform=platform)
        await self.ledger.take_over()
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

    async def land(self) -> None:
        """What stands in the platform's queue is done, as if it had just come."""
        calls, self.late[:] = list(self.late), []
        for call in calls:
            with contextlib.suppress(PlatformAway, PlatformRefused, WorldMoved):
                await call()

    async def hear_what_can_be(self) -> None:
        with contextlib.suppress(PlatformAway, PlatformRefused):
            await self.hear()


@asynccontextmanager
async def stage_of_lives() -> AsyncIterator[Callable[[Path], Life]]:
    """One platform for many lives, each over a folder of its own with a migrated file to begin with."""
    async with AsyncExitStack() as stack:
        mock = await stack.enter_async_context(MockPlatform())
        session = await stack.enter_async_context(aiohttp.ClientSession())
        platform = ScimPlatform(mock.url, "bot-dev-token")
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
