"""Lists that lie: a broken replica in which everybody is down, a list cut short or empty, and one that is true.

Nothing is restored that the public sees active (a PATCH there would be no change, so the calls are counted too), the
impossible list latches the sweep over a restart, and what the feed announces meanwhile is restored all the same.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.guard_stage import LOOK_EVERY, Attack, guard, under_attack
from tests.campaign.guard_truth import OURS, spread

CEILING = 50
"""More than so many unannounced at once are doubted, where few are known."""
ACTIVE, KNOWN, SILENT = 120, 30, 60
LISTED, WITHIN = 3, 30.0
"""Lists that lie, of which two were looked at to their end, and seconds for them."""
HELD_FOR = 1.5
"""Seconds in which a start lists all and what changed since."""
KINDS = ("impossible", "impossible, reads too", "partial", "empty", "true")
TRUE_WITHIN = 30.0
"""Seconds until all that a true list tells is restored, though it is more than the ceiling: the rest goes slowly."""
LATCHED = "select count(*) from latches where name = 'sweep' and since is not null"


@dataclass
class Told:
    wrong: list[str] = field(default_factory=list)
    true: list[float] = field(default_factory=list)


async def one(stand: Attack, kind: str, number: int, told: Told) -> None:
    accounts = await stand.accounts(ACTIVE, prefix=f"up{number}_")
    before = await _calls(stand)
    if kind == "true":
        await _true(stand, accounts[: SILENT + CEILING], told)
        return
    await _lie(stand, kind)
    await _believed(stand, kind)
    restored = await _calls(stand) - before
    if restored:
        told.wrong.append(f"{kind}: {restored} restores")
    if kind.startswith("impossible"):
        await _latched(stand, kind, told)
    await _announced(stand, accounts[-1], number, kind, told)
    await stand.mend()
    await _release(stand)


async def _calls(stand: Attack) -> int:
    """Requests to restore that the guard has filed: more than what they changed on the platform."""
    return int(stand.told("select count(*) from requests where by_policy")[0][0])


async def _lie(stand: Attack, kind: str) -> None:
    rules = {
        "impossible": {"kind": "impossible_list"},
        "impossible, reads too": {"kind": "impossible_list", "on": "any"},
        "partial": {"kind": "partial_list", "keep": 0.3},
        "empty": {"kind": "partial_list", "keep": 0.0},
    }
    await stand.fault(**rules[kind])


async def _believed(stand: Attack, kind: str) -> None:
    """Wait until the bot has latched, or has gone through the lie twice; what did not come in time is seen after."""
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        if kind.startswith("impossible"):
            seen = stand.told(LATCHED) == [(1,)]
        else:
            seen = (await stand.faults())[0]["hits"] >= LISTED
        if seen:
            return
        await asyncio.sleep(LOOK_EVERY)


async def _latched(stand: Attack, kind: str, told: Told) -> None:
    """The latch holds, over a kill and a start."""
    if stand.told(LATCHED) != [(1,)]:
        told.wrong.append(f"{kind}: not latched")
    before = await _calls(stand)
    await stand.kill()
    await stand.stage.start_bot()
    await asyncio.sleep(HELD_FOR)
    if stand.told(LATCHED) != [(1,)] or await _calls(stand) != before:
        told.wrong.append(f"{kind}: not latched over a restart, or {await _calls(stand) - before} restores after it")


async def _announced(stand: Attack, account: str, number: int, kind: str, told: Told) -> None:
    """What the feed tells is never subject to the ceiling. Where reads lie too nobody can know, so it is not tried."""
    if kind.endswith("reads too"):
        return
    await stand.rig.listen()
    assert await stand.act(f"staff-dev-token:announced{number}", account) == 200
    if await stand.back([account], within=WITHIN):
        told.wrong.append(f"{kind}: what the feed announced was not restored")


async def _true(stand: Attack, accounts: list[str], told: Told) -> None:
    """More than the ceiling are down indeed, and nobody announced it: they are restored."""
    await stand.fault("silent", by="system:sync")
    began = time.monotonic()
    await stand.all_at_once(stand.act("system-dev-token:sync", account) for account in accounts)
    seconds = await stand.made_good(within=TRUE_WITHIN, since=began)
    await stand.mend()
    if seconds is None:
        told.wrong.append("true: not restored")
    else:
        told.true.append(seconds)


async def _release(stand: Attack) -> None:
    """The next try begins unlatched, as people would have it by a quorum; the file is changed while nobody runs."""
    await stand.kill()
    stand.change("update latches set since = null where name = 'sweep'")
    await stand.stage.start_bot()


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    told = Told()
    async with under_attack(guard(sweep_every='"500ms"'), bot=False) as stand:
        known = set(await stand.accounts(KNOWN, prefix="known_", active=False))
        await stand.stage.start_bot()
        for number in range(count):
            dice: Random = dice_of(seed, number)
            kind = KINDS[number % len(KINDS)] if number < len(KINDS) else dice.choice(KINDS)
            await one(stand, kind, number, told)
            tried()
        effects = (await stand.state())["effects"]
        wrong = [e for e in effects if e["actor"]["id"] == OURS and e["account"] in known]
    figures = {
        "a true list of more than the ceiling": spread(told.true),
        "restored of those known": len(wrong),
        "broke": told.wrong[:8],
    }
    return Counts(tried=count, broken=len(told.wrong) + len(wrong), figures=figures)


CAMPAIGN = Campaign(
    name="guard_lists",
    threat="T19, H1",
    claim="restored by a list that lies, not latched by an impossible one, or a true one not believed",
    smoke=5,
    full=60,
    run=run,
)
