"""All of it for long: people, rogues, owners and legal at work while processes and the database die and others fail.

`--count` are minutes. At the end the platform's record, Slack's messages and the ledger agree, and what lives longest
takes no more memory and no more files than after its first third.
"""

import asyncio
import math
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import partial
from random import Random

from tqdm import tqdm

from tests import postgres
from tests.bench.rig import AGENTS
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.crowd import OURS, Crowd, crowd, revived, working
from tests.campaign.pg_killed import Stopped

PEOPLE = 3
PAUSE = (2.0, 14.0)
"""Seconds between two troubles."""
BRISK = (0.3, 1.0)
GROWS_MOST = 1.15
FILES_MORE = 20
"""Memory and files of the process that lives longest, at the end against the first third of the time."""


@dataclass
class Troubles:
    """What goes wrong, one after the other. The first process is never killed: its memory is looked at."""

    people: Crowd
    server: postgres.Server | None
    dice: Random
    met: Counter[str] = field(default_factory=Counter)

    def kinds(self) -> dict[str, Callable[[], Awaitable[None]]]:
        mortal = len(self.people.front.all) == 1 or len(self.people.front.all[1:])
        found: dict[str, Callable[[], Awaitable[None]]] = {
            "platform 503": partial(self._platform, kind="status", code=503, on="any", share=0.5),
            "answers lost": partial(self._platform, kind="status_after", code=500, on="patch", share=0.5),
            "platform slow": partial(self._platform, kind="late", seconds=0.3, on="any", share=0.3),
            "Slack 503": partial(self._slack, status=503),
            "Slack 429": partial(self._slack, status=429, retry_after=1),
            "Slack drops": partial(self._slack, drop=True),
        }
        if mortal:
            found["process killed"] = self._killed
        if len(self.people.front.all) > 1:
            found["process stopped"] = self._stopped
        if self.server is not None:
            found["PostgreSQL killed"] = self._server_killed
        return found

    async def go_on(self, until: float, pause: tuple[float, float]) -> None:
        kinds = self.kinds()
        while time.monotonic() < until:
            name = self.dice.choice(sorted(kinds))
            await kinds[name]()
            self.met[name] += 1
            await asyncio.sleep(self.dice.uniform(*pause))

    async def _platform(self, **rule: object) -> None:
        await self.people.scene.fault(by=OURS, **rule)
        await asyncio.sleep(self.dice.uniform(0.5, 3))
        await self.people.scene.mend()

    async def _slack(self, **fault: object) -> None:
        self.people.scene.workspace.faults.add("*", times=self.dice.randrange(1, 20), **fault)  # type: ignore[arg-type]
        await asyncio.sleep(self.dice.uniform(0.5, 3))
        self.people.scene.workspace.faults.clear()

    async def _killed(self) -> None:
        processes = self.people.front.all
        await self.dice.choice(processes[1:] or processes).kill()
        await asyncio.sleep(self.dice.random())
        await revived(self.people.front, within=60)

    async def _stopped(self) -> None:
        one = self.dice.choice(self.people.front.all)
        one.signal(signal.SIGSTOP)
        await asyncio.sleep(self.dice.uniform(0.2, 5))
        one.signal(signal.SIGCONT)

    async def _server_killed(self) -> None:
        assert self.server is not None
        self.server.kill()
        await asyncio.sleep(self.dice.uniform(0.1, 3))
        await asyncio.to_thread(self.server.start)


@dataclass
class Memory:
    """What the first process holds, again and again."""

    people: Crowd
    seen: list[tuple[float, float, int]] = field(default_factory=list)
    """Seconds since the start, megabytes, files."""

    async def look(self, every: float) -> None:
        began = time.monotonic()
        while True:
            await asyncio.sleep(every)
            one = self.people.front.all[0]
            if one.runs:
                self.seen.append((time.monotonic() - began, *one.memory()))
                seconds, megabytes, files = self.seen[-1]
                tqdm.write(f"{seconds / 60:6.1f} min: {megabytes:.0f} MB, {files} files")

    def grew(self) -> list[str]:
        """Only of a run that is long enough to say so."""
        if len(self.seen) < 9:
            return []
        third, end = self.seen[len(self.seen) // 3], self.seen[-1]
        more = [f"{third[1]:.0f} MB became {end[1]:.0f} MB"] if end[1] > third[1] * GROWS_MOST else []
        return more + ([f"{third[2]} files became {end[2]}"] if end[2] > third[2] + FILES_MORE else [])


@asynccontextmanager
async def on_postgresql() -> AsyncIterator[tuple[Crowd, postgres.Server | None]]:
    server = postgres.started(settings=())
    with closing(Stopped(server)):
        async with crowd(3, database=server.url) as people:
            yield people, server


async def soaked(seconds: float, tried: Callable[[], object], *, seed: int, stage: Callable[..., object]) -> Counts:
    """For so long; `tried` is called once a minute that began."""
    async with stage() as (people, server):  # type: ignore[attr-defined]
        until = time.monotonic() + seconds
        troubles, memory = Troubles(people, server, dice_of(seed, 0)), Memory(people)
        looking = asyncio.create_task(memory.look(max(seconds / 30, 1.0)))
        minutes = asyncio.create_task(_minutes(seconds, tried))
        async with working(people, AGENTS[:PEOPLE], seed=seed):
            await troubles.go_on(until, PAUSE if seconds > 60 else BRISK)
        await minutes
        wrong = [*await people.wrong(), *(memory.grew() if people.front.all[1:] else ())]
        looking.cancel()
    figures = {
        **people.figures(),
        "troubles": dict(troubles.met.most_common()),
        "acts on the platform itself": len(people.falls_of),
        "first process, first and last": [
            f"{mb:.0f} MB, {files} files" for _, mb, files in memory.seen[:1] + memory.seen[-1:]
        ],
        "wrong": dict(Counter(wrong).most_common(10)),
    }
    return Counts(tried=math.ceil(seconds / 60), broken=len(wrong), figures=figures)


async def _minutes(seconds: float, tried: Callable[[], object]) -> None:
    for left in range(math.ceil(seconds / 60)):
        await asyncio.sleep(min(60, seconds - 60 * left))
        tried()


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    return await soaked(60 * count, tried, seed=seed, stage=on_postgresql)


CAMPAIGN = Campaign(
    name="soak",
    threat="R1 – R8, R11",
    claim="after so many minutes of load and trouble the platform, Slack and the ledger disagree, or memory grew",
    smoke=1,
    full=30,
    run=run,
)
