"""Socket Mode: the same handlers, reached without a public address."""

import json
import logging

from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.errors import LedgerAway, Replayed
from bot.ports import Clock, Ledger
from bot.slack.app import SlackApp
from bot.slack.gate import Answer, Door

log = logging.getLogger(__name__)


class Socket:
    """A connection that the SDK keeps open; each envelope has one effect, a repeat gets a bare acknowledgement."""

    def __init__(self, *, app: SlackApp, client: AsyncWebClient, app_token: str, ledger: Ledger, clock: Clock) -> None:
        self._app = app
        self._ledger = ledger
        self._clock = clock
        self._client = SocketModeClient(app_token=app_token, web_client=client, logger=log)
        self._client.socket_mode_request_listeners.append(self._heard)

    async def connect(self) -> None:
        await self._client.connect()  # type: ignore[no-untyped-call]  # slack_sdk leaves it untyped

    async def close(self) -> None:
        await self._client.close()  # type: ignore[no-untyped-call]  # as above

    async def _heard(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        door = Door(key=f"envelope:{request.envelope_id}")
        answer = await self._answer(request, door)
        payload = _payload(answer) if answer is not None else None
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=payload))

    async def _answer(self, request: SocketModeRequest, door: Door) -> Answer | None:
        try:
            if await self._ledger.seen(door.key):
                return None
        except LedgerAway:
            log.warning("the ledger is away; only what records nothing is answered")
        headers = {"x-slack-retry-num": str(request.retry_attempt)} if request.retry_attempt else {}
        answer = await self._app.socket(request.payload, headers, door)
        if not door.recorded and not door.replayed:
            try:
                await self._ledger.remember(door.key, at=self._clock.now())
            except (Replayed, LedgerAway):
                log.warning("an envelope without an effect could not be remembered")
        return None if door.replayed or answer.status != 200 else answer  # noqa: PLR2004 - HTTP's OK


def _payload(answer: Answer) -> dict[str, object] | None:
    if not answer.body:
        return None
    if answer.headers.get("content-type", "").startswith("application/json"):
        found = json.loads(answer.body)
        return found if isinstance(found, dict) else None
    return {"text": answer.body}
