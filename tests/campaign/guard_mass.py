"""Very many accounts taken down at once by somebody who cannot be locked out, with protected ones among them.

A try is an account. The protected ones are back within two seconds at the 99th percentile, and none is lost.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.rig import resident
from tests.campaign.campaign import SEED, Campaign, Counts
from tests.campaign.guard_stage import Attack, under_attack
from tests.campaign.guard_truth import OURS, Fall, spread

PROTECTED_WITHIN = 2.0
"""Seconds at the 99th percentile."""
EACH_WITHIN = 0.05
"""Seconds an account of all of them, and `AT_LEAST` for a few: by then none is lost."""
AT_LEAST = 30.0
ONE_IN = 100
"""So many accounts to each protected one."""
AT_ONCE = 1_000_000
"""Deactivations a second: as fast as the platform can."""


@dataclass(frozen=True, kw_only=True)
class Mass:
    """How it went."""

    protected: list[float]
    others: list[float]
    all_back: float | None
    """Seconds from the first deactivation to the last restore."""
    lost: int
    megabytes: float
    """The bot's resident memory at its highest."""


async def crowd(stand: Attack, count: int) -> set[str]:
    """Accounts that stand in a row on the platform, the protected ones strewn among them; those."""
    protected = set[str]()
    while len(protected) * ONE_IN < count:
        protected.update(await stand.accounts(1, prefix="weighty_", tags=["head-of-state"]))
        await stand.accounts(ONE_IN - 1, prefix="crowd_")
    return protected


async def strike(stand: Attack, count: int, protected: set[str], *, process_id: int) -> Mass:
    """Take the first `count` accounts of the platform down at once, and see how whoever guards puts them back."""
    watch = asyncio.create_task(_highest(process_id))
    before = max((effect["seq"] for effect in (await stand.state())["effects"]), default=0)
    await stand.fault("bulk", actor="system:sync", count=count, per_second=AT_ONCE)
    await _until_back(stand, count, before)
    megabytes = await _ended(watch)
    return _told(await stand.falls(after=before), protected, megabytes)


async def _until_back(stand: Attack, count: int, before: int) -> None:
    """Ask seldom, for the answer is long."""
    until = time.monotonic() + max(AT_LEAST, EACH_WITHIN * count)
    while time.monotonic() < until:
        await asyncio.sleep(0.5)
        found = await stand.falls(after=before)
        if len(found) >= count and not any(fall.missed for fall in found):
            return


async def _highest(process_id: int) -> float:
    highest = 0.0
    try:
        while True:
            highest = max(highest, resident(process_id))
            await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        return highest


async def _ended(watch: "asyncio.Task[float]") -> float:
    await asyncio.sleep(0)
    watch.cancel()
    return await watch


def _told(found: list[Fall], protected: set[str], megabytes: float) -> Mass:
    seconds = {True: list[float](), False: list[float]()}
    for fall in found:
        if fall.seconds is not None:
            seconds[fall.account in protected].append(fall.seconds)
    back = [fall.back_at for fall in found if fall.back_at is not None]
    lost = sum(fall.missed for fall in found)
    took = (max(back) - min(fall.at for fall in found)).total_seconds() if back and not lost else None
    return Mass(protected=seconds[True], others=seconds[False], all_back=took, lost=lost, megabytes=megabytes)


def p99(series: list[float]) -> float:
    return sorted(series)[math.ceil(0.99 * len(series)) - 1] if series else math.inf


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    async with under_attack() as stand:
        protected = await crowd(stand, count)
        mass = await strike(stand, count, protected, process_id=stand.rig.process_id)
        doubled = sum(fall.back_by != OURS for fall in await stand.falls())
        for _ in range(count):
            tried()
    slow = (
        sum(seconds > PROTECTED_WITHIN for seconds in mass.protected) if p99(mass.protected) > PROTECTED_WITHIN else 0
    )
    figures = {
        "protected": spread(mass.protected),
        "others": spread(mass.others),
        "all back after": mass.all_back,
        "lost": mass.lost,
        "the bot's memory, MB": round(mass.megabytes),
        "seed": seed,
    }
    return Counts(tried=count, broken=mass.lost + slow + doubled, figures=figures)


CAMPAIGN = Campaign(
    name="guard_mass",
    threat="T19",
    claim="of very many at once one lost, or protected ones back after 2 s (p99)",
    smoke=200,
    full=10_000,
    run=run,
)
