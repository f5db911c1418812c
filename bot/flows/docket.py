"""What waits to be decided, taken up together: what came while one transaction ran is in the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.core.errors import CountersignError

T = TypeVar("T")
R = TypeVar("R")

MOST = 32
"""Taken up at once: what is protected never waits for more than these."""
Decide = Callable[[Sequence[T]], Awaitable[Sequence[R]]]


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[T, R]):
    item: T
    about: str
    answered: asyncio.Future[R]


class Docket(Generic[T, R]):
    """Two lines, of which one comes first. One at a time costs nothing; many share the price of a transaction."""

    def __init__(self) -> None:
        self._lines: tuple[deque[_Waiting[T, R]], deque[_Waiting[T, R]]] = (deque(), deque())
        self._working: asyncio.Task[None] | None = None

    async def put(self, item: T, decide: Decide[T, R], *, about: str, first: bool) -> R:
        """Decide of the item; no two about the same are decided together. Raises what `decide` raises for it."""
        waiting: _Waiting[T, R] = _Waiting(item, about, asyncio.get_running_loop().create_future())
        self._lines[0 if first else 1].append(waiting)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(decide), name="docket")
        return await waiting.answered

    async def _work(self, decide: Decide[T, R]) -> None:
        while batch := self._next():
            try:
                answers = await decide([waiting.item for waiting in batch])
            except CountersignError as error:
                for waiting in batch:
                    _fail(waiting, error)
                continue
            except Exception as error:  # noqa: BLE001 - it is given to whoever asked
                await self._each(batch, decide, error)
                continue
            for waiting, answer in zip(batch, answers, strict=True):
                if not waiting.answered.done():
                    waiting.answered.set_result(answer)

    async def _each(self, batch: Sequence[_Waiting[T, R]], decide: Decide[T, R], error: Exception) -> None:
        """One that nobody foresaw must not hold up the others: they are decided one by one."""
        for waiting in batch:
            try:
                answers = await decide([waiting.item]) if len(batch) > 1 else None
            except Exception as own:  # noqa: BLE001 - as above
                answers, error = None, own
            if answers is None:
                _fail(waiting, error)
            elif not waiting.answered.done():
                waiting.answered.set_result(answers[0])

    def _next(self) -> list[_Waiting[T, R]]:
        batch: dict[str, _Waiting[T, R]] = {}
        for line in self._lines:
            kept: list[_Waiting[T, R]] = []
            while line and len(batch) < MOST:
                waiting = line.popleft()
                if waiting.about in batch:
                    kept.append(waiting)
                else:
                    batch[waiting.about] = waiting
            line.extendleft(reversed(kept))
        return list(batch.values())


def _fail(waiting: _Waiting[T, R], error: Exception) -> None:
    if not waiting.answered.done():
        waiting.answered.set_exception(error)
