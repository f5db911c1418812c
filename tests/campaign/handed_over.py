"""R1, R11: the guard is killed (kill −9) while it restores; a second later another is the guard and has its task."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from tests.campaign.campaign import SEED, Campaign, Counts
from tests.campaign.crowd import OURS, Crowd
from tests.campaign.crowd_stage import crowd, revived
from tests.campaign.crowd_truth import wrong_of
from tests.campaign.guard_truth import spread

WITHIN, PATIENT = 1.0, 20.0
LOOK_EVERY = 0.01
HELD = "select owner from tasks where state = 'running' and kind = 'carry_out'"


async def until(people: Crowd, question: str, *values: object) -> float:
    """Seconds until the ledger's answer is nothing."""
    began = time.monotonic()
    while people.onlooker.rows(question, *values) != [] and time.monotonic() - began < 30:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_EVERY)
    return time.monotonic() - began


async def one_kill(people: Crowd, number: int) -> tuple[float, float, bool]:
    """Seconds until the guard's place is taken, and its task; and whether the account came up once.

    Each time it is another rogue: one who takes five down is locked out.
    """
    ((account, _),) = await people.accounts(1)
    people.falls_of.add(account)
    rule = {"kind": "timeout_after", "seconds": 30, "on": "patch", "by": OURS, "times": 1, "account": account}
    await people.scene.fault(**rule)
    await people.scene.act(f"staff-dev-token:rogue{number}", account, active=False)
    async with asyncio.timeout(30):
        while not (held := people.onlooker.rows(HELD)) or len(await people.scene.effects(account)) < 2:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(LOOK_EVERY)
    owner, guard = str(held[0][0]), people.front.guard
    assert owner.startswith(f"{guard.pid}-"), "the guard restores what it finds"
    await guard.kill()
    place, task = await asyncio.gather(
        until(people, "select 1 from leases where name = 'guard' and owner = ?", owner),
        until(people, "select 1 from tasks where state = 'running' and owner = ?", owner),
    )
    with contextlib.suppress(TimeoutError):
        await people.scene.incident_card("restored", within=30)
    restored = [e["action"] for e in await people.scene.effects(account)] == ["deactivate", "restore"]
    await revived(people.front)
    return place, task, restored


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED, within: float = WITHIN) -> Counts:
    del seed  # nothing is drawn by lot
    places, tasks, twice = list[float](), list[float](), 0
    async with crowd(2) as people:
        for number in range(count):
            place, task, once = await one_kill(people, number)
            places.append(place)
            tasks.append(task)
            twice += not once
            tried()
        wrong = await wrong_of(people)
    late = sum(seconds > within for seconds in (*places, *tasks))
    figures = {
        "the guard's place taken after": spread(places),
        "its task taken after": spread(tasks),
        "later than that": late,
        "not restored once": twice,
        "wrong": wrong[:5],
    }
    return Counts(tried=count, broken=late + twice + len(wrong), figures=figures)


CAMPAIGN = Campaign(
    name="handed_over",
    threat="R1, R11",
    claim="the guard was killed, and a second later nobody had its place or its task, or restored twice",
    smoke=1,
    full=100,
    run=run,
)
SMOKE = replace(CAMPAIGN, run=partial(run, within=PATIENT))
"""How fast it is on a machine that does other things says nothing; that it is does."""
