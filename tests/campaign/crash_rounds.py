"""Rounds of crashes: a chapter of stories is played, the bot dies at a point of it, lives again, and all is judged."""

import asyncio
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

from tests.campaign.campaign import Counts, dice_of
from tests.campaign.crash_people import People
from tests.campaign.crash_points import NEVER
from tests.campaign.crash_stage import UNNAMED, NotStarted, Stage, staged
from tests.campaign.crash_stories import CHAPTERS, Chapter, Ending
from tests.campaign.crash_truth import Before, Truth, all_of, before, unrest

RESTED_WITHIN = 45.0
"""Seconds from the last death; a lease of a task that nobody took over would be sixty."""
LOOK_EVERY = 0.1
ROUNDS, FEW_ROUNDS = 20, 4
"""On one ledger and one platform; then both are new."""
LANES = 3
"""Rounds played at once: most of one is waiting."""
HALF = 0.5
"""How often the first start on a new ledger is made to die."""
FEW, MANY = 1, 12
"""How many that are started for a dead one die too, at most: few where every point is tried, and where only some are,
many, for a start costs less than the stories do."""
OF_A_START = 50
"""Points of a start, and of what follows it."""
KEPT = "COUNTERSIGN_CRASH_KEPT"
"""A folder for the log and the ledger of each round that broke; gone with the round where it is not set."""
AGAIN = 4
FIRST, WORTH_COUNTING = 100, 1_000
"""Points of each chapter that are chosen from where not all are counted first; tries from which on they are."""


@dataclass
class Found:
    """What the rounds came to."""

    points: int = 0
    """How many were counted, over all chapters."""
    died_at: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    broken: int = 0
    rounds: int = 0

    def figures(self) -> dict[str, object]:
        kinds = Counter[str]()
        for name, times in self.died_at.items():
            kinds[_kind_of(name)] += times
        return {
            "rounds": self.rounds,
            "points of the stories": self.points,
            "kill -9 in all": self.died_at.total(),
            "of them": dict(sorted(kinds.items())),
            "different places": len(self.died_at),
            "broke": self.wrong[:5],
        }


def _kind_of(name: str) -> str:
    """Before or after a commit, a call of Slack's, of the platform's or of the pager's."""
    when, _, what = name.partition(" ")
    if "commit" in name or name == UNNAMED:
        return name
    if "/wake" in what:
        return f"{when} pager"
    return f"{when} {'Slack' if re.match('Slack|POST /(commands|actions)/', what) else 'platform'}"


@dataclass
class Round:
    """One chapter played once."""

    stage: Stage
    chapter: Chapter
    number: int
    people: People
    patience: float = RESTED_WITHIN
    endings: list[Ending] = field(default_factory=list)

    async def play(self, then: Before) -> list[str]:
        """What did not hold."""
        try:
            async with asyncio.timeout(self.patience) as limit:
                self.stage.on_death = lambda: limit.reschedule(asyncio.get_running_loop().time() + self.patience)
                stories = enumerate(self.chapter.stories)
                self.endings = await asyncio.gather(
                    *(story(self.stage, self.people, cast, self.number) for cast, story in stories)
                )
                await self._rest(then)
        except TimeoutError:
            doing = [*self.people.doing, *self.people.refused[-3:]]
            said = f"no rest: {all_of(unrest(self.stage, then))}; {doing}; died {self.stage.deaths}"
            return [said, *Truth(self.stage, self.people, then, (), await self.stage.truth()).lost()]
        finally:  # who dies now dies in no round
            self.stage.on_death = lambda: None
        return Truth(self.stage, self.people, then, self.endings, await self.stage.truth()).wrong()

    async def _rest(self, then: Before) -> None:
        """Wait until nothing more is to come: no task, no open end, every account as it is to be."""
        looks = 0
        while looks < 2:
            await self.stage.up()
            await asyncio.sleep(LOOK_EVERY)
            at_rest = next(unrest(self.stage, then), None) is None
            looks = looks + 1 if at_rest and await self._as_it_ends() else 0

    async def _as_it_ends(self) -> bool:
        accounts = {a["id"]: a["active"] for a in (await self.stage.truth())["accounts"]}
        return all(accounts[e.account] is e.active for e in self.endings if e.account)


async def played(stage: Stage, chapter: Chapter, number: int, *, at: int) -> tuple[list[str], int]:
    """Play it with the bot dying at that point; what did not hold, and how many points there were."""
    then = await before(stage)
    stage.points.arm(at)
    wrong = await Round(stage, chapter, number, People(stage)).play(then)
    return wrong, stage.points.count


