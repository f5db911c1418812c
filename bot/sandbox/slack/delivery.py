"""How what people do reaches the bot: signed HTTP, or an envelope over Socket Mode when a socket is connected."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

import aiohttp
from slack_sdk.signature import SignatureVerifier

from bot.sandbox.slack.records import Json
from bot.sandbox.slack.socket_mode import Sockets

FORM = "application/x-www-form-urlencoded"
TIMEOUT = "operation_timeout"
FAILED = "dispatch_failed"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A request as it went out, to be sent again, unsigned or forged; `envelope` when it went over Socket Mode."""

    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    envelope: Json | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of an act.

    `error` is what Slack shows the person when the bot did not answer well; `errors` are sentences at inputs, by
    block id, Slack's own or the bot's; `sent` is None when nothing left the person's screen.
    """

    status: int = 0
    body: str = ""
    seconds: float = 0.0
    error: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    trigger_id: str = ""
    response_url: str = ""
    attempts: int = 1
    sent: Sent | None = None

    @property
    def ok(self) -> bool:
        """Acknowledged in time, and nothing to put right."""
        return self.error is None and not self.errors

    @property
    def reply(self) -> Json:
        """The acknowledgement's body as JSON; empty when it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def as_json(self) -> Json:
        shown = ("status", "body", "seconds", "error", "errors", "trigger_id", "response_url", "attempts")
        return {name: getattr(self, name) for name in shown} | {"ok": self.ok}


class Delivery:
    """Sends to `events_url` with the first signing secret and waits at most `ack_within` seconds."""

    def __init__(
        self,
        *,
        sockets: Sockets,
        signing_secret: str,
        clock: Callable[[], float],
        ack_within: float,
        retry_delays: tuple[float, ...],
    ) -> None:
        self.events_url = ""
        self.sockets = sockets
        self.signing_secret = signing_secret
        self.ack_within = ack_within
        self.retry_delays = retry_delays
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def signature(self, body: bytes, *, at: float | None = None, secret: str | None = None) -> dict[str, str]:
        """The two headers of a signature, Slack's own unless another moment or secret is given."""
        timestamp = str(int(self._clock() if at is None else at))
        verifier = SignatureVerifier(self.signing_secret if secret is None else secret)
        signed = verifier.generate_signature(timestamp=timestamp, body=body)
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signed or ""}

    def signed(self, body: bytes, content_type: str = FORM) -> Sent:
        headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        return Sent(body=body, headers=headers | self.signature(body))

    async def deliver(self, kind: str, payload: Json) -> Outcome:
        """`kind` is Socket Mode's word for it: slash_commands, interactive or events_api."""
        if self.sockets.connected:
            return await self.send(Sent(envelope=self.sockets.envelope(kind, payload)))
        if kind == "events_api":
            return await self.send(self.signed(json.dumps(payload).encode(), "application/json"))
        fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
        return await self.send(self.signed(urlencode(fields).encode()))

    async def deliver_event(self, payload: Json) -> Outcome:
        """Events are sent again when they are not acknowledged, with the number and the reason of the retry."""
        outcome = await self.deliver("events_api", payload)
        for number, pause in enumerate(self.retry_delays, start=1):
            if outcome.error is None or outcome.headers.get("X-Slack-No-Retry") == "1" or outcome.sent is None:
                break
            await asyncio.sleep(pause)
            reason = "http_timeout" if outcome.error == TIMEOUT else "http_error"
            again = await self.send(self._retry(outcome.sent, number, reason))
            outcome = replace(again, attempts=number + 1)
        return outcome

    def _retry(self, sent: Sent, number: int, reason: str) -> Sent:
        if sent.envelope is not None:
            again = self.sockets.envelope(sent.envelope["type"], sent.envelope["payload"])
            return Sent(envelope={**again, "retry_attempt": number, "retry_reason": reason})
        counted = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        return Sent(body=sent.body, headers=sent.headers | self.signature(sent.body) | counted)

    async def send(self, sent: Sent) -> Outcome:
        """Put these very bytes (or this very envelope) before the bot."""
        begun = time.perf_counter()
        try:
            outcome = await (self._over_http(sent) if sent.envelope is None else self._over_socket(sent.envelope))
        except TimeoutError:
            outcome = Outcome(error=TIMEOUT)
        except (aiohttp.ClientError, ConnectionError):
            outcome = Outcome(error=FAILED)
        return replace(outcome, seconds=time.perf_counter() - begun, sent=sent)

    async def _over_http(self, sent: Sent) -> Outcome:
        if self._session is None or not self.events_url:
            raise RuntimeError("the workspace has not started, or `events_url` is not set")
        within = aiohttp.ClientTimeout(self.ack_within)
        async with self._session.post(
            self.events_url, data=sent.body, headers=sent.headers, timeout=within, allow_redirects=False
        ) as response:
            body = await response.text()
            error = None if response.ok else FAILED
            return Outcome(status=response.status, body=body, error=error, headers=dict(response.headers))

    async def _over_socket(self, envelope: Json) -> Outcome:
        payload = await self.sockets.send(envelope, self.ack_within)
        return Outcome(status=200, body="" if payload is None else json.dumps(payload))
