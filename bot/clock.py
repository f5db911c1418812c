"""The clocks of this machine."""

import time
from datetime import UTC, datetime


class SystemClock:
    """A wall clock held from going back, also over a restart: `floor` is the last time on record."""

    def __init__(self, floor: datetime | None = None) -> None:
        self._last = floor or datetime.fromtimestamp(0, tz=UTC)

    def now(self) -> datetime:
        wall = datetime.now(UTC)
        self._last = max(self._last, wall.replace(microsecond=wall.microsecond // 1000 * 1000))
        return self._last

    def monotonic(self) -> float:
        return time.monotonic()

    def hold(self, floor: datetime | None) -> None:
        """Never give an earlier time than `floor` from now on."""
        if floor is not None:
            self._last = max(self._last, floor)
