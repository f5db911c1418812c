"""Work that outlives the call that began it, all of it known and ended by the stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_GRACE = 0.1  # seconds in which those who hang may answer
_Result = TypeVar("_Result")


class Background:
    """The tasks of one mock platform."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = asyncio.Event()

    def begin(self, work: Coroutine[Any, Any, _Result]) -> asyncio.Task[_Result]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def hang(self, seconds: float) -> bool:
        """Wait; return whether the whole time passed, and not the platform stopped."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return True
        return False

    async def end(self) -> None:
        self._stopping.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
