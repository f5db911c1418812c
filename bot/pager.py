"""Wakes the on-call outside Slack: a web hook that takes events of the form of PagerDuty's Events API v2."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp

from bot.core.record import plain

PAGE_WITHIN = 5.0
"""Seconds. Who pages also posts to Slack: better late than waited for."""
SUMMARY_LENGTH = 1024
"""The Events API's own bound."""
OK, MULTIPLE_CHOICES = 200, 300

logger = logging.getLogger(__name__)


class WebhookPager:
    """Implements `bot.ports.Pager`. The same `key` again is the same page for the receiver, not a second one."""

    def __init__(self, url: str, *, session: aiohttp.ClientSession | None = None) -> None:
        self._url = url
        self._session = session

    def __repr__(self) -> str:
        return "WebhookPager()"

    @property
    def there(self) -> bool:
        return True

    async def page(self, *, key: str, summary: str, facts: Mapping[str, Any]) -> bool:
        event = {
            "event_action": "trigger",
            "dedup_key": key,
            "payload": {
                "summary": summary[:SUMMARY_LENGTH],
                "source": "countersign",
                "severity": "critical",
                "custom_details": {name: plain(value) for name, value in facts.items()},
            },
        }
        return await self._sent(key, event)

    async def resolve(self, *, key: str) -> bool:
        return await self._sent(key, {"event_action": "resolve", "dedup_key": key})

    async def _sent(self, key: str, event: dict[str, Any]) -> bool:
        body = json.dumps(event, default=str).encode()
        try:
            return await self._post(body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            logger.warning("The page %s did not get through: %s.", key, type(error).__name__)
            return False

    async def _post(self, body: bytes) -> bool:
        """Pages are rare: a connection of their own spares a session to look after, unless one is handed in."""
        if self._session is not None:
            return await _posted(self._session, self._url, body)
        async with aiohttp.ClientSession() as session:
            return await _posted(session, self._url, body)


class NoPager:
    """In place of a pager where none is configured: nobody is woken, and it says so."""

    @property
    def there(self) -> bool:
        return False

    async def page(self, *, key: str, summary: str, facts: Mapping[str, Any]) -> bool:  # noqa: ARG002 - the port's names
        return False

    async def resolve(self, *, key: str) -> bool:  # noqa: ARG002 - as above
        return False


async def _posted(session: aiohttp.ClientSession, url: str, body: bytes) -> bool:
    async with session.post(
        url,
        data=body,
        headers={"Content-Type": "application/json"},
        timeout=aiohttp.ClientTimeout(total=PAGE_WITHIN),
        allow_redirects=False,  # the facts go where the settings say
    ) as response:
        if OK <= response.status < MULTIPLE_CHOICES:
            return True
        logger.warning("The pager answered %s.", response.status)
        return False
