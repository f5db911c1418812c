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
"""What it answers, and the tasks that it leased to this process. It may be done again from the start: where another
writer came first, and where somebody else's work in the same transaction raised."""
ATTEMPTS = 5
"""How often a rule is asked again when another writer came first."""
TOGETHER = 0.02
"""Seconds in which a transaction takes up what waits: the first of it waits for its commit so much longer at least."""


SICK_FOR = 30.0
"""Seconds for which a change that could not be recorded says that none can, unless another is."""


@dataclass(frozen=True, slots=True)
class _Wish:
    work: Work[Any]
    promised: Future[Any]
    loop: asyncio.AbstractEventLoop
    counts: bool
    """Whether it says anything of other changes: one row written over takes no room."""


class _Failed(Exception):
    """One of several works raised, which is its own affair; `place` says which."""

    def __init__(self, place: int) -> None:
        self.place = place


class Writer:
    """Writes in the order in which it was asked, but first what says that this process is at work."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-write")
        self._waiting: deque[_Wish] = deque()
        self._first: deque[_Wish] = deque()
        self._sick: tuple[str, float] | None = None
        self.committed: Callable[[Any, Sequence[Task]], None] = lambda *_: None
        """Told, in its loop, of what a work answered once it is committed, and of the tasks leased to this process."""

    @property
    def failed(self) -> str | None:
        """Why the last change could not be recorded; None since one could, or when that is long ago."""
        sick = self._sick
        return sick[0] if sick is not None and time.monotonic() - sick[1] < SICK_FOR else None

    async def write(self, work: Work[T], *, first: bool = False, counts: bool = True) -> T:
        """Do it in a transaction, before all that waits where it goes `first`; hand the tasks it leased to the worker.

        A caller who waits no longer (a listener's two seconds) undoes nothing that is under way: it is committed, and
        the thread itself hands its tasks over. What had not begun by then is dropped.

        Raises LedgerAway, and what the work raises: then nothing of it was written.
        """
        wish = _Wish(work, Future(), asyncio.get_running_loop(), counts)
        (self._first if first else self._waiting).append(wish)
        try:
            self._thread.submit(self._turn)
        except RuntimeError as error:  # it was shut down
            if wish.promised.cancel():  # else the thread, at its last, has begun it already
                raise LedgerAway("The ledger is closed.") from error
        found: T = await asyncio.wrap_future(wish.promised)
        return found

    def _turn(self) -> None:
        if (first := self._next()) is not None:
            self._do([first], joined=True)

    def _next(self) -> _Wish | None:
        while waiting := self._first or self._waiting:
            wish = waiting.popleft()
            if wish.promised.set_running_or_notify_cancel():
                return wish
        return None

    def _do(self, begun: list[_Wish], *, joined: bool = False) -> None:
        """Do them, and what waits where that is `joined`, in one transaction: all or nothing."""
        try:
            outcomes = self._together(begun, joined=joined)
        except _Failed as failed:
            self._apart(begun, failed.place)
        except LedgerAway as away:
            self._away(begun, away)
        except Stale:
            for wish in begun:
                self._insist(wish)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the callers'
            for wish in begun:
                wish.promised.set_exception(error)
        else:
            for wish, outcome in zip(begun, outcomes, strict=True):
                self._done(wish, outcome)

    def _apart(self, begun: list[_Wish], place: int) -> None:
        """One of several raised: those before it, it and those behind it are done again, each part by itself."""
        for part in (begun[:place], begun[place : place + 1], begun[place + 1 :]):
            while self._first and (urgent := self._next()) is not None:
                self._do([urgent])
            if part:
                self._do(part)

    def _together(self, begun: list[_Wish], *, joined: bool) -> list[tuple[Any, Sequence[Task]]]:
        """Each sees what those before it wrote. Raises _Failed where one of several raised, else what was raised."""
        outcomes: list[tuple[Any, Sequence[Task]]] = []
        with self._database.transaction(records=lambda: self._says_of_others(begun)) as connection:
            until = time.monotonic() + TOGETHER
            while len(outcomes) < len(begun):
                try:
                    outcomes.append(begun[len(outcomes)].work(connection))
                except BaseException as error:
                    if len(begun) == 1:
                        raise
                    raise _Failed(len(outcomes)) from error
                if joined and time.monotonic() < until and (wish := self._next()) is not None:
                    begun.append(wish)
        return outcomes

    def _says_of_others(self, done: Sequence[_Wish]) -> bool:
        """Whether it is known by these that a change can be recorded."""
        return self.failed is None or any(wish.counts for wish in done)

    def _insist(self, wish: _Wish) -> None:
        """Do it again where another writer came first."""
        for _ in range(ATTEMPTS - 1):
            try:
                with self._database.transaction(records=lambda: self._says_of_others([wish])) as connection:
                    outcome = wish.work(connection)
            except Stale:
                continue
            except LedgerAway as away:
                self._away([wish], away)
            except BaseException as error:  # noqa: BLE001 - as above
                wish.promised.set_exception(error)
            else:
                self._done(wish, outcome)
            return
        wish.promised.set_exception(LedgerAway("Others changed the same record five times in a row; try again."))

    def _done(self, wish: _Wish, outcome: tuple[Any, Sequence[Task]]) -> None:
        if wish.counts:
            self._sick = None
        answer, leased = outcome
        if leased or answer is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: the next start takes them back
                wish.loop.call_soon_threadsafe(self.committed, answer, leased)
        wish.promised.set_result(answer)

    def _away(self, begun: Sequence[_Wish], away: LedgerAway) -> None:
        if any(wish.counts for wish in begun):
            self._sick = (str(away), time.monotonic())
        for wish in begun:
            wish.promised.set_exception(LedgerAway(str(away)))

    def close(self) -> None:
        """Wait for what is being written."""
        self._thread.shutdown(wait=True)
