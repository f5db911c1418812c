"""Who says something in Slack next: one at a time a channel, one a second, and what cannot wait before the rest.

What waits, waits before it reads the ledger, so that it says what is so when its turn has come.
"""

import asyncio
import heapq
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count

from bot.core.errors import LedgerAway, SlackAway, SlackShut
from bot.core.tasks import page_shut
from bot.core.transition import Task, TaskKind
from bot.ports import Clock, Ledger

log = logging.getLogger(__name__)

POSTS_EVERY = 1.1
"""Seconds between two posts in one channel, of all processes together: Slack's one, and some for the way."""
LONGEST_PAUSE = 15.0
"""Seconds that a line which got no answer is left alone, after pauses of 1, 2, 4 …: within a minute of Slack's return
everybody has had a turn again."""
CALLS = 8
"""Calls to Slack at once, and as many more for what cannot wait."""
UPDATES, DELETES = "chat.update", "chat.delete"
"""Lines of their own: Slack limits these by the method, whatever the channel."""


class Urgency(IntEnum):
    """Who goes first in a line."""

    AT_ONCE = 0
    """Incidents, emergencies and whoever is called for them."""
    CARD = 1
    """A card lets people decide."""
    LATER = 2
    """Threads, reminders, notices and the digest."""


def urgency_of(task: Task) -> Urgency:
    if task.payload.get("urgent") or task.kind is TaskKind.CALL:
        return Urgency.AT_ONCE
    return Urgency.CARD if task.kind is TaskKind.DRAW else Urgency.LATER


@dataclass(slots=True, eq=False)
class Line:
    """Those who wait for one channel, or for one method of Slack's."""

    waiting: list[tuple[Urgency, int, asyncio.Future[None]]] = field(default_factory=list)
    busy: bool = False
    closed: bool = False
    """After a call without an answer; when it opens again, one goes first and finds out for all."""
    failures: int = 0
    shut: bool = False
    """Slack lets nobody in until people mend it, and somebody is woken for that."""

    @property
    def idle(self) -> bool:
        return not (self.waiting or self.busy or self.closed or self.failures or self.shut)

    def go_on(self) -> None:
        """Let the next one in, if it is anybody's turn."""
        while self.waiting and not self.busy and not self.closed:
            _, _, turn = heapq.heappop(self.waiting)
            if not turn.done():
                self.busy = True
                turn.set_result(None)

    def open(self) -> None:
        self.closed = False
        self.go_on()

    def close(self, pause: float) -> None:
        self.closed = True
        self.failures += 1
        asyncio.get_running_loop().call_later(pause, self.open)

    def pause(self, *, longest: float) -> float:
        return min(float(2 ** min(self.failures, 10)), longest)


class Turns:
    """The lines of this process; `every` is the pace, which the ledger keeps for all processes together."""

    def __init__(self, *, every: float = POSTS_EVERY, longest_pause: float = LONGEST_PAUSE) -> None:
        self._every = every
        self._longest = longest_pause
        self._lines: dict[str, Line] = {}
        self._numbers = count()
        self._hands = {urgent: asyncio.Semaphore(CALLS) for urgent in (True, False)}

    @asynccontextmanager
    async def of(self, ledger: Ledger, clock: Clock, task: Task, line: str) -> AsyncIterator[None]:
        """Wait for one's turn in a line and hold it; a call that fails closes the line for the others too.

        Raises SlackAway, SlackShut as the body does.
        """
        mine, urgency = self._lines.setdefault(line, Line()), urgency_of(task)
        await self._front(mine, urgency)
        try:
            async with self._hands[urgency is Urgency.AT_ONCE]:
                yield
        except SlackShut as shut:
            if line not in {UPDATES, DELETES}:
                await self._shut(ledger, clock, mine, line, shut)
            raise
        except SlackAway as away:
            mine.close(away.retry_after or mine.pause(longest=self._longest))
            raise
        else:
            await self._opened(ledger, clock, mine, line)
        finally:
            mine.busy = False
            mine.go_on()
            if mine.idle and self._lines.get(line) is mine:
                del self._lines[line]

    async def _front(self, line: Line, urgency: Urgency) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(line.waiting, (urgency, next(self._numbers), turn))
        line.go_on()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                line.busy = False
                line.go_on()
            raise

    async def post(self, ledger: Ledger, task: Task, channel: str) -> None:
        """Wait until the channel takes another post; for one whose turn it is in its line. Raises TaskLost, LedgerAway.

        Whoever held the task too long finds here that it is another's by now; so does one that was stopped meanwhile.
        """
        await asyncio.sleep(await ledger.slot(channel, every=self._every, task=task))
        await ledger.still(task)

    async def _shut(self, ledger: Ledger, clock: Clock, line: Line, channel: str, shut: SlackShut) -> None:
        """People have to mend it: somebody is woken, once each time and not by way of Slack."""
        line.close(line.pause(longest=self._longest))
        if not line.shut:
            log.error("nothing can be said in %s (Slack answers “%s”); it waits", channel, shut.error)
            line.shut = await _filed(ledger, clock, channel, shut.error)

    async def _opened(self, ledger: Ledger, clock: Clock, line: Line, channel: str) -> None:
        line.failures = 0
        if line.shut:
            log.warning("%s can be spoken in again", channel)
            line.shut = not await _filed(ledger, clock, channel, None)

    def let_go(self) -> None:
        """Whoever still waits is let go; their tasks are done after the next start, or by another process."""
        for line in self._lines.values():
            for _, _, turn in line.waiting:
                turn.cancel()


async def _filed(ledger: Ledger, clock: Clock, channel: str, error: str | None) -> bool:
    """Whether it is on file. Where the ledger is away the next call in the line files it: what was said was said."""
    if not channel.startswith(("C", "G")):
        return True
    try:
        await ledger.add(page_shut(channel, error, due=clock.now()))
    except LedgerAway as away:
        log.warning("that cannot be recorded yet: %s", away)
        return False
    return True
