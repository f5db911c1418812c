"""Something that takes long to find out and may be a little old."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")

KEPT_FOR = 60.0
"""Seconds."""


class Kept(Generic[T]):
    """The last answer: of all who ask for the same at once, one finds it out and the others wait for it."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._last: tuple[Hashable, float, T] | None = None

    async def get(self, about: Hashable, find: Callable[[], Awaitable[T]], *, monotonic: Callable[[], float]) -> T:
        """The answer of the last minute, or a new one."""
        async with self._lock:
            if self._last is not None:
                known, since, answer = self._last
                if known == about and monotonic() - since < KEPT_FOR:
                    return answer
            answer = await find()
            self._last = (about, monotonic(), answer)
            return answer
