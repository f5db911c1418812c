"""Rounds of crashes: a chapter of stories is played, the bot dies at a point of it, lives again, and all is judged."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random

from tests.campaign.campaign import dice_of
from tests.campaign.crash_people import People
from tests.campaign.crash_points import NEVER
from tests.campaign.crash_stage import Nursery, Stage, stage
from tests.campaign.crash_stories import Chapter, Ending
from tests.campaign.crash_truth import Before, Truth, all_of, before, unrest

RESTED_WITHIN = 20.0
"""Seconds from the last act of people; a lease of a task that nobody took over would be sixty."""
LOOK_EVERY = 0.02
ROUNDS = 20
"""On one ledger and one platform; then both are new."""


@dataclass
class Found:
    """What the rounds came to."""

    died_at: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def tried(self) -> int:
        return self.died_at.total()


@dataclass
class Round:
    """One chapter played once."""

    stage: Stage
    chapter: Chapter
    number: int
    people: People
    endings: list[Ending] = field(default_factory=list)

    async def play(self, then: Before) -> list[str]:
        """What did not hold."""
        try:
            async with asyncio.timeout(RESTED_WITHIN):
                stories = enumerate(self.chapter.stories)
                self.endings = await asyncio.gather(
                    *(story(self.stage, self.people, cast, self.number) for cast, story in stories)
                )
                await self._rest(then)
        except TimeoutError:
            return [f"no rest: {all_of(unrest(self.stage, then))}; {self.people.refused[-3:]}"]
        return Truth(self.stage, self.people, then, self.endings, await self.stage.truth()).wrong()

    async def _rest(self, then: Before) -> None:
        """Wait until nothing more is to come: no task, no open end, every account as it is to be."""
        looks = 0
        while looks < 2:
            await self.stage.up()
            await asyncio.sleep(LOOK_EVERY)
            accounts = {a["id"]: a["active"] for a in (await self.stage.truth())["accounts"]}
            still = all(accounts[e.account] is e.active for e in self.endings if e.account)
            looks = looks + 1 if still and not unrest(self.stage, then) else 0


async def played(stage: Stage, chapter: Chapter, number: int, *, at: int) -> tuple[list[str], int]:
    """Play it with the bot dying at that point; what did not hold, and how many points there were."""
    stage.deaths.clear()
    then = await before(stage)
    stage.points.arm(at)
    round_ = Round(stage, chapter, number, People(stage))
    wrong = await round_.play(then)
    return wrong, stage.points.count
