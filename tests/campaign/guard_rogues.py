"""Deactivations straight on the platform, by many hands, one at a time and in bursts: each is restored, once."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.guard_stage import Attack, under_attack
from tests.campaign.guard_truth import OURS, Fall, spread

WITHIN = 30.0
"""Seconds that a burst may take; what a single one takes is a figure."""
MOST_AT_ONCE = 60
WEIGHTS: tuple[dict[str, Any], ...] = (
    {"followers": 12},
    {"followers": 250_000},
    {"followers": 3_000_000},
    {"followers": 7, "tags": ["head-of-state"]},
)
PREFIXES = ("rogue_", "Ünïcødé_", "ВАСЯ", "山田", "a.b-c_")
HANDS = ("staff",) * 16 + ("system", "shared", "service")
"""Staff by far the most; a system nobody registered, the shared password, and somebody with the bot's own token."""


def token(hand: str, name: str) -> str:
    named = {"staff": f"staff-dev-token:{name}", "system": f"system-dev-token:{name}"}
    return named.get(hand) or {"shared": "shared-dev-token", "service": "bot-dev-token"}[hand]


async def burst(stand: Attack, number: int, dice: Random, most: int) -> tuple[int, set[str]]:
    """One round: how many were taken down, and which did not come back. A hand that was locked out lends another's."""
    size = 1 if dice.random() < 0.5 else dice.randint(2, MOST_AT_ONCE)
    prefix, weight = f"{dice.choice(PREFIXES)}{number}_", dice.choice(WEIGHTS)
    accounts = await stand.accounts(min(size, most), prefix=prefix, **weight)
    alone = dice.random() < 0.3
    hands = ["staff"] * len(accounts) if alone else dice.choices(HANDS, k=len(accounts))

    async def take_down(place: int, account: str) -> int:
        for again in range(3):
            name = f"rogue{number}" if alone and not again else f"rogue{number}.{place}.{again}"
            status = await stand.act(token(hands[place], name), account)
            if status != 403:
                return status
        return status

    statuses = await stand.all_at_once(take_down(place, account) for place, account in enumerate(accounts))
    assert set(statuses) == {200}, statuses
    return len(accounts), await stand.back(accounts, within=WITHIN)


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    done, late, sizes = 0, set[str](), Counter[str]()
    async with under_attack() as stand:
        await stand.rig.listen()
        for number in range(count):
            if done == count:
                break
            size, left = await burst(stand, number, dice_of(seed, number), count - done)
            sizes["alone" if size == 1 else "together"] += size
            late, done = late | left, done + size
            for _ in range(size):
                tried()
        found = await stand.falls()
    broken = broken_of(found, count) + sum(not fall.missed for fall in found if fall.account in late)
    figures = {**sizes, "down": spread(f.seconds for f in found if f.seconds is not None), "seed": seed}
    return Counts(tried=count, broken=broken, figures=figures)


def broken_of(found: list[Fall], count: int) -> int:
    """Not restored, restored by others or more than once, or not even deactivated: each is a claim that broke."""
    by_us = sum(fall.back_by == OURS for fall in found)
    return abs(count - len(found)) + len(found) - by_us


CAMPAIGN = Campaign(
    name="guard_rogues",
    threat="T1",
    claim="a deactivation that nobody approved and the bot did not restore, once",
    smoke=40,
    full=10_000,
    run=run,
)
