"""Every fault at every step of a request, an emergency and an incident, on both databases. A try is one cell."""

import asyncio
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests import postgres
from tests.campaign.campaign import SEED, Campaign, Counts
from tests.campaign.faults_kinds import DATABASES, FAULTS, STEPS, Fault
from tests.campaign.faults_line import Call
from tests.campaign.faults_people import NotAnswered, Story
from tests.campaign.faults_stage import ARRIVED_WITHIN, Stage, Window, stage
from tests.campaign.faults_stories import story_of
from tests.campaign.stage import fresh
from tests.campaign.truth import Told, effects_broke, log_broke, standing_broke

TOGETHER = 16
"""Stories at once whose faults strike one account alone."""
AT_ONCE = 13
"""Stories of one window: so few that all have come to their steps before the first has waited too long there."""
SLOW = frozenset({"lapse", "lapse restore", "containment"})
"""Steps that a story takes long to come to."""
HOLDS_THE_GUARD = frozenset({"incident read", "decided"})
"""While a story is held there, the guard hears of no other."""
HELD_WITHIN = 45.0
"""Seconds after a story has been played until what must hold does."""
LAPSES_AFTER = 5.0
SOON = {"Slack refuses": "look-up"}
"""Where a refused card, which is drawn again after half a minute, would keep the sample."""
REPEATS = 3
PLAYED_AT_MOST = 4


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One fault at one step on one database."""

    fault: Fault
    step: str
    database: str


@dataclass
class Outcomes:
    """What came of the cells."""

    runs: Counter[Cell] = field(default_factory=Counter)
    missed: Counter[Cell] = field(default_factory=Counter)
    """The fault did not meet its step: nothing is said of it."""
    broken: list[tuple[Cell, str]] = field(default_factory=list)


CELLS: tuple[Cell, ...] = tuple(
    Cell(fault=fault, step=step, database=database)
    for database in DATABASES
    for fault in FAULTS
    for step in STEPS
    if fault.strikes(step, database)
)


def sample() -> list[Cell]:
    """A few cells with every fault and every step in them, the databases by turns."""
    met: set[str] = set()
    found = []
    for fault, turn in zip(FAULTS, itertools.cycle(DATABASES), strict=False):
        database = turn if turn in fault.databases else fault.databases[0]
        step = SOON.get(fault.name) or next((step for step in fault.steps if step not in met), fault.steps[0])
        met.add(step)
        found.append(Cell(fault=fault, step=step, database=database))
    anywhere = [fault for fault in FAULTS if fault.steps == STEPS and fault.databases == DATABASES]
    left = [step for step in STEPS if step not in met]
    rest = zip(left, itertools.cycle(anywhere), itertools.cycle(DATABASES), strict=False)
    return found + [Cell(fault=fault, step=step, database=database) for step, fault, database in rest]


def chosen(count: int) -> list[Cell]:
    """The sample for so few, else all of them in turn."""
    few = sample()
    return few if count == len(few) else list(itertools.islice(itertools.cycle(CELLS), count))


@dataclass
class Play:
    """Cells played on one stage."""

    stage: Stage
    outcomes: Outcomes
    stories: dict[str, Story] = field(default_factory=dict)
    played: dict[str, Cell] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def at(self, call: Call, after: bool) -> None:  # noqa: FBT001 - as a hook has it
        """Tell a call to the story that it is of."""
        if call.account is not None:
            named = self.stories.get(call.account)
            if named is not None:
                await named.seen(call, after=after)
            return
        for story in list(self.stories.values()):
            await story.seen(call, after=after)

    async def cell(self, cell: Cell, window: Window | None) -> None:
        seat = await self.stage.seats.get()
        try:
            await self._seated(cell, window, seat)
        finally:
            self.stage.seats.put_nowait(seat)

    async def _seated(self, cell: Cell, window: Window | None, seat: int) -> None:
        account, handle = await fresh(self.stage.scene, f"f{next(self.numbers):05}_", followers=1000)
        story = story_of(cell.step)(self.stage, cell.fault, cell.step, account, handle, seat, window=window)
        self.stories[account], self.played[account] = story, cell
        try:
            await story.play()
            if window is not None:
                await window.over.wait()
            broke = await self._comes_to_hold(story)
        except (NotAnswered, TimeoutError, AssertionError) as error:
            broke = [f"{type(error).__name__}: {error}", *await story.broke()]
        finally:
            del self.stories[account]
        self.outcomes.runs[cell] += story.struck
        self.outcomes.missed[cell] += not story.struck
        self.outcomes.broken += [(cell, f"{handle}: {what}") for what in broke]

    async def _comes_to_hold(self, story: Story) -> list[str]:
        broke: list[str] = []
        for _ in range(int(HELD_WITHIN / 0.2)):
            if not (broke := await story.broke()):
                break
            await asyncio.sleep(0.2)
        return broke

    async def windows(self, fault: Fault, cells: Sequence[Cell]) -> None:
        """One window for all of them; those that take long to come to their step have one of their own."""
        slow = [cell for cell in cells if cell.step in SLOW]
        guards = [cell for cell in cells if cell.step in HOLDS_THE_GUARD]
        quick = [cell for cell in cells if cell.step not in SLOW | HOLDS_THE_GUARD]
        groups = [(quick[start : start + AT_ONCE], ARRIVED_WITHIN) for start in range(0, len(quick), AT_ONCE)]
        for group, within in (*groups, (guards, ARRIVED_WITHIN), (slow, LAPSES_AFTER + ARRIVED_WITHIN)):
            window = Window(fault, len(group))
            async with asyncio.TaskGroup() as tasks:
                if group:
                    tasks.create_task(self.stage.conduct(window, within=within))
                for cell in group:
                    tasks.create_task(self.cell(cell, window))

    async def calls(self, cells: Sequence[Cell]) -> None:
        gate = asyncio.Semaphore(TOGETHER)

        async def one(cell: Cell) -> None:
            async with gate:
                await self.cell(cell, None)

        async with asyncio.TaskGroup() as tasks:
            for cell in cells:
                tasks.create_task(one(cell))

    async def settled(self) -> None:
        """What must hold of all of them together, once the attacks have ended; what is done stays on record."""
        broke: list[tuple[Cell, str]] = []
        for _ in range(int(HELD_WITHIN / 0.5)):
            if not (broke := await self._broke_together()):
                return
            await asyncio.sleep(0.5)
        self.outcomes.broken += broke

    async def _broke_together(self) -> list[tuple[Cell, str]]:
        """The log against the tables, and the platform's own record against both."""
        ledger = self.stage.scene.world.ledger
        last = list(self.played.values())[-1]
        found = [(last, f"the log: {what}") for what in await ledger.read(lambda view: log_broke(view, Told()))]
        for account, cell in self.played.items():
            state = await self._state(account)
            by_key = {r.operation: r for r in await ledger.read(lambda view, a=account: view.requests_of_account(a))}
            effects = [e for e in state["effects"] if e["action"] in {"deactivate", "restore"}]
            broke = effects_broke(effects, by_key, account)
            if cell.fault.name != "purged":
                broke += standing_broke(state["accounts"][0], effects, by_key)
            found += [(cell, what) for what in broke]
        return found

    async def _state(self, account: str) -> dict[str, Any]:
        url = f"{self.stage.scene.platform.control_url}/control/v1/state"
        async with self.stage.scene.session.get(url, params={"account": account}) as answer:
            return dict(await answer.json())


