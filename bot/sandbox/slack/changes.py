"""The one log of everything that happens in a workspace; whoever waits is woken by it, never by the clock."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Found = TypeVar("Found")
KEPT = 50_000  # changes; an older reader starts again from the state


@dataclass(frozen=True, kw_only=True)
class Change:
    """`seq` counts from 1 without a gap; `data` is JSON."""

    seq: int
    kind: str
    data: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {"seq": self.seq, "kind": self.kind, "data": self.data}


class ChangeLog:
    """Appended to by the workspace, followed by tests, the control face and the page."""

    def __init__(self) -> None:
        self._kept: deque[Change] = deque(maxlen=KEPT)
        self._waiting: set[asyncio.Future[None]] = set()
        self.seq = 0

    def append(self, kind: str, data: dict[str, Any]) -> Change:
        self.seq += 1
        change = Change(seq=self.seq, kind=kind, data=data)
        self._kept.append(change)
        self.wake()
        return change

    def wake(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def after(self, seq: int) -> list[Change]:
        behind = self.seq - seq
        if behind <= 0:
            return []
        return list(self._kept)[-behind:]

    async def next(self) -> None:
        """Return at the next change (or when the workspace stops)."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)

    async def wait_for(self, look: Callable[[], Found | None], within: float, what: str) -> Found:
        """Whatever `look` finds, as soon as it finds it. Raises TimeoutError naming `what` after `within` seconds."""
        try:
            async with asyncio.timeout(within):
                while not (found := look()):
                    await self.next()
        except TimeoutError:
            raise TimeoutError(f"{what}: not within {within} s") from None
        return found
