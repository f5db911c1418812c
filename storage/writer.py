"""The one thread that writes. What waits for it meanwhile is written in one transaction: one commit for all of it."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from bot.core.errors import LedgerAway
from bot.core.transition import Task
from storage.database import Database, Stale

T = TypeVar("T")
Work = Callable[[Connection], tuple[T, Sequence[Task]]]
"""What it answers, and the tasks that it leased to this process. It may be done again, and then from the start."""
ATTEMPTS = 5
"""How often a rule is asked again when another writer came first."""
TOGETHER = 0.02
"""Seconds in which a transaction takes up what waits: the first of it waits that much longer for its commit."""


@dataclass(frozen=True, slots=True)
class _Wish:
    work: Work[Any]
    promised: Future[Any]
    loop: asyncio.AbstractEventLoop


class Writer:
    """Writes in the order in which it was asked, but first what says that this process is at work."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-write")
        self._waiting: deque[_Wish] = deque()
        self._first: deque[_Wish] = deque()
        self.failed: str | None = None
        """Why the last change could not be recorded; None since one could."""
        self.committed: Callable[[Sequence[Task]], None] = lambda _: None
        """Told, in its loop, of the tasks that a commit leased to this process."""

    async def write(self, work: Work[T], *, first: bool = False) -> T:
        """Do it in a transaction, before all that waits where it goes `first`; hand the tasks it leased to the worker.

        A caller who waits no longer (a listener's two seconds) undoes nothing that is under way: it is committed, and
        the thread itself hands its tasks over. What had not begun by then is dropped.

        Raises LedgerAway, and what the work raises: then nothing of it was written.
        """
        wish = _Wish(work, Future(), asyncio.get_running_loop())
        (self._first if first else self._waiting).append(wish)
        try:
            self._thread.submit(self._turn)
        except RuntimeError as error:  # it was shut down
            raise LedgerAway("The ledger is closed.") from error
        found: T = await asyncio.wrap_future(wish.promised)
        return found

    def _turn(self) -> None:
        first = self._next()
        if first is None:
            return
        begun = [first]
        try:
            outcomes = self._together(begun)
        except LedgerAway as away:
            self._away(begun, away)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's
            if len(begun) == 1 and not isinstance(error, Stale):
                first.promised.set_exception(error)
                return
            for wish in begun:
                self._alone(wish)
        else:
            for wish, outcome in zip(begun, outcomes, strict=True):
                self._done(wish, outcome)

    def _next(self) -> _Wish | None:
        while waiting := self._first or self._waiting:
            wish = waiting.popleft()
            if wish.promised.set_running_or_notify_cancel():
                return wish
        return None

    def _together(self, begun: list[_Wish]) -> list[tuple[Any, Sequence[Task]]]:
        """Do what was begun and what waits, all or nothing; each sees what those before it wrote."""
        with self._database.transaction() as connection:
            until = time.monotonic() + TOGETHER
            outcomes = [begun[0].work(connection)]
            while time.monotonic() < until and (wish := self._next()) is not None:
                begun.append(wish)
                outcomes.append(wish.work(connection))
        return outcomes

    def _alone(self, wish: _Wish) -> None:
        """Do it once more in a transaction of its own, again when another writer came first."""
        try:
            self._done(wish, self._attempt(wish.work))
        except LedgerAway as away:
            self._away([wish], away)
        except BaseException as error:  # noqa: BLE001 - as above
            wish.promised.set_exception(error)

    def _attempt(self, work: Work[T]) -> tuple[T, Sequence[Task]]:
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(Stale), self._database.transaction() as connection:
                return work(connection)
        raise LedgerAway("Others changed the same record five times in a row; try again.")

    def _done(self, wish: _Wish, outcome: tuple[Any, Sequence[Task]]) -> None:
        self.failed = None
        answer, leased = outcome
        if leased:
            with contextlib.suppress(RuntimeError):  # the loop has ended: the next start takes them back
                wish.loop.call_soon_threadsafe(self.committed, leased)
        wish.promised.set_result(answer)

    def _away(self, begun: Sequence[_Wish], away: LedgerAway) -> None:
        self.failed = str(away)
        for wish in begun:
            wish.promised.set_exception(LedgerAway(str(away)))

    def close(self) -> None:
        """Wait for what is being written."""
        self._thread.shutdown(wait=True)
