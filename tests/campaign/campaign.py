"""What a campaign is: one threat tried many times, and how often the claim against it broke."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

SEED = 2017_11_02


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What came of a run. `broken` are the tries in which the claim did not hold; `figures` say what was tried."""

    tried: int
    broken: int
    figures: Mapping[str, object]


class Run(Protocol):
    """Try `count` times; `tried` is called once a try. The same seed makes the same tries."""

    async def __call__(self, count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts: ...


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """One threat and how to try it: `smoke` times in CI, `full` times for evidence.

    `claim` names what must never happen: it is what `broken` counts.
    """

    name: str
    threat: str
    claim: str
    smoke: int
    full: int
    run: Run


async def smoke(campaign: Campaign) -> Counts:
    """The run in CI: every try was made, and the claim held in each."""
    count = 0

    def tried() -> None:
        nonlocal count
        count += 1

    counts = await campaign.run(campaign.smoke, tried)
    assert counts.tried == count == campaign.smoke
    assert not counts.broken, counts.figures
    return counts


def told(campaign: Campaign, counts: Counts, *, seconds: float) -> str:
    """The lines printed of a run. With nothing broken in N tries the rate is below 3/N (95 %, the rule of three)."""
    bound = f" (95 %: below 3/{counts.tried:,} = {3 / counts.tried:.2g})" if counts.tried and not counts.broken else ""
    lines = [
        f"{campaign.name} ({campaign.threat}): {campaign.claim}",
        f"  {counts.broken:,} in {counts.tried:,}{bound}",
    ]
    lines += [f"  {name}: {value}" for name, value in counts.figures.items()]
    return "\n".join([*lines, f"  {seconds:.1f} s"])


def dice_of(seed: int, number: int) -> random.Random:
    """The dice of one try: it can be made again alone."""
    return random.Random(f"{seed}:{number}")


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began
