"""Sends forged requests as fast as this machine can, in a process of its own, until its standard input ends.

`kept`: over connections that are kept, each request as soon as the last was answered. `new`: a connection a request.
`deaf`: over kept connections, one behind the other, whatever is answered. `held`: headers alone, and the body never.
Prints `ready`, and at the end one line of JSON: how often each status was answered, and how often a connection ended
without.
"""

import asyncio
import hmac
import json
import sys
import time
from collections import Counter
from hashlib import sha256
from urllib.parse import urlsplit

BODY = b"payload=%7B%22type%22%3A%22block_actions%22%7D&pad=" + b"x" * 6000
"""As long as a click on a card."""
BEHIND_EACH_OTHER = 16
AGAIN = 0.01
"""Seconds until a connection that could not be made is tried again."""
MODES = ("kept", "new", "deaf", "held")
said: Counter[str] = Counter()


def forged(host: str, path: str) -> bytes:
    """All is right with it but the secret."""
    at = str(int(time.time()))
    signature = hmac.new(b"another", b"v0:" + at.encode() + b":" + BODY, sha256).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(BODY)}\r\nX-Slack-Request-Timestamp: {at}\r\nX-Slack-Signature: v0={signature}\r\n\r\n"
    )
    return head.encode() + BODY


class Sender(asyncio.Protocol):
    """One connection; a status may be told in the pieces of two reads, which are then counted as one."""

    def __init__(self, mode: str, request: bytes) -> None:
        self._mode, self._request = mode, request
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._mode == "held":
            transport.write(self._request.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        elif self._mode == "deaf":
            self._blast()
        else:
            transport.write(self._request)

    def _blast(self) -> None:
        if not self._paused and not self.ended.done():
            self._transport.write(self._request * BEHIND_EACH_OTHER)
            asyncio.get_running_loop().call_soon(self._blast)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._mode == "deaf":
            self._blast()

    def data_received(self, data: bytes) -> None:
        for piece in data.split(b"HTTP/1.1 ")[1:]:
            said[piece[:3].decode()] += 1
        if self._mode == "new":
            self._transport.close()
        elif self._mode == "kept":
            self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        said["ended" if exc is None else "broken"] += 1
        if not self.ended.done():
            self.ended.set_result(None)


async def keep_on(mode: str, host: str, port: int, path: str) -> None:
    while True:
        request = forged(f"{host}:{port}", path)
        try:
            _, sender = await asyncio.get_running_loop().create_connection(lambda: Sender(mode, request), host, port)  # noqa: B023 - made at once
            await sender.ended
        except OSError:
            said["not let in"] += 1
            await asyncio.sleep(AGAIN)


async def main(url: str, mode: str, connections: int) -> None:
    where = urlsplit(url)
    assert where.hostname is not None
    assert where.port is not None
    senders = [asyncio.create_task(keep_on(mode, where.hostname, where.port, where.path)) for _ in range(connections)]
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for sender in senders:
        sender.cancel()
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
