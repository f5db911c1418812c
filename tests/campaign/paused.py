"""R11: one of three processes is stopped (SIGSTOP), whatever it is at, and woken later: it does nothing a second time.

The crowd works meanwhile. A try is one stop; there may be two at a time.
"""

import asyncio
import itertools
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

from tests.bench.rig import AGENTS
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.crowd import Crowd, crowd, working
from tests.campaign.guard_truth import spread

AT_ONCE = 2
"""Stopped at a time at most: one of three is always awake."""
LONG, SHORT = (1.0, 60.0), (0.5, 2.0)


async def pauses(people: Crowd, numbers: "itertools.count[int]", count: int, dice: Random, span: tuple[float, float],
                 tried: Callable[[], object]) -> None:  # fmt: skip
    """One after the other, until so many were made in all."""
    while next(numbers) < count:
        free = [one for one in people.front.all if not one.stopped]
        one = dice.choice(free)
        one.signal(signal.SIGSTOP)
        await asyncio.sleep(dice.uniform(*span))
        one.signal(signal.SIGCONT)
        tried()
        await asyncio.sleep(dice.random())


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED, span: tuple[float, float] = LONG) -> Counts:
    async with crowd(3) as people:
        _, token = people.front.holder()
        numbers = itertools.count()
        async with working(people, AGENTS[:3], seed=seed):
            lines = (pauses(people, numbers, count, dice_of(seed, line), span, tried) for line in range(AT_ONCE))
            await asyncio.gather(*lines)
        wrong = await people.wrong()
        down = [fall.seconds for fall in await people.falls() if fall.back_by == "svc:countersign" and fall.seconds]
        figures = {
            **people.figures(),
            "guards": people.front.holder()[1] - token + 1,
            "down, of those restored": spread(down),
            "wrong": dict(Counter(wrong).most_common(10)),
        }
    return Counts(tried=count, broken=len(wrong), figures=figures)


CAMPAIGN = Campaign(
    name="paused",
    threat="R11",
    claim="a process is stopped and woken, and something is done twice, lost, or restored wrongly",
    smoke=3,
    full=200,
    run=run,
)
SMOKE = replace(CAMPAIGN, run=partial(run, span=SHORT))
