"""Where connections come in: so many at once, and what they send at such a pace that a flood holds nothing else up.

One loop does everything here. It lets in one connection and hands on few requests at a turn, so that whatever else is
due, the guard above all, has its turn between them. What is more than can wait is told so at once, unread.
docs/decisions/0017-the-door-is-paced-not-apart.md
"""

import asyncio
import contextlib
import logging
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp.web import RequestHandler

log = logging.getLogger(__name__)

BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Retry-After: 1\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy"
)
"""Slack sends an event again after it, and tells a person that it did not work."""
ONE = 8192
"""Bytes that count as one request: a click on a card brings some six thousand, and a read may bring many requests."""
MOST_HELD = 1 << 18
"""Bytes that one connection may have waiting: as many as one read brings. No request of Slack's is as long."""
BACKLOG = 1024
"""Connections that the kernel keeps until they are let in."""
AGAIN = 0.05
"""Seconds until a connection is let in after there was none to be had: this process has too many files open."""


@dataclass
class Pace:
    """So many a second, and so many at once where there were less of late."""

    a_second: float
    at_once: float
    _left: float = field(init=False)
    _at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._left = self.at_once

    def take(self, cost: float = 1) -> bool:
        """Whether there is one left; what costs more is paid for by those who come next."""
        now = time.monotonic()
        self._left, self._at = min(self.at_once, self._left + (now - self._at) * self.a_second), now
        if self._left < 1:
            return False
        self._left -= cost
        return True


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much comes in. What is within `at_once` of a pace is not held up at all: Slack's own bursts are."""

    connections: int = 256
    """At once; the newest closes the oldest. Far below the files that a process may open."""
    waiting: int = 64
    """Connections whose bytes wait for their turn; of more each is told `BUSY`."""
    looks_every: float = 0.01
    """Seconds until those that wait are looked at again."""
    let_in: float = 1000
    """A second, one at a turn of the loop."""
    requests: float = 400
    """A second: what the door may take of a processor, some half a millisecond each."""
    burst: float = 200
    health: float = 50
    """Of those who ask how the process is: they have a pace of their own, for whoever restarts it asks there."""


class Turnstile:
    """Listens, and lets in. `serving` makes the protocol that answers a connection."""

    def __init__(self, serving: Callable[[], RequestHandler], bounds: Bounds | None = None) -> None:
        self._serving = serving
        self.bounds = bounds or Bounds()
        self._requests = Pace(self.bounds.requests, self.bounds.burst)
        self._health = Pace(self.bounds.health, self.bounds.health)
        self._accepts = Pace(self.bounds.let_in, self.bounds.let_in)
        self._waiting: deque[Turn] = deque()
        self._inside: dict[Turn, None] = {}
        self._listening: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._looking: asyncio.TimerHandle | None = None

    async def open(self, host: str, port: int) -> int:
        """Listen there; the port. Raises OSError."""
        loop = asyncio.get_running_loop()
        for family, *_, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            listening = socket.create_server(address[:2], family=family, backlog=BACKLOG)
            listening.setblocking(False)
            self._listening.append(listening)
        self._accepting = [asyncio.create_task(self._accept(each), name="door") for each in self._listening]
        found: int = self._listening[0].getsockname()[1]
        return found

    async def close(self) -> None:
        """Let nobody in any more; who is inside is the server's to end."""
        for accepting in self._accepting:
            accepting.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        for listening in self._listening:
            listening.close()
        if self._looking is not None:
            self._looking.cancel()

    async def _accept(self, listening: socket.socket) -> None:
        """One connection at a turn of the loop; those not let in yet wait in the kernel, at no cost."""
        loop = asyncio.get_running_loop()
        while True:
            while not self._accepts.take():  # noqa: ASYNC110 - it is time that is waited for
                await asyncio.sleep(self.bounds.looks_every)
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError as error:
                log.warning("nobody is let in for a moment: %s", error.strerror)
                await asyncio.sleep(AGAIN)
                continue
            if len(self._inside) >= self.bounds.connections:
                next(iter(self._inside)).end()
            with contextlib.suppress(OSError):
                await loop.connect_accepted_socket(lambda: Turn(self, self._serving()), connection)

    def entered(self, turn: "Turn") -> None:
        self._inside[turn] = None

    def left(self, turn: "Turn") -> None:
        self._inside.pop(turn, None)
        with contextlib.suppress(ValueError):
            self._waiting.remove(turn)

    def goes_on(self, data: bytes) -> bool:
        """Whether what came is handed on now."""
        if data.startswith(b"GET ") and self._health.take():
            return True
        return not self._waiting and self._requests.take(_cost(data))

    def waits(self, turn: "Turn") -> bool:
        """Whether there is room to wait."""
        if len(self._waiting) >= self.bounds.waiting:
            return False
        self._waiting.append(turn)
        if self._looking is None:
            self._look_soon()
        return True

    def _look_soon(self) -> None:
        self._looking = asyncio.get_running_loop().call_later(self.bounds.looks_every, self._look)

    def _look(self) -> None:
        """Those who have waited longest go on, as many as the pace allows by now."""
        self._looking = None
        while self._waiting and self._requests.take(self._waiting[0].cost):
            self._waiting.popleft().go_on()
        if self._waiting:
            self._look_soon()


class Turn(asyncio.Protocol):
    """One connection: the server's protocol, which is handed what came when it is its turn."""

    def __init__(self, door: Turnstile, handler: RequestHandler) -> None:
        self._door = door
        self._handler = handler
        self._held = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._door.entered(self)
        self._handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._held and self._door.goes_on(data):
            self._handler.data_received(data)
        elif len(self._held) + len(data) <= MOST_HELD and (self._held or self._door.waits(self)):
            self._held += data
            self._transport.pause_reading()  # also where it was: the server reads on when it has answered what it has
        else:
            self._transport.write(BUSY)
            self.end()

    @property
    def cost(self) -> float:
        return _cost(self._held)

    def go_on(self) -> None:
        held, self._held = bytes(self._held), bytearray()
        self._handler.data_received(held)
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def end(self) -> None:
        """Close it as it stands: what was written is sent, what was asked is not answered."""
        self._door.left(self)
        self._transport.close()

    def eof_received(self) -> None:
        self._handler.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._door.left(self)
        self._handler.connection_lost(exc)

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()


def _cost(data: bytes | bytearray) -> float:
    return max(1, len(data) / ONE)
