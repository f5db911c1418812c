"""The guard killed, and what happens while it is down: all of it made up within ten seconds of the start.

How long it was down does not matter to it, how much it missed does: a try is one kill, and the events missed go from
ten to ten thousand. Of what happened to an account the newest state wins.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.guard_stage import Attack, under_attack
from tests.campaign.guard_truth import spread

WITHIN = 10.0
"""Seconds from the start of the process until everything is made up."""
MISSED = (10, 100, 1_000, 10_000)
HANDS = {
    "owner takes down": 0.28,
    "owner restores": 0.12,
    "legal": 0.12,
    "renamed": 0.30,
    "staff restores": 0.08,
    "relabelled": 0.05,
    "rogue": 0.05,
}


async def one(stand: Attack, hand: str, account: str, number: int) -> bool:
    """One act while nobody guards; whether the platform let it happen, and it was news."""
    owner, rogue = f"owner-dev-token:{account}", f"staff-dev-token:rogue{number}"
    match hand:
        case "owner takes down":
            status = await stand.act(owner, account)
        case "owner restores":
            status = await stand.act(owner, account, active=True)
        case "legal":
            status = await stand.act("system-dev-token:legal", account)
        case "renamed":
            status = await stand.patch("system-dev-token:names", account, userName=f"n{number}_{account}")
        case "staff restores":
            status = await stand.act("staff-dev-token:helper", account, active=True)
        case "relabelled":
            status = await stand.act("system-dev-token:sync", account)
        case _:
            status = await stand.act(rogue, account)
    return status == 200


async def missed(stand: Attack, accounts: list[str], count: int, dice: Random, seen: Counter[str]) -> None:
    """So many events, with nobody to see them; one account's acts come one after the other."""
    hands, weights = list(HANDS), list(HANDS.values())
    left = count
    while left > 0:
        chosen = dice.sample(accounts, min(left, len(accounts), 40))
        drawn = dice.choices(hands, weights, k=len(chosen))
        done = await stand.all_at_once(
            one(stand, hand, account, left - place)
            for place, (hand, account) in enumerate(zip(drawn, chosen, strict=True))
        )
        seen.update(hand for hand, happened in zip(drawn, done, strict=True) if happened)
        left -= sum(done)


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED, within: float = WITHIN) -> Counts:
    took: dict[int, list[float]] = {size: [] for size in MISSED}
    seen, late = Counter[str](), 0
    async with under_attack() as stand:
        for number in range(count):
            dice, size = dice_of(seed, number), MISSED[number % len(MISSED)]
            accounts = await stand.accounts(max(size // 3, 5), prefix=f"missed{number}_")
            await stand.kill()
            await missed(stand, accounts, size, dice, seen)
            await asyncio.sleep(dice.random())
            began = time.monotonic()
            await stand.stage.start_bot()
            seconds = await stand.made_good(within=within, since=began)
            late += seconds is None
            took[size].append(within if seconds is None else seconds)
            tried()
        wrong = [fall for fall in await stand.falls() if fall.wrongly_restored]
    figures = {
        **{f"made up after {size:,} events": spread(found) for size, found in took.items() if found},
        "missed": dict(seen.most_common()),
        "restored though rightly down": len(wrong),
        "of those, after": [" then ".join(fall.by) for fall in wrong[:5]],
    }
    return Counts(tried=count, broken=late + len(wrong), figures=figures)


CAMPAIGN = Campaign(
    name="guard_killed",
    threat="T16",
    claim="killed, and what it missed was not made up 10 s after the start, or wrongly",
    smoke=2,
    full=60,
    run=run,
)
SMOKE = replace(CAMPAIGN, run=partial(run, within=40.0))
"""How fast it is on a machine that does other things says nothing; that it is does."""
