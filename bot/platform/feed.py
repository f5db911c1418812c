"""The audit feed: a long poll with a cursor that outlives connections and processes."""

import logging
from collections.abc import Sequence

from bot.core.account import Event
from bot.core.errors import CursorLost, PlatformAway, PlatformRefused
from bot.platform.records import cursor_of, event_of
from bot.platform.wire import Wire, malformed

EVENTS = "/audit/v1/events"
MOST_EVENTS = 1000
LONGEST_WAIT = 30.0
"""Seconds the platform holds a poll at most."""
_GONE = 410

logger = logging.getLogger(__name__)


async def events(wire: Wire, *, after: int, wait: float) -> tuple[Sequence[Event], int]:
    """The events after the cursor, in the feed's order, and the next cursor, which never goes back.

    Raises CursorLost, PlatformAway, PlatformRefused.
    """
    wait = min(max(wait, 0.0), LONGEST_WAIT)
    query = {"after": str(after), "limit": str(MOST_EVENTS), "wait": f"{wait:g}"}
    try:
        body = (await wire.call("GET", EVENTS, query=query, held=wait)).object
    except PlatformRefused as refused:
        if refused.status == _GONE:
            raise CursorLost(f"The feed no longer knows the cursor {after}.") from None
        raise
    listed = body.get("events")
    if not isinstance(listed, list):
        raise malformed("events is no list")
    read = [event for event in map(_readable, listed) if event is not None]
    return read, max(after, cursor_of(body))


async def latest_cursor(wire: Wire) -> int:
    return cursor_of((await wire.call("GET", EVENTS, query={"after": "latest"})).object)


def _readable(value: object) -> Event | None:
    """An event that cannot be read is left to the sweep: one such must not hold up all that come after it."""
    try:
        return event_of(value)
    except PlatformAway as unreadable:
        logger.warning("An event of the feed is left out. %s", unreadable)
        return None
