"""The desk: what the flows may ask of Slack, over the Web API. No decision depends on it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.core.digest import Digest
from bot.core.errors import SlackAway, SlackRefused
from bot.core.incident import Incident, IncidentState
from bot.core.request import LIVE, Request
from bot.ports import CardAt, Message
from bot.slack.cards import Card, is_cut, request_card
from bot.slack.digest_message import digest_words
from bot.slack.incident_card import incident_card
from bot.slack.notices import offers, words_of
from bot.slack.text import Block, bold, plain_text, quote, rich
from bot.slack.users import Users

log = logging.getLogger(__name__)

RETRY_AFTER_MAX = 60.0
AGAIN = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
"""Slack's errors that asking again may mend."""
ANSWERED_WITHIN = 10.0
"""Seconds that a call may take. A client that was given a session leaves its own `timeout` unused."""
TOO_MUCH = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long"})
NO_SUCH_MESSAGE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
NO_SUCH_CHANNEL = frozenset({"channel_not_found", "is_archived", "not_in_channel"})
SERVER_ERROR, TOO_MANY = 500, 429


class SlackDesk:
    """Implements `bot.ports.Desk`."""

    def __init__(
        self, client: AsyncWebClient, users: Users, *, approvals_channel: str, within: float = ANSWERED_WITHIN
    ) -> None:
        self._client = client
        self._users = users
        self._within = within
        self._approvals = approvals_channel
        self._direct: dict[str, str] = {}

    async def draw(self, record: Request | Incident, at: CardAt | None) -> CardAt:
        lang = self._users.channel_language
        card = request_card(lang, record) if isinstance(record, Request) else incident_card(lang, record)
        try:
            return await self._draw(record, card, at)
        except SlackRefused as refused:
            if refused.error not in TOO_MUCH:
                raise
            log.warning("the card of %s was refused (%s) and is drawn short", record.id, refused.error)
            return await self._draw(record, _short(card), at)

    async def _draw(self, record: Request | Incident, card: Card, at: CardAt | None) -> CardAt:
        """Redraw in place; where the message is gone, post again while there is something to do about it."""
        if at is None:
            return await self._post(record, card)
        try:
            await self._redraw(card, at)
        except SlackRefused as refused:
            if refused.error not in NO_SUCH_MESSAGE and not self._moved(at, refused):
                raise
            if _live(record):
                return await self._post(record, card)
        return CardAt(channel=at.channel, ts=at.ts, drawn=record.version)

    async def _redraw(self, card: Card, at: CardAt) -> None:
        await self._asked(
            self._client.chat_update,
            channel=at.channel,
            ts=at.ts,
            text=card.text,
            blocks=card.blocks,
            metadata=card.metadata,
        )

    def _moved(self, at: CardAt, refused: SlackRefused) -> bool:
        """The card stands in a channel that is the approvals channel no longer."""
        return at.channel != self._approvals and refused.error in NO_SUCH_CHANNEL

    async def _post(self, record: Request | Incident, card: Card) -> CardAt:
        posted = await self._say(self._approvals, card.text, card.blocks, metadata=card.metadata)
        at = CardAt(channel=str(posted.get("channel") or self._approvals), ts=str(posted["ts"]), drawn=record.version)
        if isinstance(record, Request) and is_cut(record):
            await self._whole_reason(record, at)
        return at

    async def _whole_reason(self, request: Request, at: CardAt) -> None:
        """The card stands already: failing now would post a second one."""
        try:
            title = self._users.channel_language.say("The whole reason")
            await self._say(at.channel, title, [rich(bold(title)), quote(request.reason)], thread_ts=at.ts)
        except (SlackAway, SlackRefused) as error:
            log.warning("the whole reason of %s could not be put into its thread: %s", request.id, error)

    async def tell(self, to: str, message: Message) -> None:
        personal = to.startswith(("U", "W"))
        lang = await self._users.language_of(to) if personal else self._users.channel_language
        said = words_of(lang, message)
        blocks = [*said.blocks, *offers(lang, message)] if personal else said.blocks
        await self._say_or_shorten(await self._channel(to), said.text, blocks)

    async def thread(self, card: CardAt, message: Message) -> None:
        said = words_of(self._users.channel_language, message)
        await self._say_or_shorten(card.channel, said.text, said.blocks, thread_ts=card.ts)

    async def post_digest(self, digest: Digest) -> None:
        """With pictures; in words where Slack does not take them."""
        lang = self._users.channel_language
        said = digest_words(lang, digest)
        try:
            await self._say(self._approvals, said.text, said.blocks)
        except SlackRefused as refused:
            if refused.error not in TOO_MUCH:
                raise
            log.warning("the pictures of the digest were refused (%s); it is posted in words", refused.error)
            said = digest_words(lang, digest, pictures=False)
            await self._say_or_shorten(self._approvals, said.text, said.blocks)

    async def _say_or_shorten(self, channel: str, text: str, blocks: list[Block], **more: Any) -> None:
        """A message whose blocks Slack refuses is said in its one sentence: better short than never."""
        try:
            await self._say(channel, text, blocks, **more)
        except SlackRefused as refused:
            if refused.error not in TOO_MUCH:
                raise
            log.warning("a message was refused (%s) and is said short", refused.error)
            await self._say(channel, text, [{"type": "section", "text": plain_text(text)}], **more)

    async def _say(self, channel: str, text: str, blocks: list[Block], **more: Any) -> AsyncSlackResponse:
        return await self._asked(
            self._client.chat_postMessage,
            channel=channel,
            text=text,
            blocks=blocks,
            mrkdwn=False,
            unfurl_links=False,
            unfurl_media=False,
            **more,
        )

    async def _channel(self, to: str) -> str:
        """A channel as it is; a person by way of the direct message, opened once."""
        if not to.startswith(("U", "W")):
            return to
        if to not in self._direct:
            opened = await self._asked(self._client.conversations_open, users=to)
            self._direct[to] = str(opened["channel"]["id"])
        return self._direct[to]

    async def _asked(self, method: Callable[..., Awaitable[AsyncSlackResponse]], **given: Any) -> AsyncSlackResponse:
        """Ask Slack and sort its answer by what to do next. Raises SlackAway, SlackRefused."""
        try:
            async with asyncio.timeout(self._within):
                return await method(**given)
        except SlackApiError as error:
            status, reason, headers = _answer(error)
            if reason is None or is_away(error):
                raise SlackAway(f"Slack answered {reason or status}.", retry_after=_retry_after(headers)) from None
            raise SlackRefused(reason) from None
        except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError) as error:
            raise SlackAway(f"Slack gave no answer ({type(error).__name__}).") from None


