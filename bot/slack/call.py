"""One call from Slack on its way through a handler: acknowledge, answer, and never leave a person without a word."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.core.errors import LedgerAway
from bot.core.refusal import Refusal, Why
from bot.flows.note import note
from bot.flows.world import World
from bot.ports import CardAt
from bot.slack.acts import Submission
from bot.slack.door import ANSWERED_WITHIN, Door
from bot.slack.language import Language
from bot.slack.sentences import refusal_sentence
from bot.slack.text import escaped, plain_text
from bot.slack.users import Standing, Users

log = logging.getLogger(__name__)
T = TypeVar("T")

LEDGER_WITHIN = 2.0
"""Seconds that a listener waits for the database at most."""
SAID_AGAIN_AFTER = (0.5, 1.0, 2.0, 4.0)
"""Seconds until what Slack did not take is said again, or drawn; together less than a stop waits for handlers."""
TOO_MANY, SERVER_ERROR = 429, 500
LOOKED_UP_WITHIN = 1.0
"""Seconds that a submission waits for the platform at most."""


def inert(text: str) -> dict[str, Any]:
    """A sentence as Slack shows it without obeying it: plain text, and no mention or link in what notifications say."""
    return {"text": escaped(text), "blocks": [{"type": "section", "text": plain_text(text)}]}


@dataclass(frozen=True, kw_only=True, slots=True)
class Workspace:
    """Who we are in Slack, as `auth.test` said at the start; the team is pinned."""

    team_id: str
    bot_id: str | None
    bot_user_id: str
    url: str = ""
    """Where the workspace is in a browser, with a slash at its end; empty where Slack did not say."""

    def link_to(self, card: CardAt) -> str:
        """The address of a message, as Slack's own “copy link” gives it; empty where the workspace's is not known."""
        if not self.url:
            return ""
        return f"{self.url}archives/{card.channel}/p{card.ts.replace('.', '')}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What a handler needs of Bolt; `body` is parsed by `bot.slack.acts` in its first line."""

    body: dict[str, Any]
    ack: Callable[..., Awaitable[Any]]
    client: AsyncWebClient
    door: Door
    world: World
    workspace: Workspace
    users: Users

    async def recorded(self, work: Awaitable[T], *, wrote: Callable[[T], bool] = lambda _: True) -> T:
        """Wait for what records the effect; `wrote` says whether this request's key was written with it.

        Raises LedgerAway after two seconds or when Slack would hear nothing in time, Replayed.
        """
        try:
            async with asyncio.timeout(min(LEDGER_WITHIN, self._left())):
                outcome = await work
        except TimeoutError:
            self.door.settled = True  # it may yet be recorded, with its key: nobody else must write that
            raise LedgerAway("The database took too long.") from None
        except LedgerAway:
            self.door.settled = True  # nor could the key be written alone
            raise
        self.door.settled = wrote(outcome)
        return outcome

    def _left(self) -> float:
        """Seconds until the answer must be on its way."""
        return max(self.door.arrived + ANSWERED_WITHIN - self.world.clock.monotonic(), 0.0)

    async def language_of(self, user: str) -> Language:
        """The language of a person who waits for an answer: what is known of it where no time is left to ask."""
        return await self.users.language_of(user, within=self._left())

    async def looked_up(self, work: Awaitable[T]) -> T | Refusal:
        """Wait for a look-up no longer than leaves time to record what it is for."""
        try:
            async with asyncio.timeout(min(LOOKED_UP_WITHIN, self._left() / 2)):
                return await work
        except TimeoutError:
            return Refusal(why=Why.PLATFORM_AWAY)

    async def whisper(self, *, channel: str | None, user: str, text: str) -> None:
        """Say something to one person where they look; in a direct message where there is no channel."""
        try:
            if channel is None or channel.startswith("D"):
                opened = await self.client.conversations_open(users=user)
                await self.client.chat_postMessage(channel=opened["channel"]["id"], **inert(text))
            else:
                await self.client.chat_postEphemeral(channel=channel, user=user, **inert(text))
        except (SlackClientError, OSError, TimeoutError) as error:
            log.warning("could not whisper: %s", type(error).__name__)

    async def refuse(self, refusal: Refusal, *, channel: str | None, user: str) -> None:
        """Tell a person no where they look."""
        lang = await self.users.language_of(user)
        await self.whisper(channel=channel, user=user, text=refusal_sentence(lang, refusal))

    async def at_field(self, form: Submission, refusal: Refusal) -> None:
        """Show a refusal at the field at fault, at the first where the form has no such one; nothing typed is lost."""
        field = refusal.input if refusal.input in form.inputs else "handle" if "handle" in form.inputs else "reason"
        lang = await self.language_of(form.user)
        await self.ack(response_action="errors", errors={field: refusal_sentence(lang, refusal)})

    async def note(self, refusal: Refusal, *, user: str) -> None:
        """Leave a `refused` entry of what no rule of a record was asked about. Raises LedgerAway, Replayed."""
        # Bolt acknowledges an event before its handler runs, and the gate has written the key by then
        replay = None if "event" in self.body else self.door.key
        await self.recorded(note(self.world, refusal, slack_user=user, replay=replay))

    async def respond(self, url: str, answer: dict[str, Any]) -> None:
        """Answer a command through its `response_url`; `answer` holds text and blocks.

        Whoever typed the command waits, and the address is good for half an hour: what Slack does not take now is
        said again.
        """
        trouble = ""
        for pause in (*SAID_AGAIN_AFTER, None):
            try:
                said = await AsyncWebhookClient(url).send(**answer, response_type="ephemeral")
            except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                trouble = type(error).__name__
            else:
                if said.status_code != TOO_MANY and said.status_code < SERVER_ERROR:
                    return
                trouble = str(said.status_code)
            if pause is not None:
                await asyncio.sleep(pause)
        log.warning("could not respond: %s", trouble)

    async def standing_of(self, user: str, team: str) -> Standing:
        """Whether the person is a full member of the pinned workspace: by what was sent, and by what Slack says."""
        pinned = self.workspace.team_id
        if team != pinned:
            return Standing(against=Why.NOT_A_MEMBER, known=True)
        return await self.users.standing_of(user, team=pinned, within=self._left())

    async def barred(self, user: str, team: str) -> Refusal | None:
        """A no to whoever may not act here at all, with its `refused` entry. Raises LedgerAway, Replayed."""
        standing = await self.standing_of(user, team)
        if standing.against is None:
            return None
        refusal = Refusal(why=standing.against)
        await self.note(refusal, user=user)
        return refusal
