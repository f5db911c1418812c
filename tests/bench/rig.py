"""What is measured stands in a process of its own, and so does the platform; the people of Slack live in the bench's.

A click or a command is timed where Slack would stand, from the first byte sent to the answer read. An effect on the
platform is timed where the public would stand: the bench is woken by the feed (a poll would take the processor from
what it measures) and the clock stops when the public view, asked then, has answered.
"""

import asyncio
import contextlib
import os
import random
import re
import sqlite3
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import aiohttp
from tqdm import tqdm

from bot.sandbox.slack.records import Message, User
from bot.sandbox.slack.server import APPROVALS, Workspace
from bot.sandbox.stage import PEOPLE, Stage, _environment, sample_policy
from bot.sandbox.story import REASON, _ask
from tests.commands import ROOT, Started, started

__all__ = ["APPROVALS", "MONA", "REASON", "Rig", "floor", "progress", "rig"]

MONA = "U02MONA"
AGENTS = tuple(f"U1AGENT{number:02d}" for number in range(20))
"""Twenty who ask in turn, so that nobody's hourly limit or open form is in the way."""
STARTED_WITHIN = 60.0
DONE_WITHIN = 60.0
DRAWN_WITHIN = 1_800.0
"""A card a second is what Slack takes, and a bench makes hundreds."""
LOOK_EVERY = 0.001
IDLE_EVERY = 0.005


@dataclass(frozen=True)
class Platform:
    """Where the mock platform's process listens."""

    url: str
    control_url: str


class Benched(Stage):
    """A stage whose bot is started as everything else of a bench."""

    __slots__ = ()

    async def begin(self, *words: str, stdout: int | IO[bytes], stderr: int | IO[bytes]) -> Any:
        return await started("bot", *words, cwd=self.folder, env=self.environment, stdout=stdout, stderr=stderr)


@dataclass
class Rig:
    """The stage with the platform in its own process, and a reader of its feed."""

    stage: Stage
    cursor: int = 0

    @property
    def workspace(self) -> Workspace:
        return self.stage.workspace

    @property
    def process_id(self) -> int:
        assert self.stage.process is not None
        return self.stage.process.pid

    async def new_accounts(self, count: int, prefix: str) -> list[tuple[str, str]]:
        """Fresh accounts as (id, handle)."""
        url = f"{self.stage.platform.control_url}/control/v1"
        async with self.stage.session.post(f"{url}/accounts", json={"count": count, "prefix": prefix}) as answer:
            answer.raise_for_status()
            ids = set((await answer.json())["ids"])
        async with self.stage.session.get(f"{url}/state") as answer:
            return [(each["id"], each["handle"]) for each in (await answer.json())["accounts"] if each["id"] in ids]

    async def listen(self) -> None:
        """Hear the feed from here on."""
        self.cursor = (await self._events("latest"))["next"]

    async def _events(self, after: object) -> dict[str, Any]:
        url = f"{self.stage.platform.url}/audit/v1/events?after={after}&wait=25"
        async with self.stage.session.get(url, headers={"Authorization": "Bearer system-dev-token:bench"}) as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found

    async def until(self, account: str, event: str, state: str) -> float:
        """Wait for the event, then ask the public view; the moment at which it has answered `state`."""
        async with asyncio.timeout(DONE_WITHIN):
            heard = False
            while not heard:
                page = await self._events(self.cursor)
                self.cursor = page["next"]
                heard = any(e["type"] == event and e["account"]["id"] == account for e in page["events"])
            while (await self.stage.public(account))["state"] != state:  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(LOOK_EVERY)
            return time.perf_counter()

    async def incident(self, number: int, account: str, *, actors: int = 50) -> float:
        """One of so many rogues takes an account down. Seconds from its call to the public view active again."""
        watch = asyncio.create_task(self.until(account, "account.restored", "active"))
        await asyncio.sleep(0)
        began = time.perf_counter()
        await self.stage.act(f"staff-dev-token:bench{number % actors}", account, active=False)
        return await watch - began

    async def ask(self, number: int, handle: str) -> Message:
        """File a request through the form; its card."""
        return await _ask(self.stage, AGENTS[number % len(AGENTS)], handle)

    @contextlib.contextmanager
    def ledger(self) -> Iterator[sqlite3.Connection]:
        """The bot's file, for reading alone."""
        path = self.stage.folder / "countersign.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as opened:
            yield opened

    async def done(self, ledger: sqlite3.Connection, request: str) -> float:
        """The moment at which the ledger says `done`."""
        async with asyncio.timeout(DONE_WITHIN):
            while ledger.execute("select state from requests where id = ?", [request]).fetchone() != ("done",):  # noqa: ASYNC110 - as above
                await asyncio.sleep(LOOK_EVERY)
            return time.perf_counter()

    async def idle(self, ledger: sqlite3.Connection) -> None:
        """Wait until the bot has drawn and told everything, and a little more, never in step with its clocks."""
        async with asyncio.timeout(DRAWN_WITHIN):
            while ledger.execute("select 1 from tasks where state = 'running' limit 1").fetchone():  # noqa: ASYNC110 - as above
                await asyncio.sleep(IDLE_EVERY)
        await asyncio.sleep(random.uniform(0.01, 0.05))

    def resident(self) -> float:
        """The bot's resident memory in megabytes of 1,000,000 bytes."""
        return resident(self.process_id)


