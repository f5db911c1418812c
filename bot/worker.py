"""Claims due tasks and runs, for each, the flow that wiring's table names."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from bot.core.errors import CountersignError, LedgerAway, SlackAway, SlackRefused
from bot.core.transition import Change, Task, TaskKind
from bot.flows.persist import persist
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
        TaskKind.REMOVE,
    }
)
"""Slack being slow holds nothing up but what is said in Slack."""
OUTLIVES_A_NO = frozenset({TaskKind.DRAW, TaskKind.REMIND, TaskKind.DIGEST})
"""A card may be wanted still when the channel is there again, and so may a reminder and the digest, which files the
next; of a message nobody waits for."""
LEDGER_PAUSES = {"first": 0.5, "longest": 10.0}
"""Seconds until the ledger is tried again; the lease is ours meanwhile."""
LANES = {
    "protected": 32, "platform": 32, "backlog": 2, "counts": 4, "slack": 1000, "direct": 1000, "urgent": 1000, "page": 8
}  # fmt: skip
"""How many tasks of a lane run at once; no lane waits for another. Those of Slack mostly wait for their turn there
(`bot.flows.turns`): what cannot wait is not behind them, and direct messages are not behind the channel's."""
AFTER_THE_CALL = 0.05
"""Seconds by which what a commit leaves beside a call on the platform comes after it."""
DIRECT = frozenset({TaskKind.TELL, TaskKind.WAITING})
WAKES = {TaskKind.PAGE: "page", TaskKind.CALL: "urgent"}
"""Whoever is woken waits neither for what is said to others nor, by web hook, for Slack."""
COUNTS = frozenset({TaskKind.SAMPLE, TaskKind.BASELINE, TaskKind.KEEP_HOUSE})
"""No restore waits for a look at counts, however many accounts are back at once, nor for what is tidied up."""


_LANE_OF_KIND = {
    **{kind: "slack" if kind in TALKS_TO_SLACK else "platform" for kind in TaskKind},
    **dict.fromkeys(DIRECT, "direct"),
    **WAKES,
    **dict.fromkeys(COUNTS, "counts"),
    TaskKind.BACKLOG: "backlog",
}
AT_ONCE = frozenset({TaskKind.CARRY_OUT, TaskKind.CONTAIN})
GUARDS = frozenset({TaskKind.SWEEP, TaskKind.JUDGE, TaskKind.BACKLOG, TaskKind.TRIAGE, TaskKind.BASELINE})
"""Of many processes the guard alone does these; but what is protected waits for nobody."""
CLAIMED = 64
"""Due tasks leased at a time."""


def lane_of(task: Task) -> str:
    if task.payload.get("protected"):
        return "protected"
    return "urgent" if task.payload.get("urgent") else _LANE_OF_KIND[task.kind]


class Worker:
    """One process's hands. `take` is given the tasks that a commit leased to this process."""

    def __init__(self, world: World, flows: Mapping[TaskKind, Flow]) -> None:
        self._world = world
        self._flows = flows
        self._gates = {name: asyncio.Semaphore(size) for name, size in LANES.items()}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, Task] = {}
        """Handed over while they ran: perhaps leased anew before the run that put them off was over, and then nobody
        else finds them until that lease is."""
        self._held: Counter[str] = Counter()
        """Tasks of each lane that run here or wait for their turn."""
        self._stopping = False

    def take(self, tasks: Sequence[Task]) -> None:
        """Start tasks already leased to this process; after `drain` has begun they are left to the next start."""
        calls = any(task.record is not None for task in tasks)
        for task in tasks:
            if task.key in self._running:
                self._again[task.key] = task
            elif not self._stopping and not self._too_many(task):
                self._start(task, self._run(task, after=AFTER_THE_CALL if calls and task.kind not in AT_ONCE else 0.0))

    def _start(self, task: Task, run: Coroutine[Any, Any, None]) -> None:
        started = asyncio.create_task(run, name=task.key)
        self._running[task.key] = started
        self._held[lane_of(task)] += 1
        started.add_done_callback(partial(self._ended, lane_of(task)))

    def _too_many(self, task: Task) -> bool:
        """Of what is said in Slack no more waits here than is found: the others' leases run out, and they are found."""
        lane = lane_of(task)
        return lane in {"slack", "direct"} and self._held[lane] >= LANES[lane] + CLAIMED

    def _ended(self, lane: str, task: asyncio.Task[None]) -> None:
        self._running.pop(task.get_name(), None)
        self._held[lane] -= 1
        again = self._again.pop(task.get_name(), None)
        if again is not None and not self._stopping:
            self._start(again, self._run_again(again))

    async def poll(self) -> None:
        """Look for due tasks for as long as the process lives; returns only by being cancelled."""
        while True:
            with contextlib.suppress(LedgerAway):  # asked ten times a second; that it is away is told where it is known
                due = await self._world.ledger.next_due()
                if due is not None and due <= self._world.now():
                    self.take(await self._world.ledger.claim_due(limit=CLAIMED, without=self._enough()))
            await asyncio.sleep(POLL)

    def _enough(self) -> frozenset[TaskKind]:
        """The kinds of which more would only wait here, with their leases running out."""
        full = {lane for lane, size in LANES.items() if self._held[lane] >= size + CLAIMED}
        mine = () if self._world.status.fence is not None else GUARDS
        if self._held["protected"] or self._held["platform"] > LANES["platform"] or self._held["backlog"]:
            full.add("backlog")  # it makes work for the others: no more of it than they can do, and the protected first
        return frozenset(kind for kind in TaskKind if _LANE_OF_KIND[kind] in full or kind in mine)

    async def drain(self, *, within: float) -> None:
        """Let what runs finish; what does not in time is done after the next start, or by another process."""
        self._stopping = True
        self._world.turns.let_go()
        if running := list(self._running.values()):
            _, late = await asyncio.wait(running, timeout=within)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run_again(self, task: Task) -> None:
        """Run it if it is still this process's: the run before may have finished it, or put it off until later."""
        stands = await persist(lambda: self._world.ledger.read(lambda view: view.task(task.key)), "the ledger")
        if stands is not None and (stands.owner, stands.attempts) == (task.owner, task.attempts):
            await self._run(task, after=0)

    async def _run(self, task: Task, *, after: float) -> None:
        if after:
            await asyncio.sleep(after)
        async with self._gates[lane_of(task)]:
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
                log.debug("the end of task %s waits for the ledger", task.key)
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
            log.debug("task %s waits for the ledger", task.key)
            return self._in(_pause(task.attempts, **LEDGER_PAUSES))
        except SlackAway as away:
            return self._in(away.retry_after or _pause(task.attempts, first=1.0, longest=15.0))
        except SlackRefused as refused:
            log.warning("task %s: %s", task.key, refused)
            return self._in(_pause(task.attempts, first=5.0, longest=30.0)) if task.kind in OUTLIVES_A_NO else None
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
