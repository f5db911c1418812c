"""The first start on an old platform: what is down already is known and left alone; what happens during it is not.

A try is an account that was down before the bot had ever run, whoever had done it.
"""

import asyncio
import time
from collections.abc import Callable

from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.guard_stage import Attack, under_attack
from tests.campaign.guard_truth import OURS

ACTORS = ("staff:of_old", "system:bulk", "unknown", "svc:countersign", "system:legal")
DURING = 20
"""Deactivations while the first list is made."""
WITHIN = 20.0
QUIET = 1.0


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    dice = dice_of(seed, 0)
    async with under_attack(bot=False) as stand:
        for place, actor in enumerate(ACTORS):
            size = count // len(ACTORS) + (place < count % len(ACTORS))
            await stand.accounts(size, prefix=f"old{place}_", active=False, actor=actor)
        rogues = await stand.accounts(DURING, prefix="during_")
        starting = asyncio.create_task(stand.stage.start_bot())
        for number, account in enumerate(rogues):
            await asyncio.sleep(dice.random() * 0.08)
            assert await stand.act(f"staff-dev-token:during{number}", account) == 200
        await starting
        took, wrong = await _settled(stand, set(rogues))
    for _ in range(count):
        tried()
    left = 0 if took is not None else 1
    return Counts(tried=count, broken=wrong + left, figures={"made good": took, "restored of those known": wrong})


async def _settled(stand: Attack, rogues: set[str]) -> tuple[float | None, int]:
    """How long until those of meanwhile are settled, and how many of old were touched.

    What happened before the feed's cursor was taken is known like the rest: only what came after it must be back.
    """
    began, took = time.monotonic(), None
    listed = stand.told("select at from audit where kind = 'guard_started'")
    while time.monotonic() - began < WITHIN:
        effects = (await stand.state())["effects"]
        back = {e["account"] for e in effects if e["action"] == "restore"}
        known = {account for (account,) in stand.told("select account from verdicts where why = 'known'")}
        if rogues <= back | known and listed:
            took = round(time.monotonic() - began, 3)
            break
        await asyncio.sleep(0.2)
    await asyncio.sleep(QUIET)
    effects = (await stand.state())["effects"]
    wrong = sum(e["action"] == "restore" and e["actor"]["id"] == OURS and e["account"] not in rogues for e in effects)
    return took, wrong


CAMPAIGN = Campaign(
    name="guard_first",
    threat="H7",
    claim="restored though it was down before the bot’s first start, or not though it came after",
    smoke=500,
    full=20_000,
    run=run,
)