def resident(process_id: int) -> float:
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


@asynccontextmanager
async def rig(*, bot: bool = True, policy: Callable[[str], str] = str) -> AsyncIterator[Rig]:
    """Everything started and ready, on a policy made of the sample; with `bot=False` only what a floor needs."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="countersign-bench-")))
        workspace = await stack.enter_async_context(Workspace(people=[*PEOPLE, *(User(id=i, name=i) for i in AGENTS)]))
        said = await _spawn(stack, ["bot", "platform", "--port", "0", "--control-port", "0"], lines=2)
        url, control = re.findall(r"http://[\w.:]+\d", "".join(said))
        platform: Any = Platform(url, control)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        environment = _environment(workspace, platform, folder)
        stage = Benched(workspace=workspace, platform=platform, folder=folder, session=session, environment=environment)
        stage.policy.write_text(policy(_policy()))
        stack.push_async_callback(stage.stop_bot)
        found = Rig(stage)
        if bot:
            await stage.start_bot()
        await found.listen()
        yield found


def _policy() -> str:
    """The sample, with limits that a bench cannot reach, and those who ask."""
    limits = r"(requests_per_person_hour|deactivations_per_hour) = \d+"
    roster = "".join(
        f'[people.agent{n}]\nslack = ["{id}"]\ngroups = ["agent"]\nteam = "support"\n' for n, id in enumerate(AGENTS)
    )
    return re.sub(limits, r"\1 = 1_000_000", sample_policy()) + roster


@asynccontextmanager
async def floor(name: str, stand: Rig) -> AsyncIterator[tuple[str, int]]:
    """One of `tests.bench.floors` in a process of its own: what it says when it is ready, and its process id."""
    async with AsyncExitStack() as stack:
        settings = {"PLATFORM_URL": stand.stage.platform.url, "SECRET": stand.workspace.signing_secret}
        said = await _spawn(stack, ["tests.bench.floors", name], lines=1, settings=settings)
        address, process_id = said[0].split()
        yield address, int(process_id)


async def _spawn(
    stack: AsyncExitStack, words: list[str], *, lines: int, settings: dict[str, str] | None = None
) -> list[str]:
    """Start a Python process that ends with the stack; the first lines it says. Raises RuntimeError where it ends."""
    errors = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with the stack
    stack.callback(errors.close)
    environment = {**os.environ, **(settings or {})}
    process = await started(*words, cwd=ROOT, env=environment, stdout=PIPE, stderr=errors)
    assert process.stdout is not None
    stack.push_async_callback(_ended, process)
    said: list[bytes] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STARTED_WITHIN):
            while len(said) < lines and (line := await process.stdout.readline()):
                said.append(line)
    if len(said) < lines:
        errors.seek(0)
        printed = (b"".join(said) + errors.read()).decode(errors="replace").strip()
        raise RuntimeError(f"{' '.join(words)} did not start: {printed[-2000:] or 'it said nothing'}")
    return [line.decode() for line in said]


async def _ended(process: Started) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()


async def repeat(count: int, what: str, once: Callable[[int], Awaitable[float]]) -> list[float]:
    """One after the other."""
    return [await once(number) for number in progress(range(count), what)]


def progress(over: range, what: str) -> "tqdm[int]":
    """A bar on standard error where that is a terminal."""
    return tqdm(over, desc=what, leave=False, disable=None)
