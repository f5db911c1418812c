"""The guard while forged requests come as fast as this machine sends them: what it undoes, and how late."""

import asyncio
import json
import os
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.bench.figures import Figures, Line, milliseconds
from tests.bench.flooder import MODES
from tests.bench.judge import _processor
from tests.bench.rig import Rig, progress, rig
from tests.bench.stores import A_LOOK
from tests.commands import ROOT, started

INCIDENTS = 200
WARM_UP = 3
CONNECTIONS = {"kept": 64, "new": 64, "deaf": 16, "held": 2000}
SLOWED, MOST = 3, 250
"""Times the idle 99th percentile, and milliseconds."""
HEALTH_EVERY = 0.05
SETTLED_AFTER = 0.5
PAUSE = 0.02
READY_WITHIN = 60.0


@dataclass
class Flood:
    """What the sender was answered, a second; and how long `/healthz` took meanwhile."""

    answered: dict[str, float] = field(default_factory=dict)
    health: list[float] = field(default_factory=list)
    processor: float = 0.0
    """Of the bot, in per cent of a core."""


async def flood(scale: float) -> list[Line]:
    """Incidents one at a time: with nothing else, and during each kind of flood."""
    count = max(int(INCIDENTS * scale), 2)
    async with rig() as stand:
        idle = milliseconds(await _incidents(stand, count, "idle"))
        lines = [Line(what="guard: rogue's call → back, idle", unit="ms", reached=idle)]
        for mode in MODES if scale >= A_LOOK else MODES[:1]:
            async with flooding(stand, mode) as found:
                reached = milliseconds(await _incidents(stand, count, mode))
            lines += _lines(mode, reached, idle, found)
    return lines


def _lines(mode: str, reached: Figures, idle: Figures, found: Flood) -> list[Line]:
    goal = min(SLOWED * idle.p99, MOST)
    answered = ", ".join(f"{status} {rate:.0f}" for status, rate in sorted(found.answered.items()))
    return [
        Line(what=f"guard: … during a flood ({mode})", unit="ms", reached=reached, floor=idle, p99_goal=goal),
        Line(
            what=f"… /healthz during it; answered a second: {answered}", unit="ms", reached=milliseconds(found.health)
        ),
        Line(what="… processor of the bot", unit="%", reached=Figures.of([found.processor])),
    ]


async def _incidents(stand: Rig, count: int, what: str) -> list[float]:
    accounts = await stand.new_accounts(count + WARM_UP, f"bench_flood_{what}_")
    await stand.listen()
    series = []
    for number in progress(range(count + WARM_UP), what):
        series.append(await stand.incident(number, accounts[number][0], actors=len(accounts)))
        await asyncio.sleep(PAUSE)
    return series[WARM_UP:]


@asynccontextmanager
async def flooding(stand: Rig, mode: str) -> AsyncIterator[Flood]:
    """While it lasts forged requests come."""
    found = Flood()
    theirs, ours = os.pipe()
    with os.fdopen(theirs, "rb") as stdin:
        words = ("tests.bench.flooder", stand.workspace.events_url, mode, str(CONNECTIONS[mode]))
        process = await started(*words, cwd=ROOT, env=os.environ, stdin=stdin, stdout=PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(READY_WITHIN):
        await process.stdout.readline()
    await asyncio.sleep(SETTLED_AFTER)
    began, busy = time.perf_counter(), _processor(stand.process_id)
    looking = asyncio.create_task(_look(stand, found))
    try:
        yield found
    finally:
        looking.cancel()
        took = time.perf_counter() - began
        found.processor = 100 * (_processor(stand.process_id) - busy) / took
        os.close(ours)
        said: dict[str, Any] = json.loads(await process.stdout.readline())
        found.answered = {status: count / (took + SETTLED_AFTER) for status, count in said.items()}
        await process.wait()


async def _look(stand: Rig, found: Flood) -> None:
    while True:
        began = time.perf_counter()
        try:
            async with stand.stage.session.get(f"{stand.stage.bot_url}/healthz") as answer:
                await answer.read()
        finally:  # who is not answered until the end has waited so long at least
            found.health.append(time.perf_counter() - began)
        await asyncio.sleep(HEALTH_EVERY)
