"""A ledger that holds a million requests, beside one that holds ten thousand: what people ask and do takes as long."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from bot.core.digest import Week
from bot.core.refusal import Refusal
from bot.flows.digest import digest_of
from storage.database import Database
from storage.ledger import SqlLedger
from tests.bench.figures import Figures, Line, milliseconds
from tests.bench.fill import done, settle
from tests.bench.rig import progress
from tests.bench.stores import kinds, store
from tests.databases import migrated
from tests.storage.scene import AT, MANAGERS, POLICY, Hand, filing, voting

MANY, FEW = 1_000_000, 10_000
RECENT = 300
"""Requests of this week, filed and voted on as people do, on either ledger."""
FLAT = 1.5
ASKED = 200
WARM_UP = 5
Ask = Callable[[SqlLedger, int], Awaitable[object]]


async def large(scale: float) -> list[Line]:
    """Both ledgers are asked in turn, so that whatever else the machine does meanwhile slows both."""
    lines: list[Line] = []
    for kind in kinds(scale):
        async with _filled(kind, FEW, scale) as few, _filled(kind, MANY, scale) as many:
            for what, ask in QUESTIONS.items():
                lines += await _compared(f"{kind}: {what}, the large ledger", ask, few, many, scale)
    return lines


@asynccontextmanager
async def _filled(kind: str, count: int, scale: float) -> AsyncIterator[SqlLedger]:
    async with store(kind) as url:
        migrated(url)
        await asyncio.to_thread(done, url, max(int(count * scale), 10))
        ledger = SqlLedger(Database(url), clock=Hand(), owner="bench")
        for number in range(RECENT):
            await ledger.decide(lambda _, n=number: filing(f"REQ-{n}", of=f"acct_{n}"))  # type: ignore[misc]
        settle(url)
        yield ledger
        ledger.close()


async def _compared(what: str, ask: Ask, few: SqlLedger, many: SqlLedger, scale: float) -> list[Line]:
    least, reached = [], []
    for number in progress(range(WARM_UP + max(int(ASKED * min(scale, 1)), 5)), what):
        for ledger, series in ((few, least), (many, reached)):
            began = time.perf_counter()
            await ask(ledger, number)
            series.append(time.perf_counter() - began)
    large, small = milliseconds(reached[WARM_UP:]), milliseconds(least[WARM_UP:])
    times = Figures.of([large.median / small.median])
    return [
        Line(what=what, unit="ms", reached=large, floor=small),
        Line(what="… its median over the small one's", unit="×", reached=times, median_goal=FLAT),
    ]


async def _pending(ledger: SqlLedger, _: int) -> object:
    return await ledger.read(lambda view: view.pending())


async def _status(ledger: SqlLedger, number: int) -> object:
    id = f"acct_{number}"
    return await ledger.read(lambda v: (v.requests_of_account(id), v.incidents(account=id), v.previous(id)))


async def _vote(ledger: SqlLedger, number: int) -> object:
    counted = await ledger.decide(lambda view: voting(view, f"REQ-{number}", by=MANAGERS[0]))
    if isinstance(counted, Refusal):
        raise TypeError(counted)
    return counted


async def _digest(ledger: SqlLedger, _: int) -> object:
    week, at = Week.of(AT.date()), AT + timedelta(hours=1)
    return await ledger.read(lambda view: digest_of(view, week, POLICY, at=at), long=True)


QUESTIONS: dict[str, Ask] = {
    "pending list": _pending,
    "status of an account": _status,
    "vote": _vote,
    "digest of a week": _digest,
}
