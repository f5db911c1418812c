"""The desk: what the flows may ask of Slack, over the Web API. No decision depends on it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.core.digest import Digest
from bot.core.errors import CardGone, SlackAway, SlackRefused, SlackShut
from bot.core.incident import Incident
from bot.core.request import Request
from bot.ports import CardAt, Message
from bot.slack.cards import Card, is_cut, request_card
from bot.slack.digest_message import digest_words
from bot.slack.incident_card import incident_card
from bot.slack.notices import offers, words_of
from bot.slack.text import Block, plain_text
from bot.slack.users import Users

log = logging.getLogger(__name__)

RETRY_AFTER_MAX = 30.0
"""Seconds: what waits has its turn within a minute of Slack's return, also where Slack asked for more just before."""
AGAIN = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
"""Slack's errors that asking again may mend."""
ANSWERED_WITHIN = 10.0
"""Seconds that a call may take. A client that was given a session leaves its own `timeout` unused."""
TOO_MUCH = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long"})
NO_SUCH_MESSAGE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
NO_SUCH_CHANNEL = frozenset(
    {
        "channel_not_found",
        "is_archived",
        "is_inactive",
        "not_in_channel",
        "no_permission",
        "restricted_action",
        "restricted_action_read_only_channel",
        "team_access_not_granted",
    }
)
"""A channel that people have to open to us again."""
NO_ENTRY = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope"}
)
"""A token that people have to give us again."""
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
        """Post it, or redraw it in place. Raises CardGone."""
        if at is None:
            return await self._post(record, card)
        try:
            await self._redraw(card, at)
        except SlackRefused as refused:
            if refused.error in NO_SUCH_MESSAGE:
                raise CardGone(str(refused)) from None
            raise
        except SlackShut as shut:
            if at.channel != self._approvals:  # the approvals channel is another by now
                raise CardGone(str(shut)) from None
            raise
        return replace(at, drawn=record.version)

    async def _redraw(self, card: Card, at: CardAt) -> None:
        await self._asked(
            self._client.chat_update,
            channel=at.channel,
            ts=at.ts,
            text=card.text,
            blocks=card.blocks,
            metadata=card.metadata,
        )

    async def _post(self, record: Request | Incident, card: Card) -> CardAt:
        posted = await self._say(self._approvals, card.text, card.blocks, metadata=card.metadata)
        channel, ts = str(posted.get("channel") or self._approvals), str(posted["ts"])
        cut = isinstance(record, Request) and is_cut(record)
        return CardAt(channel=channel, ts=ts, drawn=record.version, cut=cut)

    async def remove(self, at: CardAt) -> None:
        try:
            await self._asked(self._client.chat_delete, channel=at.channel, ts=at.ts)
        except SlackRefused as refused:
            if refused.error not in NO_SUCH_MESSAGE:
                raise

    async def tell(self, to: str, message: Message) -> None:
        personal = to.startswith(("U", "W"))
        lang = await self._users.language_of(to) if personal else self._users.channel_language
        said = words_of(lang, message)
        blocks = [*said.blocks, *offers(lang, message)] if personal else said.blocks
        await self._say_or_shorten(await self._channel(to), said.text, blocks)

    async def thread(self, card: CardAt, message: Message) -> None:
        said = words_of(self._users.channel_language, message)
        try:
            await self._say_or_shorten(card.channel, said.text, said.blocks, thread_ts=card.ts)
        except SlackShut as shut:
            if card.channel == self._approvals:
                raise
            raise SlackRefused(shut.error) from None  # nobody opens a channel again that is in use no more

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
            if reason in NO_ENTRY or (reason in NO_SUCH_CHANNEL and not _direct(given)):
                raise SlackShut(reason) from None
            raise SlackRefused(reason) from None
        except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError) as error:
            raise SlackAway(f"Slack gave no answer ({type(error).__name__}).") from None


def is_away(error: SlackApiError) -> bool:
    """Whether asking again may mend it."""
    status, reason, _ = _answer(error)
    return reason is None or status == TOO_MANY or status >= SERVER_ERROR or reason in AGAIN


def _direct(given: Mapping[str, Any]) -> bool:
    """Whether it was for one person, whom nobody waits for."""
    return "users" in given or str(given.get("channel")).startswith("D")


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
