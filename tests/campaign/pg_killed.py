"""R4, R5: PostgreSQL is killed (every process of it, kill −9) in mid-load, is away for a while, and comes back.

Two processes work on it, with fsync on. A try is one kill: while it is away nothing is acknowledged that is to be
recorded and every /readyz is red; once it is back both go on by themselves.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from random import Random

from tests import postgres
from tests.bench.rig import AGENTS
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.crowd import Crowd
from tests.campaign.crowd_stage import crowd, working
from tests.campaign.crowd_truth import figures_of, wrong_of
from tests.campaign.guard_truth import spread

RED_WITHIN = 20.0
"""Seconds until `/readyz` says so: it asks the database for two of them."""
ON_WITHIN = 30.0
"""Seconds until a request is carried through again: a person who was not answered tries again, and a busy machine."""
LOOK_EVERY = 0.05


@dataclass
class Away:
    """What came of one kill."""

    red: list[float] = field(default_factory=list)
    on: float | None = None
    wrong: list[str] = field(default_factory=list)


async def red(people: Crowd, away: Away) -> None:
    """Each process says that it cannot record."""
    for one in people.front.all:
        began = time.monotonic()
        while (await one.ask("readyz"))[0] != 503:
            if time.monotonic() - began > RED_WITHIN:
                away.wrong.append("/readyz is not red")
                break
            await asyncio.sleep(LOOK_EVERY)
        away.red.append(time.monotonic() - began)


async def killed(people: Crowd, server: postgres.Server, dice: Random) -> Away:
    away = Away()
    await asyncio.sleep(dice.uniform(0.2, 1.5))
    server.kill()
    gone = time.monotonic()
    await red(people, away)
    await asyncio.sleep(dice.random())
    back = time.monotonic()
    away.wrong += ["acknowledged while away" for began, ended in people.recording if began > gone and ended < back]
    await asyncio.to_thread(server.start)
    began = time.monotonic()
    while not people.done_at or people.done_at[-1] < began:
        if time.monotonic() - began > ON_WITHIN:
            away.wrong.append("does not go on")
            break
        await asyncio.sleep(LOOK_EVERY)
    away.on = time.monotonic() - began
    away.wrong += ["a process has ended" for one in people.front.all if not one.runs]
    return away


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    server = postgres.started(settings=())
    with closing(Stopped(server)):
        async with crowd(2, database=server.url) as people:
            found: list[Away] = []
            async with working(people, AGENTS[:3], seed=seed):
                for number in range(count):
                    found.append(await killed(people, server, dice_of(seed, number)))
                    tried()
            wrong = [said for away in found for said in away.wrong] + await wrong_of(people)
            figures = {
                **figures_of(people),
                "/readyz red after": spread(seconds for away in found for seconds in away.red),
                "a request carried through after its return": spread(away.on for away in found if away.on is not None),
                "wrong": dict(Counter(wrong).most_common(10)),
            }
    return Counts(tried=count, broken=len(wrong), figures=figures)


class Stopped:
    """Stops the server at the end, however it ends."""

    def __init__(self, server: postgres.Server) -> None:
        self._server = server

    def close(self) -> None:
        self._server.stop()


CAMPAIGN = Campaign(
    name="pg_killed",
    threat="R4, R5",
    claim="PostgreSQL is killed, and something is acknowledged meanwhile, lost or done twice, or nothing goes on",
    smoke=2,
    full=50,
    run=run,
)
