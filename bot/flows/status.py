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
    seconds_to_restore: list[float] = field(default_factory=list)
    """Of the incidents restored by this process, the newest thousand."""
    judged: dict[str, int] = field(default_factory=dict)
    """Verdicts of this process by their reason."""

    def count(self, because: str) -> None:
        self.judged[because] = self.judged.get(because, 0) + 1

    def restored(self, seconds: float) -> None:
        self.seconds_to_restore.append(seconds)
        del self.seconds_to_restore[:-1000]