@dataclass
class Sweep:
    """Every point of every chapter once, in an order thrown by dice, then all again, up to a count of deaths."""

    kind: str
    seed: int
    count: int
    tried: Callable[[], object]
    found: Found = field(default_factory=Found)
    totals: dict[str, int] = field(default_factory=lambda: {chapter.name: FIRST for chapter in CHAPTERS})

    async def run(self) -> Found:
        if self._sweeps:
            await asyncio.gather(*(self._count(chapter) for chapter in CHAPTERS))
        every = [(chapter, at) for chapter in CHAPTERS for at in range(1, self.totals[chapter.name] + 1)]
        self.found.points = len(every)
        batches = self._batches(every)
        await asyncio.gather(*(self._lane(batches) for _ in range(LANES)))
        return self.found

    async def _count(self, chapter: Chapter) -> None:
        """Play it once with nobody dying."""
        async with staged(self.kind, chapter.policy()) as stage:
            await stage.start()
            wrong, self.totals[chapter.name] = await played(stage, chapter, 0, at=NEVER)
        self.found.wrong.extend(f"{chapter.name}, undisturbed: {each}" for each in wrong)

    def _batches(self, every: list[tuple[Chapter, int]]) -> Iterator[tuple[int, Chapter, list[int]]]:
        """Points of one chapter for one ledger, without end: all of them, then all again."""
        numbers = count()
        while True:
            dice = dice_of(self.seed, next(numbers))
            dice.shuffle(every)
            batches = [
                (chapter, points[n : n + self._rounds])
                for chapter in CHAPTERS
                for points in [[at for of, at in every if of is chapter]]
                for n in range(0, len(points), self._rounds)
            ]
            dice.shuffle(batches)
            yield from ((next(numbers), *batch) for batch in batches)

    @property
    def _sweeps(self) -> bool:
        """Whether there are tries enough for all points, more or less: else counting them first is not worth it."""
        return self.count >= WORTH_COUNTING

    @property
    def _rounds(self) -> int:
        return ROUNDS if self._sweeps else FEW_ROUNDS

    @property
    def _left(self) -> int:
        return self.count - self.found.died_at.total()

    async def _lane(self, batches: Iterator[tuple[int, Chapter, list[int]]]) -> None:
        while self._left > 0:
            number, chapter, points = next(batches)
            await self._tries(dice_of(self.seed, number), chapter, points)

    async def _tries(self, dice: Random, chapter: Chapter, points: Sequence[int]) -> None:
        """One ledger; it is left where a round broke, for what came after would say nothing."""
        async with staged(self.kind, chapter.policy(), migrated=dice.random() < HALF) as stage:
            try:
                await stage.start(at=dice.randint(1, OF_A_START) if dice.random() < HALF else NEVER)
                for place, at in enumerate(points):
                    if self._left <= 0 or not await self._try(stage, chapter, place, at, dice):
                        return
            except (NotStarted, TimeoutError) as error:
                self._judged(stage, [f"{chapter.name}: no start after {stage.deaths}: {error}"])

    async def _try(self, stage: Stage, chapter: Chapter, place: int, at: int, dice: Random) -> bool:
        """One point; where this time the chapter had ended before it came, an earlier one. Whether all of it held."""
        wrong: list[str] = []
        for again in range(AGAIN):
            more = min(dice.randint(0, FEW if self._sweeps else MANY), max(self._left, 0))
            stage.again_at[:] = [dice.randint(1, OF_A_START) for _ in range(more)]
            wrong, reached = await played(stage, chapter, place * AGAIN + again, at=at)
            if stage.deaths or wrong:
                break
            at = dice.randint(1, max(reached - 1, 1))
        stage.again_at.clear()
        self._judged(stage, [f"{chapter.name} {at}, died {stage.deaths}: {each}" for each in wrong])
        return not wrong

    def _judged(self, stage: Stage, wrong: Sequence[str]) -> None:
        for _ in stage.deaths[: max(self._left, 0)]:
            self.tried()
        self.found.rounds += 1
        self.found.died_at.update(stage.deaths)
        self.found.wrong.extend(wrong)
        self.found.broken += bool(wrong)
        if wrong and (kept := os.environ.get(KEPT)):
            folder = Path(kept) / f"{self.found.rounds}"
            shutil.copytree(stage.folder, folder, dirs_exist_ok=True)
            (folder / "broke").write_text("\n".join(wrong), encoding="utf-8")
        stage.deaths.clear()


async def crashes(kind: str, count: int, tried: Callable[[], object], *, seed: int) -> Counts:
    """So many deaths, on databases of that kind."""
    found = await Sweep(kind, seed, count, tried).run()
    return Counts(tried=count, broken=max(found.broken, bool(found.wrong)), figures=found.figures())
