"""What Slack says of its users, asked once a minute at most: so far the language they read."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import PolicyBook
from bot.slack.language import Language, language, spoken

log = logging.getLogger(__name__)

KEPT_FOR = 60.0
"""Seconds that an answer holds, or that none is asked for after one did not come: Slack allows about 100 a minute."""
KEPT = 10_000
"""Users remembered; the one not heard of for longest goes first."""
ANSWERED_WITHIN = 0.5
"""Seconds: a trigger lives three, and what waits for this is only the choice of a language."""


@dataclass(frozen=True, slots=True)
class _Known:
    language: Language | None
    until: float


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
        self._known: OrderedDict[str, _Known] = OrderedDict()

    @property
    def channel_language(self) -> Language:
        """What the policy says for all that several people see."""
        return language(self._book.policy.channel_language)

    async def language_of(self, user: str, *, within: float = ANSWERED_WITHIN) -> Language:
        """The person's own where the bot speaks it. Never waits longer than `within` seconds, never fails."""
        known = self._known.get(user)
        if known is None or known.until <= self._clock():
            known = await self._ask(user, within=min(within, self._within))
        return known.language or self.channel_language

    def _remember(self, user: str, found: Language | None) -> _Known:
        known = _Known(found, self._clock() + KEPT_FOR)
        self._known[user] = known
        self._known.move_to_end(user)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return known

    async def _ask(self, user: str, *, within: float) -> _Known:
        try:
            async with asyncio.timeout(within):
                answer = await self._client.users_info(user=user, include_locale=True)
        except (SlackClientError, OSError, TimeoutError) as error:
            log.info("the language of %s is not known: %s", user, type(error).__name__)
            before = self._known.get(user, _Known(None, 0.0))
            # who had no time to wait has learnt nothing: the next one asks again
            return before if within < self._within else self._remember(user, before.language)
        found = answer.get("user")
        code = spoken(found.get("locale")) if isinstance(found, dict) else None
        return self._remember(user, language(code) if code else None)
