"""How an account's public counts behave after a restore: pure functions of the milliseconds since."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

CACHE_BEFORE_IT_WARMS = 5_400  # what the public saw of 41,700,000 followers in November 2017


class Curve(BaseModel):
    """What `POST /control/v1/counters` sets for an account.

    | curve | shows |
    |---|---|
    | `instant` | the truth |
    | `cold_cache` | `low` (5,400) for `seconds` (5), then the truth |
    | `ramp` | a line from `low` (0) to the truth over `seconds` (5) |
    | `drain` | the truth, from half of `seconds` (5) on a line down, from `seconds` on `to` (0) |
    | `partial` | a line over `seconds` (0) that ends at `ratio` (0.5) of the truth |
    | `negative` | minus `low` (17), for `seconds` if given, else until a recount |
    | `hidden` | no counts at all, for `seconds` if given, else until a recount |
    | `live` | the truth, but that moves by `ratio` (0.01, may be below 0) while the account is down |
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: str
    curve: Literal["instant", "cold_cache", "ramp", "drain", "partial", "negative", "hidden", "live"]
    low: int | None = None
    seconds: float | None = Field(default=None, ge=0)
    to: int = 0
    ratio: float | None = Field(default=None, ge=-1)

    def _progress(self, since: int, *, default: float) -> float:
        """Return how far the curve has come, 0…1."""
        whole = 1000 * (default if self.seconds is None else self.seconds)
        return 1.0 if since >= whole else since / whole

    def shown(self, truth: int, *, since: int) -> int | None:
        """Return what the public sees of a count `since` milliseconds after the restore; None: nothing."""
        match self.curve:
            case "cold_cache":
                low = CACHE_BEFORE_IT_WARMS if self.low is None else self.low
                shown = truth if self._progress(since, default=5) == 1 else min(low, truth)
            case "ramp":
                shown = _between(self.low or 0, truth, self._progress(since, default=5))
            case "drain":
                shown = _between(truth, self.to, max(0.0, 2 * self._progress(since, default=5) - 1))
            case "partial":
                ratio = 0.5 if self.ratio is None else self.ratio
                shown = _between(0, round(truth * ratio), self._progress(since, default=0))
            case "negative" if not self._is_over(since):
                shown = -abs(self.low or 17)
            case "hidden" if not self._is_over(since):
                return None
            case _:
                shown = truth
        return shown

    def _is_over(self, since: int) -> bool:
        """Whether a curve that lasts until a recount was given an end and has reached it."""
        return self.seconds is not None and since >= 1000 * self.seconds

    def moved_while_down(self, truth: int) -> int:
        """Return the true count at the restore: real followers come and go meanwhile."""
        if self.curve != "live":
            return truth
        return max(0, round(truth * (1 + (0.01 if self.ratio is None else self.ratio))))


def _between(start: int, end: int, progress: float) -> int:
    return round(start + (end - start) * progress)
