"""How this process is doing: what `/readyz`, `/guardz`, `/metrics` and `/countersign guard` tell."""

from collections import deque
from dataclasses import dataclass, field

from bot.ports import Fence

MANY, MANY_WITHIN = 50, 60.0
"""So many unexplained deactivations in so many seconds are a mass event."""


@dataclass(slots=True)
class Status:
    """Monotonic seconds of what happened last; None before it first did."""

    listed: bool = False
    """The first list of inactive accounts is complete."""
    draining: bool = False
    feed_answered: float | None = None
    platform_away: bool = False
    swept: float | None = None
    judged: dict[str, int] = field(default_factory=dict)
    """Verdicts of this process by their reason."""
    restores: int = 0
    seconds_down: float = 0.0
    """Of all incidents restored by this process, together."""

    swept_size: int = 0
    """How many accounts the last sweep listed."""
    known: int = 0
    """Of them those that a verdict spoke of already, at the last whole sweep."""
    gaps: int = 0
    """How often the feed left out a number."""
    fence: Fence | None = None
    """The guard's lease, while this process is the guard."""
    unexplained: deque[float] = field(default_factory=lambda: deque(maxlen=MANY))
    """When the last unexplained instances were judged, the oldest first."""

    def count(self, because: str, *, explained: bool, now: float) -> None:
        self.judged[because] = self.judged.get(because, 0) + 1
        if not explained:
            self.unexplained.append(now)

    def many(self, now: float) -> bool:
        """Whether so much is unexplained at once that only what is protected is looked at one by one."""
        return len(self.unexplained) == MANY and now - self.unexplained[0] < MANY_WITHIN

    def restored(self, seconds: float) -> None:
        self.restores += 1
        self.seconds_down += seconds
