"""Claims due tasks and runs, for each, the flow that wiring's table names."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count

from bot.core.errors import CountersignError, LedgerAway, SlackAway, SlackRefused
from bot.core.transition import Change, Task, TaskKind
from bot.flows.world import Finished, Result, World

log = logging.getLogger(__name__)

Flow = Callable[[World, Task], Awaitable[Result]]

POLL = 0.1
"""Seconds between looks for due tasks; a task committed by this process does not wait for one."""
TALKS_TO_SLACK = frozenset(
    {
        TaskKind.DRAW,
        TaskKind.TELL,
        TaskKind.THREAD,
        TaskKind.WAITING,
        TaskKind.REMIND,
        TaskKind.CALL,
        TaskKind.DIGEST,
    }
)
"""Slack being slow holds nothing up but what is said in Slack."""
OUTLIVES_A_NO = frozenset({TaskKind.DRAW, TaskKind.REMIND, TaskKind.DIGEST})
"""A card may be wanted still when the channel is there again, and so may a reminder and the digest, which files the
next; of a message nobody waits for."""
LEDGER_PAUSES = {"first": 0.5, "longest": 10.0}
"""Seconds until the ledger is tried again; the lease is ours meanwhile."""
LANES = {"slack": 8, "platform": 64, "page": 8, "call": 8, "counts": 4}
"""How many tasks of a lane run at once; no lane waits for another."""
WAKES = {TaskKind.PAGE: "page", TaskKind.CALL: "call"}
"""Whoever is woken waits neither for what is said to others nor, by web hook, for Slack."""
COUNTS = frozenset({TaskKind.SAMPLE, TaskKind.BASELINE})
"""No restore waits for a look at counts, however many accounts are back at once."""


def lane_of(kind: TaskKind) -> str:
    if kind in COUNTS:
        return "counts"
    return WAKES.get(kind) or ("slack" if kind in TALKS_TO_SLACK else "platform")


class Worker:
    """One process's hands. `take` is given the tasks that a commit leased to this process."""

    def __init__(self, world: World, flows: Mapping[TaskKind, Flow]) -> None:
        self._world = world
        self._flows = flows
        self._gates = {name: asyncio.Semaphore(size) for name, size in LANES.items()}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._stopping = False

    def take(self, tasks: Sequence[Task]) -> None:
        """Start tasks already leased to this process; after `drain` has begun they are left to the next start."""
        for task in sorted(tasks, key=lambda task: task.kind in TALKS_TO_SLACK):
            if not self._stopping and task.key not in self._running:
                started = asyncio.create_task(self._run(task), name=task.key)
                self._running[task.key] = started
                started.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task.get_name(), None)

    async def poll(self) -> None:
        """Look for due tasks for as long as the process lives; returns only by being cancelled."""
        while True:
            try:
                due = await self._world.ledger.next_due()
                if due is not None and due <= self._world.now():
                    self.take(await self._world.ledger.claim_due(limit=200))
            except LedgerAway:
                log.warning("the ledger is away; due tasks wait")
            await asyncio.sleep(POLL)

    async def drain(self, *, within: float) -> None:
        """Let what runs finish; what does not in time keeps its lease and is done after the next start."""
        self._stopping = True
        if running := list(self._running.values()):
            _, late = await asyncio.wait(running, timeout=within)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, task: Task) -> None:
        async with self._gates[lane_of(task.kind)]:
            try:
                await self._recorded(task, await self._attempt(task))
            except CountersignError as error:
                log.warning("task %s is let go: %s", task.key, error)

    async def _recorded(self, task: Task, result: Result) -> None:
        """Record what became of it, as often as that takes: what the flow did outside is not done again for it."""
        for tries in count():
            try:
                await self._record(task, result)
            except LedgerAway:
                log.warning("the end of task %s waits for the ledger", task.key)
                await asyncio.sleep(_pause(tries, **LEDGER_PAUSES))
            else:
                return

    async def _record(self, task: Task, result: Result) -> None:
        ledger = self._world.ledger
        if result is None:
            await ledger.finish(task)
        elif isinstance(result, Change):
            await ledger.decide(lambda _: result, finish=task)
        elif not isinstance(result, Finished):
            await ledger.postpone(task, due=result)

    async def _attempt(self, task: Task) -> Result:
        """Run the flow; a failure of any kind has the task come back, later each time, and never ends the worker."""
        try:
            return await self._flows[task.kind](self._world, task)
        except LedgerAway:
            # that it comes back is a change like its own: recorded as soon as the ledger can, and no sooner
            log.warning("task %s waits for the ledger", task.key)
            return self._in(_pause(task.attempts, **LEDGER_PAUSES))
        except SlackAway as away:
            return self._in(away.retry_after or _pause(task.attempts, first=1.0, longest=30.0))
        except SlackRefused as refused:
            log.warning("task %s: %s", task.key, refused)
            return self._in(_pause(task.attempts, first=30.0, longest=1800.0)) if task.kind in OUTLIVES_A_NO else None
        except CountersignError:
            raise
        except Exception:
            log.exception("task %s failed; it is tried again", task.key)
            return self._in(_pause(task.attempts, first=1.0, longest=60.0))

    def _in(self, seconds: float) -> datetime:
        return self._world.now() + timedelta(seconds=seconds)


def _pause(tries: int, *, first: float, longest: float) -> float:
    """Seconds, doubling with each try."""
    return min(first * float(2 ** min(tries, 12)), longest)
