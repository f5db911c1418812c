"""Whether an account's counts are what they were: pure functions of a baseline, the samples since and a window.

| the public sees | it is |
|---|---|
| nothing, less than nothing, or a figure away from the baseline | low |
| the baseline ± max(0.5 %, 3), not for long enough yet | settling |
| the same, three samples in a row over 30 s or more | whole |

Real people come and go: a figure away from the baseline is right all the same where the platform's true count of
relationships says so too, and it is more than before or at most `DRIFT` less. What lost more than that lost followers,
whatever the relationships say: that is for a person to judge. Following only counts where it fell, for an owner who is
back follows others at will.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.account import Account
from bot.core.incident import Baseline, Incident
from bot.core.transition import Sample

TOLERANCE = 200
"""One part in so many: 0.5 %."""
LEEWAY = 3
"""And never less than so many people."""
DRIFT = 50
"""One part in so many, 2 %: more than that does not leave by itself while an account is down."""
IN_A_ROW = 3
SETTLE = timedelta(seconds=30)
KEPT = timedelta(days=30)
"""How long samples are kept: what was longer ago says nothing of an account as it went down."""
DOUBTED = timedelta(hours=1)
"""After a restore that nobody watched, counts may still be low: nothing of that time is a baseline."""


class Where(StrEnum):
    """Where an account's counts stand."""

    LOW = "low"
    SETTLING = "settling"
    WHOLE = "whole"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What counts are held against; `following` is None where it is not known."""

    followers: int
    following: int | None
    at: datetime
    source: Baseline


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Where the counts stand; `share` is how many per cent of the followers are shown, None where that is nothing."""

    where: Where
    share: float | None
    drifted: bool
    """They are right by the true count of relationships, not by the baseline."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settling:
    """How many samples in a row must be right, and over which time at least."""

    in_a_row: int
    over: timedelta


def settling(due: Sequence[timedelta]) -> Settling:
    """Three over 30 s; a policy whose last three samples lie closer together, or that has fewer, gets what it can."""
    last = due[-IN_A_ROW:]
    return Settling(in_a_row=len(last), over=min(SETTLE, last[-1] - last[0]))


def judge(before: Figures | None, samples: Sequence[Sample], by: Settling, *, edges: int | None) -> Finding:
    """Judge the samples since the restore, the oldest first; `edges` is the true count where it was asked for."""
    run: list[Sample] = []
    for sample in reversed(samples):
        if before is None or not _right(before, sample, edges):
            break
        run.append(sample)
    now = samples[-1].followers if samples else None
    shown = share(now, before.followers if before else None)
    if not run:
        return Finding(where=Where.LOW, share=shown, drifted=False)
    whole = len(run) >= by.in_a_row and run[0].at - run[-1].at >= by.over
    assert before is not None
    assert now is not None
    drifted = not within(now, before.followers)
    return Finding(where=Where.WHOLE if whole else Where.SETTLING, share=shown, drifted=drifted)


def share(now: int | None, before: int | None) -> float | None:
    """Per cent."""
    return 100 * now / before if now is not None and before else None


def within(now: int, before: int) -> bool:
    """Inside the tolerance."""
    return abs(now - before) <= max(before // TOLERANCE, LEEWAY)


def may_have_drifted(now: int | None, before: int) -> bool:
    """Away from the baseline, but not further than people come and go: the true count decides."""
    return now is not None and not within(now, before) and now >= before - before // DRIFT


def _right(before: Figures, sample: Sample, edges: int | None) -> bool:
    now = sample.followers
    if now is None or not _follows(before, sample):
        return False
    if within(now, before.followers):
        return True
    return edges is not None and within(now, edges) and may_have_drifted(now, before.followers)


def _follows(before: Figures, sample: Sample) -> bool:
    if before.following is None:
        return True
    now = sample.following
    return now is not None and (now > before.following or within(now, before.following))


def figures_of(incident: Incident) -> Figures | None:
    """The baseline of an incident, once it has one."""
    if incident.baseline_from is None or incident.baseline_at is None or incident.followers_before is None:
        return None
    return Figures(
        followers=incident.followers_before,
        following=incident.following_before,
        at=incident.baseline_at,
        source=incident.baseline_from,
    )


def seen_active(account: Account, *, at: datetime) -> tuple[Sample, ...]:
    """What a read of an account that is up says of its counts; nothing where it hides them, or is down."""
    if not account.active or account.followers is None:
        return ()
    return (Sample(account=account.id, at=at, followers=account.followers, following=account.following),)


def figures_seen(sample: Sample | None) -> Figures | None:
    """A sample as a baseline."""
    if sample is None or sample.followers is None:
        return None
    return Figures(followers=sample.followers, following=sample.following, at=sample.at, source=Baseline.SAMPLE)
