"""The stage of a crash: workspace and platform here, the bot in a process that kills itself, started again at once."""

import asyncio
import contextlib
import re
import signal
import socket
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from bot.sandbox.platform.server import MockPlatform
from bot.sandbox.slack.records import User
from bot.sandbox.slack.server import Workspace
from bot.sandbox.stage import PEOPLE, _environment, sample_policy
from tests.campaign.crash_points import NEVER, Points
from tests.campaign.rig import MEMORY
from tests.commands import Running, begun
from tests.databases import Databases

T = TypeVar("T")
CASTS = 5
"""So many stories may be played at once, each with people of its own: nobody's form is in another's way."""
READY_WITHIN = 60.0
LIMITS = r"(requests_per_person_hour|deactivations_per_hour|emergencies_per_person_day) = \d+"
SAMPLES = 'samples = ["50ms", "100ms", "150ms", "200ms", "300ms"]'
LOOK_EVERY = 0.03
UNNAMED = "a system call"
"""Where a bot died that did not say at which point."""


class Died(Exception):
    """The bot died while somebody waited for it."""


class NotStarted(Exception):
    """The bot ended by itself; the message is the end of its log."""


def policy(**changed: str) -> str:
    """The sample with the casts, no limit in the way, counts that are watched for a moment only, and other values."""
    wide = re.sub(LIMITS, r"\1 = 1_000_000", sample_policy())
    wide = re.sub(r"(?m)^samples = .*$", SAMPLES, wide)
    for key, value in changed.items():
        wide, made = re.subn(rf'(?m)^{key} = "\w+"', f'{key} = "{value}"', wide)
        assert made == 1, key
    return wide + "".join(
        f'[people.{kind}{n}]\nslack = ["{slack}"]\nplatform = ["staff:{kind}{n}"]\ngroups = {groups}\nteam = "{team}"\n'
        for n in range(CASTS)
        for kind, slack, groups, team in (
            ("agent", agent(n), '["agent", "duty"]', "support"),
            ("chief", chief(n), '["manager"]', "operations"),
            ("safe", safe(n), '["trust-safety"]', "safety"),
        )
    )


def agent(cast: int) -> str:
    return f"U1AGENT{cast}"


def chief(cast: int) -> str:
    return f"U2CHIEF{cast}"


def safe(cast: int) -> str:
    return f"U3SAFE{cast}"


def name_of(slack_user: str) -> str:
    """What the roster calls one of a cast."""
    return slack_user[2:].lower()


def everybody() -> list[User]:
    """The sample's people and the casts."""
    casts = [User(id=id, name=id.lower()) for n in range(CASTS) for id in (agent(n), chief(n), safe(n))]
    return [*PEOPLE, *casts]


class Pager:
    """Who is woken: a web hook that takes everything."""

    def __init__(self) -> None:
        self.woken: list[dict[str, Any]] = []
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/wake", self._wake)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/wake"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _wake(self, request: web.Request) -> web.Response:
        self.woken.append(await request.json())
        return web.json_response({"status": "success"}, status=202)


