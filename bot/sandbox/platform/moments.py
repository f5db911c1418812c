"""Moments are integers: milliseconds since the epoch, UTC. On the wire they are RFC 3339 with milliseconds and Z."""

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DAY = 24 * 60 * 60 * 1000
KEPT_WHILE_DOWN = 30 * DAY  # a deactivation is soft for 30 days, then the account is purged


def now() -> int:
    return time.time_ns() // 1_000_000


def written(moment: int) -> str:
    """Return the moment as `2017-11-02T22:45:00.000Z`."""
    seconds, milliseconds = divmod(moment, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{milliseconds:03d}Z"


def read(text: str) -> int:
    """Return the moment that an RFC 3339 text names; ValueError where it is none or has no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    return (moment - _EPOCH) // timedelta(milliseconds=1)
