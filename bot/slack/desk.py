"""The desk: what the flows may ask of Slack, over the Web API. No decision depends on it."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.core.digest import Digest
from bot.core.errors import SlackAway, SlackRefused
from bot.core.incident import Incident
from bot.core.request import LIVE, Request
from bot.ports import CardAt, Message
from bot.slack.cards import REASON_SHOWN, Card, incident_card, request_card
from bot.slack.digest_message import digest_words
from bot.slack.notices import words_of
from bot.slack.text import Block, plain_text, quote, rich, words

RETRY_AFTER_MAX = 60.0
AGAIN = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
"""Slack's errors that asking again may mend."""
TOO_MUCH = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long"})
NO_SUCH_MESSAGE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
SERVER_ERROR, TOO_MANY = 500, 429


class SlackDesk:
    """Implements `bot.ports.Desk`."""

    def __init__(self, client: AsyncWebClient, *, approvals_channel: str) -> None:
        self._client = client
        self._approvals = approvals_channel
        self._direct: dict[str, str] = {}

    async def draw(self, record: Request | Incident, at: CardAt | None) -> CardAt:
        card = request_card(record) if isinstance(record, Request) else incident_card(record)
        try:
            return await self._draw(record, card, at)
        except SlackRefused as refused:
            if refused.error not in TOO_MUCH:
                raise
            return await self._draw(record, _short(card), at)

    async def _draw(self, record: Request | Incident, card: Card, at: CardAt | None) -> CardAt:
        if at is None:
            return await self._post(record, card)
        try:
            await _asked(
                self._client.chat_update,
                channel=at.channel,
                ts=at.ts,
                text=card.text,
                blocks=card.blocks,
                metadata=card.metadata,
            )
        except SlackRefused as refused:
            if refused.error not in NO_SUCH_MESSAGE:
                raise
            if not _live(record):
                return CardAt(channel=at.channel, ts=at.ts, drawn=record.version)
            return await self._post(record, card)
        return CardAt(channel=at.channel, ts=at.ts, drawn=record.version)

    async def _post(self, record: Request | Incident, card: Card) -> CardAt:
        posted = await _asked(
            self._client.chat_postMessage,
            channel=self._approvals,
            text=card.text,
            blocks=card.blocks,
            metadata=card.metadata,
            unfurl_links=False,
            unfurl_media=False,
        )
        at = CardAt(channel=str(posted["channel"]), ts=str(posted["ts"]), drawn=record.version)
        if isinstance(record, Request) and len(record.reason) > REASON_SHOWN:
            await self._reply(at, "The whole reason", [quote(record.reason)])
        return at

    async def tell(self, to: str, message: Message) -> None:
        said = words_of(message)
        await self._say(await self._channel(to), said.text, said.blocks)

    async def thread(self, card: CardAt, message: Message) -> None:
        said = words_of(message)
        await self._reply(card, said.text, said.blocks)

    async def post_digest(self, digest: Digest) -> None:
        said = digest_words(digest)
        try:
            await self._say(self._approvals, said.text, said.blocks)
        except SlackRefused as refused:
            if refused.error not in TOO_MUCH:
                raise
            await self._say(self._approvals, said.text, [rich(words(said.text))])

    async def _reply(self, card: CardAt, text: str, blocks: list[Block]) -> None:
        await self._say(card.channel, text, blocks, thread_ts=card.ts)

    async def _say(self, channel: str, text: str, blocks: list[Block], **more: str) -> None:
        await _asked(
            self._client.chat_postMessage,
            channel=channel,
            text=text,
            blocks=blocks,
            unfurl_links=False,
            unfurl_media=False,
            **more,
        )

    async def _channel(self, to: str) -> str:
        """A channel as it is; a person by way of the direct message, opened once."""
        if not to.startswith(("U", "W")):
            return to
        if to not in self._direct:
            opened = await _asked(self._client.conversations_open, users=to)
            self._direct[to] = str(opened["channel"]["id"])
        return self._direct[to]


def _live(record: Request | Incident) -> bool:
    return not isinstance(record, Request) or record.state in LIVE


def _short(card: Card) -> Card:
    """What Slack takes in any case: the title and the buttons, for a request must never go unseen."""
    first = {**card.blocks[0], "type": "section", "text": plain_text(card.text, most=300)}
    first.pop("elements", None)
    actions = [block for block in card.blocks if block["type"] == "actions"]
    return Card(blocks=[first, *actions], text=card.text, metadata=card.metadata)


async def _asked(method: Callable[..., Awaitable[AsyncSlackResponse]], **given: Any) -> AsyncSlackResponse:
    """Ask Slack and sort its answer by what to do next. Raises SlackAway, SlackRefused."""
    try:
        return await method(**given)
    except SlackApiError as error:
        status, reason = error.response.status_code, str(error.response.get("error"))
        if status == TOO_MANY or status >= SERVER_ERROR or reason in AGAIN:
            raise SlackAway(f"Slack answered “{reason}”.", retry_after=_retry_after(error)) from None
        raise SlackRefused(reason) from None
    except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError) as error:
        raise SlackAway(f"Slack gave no answer ({type(error).__name__}).") from None


def _retry_after(error: SlackApiError) -> float | None:
    given = str(error.response.headers.get("Retry-After") or "")
    return min(max(float(given), 0.1), RETRY_AFTER_MAX) if given.isdecimal() else None
