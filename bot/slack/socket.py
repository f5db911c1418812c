"""Socket Mode: the same handlers, reached without a public address."""

import json
import logging

from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.characters import storable
from bot.ports import Clock, Ledger
from bot.slack.app import SlackApp
from bot.slack.door import Door, Replays
from bot.slack.gate import Answer

log = logging.getLogger(__name__)


class Socket:
    """A connection that the SDK keeps open; each envelope has one effect, a repeat gets a bare acknowledgement."""

    def __init__(self, *, app: SlackApp, client: AsyncWebClient, app_token: str, ledger: Ledger, clock: Clock) -> None:
        self._app = app
        self._replays = Replays(ledger, clock)
        self._client = SocketModeClient(app_token=app_token, web_client=client, logger=log)
        self._client.socket_mode_request_listeners.append(self._heard)

    async def connect(self) -> None:
        await self._client.connect()  # type: ignore[no-untyped-call]  # slack_sdk leaves it untyped

    async def close(self) -> None:
        await self._client.close()  # type: ignore[no-untyped-call]  # as above

    async def _heard(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        door = self._replays.door(storable(f"envelope:{request.envelope_id}"))
        if not self._replays.enters(door):
            return  # the answer to the first is one to both
        try:
            answer = await self._answer(request, door)
        finally:
            self._replays.leaves(door)
        payload = _payload(answer) if answer is not None else None
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=payload))

    async def _answer(self, request: SocketModeRequest, door: Door) -> Answer | None:
        if await self._replays.came_before(door):
            return None
        headers = {"x-slack-retry-num": str(request.retry_attempt)} if request.retry_attempt else {}
        answer = await self._app.socket(request.payload, headers, door)
        replayed = await self._replays.keep(door)
        return None if replayed or answer.status != 200 else answer  # noqa: PLR2004 - HTTP's OK


def _payload(answer: Answer) -> dict[str, object] | None:
    if not answer.body:
        return None
    if answer.headers.get("content-type", "").startswith("application/json"):
        found = json.loads(answer.body)
        return found if isinstance(found, dict) else None
    return {"text": answer.body}
