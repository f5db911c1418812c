"""The audit feed: a log with positions. An event has its position from the moment it is published, not from its effect.

So a cursor is durable whatever the faults do: what is delayed or overtaken stands later in the log, what is
dropped never stands there, and what is doubled stands there twice with one position and one id.
"""

import asyncio
import json
from bisect import bisect_right
from typing import Any

from bot.sandbox.platform.wire import JSON_TYPE, Answer, Call, RefusalError, encoded

MOST_EVENTS = 1000
LONGEST_WAIT = 30  # seconds
FORGOTTEN = 1000  # positions skipped when cursors are lost, so that an old cursor and a new one never are the same


class Feed:
    """The log and those who wait at its end."""

    def __init__(self) -> None:
        self.last = 0
        self.heard_by: dict[str, int] = {}
        self._positions: list[int] = []
        self._events: list[str] = []
        self._arrival = asyncio.Event()

    def publish(self, event: dict[str, Any], *, copies: int = 1) -> None:
        self.last += 1
        text = json.dumps({"seq": self.last, **event}, ensure_ascii=False, separators=(",", ":"))
        for _ in range(copies):
            self._positions.append(self.last)
            self._events.append(text)
        self.wake()

    def heard(self, reader: str, *, upto: int) -> None:
        """Note that a reader asks for what comes after that position, so has taken everything before it."""
        self.heard_by[reader] = upto

    def wake(self) -> None:
        """Let everyone who waits look again."""
        self._arrival.set()
        self._arrival = asyncio.Event()

    def forget_cursors(self) -> int:
        """Leave a gap; return the first cursor after it."""
        self.last += FORGOTTEN
        self.wake()
        return self.last

    async def after(self, cursor: int, *, limit: int, wait: float) -> tuple[list[str], int]:
        """Return what stands after the cursor and the next cursor; wait for it if there is nothing."""
        first = bisect_right(self._positions, cursor)
        if first == len(self._events) and wait > 0:
            arrival = self._arrival
            try:
                async with asyncio.timeout(wait):
                    await arrival.wait()
            except TimeoutError:
                return [], cursor
            first = bisect_right(self._positions, cursor)
        end = min(first + limit, len(self._events))
        # Copies of one event share a position; a page that ended between them would lose the second.
        while first < end < len(self._events) and self._positions[end] == self._positions[end - 1]:
            end += 1
        return self._events[first:end], self._positions[end - 1] if end > first else cursor


def cursor_of(call: Call) -> int | None:
    """Return the cursor a call brings, None for `after=latest`."""
    return None if call.query.get("after") == "latest" else call.whole_number("after", 0)


async def read_events(feed: Feed, call: Call) -> Answer:
    cursor = cursor_of(call)
    if call.fault == "feed_down":
        raise RefusalError(503, "The feed is down.")
    if cursor is None:
        return _page([], feed.last)
    if call.fault == "cursor_lost" or cursor > feed.last:
        raise RefusalError(410, f"The cursor {cursor} is not known. Start again with after=latest.")
    limit = min(max(call.whole_number("limit", MOST_EVENTS), 1), MOST_EVENTS)
    try:
        wait = min(max(float(call.query.get("wait", 0)), 0.0), LONGEST_WAIT)
    except ValueError as error:
        raise RefusalError(400, "wait is not a number of seconds.", scim_type="invalidValue") from error
    return _page(*await feed.after(cursor, limit=limit, wait=wait))


def _page(events: list[str], following: int) -> Answer:
    return Answer(200, encoded(f'{{"events":[{",".join(events)}],"next":{following}}}'), JSON_TYPE)
