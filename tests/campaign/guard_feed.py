"""A feed that drops, doubles, reorders, delays, forges, forgets or says nothing: the sweep finds what it did not tell.

A try is a deactivation, by a rogue or by somebody who may. What nobody approved is back within the sweep's interval.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.guard_stage import Attack, guard, under_attack
from tests.campaign.guard_truth import spread

INTERVAL = 1.0
"""Seconds between two sweeps."""
MARGIN = 4.0
"""Seconds for the sweep itself and the restore, on a machine that others use."""
ROUND = 10
"""Deactivations under one fault."""
RIGHTLY = 0.3
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "drop 100 %": {"kind": "drop"},
    "forged: registered": {"kind": "actor", "actor": "system:legal"},
    "cursor lost": {"kind": "cursor_lost", "times": 1},
    "feed down": {"kind": "feed_down"},
    **{f"drop {share:.0%}": {"kind": "drop", "share": share} for share in (0.0, 0.1, 0.25, 0.5, 0.75, 0.9)},
    "silent": {"kind": "silent"},
    "duplicate": {"kind": "duplicate"},
    "duplicate 50 %": {"kind": "duplicate", "share": 0.5},
    "reorder": {"kind": "reorder"},
    "reorder 30 %": {"kind": "reorder", "share": 0.3},
    "delay": {"kind": "delay", "seconds": 2.5},
    "forged: ours": {"kind": "actor", "actor": {"id": "svc:countersign", "kind": "service"}},
    "forged: missing": {"kind": "actor", "actor": None},
    "clock ahead": {"kind": "clock", "offset": 3600},
    "clock behind": {"kind": "clock", "offset": -3600},
}


async def _round(stand: Attack, number: int, size: int, dice: Random, margin: float) -> tuple[str, float | None]:
    """Some deactivations under one fault; how long it took to make them good, None where too long."""
    name, fault = list(FAULTS.items())[number % len(FAULTS)]
    accounts = await stand.accounts(size, prefix=f"feed{number}_")
    await stand.fault(**fault)
    tokens = [
        dice.choice((f"owner-dev-token:{account}", "system-dev-token:legal"))
        if dice.random() < RIGHTLY
        else f"staff-dev-token:rogue{number}.{place}"
        for place, account in enumerate(accounts)
    ]
    statuses = await stand.all_at_once(map(stand.act, tokens, accounts))
    assert set(statuses) == {200}, statuses
    took = await stand.made_good(within=INTERVAL + margin)
    await stand.mend()
    return name, took


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED, margin: float = MARGIN) -> Counts:
    took: list[float] = []
    late = Counter[str]()
    async with under_attack(guard(sweep_every=f'"{INTERVAL * 1000:.0f}ms"')) as stand:
        for number, begun in enumerate(range(0, count, ROUND)):
            size = min(ROUND, count - begun)
            name, seconds = await _round(stand, number, size, dice_of(seed, number), margin)
            late[name] += size if seconds is None else 0
            took.append(INTERVAL + margin if seconds is None else seconds)
            for _ in range(size):
                tried()
        wrong = [fall for fall in await stand.falls() if fall.wrongly_restored]
    figures = {
        "made good": spread(took),
        "too late under": {name: many for name, many in late.items() if many},
        "restored though rightly down": [" then ".join(fall.by) for fall in wrong],
    }
    return Counts(tried=count, broken=late.total() + len(wrong), figures=figures)


CAMPAIGN = Campaign(
    name="guard_feed",
    threat="R9",
    claim="under a feed that lies or is silent, not restored within the sweep’s interval, or wrongly",
    smoke=40,
    full=3_000,
    run=run,
)
SMOKE = replace(CAMPAIGN, run=partial(run, margin=30.0))
"""How fast it is on a machine that does other things says nothing; that it is does."""
