"""Very many tasks that wait: what they cost while none is due, how late they are, and what a start among them takes."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from bot.clock import SystemClock
from bot.core.record import unstamp
from storage.database import Database
from storage.ledger import SqlLedger
from tests.bench import fill
from tests.bench.figures import Figures, Line, milliseconds
from tests.bench.judge import _processor
from tests.bench.rig import Rig, rig
from tests.bench.stores import A_LOOK, kinds, store
from tests.databases import migrated, query

MANY = 100_000
SPREAD = timedelta(minutes=30)
IDLE, FIRING = 20.0, 60.0
"""Seconds that are looked at: of the half-hour its first minute, for each is like the next."""
USUAL = 1_200
"""Milliseconds of a start with nothing else on the machine; where it takes longer, so does all of the following."""
STARTED, FILLED_A_SECOND = 4.0, 10_000
"""Seconds to start the bot and to look, with some to spare, and how many requests are written down in one."""
SOON = 1.5
"""The same where it is only to see that it runs."""
PUT_OFF = 6
"""Times at most, each twice as long as before."""
CALM_AFTER = 1.0
MOST_PROCESSOR, MOST_POLL, MOST_LATE, READY = 3, 5, 500, 2000
POLLS = 200


@asynccontextmanager
async def on(kind: str) -> AsyncIterator[tuple[Rig, str]]:
    """A stage whose bot is not started yet, on an empty ledger of that kind."""
    async with rig(bot=False) as stand, store(kind) as url:
        await asyncio.to_thread(migrated, url)
        stand.stage.environment["DATABASE_URL"] = url
        yield stand, url
        await stand.stage.stop_bot()


async def expiries(scale: float) -> list[Line]:
    """A hundred thousand pending requests that expire in the same half-hour, nobody having decided."""
    lines: list[Line] = []
    for kind in kinds(scale):
        lines += await _expiries(kind, scale)
    return lines


async def _expiries(kind: str, scale: float) -> list[Line]:
    idle, firing = max(IDLE * scale, 1.0), max(FIRING * scale, 1.0)
    async with on(kind) as (stand, _):
        slow = max((await _started(stand)).median / USUAL, 1)
        least = await _idle(stand, idle)
    count = max(int(MANY * scale), 2000)
    lead = idle + CALM_AFTER + slow * ((STARTED if scale >= A_LOOK else SOON) + count / FILLED_A_SECOND)
    for _ in range(PUT_OFF):
        with contextlib.suppress(TooLate):
            busy, polls, late = await _fired(kind, count, lead=lead, idle=idle, firing=firing, scale=scale)
            break
        lead *= 2
    else:
        raise RuntimeError(f"{lead / 2:.0f} s did not do to start the bot and look at it while nothing expires")
    what = f"{kind}: {count} pending expiries"
    return [
        Line(
            what=f"{what}: processor while none is due", unit="%", reached=busy, floor=least, median_goal=MOST_PROCESSOR
        ),
        Line(what="… look for what is due", unit="ms", reached=polls, p99_goal=MOST_POLL),
        Line(what="… after its time, 55 a second", unit="ms", reached=late, p99_goal=MOST_LATE),
    ]


class TooLate(Exception):
    """What was to be looked at before it expires has expired."""


async def _fired(
    kind: str, count: int, *, lead: float, idle: float, firing: float, scale: float
) -> tuple[Figures, Figures, Figures]:
    """The processor while none is due, the looks for what is due, and how late each was. Raises TooLate."""
    async with on(kind) as (stand, url):
        first = datetime.now(UTC) + timedelta(seconds=lead)
        await asyncio.to_thread(fill.pending, url, count, first=first, over=SPREAD * count / MANY)
        fill.settle(url)
        await stand.stage.start_bot()
        busy = await _idle(stand, idle)
        polls = await _polls(url, max(int(POLLS * scale), 5))
        if datetime.now(UTC) > first:
            raise TooLate
        await asyncio.sleep((first - datetime.now(UTC)).total_seconds() + firing)
        return busy, polls, _late(url, until=first + timedelta(seconds=firing - 0.8))


async def _idle(stand: Rig, seconds: float) -> Figures:
    """Per cent of a core."""
    await asyncio.sleep(CALM_AFTER)
    began, busy = time.perf_counter(), _processor(stand.process_id)
    await asyncio.sleep(seconds)
    spent = _processor(stand.process_id) - busy
    return Figures.of([100 * max(spent, 0.001) / (time.perf_counter() - began)])


async def _polls(url: str, count: int) -> Figures:
    ledger, series = SqlLedger(Database(url, writable=False), clock=SystemClock(), owner="reader"), []
    for _ in range(count):
        began = time.perf_counter()
        await ledger.next_due()
        series.append(time.perf_counter() - began)
    ledger.close()
    return milliseconds(series[1:])


def _late(url: str, *, until: datetime) -> Figures:
    """Of all that were due by then; one that has not ended yet is as late as it is now."""
    rows, now = query(url, "select expires_at, ended_at from requests"), datetime.now(UTC)
    ends = [(unstamp(at), unstamp(ended) if ended else now) for at, ended in rows]
    return milliseconds([max((ended - at).total_seconds(), 1e-4) for at, ended in ends if at <= until])


async def start(scale: float) -> list[Line]:
    """The process started, and `/readyz` green: with nothing to do, and with everything due at once."""
    count, lines = max(int(MANY * scale), 100), []
    for kind in kinds(scale):
        async with on(kind) as (stand, url):
            least = await _started(stand)
            await stand.stage.stop_bot()
            await asyncio.to_thread(fill.waiting, url, count)
            fill.settle(url)
            reached = await _started(stand)
        what = f"{kind}: start of `run` → ready, {count} tasks waiting"
        lines.append(Line(what=what, unit="ms", reached=reached, floor=least, median_goal=READY))
    return lines


async def _started(stand: Rig) -> Figures:
    began = time.perf_counter()
    await stand.stage.start_bot()
    return milliseconds([time.perf_counter() - began])
