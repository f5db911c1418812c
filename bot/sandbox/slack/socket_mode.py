"""Socket Mode: sockets that the bot opens, envelopes down, acknowledgements up."""

import asyncio
import json
import secrets
import uuid

from aiohttp import WSMsgType, web

from bot.sandbox.slack.changes import ChangeLog
from bot.sandbox.slack.records import Json

MOST_CONNECTIONS = 10
CLOSE_WITHIN = 0.2  # seconds for the other side's close frame


class Sockets:
    """The connections of one app; an envelope goes to one of them, in turn."""

    def __init__(self, changes: ChangeLog, app_id: str) -> None:
        self._changes = changes
        self._app_id = app_id
        self._tickets: set[str] = set()
        self._connections: list[web.WebSocketResponse] = []
        self._acks: dict[str, asyncio.Future[Json | None]] = {}
        self._turn = 0
        self.address = ""  # of the stand-in, ws://…

    @property
    def connected(self) -> int:
        return len(self._connections)

    def open(self) -> str:
        """An address for one connection, for `apps.connections.open`."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return f"{self.address}/link/?ticket={ticket}&app_id={self._app_id}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404, text="no such ticket")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(timeout=CLOSE_WITHIN, heartbeat=30)
        await socket.prepare(request)
        if len(self._connections) >= MOST_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        await self._serve(socket)
        return socket

    async def _serve(self, socket: web.WebSocketResponse) -> None:
        self._connections.append(socket)
        info = {"host": "sandbox", "approximate_connection_time": 18060}
        hello = {"type": "hello", "num_connections": self.connected, "debug_info": info}
        try:
            await socket.send_json({**hello, "connection_info": {"app_id": self._app_id}})
            self._changes.append("socket", {"connected": self.connected})
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._acknowledged(message.data)
        finally:
            self._connections.remove(socket)
            self._changes.append("socket", {"connected": self.connected})

    def _acknowledged(self, text: str) -> None:
        try:
            ack = json.loads(text)
        except ValueError:
            return
        future = self._acks.get(str(ack.get("envelope_id"))) if isinstance(ack, dict) else None
        if future is not None and not future.done():
            future.set_result(ack.get("payload"))

    @staticmethod
    def envelope(kind: str, payload: Json) -> Json:
        wrapped: Json = {"envelope_id": str(uuid.uuid4()), "type": kind, "payload": payload}
        if kind == "events_api":
            return {**wrapped, "accepts_response_payload": False, "retry_attempt": 0, "retry_reason": ""}
        return {**wrapped, "accepts_response_payload": True}

    async def send(self, envelope: Json, within: float) -> Json | None:
        """The acknowledgement's payload. Raises TimeoutError, or ConnectionError when no socket is left."""
        if not self._connections:
            raise ConnectionError("no socket is connected")
        self._turn += 1
        socket = self._connections[self._turn % len(self._connections)]
        future: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self._acks[envelope["envelope_id"]] = future
        try:
            await socket.send_json(envelope)
            return await asyncio.wait_for(future, within)
        finally:
            self._acks.pop(envelope["envelope_id"], None)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to come back on a new socket, as Slack does now and then, and close it."""
        for socket in list(self._connections):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
            await socket.close()

    async def stop(self) -> None:
        await asyncio.gather(*(socket.close() for socket in list(self._connections)))
