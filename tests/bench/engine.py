"""The bot without Slack, in a process of its own: its guard, its worker, and lanes of people who ask and approve.

What is said in Slack is filed and waits, as it does while Slack is slow. It says `ready`, reads from its standard input
one line of account ids, and answers one line of JSON: how long they took, from the first request to the last read that
showed its effect, and what that cost.
"""

import asyncio
import contextlib
import json
import resource
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, cast

from sqlalchemy import Connection

from bot.clock import SystemClock
from bot.core.account import Account
from bot.core.filing import Draft
from bot.core.request import Action, Choice
from bot.core.transition import Change, Task, TaskKind
from bot.flows.bring_into_force import bring_into_force
from bot.flows.carry_out import carry_out
from bot.flows.decide import Counted, decide
from bot.flows.stand_guard import stand_guard
from bot.flows.submit import submit
from bot.flows.take_over import take_over
from bot.flows.world import FINISHED, Result, World
from bot.pager import NoPager
from bot.platform.scim import ScimPlatform
from bot.policy_book import Book
from bot.serving import SWITCHED_EVERY, read_all
from bot.settings import Settings
from bot.wiring import flows
from bot.worker import TALKS_TO_SLACK, Worker
from storage.database import Database
from storage.ledger import SqlLedger

AT_ONCE = 64
"""Requests under way at a time."""
WARM_UP = 8
LOST_AFTER = 10.0
"""Seconds without a word of a request, after which the ledger is asked for it."""
REASON = "Pretends to be the support desk and asks for passwords."
MONA = "U02MONA"


class Counting(Database):
    """A database that counts what it committed."""

    commits = 0

    @contextmanager
    def transaction(self, **given: Any) -> Iterator[Connection]:
        with super().transaction(**given) as connection:
            yield connection
        self.commits += 1


class Engine:
    """What runs, and who waits for the end of which request."""

    def __init__(self, world: World, database: Counting) -> None:
        self.world = world
        self.database = database
        self._waits: dict[str, asyncio.Event] = {}

    async def carry_out(self, world: World, task: Task) -> Result:
        result = await carry_out(world, task)
        if result is FINISHED:
            self._waits.setdefault(task.payload["request"], asyncio.Event()).set()
        return result

    async def one(self, number: int, id: str) -> float:
        """Asked for, approved, carried out and seen; seconds."""
        began = time.perf_counter()
        account = await self.world.platform.find(id)
        assert isinstance(account, Account)
        agent = f"U1AGENT{number % 20:02d}"
        draft = Draft(
            action=Action.DEACTIVATE, category="impersonation", reason=REASON, evidence=None, confirm_handle=None
        )
        key = f"bench:{id}"
        filed = await submit(
            self.world, draft=draft, account=account, slack_user=agent, identity_known=True, replay=f"{key}:filed"
        )
        assert isinstance(filed, Change), filed
        request = filed.request()
        counted = await decide(
            self.world, request=request.id, slack_user=MONA, choice=Choice.APPROVE, digest=request.digest,
            identity_known=True, reason=None, replay=f"{key}:approved",
        )  # fmt: skip
        assert isinstance(counted, Counted), counted
        await self._ended(request.id)
        return time.perf_counter() - began

    async def _ended(self, request: str) -> None:
        """Told so here; or by the ledger, where another process took this one for gone and carried it out."""
        told = self._waits.setdefault(request, asyncio.Event())
        while not told.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), LOST_AFTER)
                return
            found = await self.world.ledger.read(lambda view: view.request(request))
            if found is not None and found.ended_at is not None:
                return

    async def all(self, ids: list[str]) -> list[float]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def turn(number: int, id: str) -> float:
            async with gate:
                return await self.one(number, id)

        return list(await asyncio.gather(*(turn(number, id) for number, id in enumerate(ids))))


async def never(_: World, __: Task) -> Result:
    await asyncio.Event().wait()
    return None


@asynccontextmanager
async def running(settings: Settings, policy: Any, name: str) -> AsyncIterator[Engine]:
    clock, database = SystemClock(), Counting(settings.database_url)
    database.on_time(clock.steer)
    database.lock(name)
    database.migrate()
    ledger = SqlLedger(database, clock=clock, owner=name)
    platform = ScimPlatform(settings.platform_url, settings.platform_token.get_secret_value())
    nobody = cast("Any", None)
    world = World(
        ledger=ledger, platform=platform, desk=nobody, pager=NoPager(), clock=clock, book=Book(policy), channel="C0"
    )
    engine = Engine(world, database)
    told = dict.fromkeys({*TALKS_TO_SLACK, TaskKind.PAGE}, never)
    worker = Worker(world, {**flows(), **told, TaskKind.CARRY_OUT: engine.carry_out})
    ledger.on_commit(worker.take)
    await bring_into_force(world, policy, by="file")
    parts = [asyncio.create_task(part) for part in (stand_guard(world), worker.poll(), take_over(world))]
    while not world.status.listed:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.02)
    yield engine
    for part in parts:
        part.cancel()
    await asyncio.gather(*parts, return_exceptions=True)
    await worker.drain(within=0.1)
    await platform.close()
    ledger.close()


async def main(name: str) -> None:
    sys.setswitchinterval(SWITCHED_EVERY)
    settings, policy = read_all()
    loop = asyncio.get_running_loop()
    async with running(settings, policy, name) as engine:
        print("ready", flush=True)
        ids = json.loads(await loop.run_in_executor(None, partial(sys.stdin.readline)))
        await engine.all(ids[:WARM_UP])
        commits, busy, began = engine.database.commits, _processor(), time.perf_counter()
        series = await engine.all(ids[WARM_UP:])
        took = time.perf_counter() - began
        said = {"took": took, "series": series, "commits": engine.database.commits - commits}
        print(json.dumps({**said, "processor": _processor() - busy}), flush=True)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
