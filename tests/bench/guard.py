"""The guard at its hardest: ten thousand accounts at once, and a platform that was away meanwhile."""

import asyncio
import contextlib
import time

from tests.bench.figures import Figures, Line, milliseconds
from tests.bench.rig import Rig, floor, progress, rig
from tests.campaign.guard_mass import Mass, crowd, strike
from tests.campaign.guard_stage import Attack

AT_ONCE = 10_000
MOST_MEMORY = 300
AWAY = 1800
"""Seconds."""
A_LOOK, SHORTLY = 0.1, 1.0
"""What is less than a quick look is only to see that it runs."""
FLOOR_AWAY = 3.0
"""How long does not matter to a loop that keeps nothing."""
WHO = 20
"""Accounts that are taken down while the platform is away from the bot."""
BACK_WITHIN = 5.0


async def mass(scale: float) -> list[Line]:
    """Ten thousand taken down by one call of an actor who cannot be locked out; a hundred of them are protected."""
    count = max(int(AT_ONCE * scale), 100)
    async with rig() as stand:
        await stand.stage.stop_bot()
        attack = Attack(stand)
        protected = await crowd(attack, count)
        async with floor("loop", stand) as (_, process_id):
            least = await strike(attack, count, protected, process_id=process_id)
        await stand.stage.start_bot()
        reached = await strike(attack, count, protected, process_id=stand.process_id)
    return _lines(count, reached, least)


def _lines(count: int, reached: Mass, least: Mass) -> list[Line]:
    if reached.lost or reached.all_back is None or least.all_back is None:
        raise RuntimeError(f"of {count} accounts {reached.lost} are down yet, of the floor's {least.lost}")
    what, memory = f"{count} at once", Figures.of([least.megabytes])
    return [
        Line(
            what=f"{what}: the {len(reached.protected)} protected back",
            unit="ms",
            reached=milliseconds(reached.protected),
            floor=milliseconds(least.protected),
            p99_goal=2000,
        ),
        Line(
            what=f"{what}: the others",
            unit="ms",
            reached=milliseconds(reached.others),
            floor=milliseconds(least.others),
        ),
        Line(
            what=f"{what}: all of them",
            unit="ms",
            reached=milliseconds([reached.all_back]),
            floor=milliseconds([least.all_back]),
        ),
        Line(
            what=f"{what}: memory, at its highest",
            unit="MB",
            reached=Figures.of([reached.megabytes]),
            floor=memory,
            median_goal=MOST_MEMORY,
        ),
    ]


async def outage(scale: float) -> list[Line]:
    """Twenty taken down while the platform does not answer the bot; the clock starts when it answers again."""
    seconds = AWAY * scale if scale >= A_LOOK else SHORTLY
    async with rig() as stand:
        await stand.stage.stop_bot()
        async with floor("loop", stand):
            least = await _away(stand, min(seconds, FLOOR_AWAY), "floor")
        await stand.stage.start_bot()
        reached = await _away(stand, seconds, "outage")
    what = f"platform away {seconds:.0f} s over {WHO} rogue acts → back"
    goals = {"median_goal": 1000 * BACK_WITHIN, "p99_goal": 1000 * BACK_WITHIN}
    return [Line(what=what, unit="ms", reached=milliseconds(reached), floor=milliseconds(least), **goals)]


async def _away(stand: Rig, seconds: float, what: str) -> list[float]:
    """Seconds from the platform's return to each account's."""
    attack = Attack(stand)
    accounts = await attack.accounts(WHO, prefix=f"{what}_")
    await attack.fault("status", code=503, on="any", by="svc:countersign")
    await asyncio.sleep(0.2)
    for number, account in enumerate(accounts):
        if await attack.act(f"staff-dev-token:{what}{number}", account) != 200:
            raise RuntimeError("the rogue was refused")
    for _ in progress(range(round(seconds)), what):
        await asyncio.sleep(1)
    back = time.perf_counter()
    await attack.mend()

    async def one(account: str) -> float:
        while (await stand.stage.public(account))["state"] != "active":  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.02)
        return time.perf_counter() - back

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(20 * BACK_WITHIN):
            return list(await asyncio.gather(*map(one, accounts)))
    raise RuntimeError("an account is down yet")