async def played(database: str, cells: Sequence[Cell], outcomes: Outcomes) -> None:
    """The cells of one database on one stage: first what doubts the list, while there are few accounts."""
    by_fault: dict[Fault, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.database == database:
            by_fault[cell.fault].append(cell)
    if not by_fault:
        return
    windows = [fault for fault in by_fault if fault.of not in {"call", "events"}]
    async with stage(database, ratify_within=f"{LAPSES_AFTER:.0f}s") as found:
        play = Play(found, outcomes)
        found.line.at = play.at
        for fault in windows:
            await play.windows(fault, by_fault[fault])
        await play.calls([cell for fault, cells in by_fault.items() if fault not in windows for cell in cells])
        await play.settled()


def rounds(cells: Sequence[Cell]) -> Iterator[list[Cell]]:
    """Each cell once a round."""
    left = list(cells)
    while left:
        yield left[: len(CELLS)]
        left = left[len(CELLS) :]


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:  # noqa: ARG001 - nothing is drawn
    outcomes = Outcomes()
    with postgres.one_at_hand():
        for cells in rounds(chosen(count)):
            await until_struck(cells, outcomes)
            for _ in cells:
                tried()
    return Counts(
        tried=count,
        broken=len({cell for cell, _ in outcomes.broken}),
        figures={
            "cells": len(CELLS),
            "struck": outcomes.runs.total(),
            "the fault did not meet its step": {_told(cell): n for cell, n in outcomes.missed.items() if n},
            "broken": [f"{_told(cell)}: {what}" for cell, what in outcomes.broken],
            "table": table(outcomes),
        },
    )


async def until_struck(cells: Sequence[Cell], outcomes: Outcomes) -> None:
    """Play them; on a busy machine a story may come too late to its step for its fault: then it is played again."""
    for _ in range(PLAYED_AT_MOST):
        outcomes.missed.clear()
        async with asyncio.TaskGroup() as tasks:
            for database in DATABASES:
                tasks.create_task(played(database, cells, outcomes))
        cells = list(outcomes.missed.elements())
        if not cells:
            return


def _told(cell: Cell) -> str:
    return f"{cell.fault.name} at {cell.step}, {cell.database}"


def table(outcomes: Outcomes) -> str:
    """Markdown: runs in which the fault met the step, on SQLite/PostgreSQL; “–” where it cannot, “!” where it broke."""
    lines = ["", "| fault | " + " | ".join(STEPS) + " |", "|---" * (len(STEPS) + 1) + "|"]
    broken = {(cell.fault.name, cell.step) for cell, _ in outcomes.broken}
    for fault in FAULTS:
        row = []
        for step in STEPS:
            runs = [
                str(outcomes.runs[Cell(fault=fault, step=step, database=database)])
                if fault.strikes(step, database)
                else "–"
                for database in DATABASES
            ]
            told = "–" if set(runs) == {"–"} else "/".join(runs)
            row.append(told + ("!" if (fault.name, step) in broken else ""))
        lines.append(f"| {fault.name} | " + " | ".join(row) + " |")
    return "\n".join(lines)


CAMPAIGN = Campaign(
    name="faults",
    threat="R1–R9",
    claim="a fault at a step left an effect too many, a success that was none, or somebody without an answer",
    smoke=len(sample()),
    full=REPEATS * len(CELLS),
    run=run,
)
