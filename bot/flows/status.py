"""How this process is doing: what `/readyz`, `/guardz`, `/metrics` and `/countersign guard` tell."""

import asyncio
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.core.incident import BACK, Incident
from bot.core.transition import Transition
from bot.ports import Fence, Lease

DETECTED_WITHIN = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
RESTORED_WITHIN = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 660.0, 1800.0, 3600.0)
"""With one at 660 s, the eleven minutes of 2017."""
WHOLE_WITHIN = (1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0, 86400.0)
"""Seconds, the upper bounds of what is counted together; one more counts all that took longer."""


@dataclass(slots=True)
class Histogram:
    """How long something took, counted by bounds."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    sum: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def count(self, span: timedelta) -> None:
        """Clocks differ: what seems to have been before it began took no time."""
        seconds = max(span.total_seconds(), 0.0)
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """How the guard is doing: seconds since the feed answered and since a sweep ended, None where neither has yet."""

    lag: float | None
    swept: float | None
    swept_size: int | None
    """Inactive accounts that the last sweep listed."""
    platform_away: bool


@dataclass(slots=True)
class Status:
    """Monotonic seconds of what happened last; None before it first did."""

    listed: bool = False
    """The first list of inactive accounts is complete."""
    draining: bool = False
    shut: str | None = None
    """Why no card could be posted in the approvals channel, as far as Slack has said."""
    feed_answered: float | None = None
    platform_away: bool = False
    swept: float | None = None
    swept_size: int | None = None
    """Inactive accounts that the last sweep listed."""
    judged: dict[str, int] = field(default_factory=dict)
    """Verdicts of this process by their reason."""
    detection: Histogram = field(default_factory=lambda: Histogram(DETECTED_WITHIN))
    """From the platform's time of the act to the guard hearing of it."""
    restore: Histogram = field(default_factory=lambda: Histogram(RESTORED_WITHIN))
    """From the act to the public view active again."""
    whole: Histogram = field(default_factory=lambda: Histogram(WHOLE_WITHIN))
    """From the act to the counts being what they were."""

    known: int = 0
    """Of what the last whole sweep listed those that a verdict spoke of already."""
    fence: Fence | None = None
    """The guard's lease, while this process is the guard."""
    guard: Lease | None = None
    """While it is not: the lease as another process holds it, with how that one is doing (`told`)."""
    vacant: asyncio.Event = field(default_factory=asyncio.Event)
    """Another process was found gone, which may have been the guard: whoever waits for the lease asks at once."""

    def take_up(self, fence: Fence, now: float, at: datetime) -> None:
        """Be the guard, from where the one before left off: what it had heard of is no news, and nothing overdue."""
        before = self.watch(now, at)
        self.feed_answered = None if before.lag is None else now - before.lag
        self.swept = None if before.swept is None else now - before.swept
        self.swept_size, self.platform_away = before.swept_size, before.platform_away
        self.fence = fence

    def lay_down(self) -> None:
        """Be the guard no more: how the platform answers is for another to say."""
        self.fence, self.platform_away = None, False

    def told(self, now: float) -> dict[str, Any]:
        """What a guard says of itself to the other processes, at the monotonic second `now`."""
        return asdict(self._own(now))

    def watch(self, now: float, at: datetime) -> Watch:
        """How the guard is doing, here or in another process, at the monotonic second `now`, which is `at`."""
        if self.fence is not None or self.guard is None:
            return self._own(now)
        passed, facts = max((at - self.guard.since).total_seconds(), 0.0), self.guard.facts
        return Watch(
            lag=_plus(facts.get("lag"), passed),
            swept=_plus(facts.get("swept"), passed),
            swept_size=facts.get("swept_size"),
            platform_away=self.platform_away or bool(facts.get("platform_away")),
        )

    def _own(self, now: float) -> Watch:
        return Watch(
            lag=_since(self.feed_answered, now),
            swept=_since(self.swept, now),
            swept_size=self.swept_size,
            platform_away=self.platform_away,
        )

    def count(self, because: str) -> None:
        self.judged[because] = self.judged.get(because, 0) + 1

    def tally(self, transitions: Iterable[Transition]) -> None:
        """Count what a commit made of incidents; to be called once the commit is there."""
        for transition in transitions:
            before, after = transition.before, transition.after
            if not isinstance(after, Incident) or after.at is None:
                continue
            if not isinstance(before, Incident):
                self.detection.count(after.seen_at - after.at)
                continue
            if after.down_for is not None and after.state in BACK and before.state not in BACK:
                self.restore.count(after.down_for)
            if after.whole_at is not None and after.whole_at != before.whole_at:
                self.whole.count(after.whole_at - after.at)


def _since(then: float | None, now: float) -> float | None:
    return None if then is None else max(now - then, 0.0)


def _plus(seconds: float | None, more: float) -> float | None:
    return None if seconds is None else seconds + more
