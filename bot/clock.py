"""The clocks of this machine."""

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """A wall clock held from going back, also over a restart: `floor` is the last time on record.

    While the wall is behind it, time goes on from there as it passes: no deadline stands still.
    """

    def __init__(self, floor: datetime | None = None) -> None:
        self._last = floor or datetime.fromtimestamp(0, tz=UTC)
        self._given = time.monotonic()
        self._steered: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        wall, passed = self._wall(), time.monotonic() - self._given
        held = self._last + timedelta(milliseconds=int(passed * 1000))
        if wall >= held:
            return self._hold(wall.replace(microsecond=wall.microsecond // 1000 * 1000))
        return self._hold(held) if held > self._last else self._last

    def _wall(self) -> datetime:
        """This machine's, until another clock was told; then that one's, going on as time passes here."""
        if self._steered is None:
            return datetime.now(UTC)
        at, told = self._steered
        return at + timedelta(seconds=time.monotonic() - told)

    def steer(self, at: datetime) -> None:
        """Go by another clock, which shows `at` now: the database's, for many processes on one have one time."""
        self._steered = at, time.monotonic()

    def _hold(self, at: datetime) -> datetime:
        self._last, self._given = max(self._last, at), time.monotonic()
        return self._last

    def monotonic(self) -> float:
        return time.monotonic()

    def hold(self, floor: datetime | None) -> None:
        """Never give an earlier time than `floor` from now on."""
        if floor is not None:
            self._hold(floor)
