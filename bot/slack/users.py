"""What Slack says of its users, asked once a minute at most: who they are, and the language they read."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.refusal import Why
from bot.ports import PolicyBook
from bot.slack.language import Language, language, spoken

log = logging.getLogger(__name__)

KEPT_FOR = 60.0
"""Seconds that an answer holds: Slack allows about 100 questions a minute."""
ASKED_AGAIN = 5.0
"""Seconds in which nobody is asked for again after no answer came: who was told to try again may soon."""
KEPT = 10_000
"""Users remembered; the one not heard of for longest goes first."""
ANSWERED_WITHIN = 0.5
"""Seconds: a trigger lives three."""
SLACKBOT = "USLACKBOT"
"""Slack's own, of which it does not say that it is a bot."""
AGAINST: dict[str, Why] = {
    "deleted": Why.DEACTIVATED_USER,
    "is_bot": Why.NOT_A_PERSON,
    "is_workflow_bot": Why.NOT_A_PERSON,
    "is_stranger": Why.NOT_A_MEMBER,
    "is_restricted": Why.GUEST,
    "is_ultra_restricted": Why.GUEST,
}
"""What Slack calls those who may not act."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What Slack says against a user's acting at all; `known` is whether it has said so lately."""

    against: Why | None
    known: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """What Slack said last, `known` where it answered when last asked; `team` is None before it ever did."""

    language: Language | None = None
    team: str | None = None
    against: Why | None = None
    known: bool = False
    until: float = 0.0


class Users:
    """The language of what only one person sees is that person's; where it is not known, the channel's."""

    def __init__(
        self,
        client: AsyncWebClient,
        book: PolicyBook,
        *,
        within: float = ANSWERED_WITHIN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._book = book
        self._within = within
        self._clock = clock
        self._told: OrderedDict[str, _Told] = OrderedDict()

    @property
    def channel_language(self) -> Language:
        """What the policy says for all that several people see."""
        return language(self._book.policy.channel_language)

    async def language_of(self, user: str, *, within: float = ANSWERED_WITHIN) -> Language:
        """The person's own where the bot speaks it. Never waits longer than `within` seconds, never fails."""
        return (await self._of(user, within=within)).language or self.channel_language

    async def standing_of(self, user: str, *, team: str, within: float) -> Standing:
        """Whether this is a full member of the workspace `team`. Never waits longer than `within`, never fails.

        What Slack said against somebody stands until it says otherwise; what it said for somebody, a minute.
        """
        if user == SLACKBOT:
            return Standing(against=Why.NOT_A_PERSON, known=True)
        told = await self._of(user, within=within)
        other = Why.NOT_A_MEMBER if told.team not in {None, team} else None
        return Standing(against=told.against or other, known=told.known)

    async def _of(self, user: str, *, within: float) -> _Told:
        told = self._told.get(user)
        return told if told and told.until > self._clock() else await self._ask(user, within=min(within, self._within))

    def _remember(self, user: str, told: _Told, *, seconds: float) -> _Told:
        self._told[user] = told = replace(told, until=self._clock() + seconds)
        self._told.move_to_end(user)
        if len(self._told) > KEPT:
            self._told.popitem(last=False)
        return told

    async def _ask(self, user: str, *, within: float) -> _Told:
        reason = "an answer of no use"
        try:
            async with asyncio.timeout(within):
                answer = await self._client.users_info(user=user, include_locale=True)
            if told := _read(answer.get("user")):
                return self._remember(user, told, seconds=KEPT_FOR)
        except (SlackClientError, OSError, TimeoutError) as error:
            reason = type(error).__name__
        log.info("who %s is, is not known: %s", user, reason)
        before = replace(self._told.get(user, _Told()), known=False)
        # who had no time to wait has learnt nothing: the next one asks again
        return before if within < self._within else self._remember(user, before, seconds=ASKED_AGAIN)


def _read(found: object) -> _Told | None:
    """None where it says nothing of whose member this is."""
    if not isinstance(found, dict) or not isinstance(found.get("team_id"), str):
        return None
    code = spoken(found.get("locale"))
    return _Told(language=language(code) if code else None, team=found["team_id"], against=_against(found), known=True)


def _against(found: Mapping[str, Any]) -> Why | None:
    return next((why for name, why in AGAINST.items() if found.get(name)), None)
