"""What happened to accounts, told from the platform's own record of effects alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

OURS = "svc:countersign"
REGISTERED = frozenset({"system:legal", "system:spam"})
"""As the sample policy has it."""
Effect = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Fall:
    """An account went down and perhaps came back. `by` are those who took it down, one after the other."""

    account: str
    by: tuple[str, ...]
    at: datetime
    back_at: datetime | None = None
    back_by: str | None = None

    @property
    def rightly(self) -> bool:
        """Whether it was for somebody of those to take it down; then it was rightly down whoever came after."""
        return any(actor == f"owner:{self.account}" or actor in REGISTERED for actor in self.by)

    @property
    def seconds(self) -> float | None:
        return None if self.back_at is None else (self.back_at - self.at).total_seconds()

    @property
    def wrongly_restored(self) -> bool:
        return self.rightly and self.back_by == OURS

    @property
    def missed(self) -> bool:
        """It is down yet, and nobody had approved it."""
        return self.back_at is None and not self.rightly


def falls(effects: Iterable[Effect]) -> list[Fall]:
    """Every time an account was down, in the order in which they went down. The bot's own requests are not known."""
    found: list[Fall] = []
    standing: dict[str, int] = {}
    for effect in effects:
        account, actor, at = effect["account"], effect["actor"]["id"], datetime.fromisoformat(effect["at"])
        place = standing.get(account)
        if effect["action"] == "deactivate" and place is None:
            standing[account] = len(found)
            found.append(Fall(account=account, by=(actor,), at=at))
        elif effect["action"] == "deactivate" and place is not None:
            fall = found[place]
            found[place] = Fall(account=account, by=(*fall.by, actor), at=fall.at)
        elif effect["action"] == "restore" and place is not None:
            fall = found[standing.pop(account)]
            found[place] = Fall(account=account, by=fall.by, at=fall.at, back_at=at, back_by=actor)
    return found


def spread(seconds: Iterable[float]) -> str:
    """Median, 99th percentile by the nearest rank, and the worst."""
    ordered = sorted(seconds)
    if not ordered:
        return "none"
    p99 = ordered[min(len(ordered) - 1, -(-99 * len(ordered) // 100) - 1)]
    median = ordered[len(ordered) // 2]
    return f"median {median:.3f} s, p99 {p99:.3f} s, worst {ordered[-1]:.3f} s, of {len(ordered):,}"
