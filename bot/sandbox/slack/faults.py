"""A switch for what goes wrong between a bot and Slack's Web API."""

import asyncio
import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(kw_only=True)
class Fault:
    """One kind of trouble for one method (`*` is every method).

    `status` and `error` answer instead of Slack; `drop` closes the connection without an answer; `hang` keeps silent
    for so many seconds and then drops it; `delay` is slow and otherwise well. With `after` the call is carried out
    first and its answer is lost. `times` of None is for ever; `match` narrows by arguments of the call.
    """

    method: str = "*"
    status: int | None = None
    error: str | None = None
    retry_after: float | None = None
    drop: bool = False
    hang: float | None = None
    delay: float = 0.0
    after: bool = False
    times: int | None = 1
    match: dict[str, Any] = field(default_factory=dict)
    hits: int = 0

    def meets(self, method: str, args: dict[str, Any]) -> bool:
        if self.times is not None and self.hits >= self.times:
            return False
        named = self.method in {"*", method}
        return named and all(args.get(name) == value for name, value in self.match.items())

    @property
    def answers(self) -> bool:
        """Whether the bot gets something other than Slack's own answer."""
        return self.drop or self.hang is not None or self.status is not None or self.error is not None


class Faults:
    """The faults now switched on, the oldest first."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self._faults: list[Fault] = []

    def add(
        self,
        method: str = "*",
        *,
        status: int | None = None,
        error: str | None = None,
        retry_after: float | None = None,
        drop: bool = False,
        hang: float | bool | None = None,
        delay: float = 0.0,
        after: bool = False,
        times: int | None = 1,
        match: dict[str, Any] | None = None,
    ) -> Fault:
        """Switch a fault on. `hang=True` is silence until the workspace stops; 429 is `ratelimited`."""
        fault = Fault(
            method=method,
            status=status,
            error=error,
            retry_after=retry_after,
            drop=drop,
            hang=math.inf if hang is True else (None if hang is False else hang),
            delay=delay,
            after=after,
            times=times,
            match=match or {},
        )
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        self._faults.clear()

    def take(self, method: str, args: dict[str, Any]) -> Fault | None:
        """The fault that this call meets, counted as met."""
        fault = next((fault for fault in self._faults if fault.meets(method, args)), None)
        if fault is not None:
            fault.hits += 1
        return fault

    async def around(
        self, request: web.Request, method: str, args: dict[str, Any], do: Callable[[], web.Response]
    ) -> web.StreamResponse:
        """Carry a call out, or let it meet its fault."""
        fault = self.take(method, args)
        if fault is None:
            return do()
        await self._sleep(fault.delay)
        if fault.answers and not fault.after:
            return await self._fail(request, fault)
        response = do()
        return await self._fail(request, fault) if fault.answers else response

    async def _fail(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.hang is not None:
            await self._sleep(fault.hang)
        if fault.drop or (fault.hang is not None and fault.status is None and fault.error is None):
            return await dropped(request)
        if fault.status == web.HTTPTooManyRequests.status_code:
            return too_fast(1 if fault.retry_after is None else fault.retry_after)
        if fault.error is not None:
            return web.json_response({"ok": False, "error": fault.error}, status=fault.status or 200)
        return web.Response(status=fault.status or 500, text="sandbox fault", content_type="text/html")

    async def _sleep(self, seconds: float) -> None:
        """Pause, but never longer than the workspace lives."""
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), None if math.isinf(seconds) else seconds)

    def as_json(self) -> list[dict[str, Any]]:
        return [{**vars(fault), "hang": None if fault.hang == math.inf else fault.hang} for fault in self._faults]


async def dropped(request: web.Request) -> web.StreamResponse:
    """Close the connection in the middle of the exchange."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def too_fast(seconds: float) -> web.Response:
    headers = {"Retry-After": str(max(0, math.ceil(seconds)))}
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
