"""The door in front of Bolt: length, timestamp, signature, replay; every bad request gets the same plain 401.

It looks at the raw bytes. Nothing of a request that does not pass is parsed, logged or stored.
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qs

from aiohttp import web

from bot.ports import Clock, Ledger
from bot.slack.door import Door, Replays

BODY_LIMIT = 1_000_000
"""Bytes; four times the largest view that Slack holds (250 KB), for it comes percent-encoded."""
BODY_WITHIN = 5.0
"""Seconds in which the body must be here."""
IN_FLIGHT = 200
"""Requests that are being answered at once; Slack waits three seconds for each."""
OLDEST, NEWEST = -300, 60
"""Seconds around now in which a timestamp is believed: Slack's five minutes, and a minute for clocks that differ."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Bolt answers."""

    status: int
    body: str
    headers: dict[str, str]


Dispatch = Callable[[str, dict[str, str], Door], Awaitable[Answer]]


class Gate:
    """`POST /slack/events`. `secrets` are tried in order, the new one first during a rotation."""

    def __init__(
        self,
        *,
        secrets: Sequence[str],
        ledger: Ledger,
        clock: Clock,
        dispatch: Dispatch,
        body_within: float = BODY_WITHIN,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        self._secrets = tuple(secret.encode() for secret in secrets)
        self._replays = Replays(ledger, clock)
        self._clock = clock
        self._dispatch = dispatch
        self._body_within = body_within
        self._room = in_flight

    async def handle(self, request: web.Request) -> web.Response:
        """Answer it; where too many are being answered already, that.

        Who has not sent all of it takes no room: the door bounds the connections, and the newest closes the oldest.
        """
        body = await self._body(request)
        if body is None:
            return _refused()
        signature = _only(request, "X-Slack-Signature")
        if not self._signed(body, _only(request, "X-Slack-Request-Timestamp"), signature):
            return _refused()
        text = _readable(body, request.content_type)
        if text is None:
            return _refused()
        door = self._replays.door(f"signature:{signature}")
        if not self._replays.enters(door):
            return _refused()
        try:
            return await self._with_room(text, dict(request.headers), door)
        finally:
            self._replays.leaves(door)

    async def _with_room(self, text: str, headers: dict[str, str], door: Door) -> web.Response:
        if not self._room:
            busy = web.Response(status=503, text="busy", headers={"Retry-After": "1"})
            busy.force_close()
            return busy
        self._room -= 1
        try:
            return await self._pass(text, headers, door)
        finally:
            self._room += 1

    async def _body(self, request: web.Request) -> bytes | None:
        """The raw bytes, or None where they are too many or too slow."""
        if request.content_length is not None and request.content_length > BODY_LIMIT:
            return None
        chunks, size = [], 0
        try:
            async with asyncio.timeout(self._body_within):
                async for chunk in request.content.iter_chunked(65_536):
                    size += len(chunk)
                    if size > BODY_LIMIT:
                        return None
                    chunks.append(chunk)
        except (TimeoutError, ConnectionError, web.HTTPException, ValueError):
            return None
        return b"".join(chunks)

    def _signed(self, body: bytes, timestamp: str, signature: str) -> bool:
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):  # noqa: PLR2004 - year 33658
            return False
        age = int(timestamp) - self._clock.now().timestamp()
        if not OLDEST <= age <= NEWEST:
            return False
        base = b"v0:" + timestamp.encode() + b":" + body
        given = signature.encode(errors="replace")
        fits = [
            hmac.compare_digest(b"v0=" + hmac.new(s, base, sha256).hexdigest().encode(), given) for s in self._secrets
        ]
        return any(fits)

    async def _pass(self, text: str, headers: dict[str, str], door: Door) -> web.Response:
        """Let it through to Bolt unless it came before; a request without an effect leaves its key alone."""
        if await self._replays.came_before(door):
            return _refused()
        answer = await self._dispatch(text, headers, door)
        if await self._replays.keep(door):
            return _refused()
        return web.Response(status=answer.status, text=answer.body, headers=answer.headers)


def _only(request: web.Request, name: str) -> str:
    """The header's value; nothing where it is not there, or there more than once, so that nobody can mean the other."""
    values = request.headers.getall(name, [])
    return values[0] if len(values) == 1 else ""


def _readable(body: bytes, content_type: str) -> str | None:
    """The text, if Bolt can parse it: a form with JSON in `payload`, or JSON."""
    try:
        text = body.decode()
        if content_type == "application/json":
            return text if isinstance(json.loads(text), dict) else None
        if content_type != "application/x-www-form-urlencoded":
            return None
        payload = parse_qs(text, keep_blank_values=True, max_num_fields=100).get("payload")
        return text if payload is None or isinstance(json.loads(payload[0]), dict) else None
    except (ValueError, RecursionError):
        return None


def _refused() -> web.Response:
    return web.Response(status=401, text="unauthorized")
