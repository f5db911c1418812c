"""A process that writes as fast as it can and says what it was told is written; its parent kills it."""

import asyncio
import os
import sys
from functools import partial

from bot.clock import SystemClock
from bot.core.policy import Person
from bot.core.refusal import Refusal
from bot.core.transition import Change
from bot.ports import View
from storage.database import Database
from storage.ledger import SqlLedger
from tests.storage.scene import MANAGERS, filing, voting


async def lane(ledger: SqlLedger, name: str) -> None:
    """File a request and have it approved, over and over, each on an account of its own."""
    for n in range(1_000_000):
        request, voter = f"REQ-{name}-{n}", MANAGERS[n % len(MANAGERS)]
        for step in (partial(filed, request), partial(approved, request, voter)):
            change = await ledger.decide(step, replay=f"{request}:{step.func.__name__}")
            assert isinstance(change, Change)
            os.write(1, f"{request} {change.request().version}\n".encode())


def filed(request: str, _: View) -> Change:
    return filing(request, of=request)


def approved(request: str, voter: Person, view: View) -> Change | Refusal:
    return voting(view, request, by=voter)


async def main(url: str, name: str) -> None:
    database = Database(url)
    database.lock(name)
    ledger = SqlLedger(database, clock=SystemClock(), owner=name)
    await ledger.take_over()
    await asyncio.gather(*(lane(ledger, f"{name}{n}") for n in range(8)))


asyncio.run(main(*sys.argv[1:]))