def is_away(error: SlackApiError) -> bool:
    """Whether asking again may mend it."""
    status, reason, _ = _answer(error)
    return reason is None or status == TOO_MANY or status >= SERVER_ERROR or reason in AGAIN


def _live(record: Request | Incident) -> bool:
    """Whether a card that is gone is missed: somebody may still have to act on it."""
    if isinstance(record, Request):
        return record.state in LIVE
    return record.acknowledged_by is None or record.state in {IncidentState.OPEN, IncidentState.LOST}


def _short(card: Card) -> Card:
    """What Slack takes in any case: the text and the buttons, for a request must never go unseen."""
    first = {"type": "section", "block_id": card.blocks[0]["block_id"], "text": plain_text(card.text)}
    actions = [block for block in card.blocks if block["type"] == "actions"]
    return Card(blocks=[first, *actions], text=card.text, metadata=card.metadata)


def _answer(error: SlackApiError) -> tuple[int, str | None, Mapping[str, str]]:
    """Status, Slack's word for it and headers; no word where a proxy or a broken body answered in Slack's place."""
    found = error.response
    data = getattr(found, "data", None)
    reason = data.get("error") if isinstance(data, dict) else None
    return getattr(found, "status_code", 0), str(reason) if reason else None, getattr(found, "headers", {})


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, as Slack asks for but never longer than a minute."""
    given = str(headers.get("Retry-After") or "")
    return min(max(float(given), 0.1), RETRY_AFTER_MAX) if given.isdecimal() else None
