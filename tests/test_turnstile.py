"""The door's bounds, with raw connections and a server that answers each request in a word."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from aiohttp import web

from bot.turnstile import Bounds, Turnstile

POST = b"POST / HTTP/1.1\r\nHost: door\r\nContent-Length: 2\r\n\r\nhi"
HEAD = b"POST / HTTP/1.1\r\nHost: door\r\nContent-Length: 2\r\n\r\n"
LOOK = b"GET /healthz HTTP/1.1\r\nHost: door\r\n\r\n"
CALM = Bounds()
NARROW = Bounds(requests=100, burst=2, waiting=3, health=5)
Say = Callable[[bytes], Awaitable["Line"]]


class Line:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def status(self) -> int:
        """Of the next answer; 0 where the connection ended without."""
        async with asyncio.timeout(5):
            try:
                head = await self._reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return 0
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            await self._reader.readexactly(length)
            return int(head.split()[1])

    async def ended(self) -> bool:
        async with asyncio.timeout(5):
            return not await self._reader.read()

    async def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def door(bounds: Bounds) -> AsyncIterator[Say]:
    """Say something over a new connection."""

    async def answer(request: web.Request) -> web.Response:
        await request.content.read()
        return web.Response(text="heard")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    assert runner.server is not None
    turnstile = Turnstile(runner.server, bounds)
    port, lines = await turnstile.open("127.0.0.1", 0), []

    async def say(data: bytes) -> Line:
        line = Line(*await asyncio.open_connection("127.0.0.1", port))
        line.send(data)
        lines.append(line)
        return line

    try:
        yield say
    finally:
        for line in lines:
            await line.close()
        await turnstile.close()
        await runner.cleanup()
        await asyncio.sleep(0.01)  # in which the transports close


async def test_within_the_bounds_everybody_is_answered_at_once() -> None:
    async with door(CALM) as say:
        began = time.monotonic()
        lines = [await say(POST) for _ in range(50)]
        assert [await line.status() for line in lines] == [200] * 50
        assert time.monotonic() - began < 1


async def test_a_connection_is_kept_for_the_next_request() -> None:
    async with door(CALM) as say:
        line = await say(POST)
        assert await line.status() == 200
        line.send(POST)
        assert await line.status() == 200


async def test_beyond_the_pace_requests_wait_for_their_turn_and_are_answered_then() -> None:
    async with door(replace(NARROW, waiting=30)) as say:
        began = time.monotonic()
        lines = [await say(POST) for _ in range(22)]
        assert [await line.status() for line in lines] == [200] * 22
        assert time.monotonic() - began > 0.15, "twenty more than the burst, a hundred a second"


async def test_what_cannot_wait_is_told_so_unread_and_its_connection_ends() -> None:
    async with door(replace(NARROW, requests=0.001)) as say:
        lines = [await say(POST) for _ in range(2)]
        assert [await line.status() for line in lines] == [200] * 2
        for _ in range(3):
            await say(POST)
        refused = await say(HEAD)
        assert await refused.status() == 503
        assert await refused.ended()


async def test_who_goes_on_sending_while_it_waits_is_let_go() -> None:
    """The server resumes the reading of what it has room for; whose turn it is, it does not know."""
    head = b"POST / HTTP/1.1\r\nHost: door\r\nContent-Length: 100000000\r\n\r\n"
    async with door(replace(NARROW, requests=0.001)) as say:
        line = await say(head + b"x" * 1000)
        for _ in range(100):
            line.send(b"x" * 500_000)
            await asyncio.sleep(0.001)
        assert await line.status() in {0, 503}


async def test_requests_behind_each_other_on_one_connection_count_each() -> None:
    big = b"POST / HTTP/1.1\r\nHost: door\r\nContent-Length: 6000\r\n\r\n" + b"x" * 6000
    async with door(NARROW) as say:
        began = time.monotonic()
        line = await say(big * 60)
        assert [await line.status() for _ in range(60)] == [200] * 60
        assert await (await say(POST)).status() == 200
        assert time.monotonic() - began > 0.3, "what came in one read is paid for by who comes next"


async def test_who_asks_how_it_is_doing_is_answered_while_others_wait() -> None:
    async with door(replace(NARROW, requests=0.001)) as say:
        for _ in range(5):
            await say(POST)
        assert await (await say(LOOK)).status() == 200


async def test_who_asks_that_too_often_waits_like_the_others() -> None:
    async with door(replace(NARROW, requests=0.001, health=0.001, burst=0)) as say:
        for _ in range(3):
            await say(LOOK)
        assert await (await say(LOOK)).status() == 503


async def test_the_newest_connection_closes_the_oldest_where_there_are_too_many() -> None:
    async with door(replace(CALM, connections=3)) as say:
        oldest, *others = [await say(HEAD) for _ in range(3)]
        newest = await say(POST)
        assert await newest.status() == 200
        assert await oldest.ended()
        others[0].send(b"hi")
        assert await others[0].status() == 200