@dataclass
class Stage:
    """One ledger and the bots that live on it one after the other."""

    workspace: Workspace
    platform: MockPlatform
    session: aiohttp.ClientSession
    pager: Pager
    folder: Path
    reader: Engine
    environment: dict[str, str]
    points: Points
    port: int
    mutant: str = ""
    """What is left out of the bots, for those who want to see that it is noticed."""
    process: Running | None = None
    deaths: list[str] = field(default_factory=list)
    """The points at which a bot died, in this round."""
    again_at: list[int] = field(default_factory=list)
    """The points at which those that are started for a dead one die too."""
    on_death: Callable[[], object] = lambda: None
    failed: str | None = None
    """Why no bot lives any more."""
    _up: asyncio.Event = field(default_factory=asyncio.Event)
    _down: asyncio.Event = field(default_factory=asyncio.Event)
    _keeper: asyncio.Task[None] | None = None
    _stopping: bool = False

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    # the bot's lives

    async def start(self, *, at: int = NEVER) -> None:
        """Start the bot, and from then on another whenever one has died; returns once one hears."""
        self.points.arm(at)
        await self._begin()
        self._keeper = asyncio.create_task(self._keep())
        self._keeper.add_done_callback(lambda _: self._up.set())
        await self.up()

    async def _begin(self) -> None:
        words = ["tests.campaign.crash_bot", str(self.folder / "points"), *([self.mutant] if self.mutant else [])]
        with (self.folder / "bot.log").open("ab") as log:
            self.process = await begun(*words, cwd=self.folder, env=self.environment, stdout=PIPE, stderr=log)

    async def _keep(self) -> None:
        while True:
            hearing = asyncio.create_task(self._hears())
            assert self.process is not None
            ended = await self.process.wait()
            hearing.cancel()
            self._up.clear()
            self._down.set()
            if self._stopping:
                return
            self.deaths.append(self.points.killed_at or UNNAMED)
            self.on_death()
            if ended != -signal.SIGKILL:
                self.failed = f"ended by itself with {ended}: {self.log()[-1500:]}"
                self._up.set()
                return
            self.points.arm(self.again_at.pop(0) if self.again_at else NEVER)
            await self._begin()

    async def _hears(self) -> None:
        """Until the bot is ready."""
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with self.session.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                    if answer.status == 200:
                        break
            await asyncio.sleep(LOOK_EVERY)
        self._down.clear()
        self._up.set()

    async def up(self) -> None:
        """Wait until a bot hears. Raises NotStarted."""
        async with asyncio.timeout(READY_WITHIN):
            await self._up.wait()
        if self._keeper is not None and self._keeper.done():
            self._keeper.result()
        if self.failed is not None:
            raise NotStarted(self.failed)

    async def unless_it_dies(self, what: Awaitable[T]) -> T:
        """Whoever waits for a bot that dies gives up. Raises Died."""
        waiting, death = asyncio.ensure_future(what), asyncio.create_task(self._down.wait())
        try:
            await asyncio.wait({waiting, death}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            raise Died
        finally:
            for each in (waiting, death):
                each.cancel()
            await asyncio.gather(waiting, death, return_exceptions=True)

    async def stop(self) -> None:
        """Kill the bot that lives, by its own id; a wait for it ends with it."""
        self._stopping = True
        if self._keeper is None or self._keeper.done() or self.process is None:
            return
        self.process.kill()
        await self._keeper

    def log(self) -> str:
        file = self.folder / "bot.log"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    # what is on disk

    @contextlib.contextmanager
    def ledger(self) -> Iterator[Connection]:
        """The database as it stands, for reading alone: a file is opened and closed, for a reader that stays mends a
        dead writer's file before the bot could."""
        with self.reader.connect() as connection:
            yield connection

    def rows(self, question: str, **values: object) -> list[tuple[Any, ...]]:
        with self.ledger() as connection:
            return [tuple(row) for row in connection.execute(text(question), values)]

    # the platform's other side

    async def control(self, path: str, **body: Any) -> Any:
        url = f"{self.platform.control_url}/control/v1/{path}"
        async with self.session.post(url, json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def truth(self) -> dict[str, Any]:
        async with self.session.get(f"{self.platform.control_url}/control/v1/state") as answer:
            return dict(await answer.json())


def _readable(url: str) -> str:
    if url.startswith("sqlite:///"):
        return f"sqlite:///file:{url.removeprefix('sqlite:///')}?mode=ro&uri=true"
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@asynccontextmanager
async def staged(kind: str, text: str, *, migrated: bool = True, mutant: str = "") -> AsyncIterator[Stage]:
    """A new ledger of that kind and everything around it but the bot."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="countersign-crash-", dir=MEMORY)))
        databases = Databases(kind, folder)
        stack.callback(databases.drop)
        url = databases.migrated() if migrated else databases.new()
        workspace = await stack.enter_async_context(Workspace(people=everybody()))
        platform = MockPlatform()
        stack.push_async_callback(platform.stop)
        await platform.start()
        pager = Pager()
        stack.push_async_callback(pager.stop)
        await pager.start()
        session = await stack.enter_async_context(aiohttp.ClientSession())
        reader = create_engine(_readable(url), **({"poolclass": NullPool} if kind == "sqlite" else {}))
        stack.callback(reader.dispose)
        port = _free_port()
        workspace.events_url = f"http://127.0.0.1:{port}/slack/events"
        given = {"DATABASE_URL": url, "PORT": str(port), "PAGER_URL": pager.url}
        (folder / "policy.toml").write_text(text, encoding="utf-8")
        found = Stage(
            workspace=workspace,
            platform=platform,
            session=session,
            folder=folder,
            reader=reader,
            pager=pager,
            environment={**_environment(workspace, platform, folder), **given},
            points=Points(folder / "points"),
            port=port,
            mutant=mutant,
        )
        stack.push_async_callback(found.stop)
        yield found
