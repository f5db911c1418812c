"""Requests filed, approved, carried out and verified, all durable, as many a second as the bot does; on both databases.

Measured at `submit` and `decide`, with the platform over HTTP in a process of its own and what is said in Slack queued.
The bot's process is everything but Slack: the guard follows the feed meanwhile and takes the bot's own calls for what
they are. Each figure stands beside the raw commits a second of the same database, taken before and after the run.
"""

import asyncio
import json
import os
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import IO, Any

from tests.bench.engine import WARM_UP
from tests.bench.figures import Figures, Line, milliseconds
from tests.bench.rig import Rig, rig
from tests.bench.stores import A_LOOK, drop_raw, kinds, raw_commits, store
from tests.commands import ROOT, Started, started
from tests.databases import migrated, query

REQUESTS = 3_000
GOAL, COMMITS = 100, 8
READY_WITHIN, DONE_WITHIN = 60.0, 600.0


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the engines on one database said, and its raw commits a second beside them."""

    engines: list[dict[str, Any]]
    raw: Figures

    @property
    def requests(self) -> int:
        return sum(len(each["series"]) for each in self.engines)

    @property
    def rate(self) -> float:
        return self.requests / max(each["took"] for each in self.engines)

    @property
    def commits(self) -> float:
        return float(sum(each["commits"] for each in self.engines)) / self.requests

    @property
    def share(self) -> float:
        return self.rate * self.commits / self.raw.median

    @property
    def processor(self) -> list[float]:
        """Of each process, in per cent of a core."""
        return [100 * each["processor"] / each["took"] for each in self.engines]


async def throughput(scale: float) -> list[Line]:
    """One process on each kind of database."""
    count = max(int(REQUESTS * scale), 8)
    lines: list[Line] = []
    for kind in kinds(scale):
        lines += _lines(kind, await run(kind, count, scale=scale, engines=1))
    return lines


def _lines(kind: str, found: Run) -> list[Line]:
    series = [second for each in found.engines for second in each["series"]]
    return [
        Line(what=f"{kind}: requests a second, durable", unit="1/s", reached=_one(found.rate), least_goal=GOAL),
        Line(what=f"{kind}: … commits a request", unit="", reached=_one(found.commits), median_goal=COMMITS),
        Line(what=f"{kind}: … raw commits a second", unit="1/s", reached=found.raw),
        Line(what=f"{kind}: … share of the raw commits", unit="%", reached=_one(100 * found.share)),
        Line(what=f"{kind}: … processor of the bot", unit="%", reached=Figures.of(found.processor)),
        Line(what=f"{kind}: … one request, of those at once", unit="ms", reached=milliseconds(series)),
    ]


def _one(value: float) -> Figures:
    return Figures.of([value])


async def replicas(scale: float) -> list[Line]:
    """One process and two on one PostgreSQL, the same requests shared out between them."""
    if "postgresql" not in kinds():
        return [Line(what="replicas: PostgreSQL is off", unit="", reached=_one(1))]
    count = max(int(REQUESTS * scale), 8)
    two = await run("postgresql", count, scale=scale, engines=2)
    one = await run("postgresql", count, scale=scale, engines=1) if scale >= A_LOOK else two
    return [
        Line(what="requests a second, one process", unit="1/s", reached=_one(one.rate)),
        Line(what="requests a second, two processes", unit="1/s", reached=_one(two.rate)),
        Line(what="… over one", unit="×", reached=_one(two.rate / one.rate), least_goal=1),
        Line(what="… processor of each", unit="%", reached=Figures.of(two.processor)),
        Line(what="… processor of the one", unit="%", reached=Figures.of(one.processor)),
        Line(what="… commits a request", unit="", reached=_one(two.commits), floor=_one(one.commits)),
    ]


async def run(kind: str, count: int, *, scale: float, engines: int) -> Run:
    """So many requests, shared out evenly among processes on one database."""
    async with rig(bot=False) as stand, store(kind) as url:
        migrated(url)
        before = await asyncio.to_thread(raw_commits, url, scale)
        drop_raw(url)
        said = await _engines(stand, url, count, engines)
        after = await asyncio.to_thread(raw_commits, url, scale)
        ends = query(url, "select state, count(*) from requests where not by_policy group by state")
    if [state for state, _ in ends] != ["done"]:
        raise RuntimeError(f"requests ended otherwise: {ends}")
    ceiling = max(before, after, key=lambda figures: figures.median)
    return Run(engines=said, raw=ceiling)


async def _engines(stand: Rig, url: str, count: int, engines: int) -> list[dict[str, Any]]:
    each = WARM_UP + count // engines
    ids = [id for id, _ in await stand.new_accounts(engines * each, "bench_load_")]
    environment = {**stand.stage.environment, "DATABASE_URL": url, "PYTHONPATH": os.fspath(ROOT)}
    async with AsyncExitStack() as stack:
        found = [await _engine(stack, environment, f"engine{n}") for n in range(engines)]
        for place, (_, asked) in enumerate(found):
            asked.write(json.dumps(ids[place * each :][:each]).encode() + b"\n")
            await asyncio.to_thread(asked.flush)
        return list(await asyncio.gather(*(_answer(process) for process, _ in found)))


async def _engine(stack: AsyncExitStack, environment: dict[str, str], name: str) -> tuple[Started, IO[bytes]]:
    """An engine that is ready, and where to write what is asked of it."""
    theirs, ours = os.pipe()
    asked = stack.enter_context(os.fdopen(ours, "wb"))
    with os.fdopen(theirs, "rb") as stdin:
        process = await started("tests.bench.engine", name, cwd=ROOT, env=environment, stdin=stdin, stdout=PIPE)
    stack.push_async_callback(process.wait)
    stack.callback(lambda: process.returncode is None and process.terminate())
    assert process.stdout is not None
    async with asyncio.timeout(READY_WITHIN):
        if await process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"{name} did not start")
    return process, asked


async def _answer(process: Started) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(DONE_WITHIN):
        found: dict[str, Any] = json.loads(await process.stdout.readline())
    await process.wait()
    return found
