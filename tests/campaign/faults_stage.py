"""The stage of the stories, the line in between, people enough for many stories at once, and a database to break."""

import asyncio
import contextlib
import re
import resource
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
from psycopg import sql

from bot.sandbox.platform.server import MockPlatform
from bot.sandbox.slack.records import User
from bot.sandbox.slack.server import Workspace
from bot.sandbox.stage import PEOPLE, sample_policy
from tests import postgres
from tests.campaign.faults_kinds import Fault
from tests.campaign.faults_line import Line, line
from tests.campaign.rig import MEMORY
from tests.databases import Databases, occupied
from tests.stories.scene import Scene, settings_of

SEATS = 40
"""Stories at once; each has people of its own, so that what one is answered is not taken for another's."""
PATIENCE = 30.0
ARRIVED_WITHIN = 4.0
"""Seconds in which all stories of a window reach their step; the platform's client waits five."""
LIMITS = ("requests_per_person_hour", "deactivations_per_hour", "emergencies_per_person_day")


def policy(ratify_within: str) -> str:
    """The sample with people for every seat, limits out of the way and short clocks."""
    text = sample_policy()
    for name in LIMITS:
        text = re.sub(rf"{name} = \d+", f"{name} = 1_000_000", text)
    text = re.sub(r'ratify_within = "\w+"', f'ratify_within = "{ratify_within}"', text)
    text = re.sub(r'sweep_every = "\w+"', 'sweep_every = "1s"', text)
    text = re.sub(r"samples = \[[^]]*\]", 'samples = ["200ms", "500ms", "1s", "2s", "4s", "8s", "1m"]', text)
    people = "".join(
        f'[people.asker{n}]\nslack = ["U1ASK{n}"]\ngroups = ["agent", "duty"]\nteam = "support"\n'
        f'[people.voter{n}]\nslack = ["U1VOTE{n}"]\ngroups = ["manager"]\nteam = "operations"\n'
        for n in range(SEATS)
    )
    return text.replace("[requests]\n", f"{people}\n[requests]\n", 1)


def users() -> list[User]:
    return [User(id=f"U1{what}{n}", name=f"{what.lower()}{n}") for what in ("ASK", "VOTE") for n in range(SEATS)]


@dataclass
class Window:
    """A fault of everything: on when all its stories have come to their steps, off a little later."""

    fault: Fault
    expected: int
    arrived: int = 0
    all_there: asyncio.Event = field(default_factory=asyncio.Event)
    on: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def come(self) -> bool:
        """Wait at the step for the fault; whether it was met."""
        if self.over.is_set():
            return False
        self.arrived += 1
        if self.arrived >= self.expected:
            self.all_there.set()
        await self.on.wait()
        return not self.over.is_set()


@dataclass
class Stage:
    """What the stories act on."""

    scene: Scene
    line: Line
    database: str
    url: str
    seats: asyncio.Queue[int]

    async def conduct(self, window: Window, *, within: float = ARRIVED_WITHIN) -> None:
        """Let a window's fault strike."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(window.all_there.wait(), within)
        try:
            async with self._broken(window):
                window.on.set()
                await asyncio.sleep(window.fault.seconds)
        finally:
            window.on.set()
            window.over.set()

    @asynccontextmanager
    async def _broken(self, window: Window) -> AsyncIterator[None]:
        fault = window.fault
        if fault.of == "platform":
            await self.scene.fault(**fault.rule)
            yield
            if fault.rule["kind"] == "bulk":
                await asyncio.sleep(1.0)
            await self.scene.mend()
        elif fault.of == "slack":
            rule = dict(fault.rule)
            for method in rule.pop("methods", ["*"]):
                self.scene.workspace.faults.add(method, **rule)
            yield
            self.scene.workspace.faults.clear()
        else:
            with _broken_database(fault.name, self.url):
                yield


@contextmanager
def _broken_database(name: str, url: str) -> Iterator[None]:
    how = {
        "database locked": _locked, "database full": _full, "database away": _away, "database killed": _killed,
    }[name]  # fmt: skip
    with how(url):
        yield


@contextmanager
def _locked(url: str) -> Iterator[None]:
    """Somebody stands in the middle of a transaction; in a thread, for it may have to wait for its turn."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with occupied(url):
            held.set()
            done.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        yield
    finally:
        done.set()
        holder.join()


@contextmanager
def _full(_: str) -> Iterator[None]:
    """No file may be written beyond its first bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def _away(url: str) -> Iterator[None]:
    """The server turns everybody away, and whoever was there is thrown out."""
    allow = sql.SQL("alter database {} allow_connections {}")
    name = sql.Identifier(_name(url))
    with psycopg.connect(postgres.at_hand(), autocommit=True) as server:
        server.execute(allow.format(name, sql.SQL("false")))
        _thrown_out(server, url)
        try:
            yield
        finally:
            server.execute(allow.format(name, sql.SQL("true")))


@contextmanager
def _killed(url: str) -> Iterator[None]:
    """Every session ends in the middle of whatever it does."""
    with psycopg.connect(postgres.at_hand(), autocommit=True) as server:
        _thrown_out(server, url)
    yield


def _thrown_out(server: psycopg.Connection[Any], url: str) -> None:
    server.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [_name(url)])


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


@asynccontextmanager
async def stage(database: str, *, ratify_within: str) -> AsyncIterator[Stage]:
    """Everything started, on a new database of that kind."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="countersign-faults-", dir=MEMORY)))
        databases = Databases(database, folder / "files")
        databases.folder.mkdir()
        stack.callback(databases.drop)
        url = databases.migrated()
        workspace = Workspace(people=[*PEOPLE, *users()], ack_within=PATIENCE, trigger_life=PATIENCE)
        await workspace.start()
        stack.push_async_callback(workspace.stop)
        platform = await stack.enter_async_context(MockPlatform())
        session = await stack.enter_async_context(aiohttp.ClientSession())
        between = await stack.enter_async_context(line(platform.url, workspace.api_url))
        settings = replace(
            settings_of(folder, workspace, platform, database=url),
            platform_url=between.platform_url, slack_api_url=between.slack_url, pager_url=between.pager_url,
        )  # fmt: skip
        settings.policy_file.write_text(policy(ratify_within))
        scene = Scene(folder, workspace, platform, session, settings, stack)
        stack.push_async_callback(scene.stop)
        await scene.start()
        seats: asyncio.Queue[int] = asyncio.Queue()
        for seat in range(SEATS):
            seats.put_nowait(seat)
        yield Stage(scene=scene, line=between, database=database, url=url, seats=seats)
