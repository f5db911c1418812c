"""How this process is doing: what `/readyz`, `/guardz`, `/metrics` and `/countersign guard` tell."""

from dataclasses import dataclass, field


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

    def count(self, because: str) -> None:
        self.judged[because] = self.judged.get(because, 0) + 1

    def restored(self, seconds: float) -> None:
        self.restores += 1
        self.seconds_down += seconds
