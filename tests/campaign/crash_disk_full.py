"""No room on the disk from the n-th write on: no audit, no action; the bot says so, and goes on when there is room."""

import asyncio
import time
from collections.abc import Callable
from random import Random

import aiohttp

from bot.core.request import Request
from tests.campaign.campaign import SEED, Campaign, Counts
from tests.campaign.crash_rounds import Round
from tests.campaign.crash_stage import Stage
from tests.campaign.crash_tracing import traced, tries
from tests.campaign.crash_truth import Before, before, records
from tests.campaign.guard_truth import OURS

CALLS = "pwrite64,fdatasync"
WRITES = 150
"""Of each one thread makes over a chapter, more or less."""
RED_WITHIN, RED_FOR = 3.0, 0.5
"""Seconds for the disk to be found full, or the chapter over; and that it then stays so."""


async def red(stage: Stage, playing: asyncio.Task[list[str]]) -> bool:
    """Wait until `/readyz` says that nothing can be recorded; False where the chapter was over before."""
    until = time.monotonic() + RED_WITHIN
    while time.monotonic() < until and not playing.done():
        try:
            async with stage.session.get(f"http://127.0.0.1:{stage.port}/readyz") as answer:
                if answer.status == 503:
                    return True
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.02)
    return False


async def acted(stage: Stage, then: Before) -> list[str]:
    """What the bot did to the platform without its intent on disk."""
    known = {r.operation: r for r in records(stage).values() if isinstance(r, Request)}
    ours = [e for e in (await stage.truth())["effects"][then.effects :] if e["actor"]["id"] == OURS]
    found = [(effect, known.get(effect["operation"])) for effect in ours if effect["operation"]]
    return [f"acted without a record: {e}" for e, request in found if request is None or request.claimed_at is None]


async def filled(round_: Round, dice: Random) -> tuple[str, list[str]]:
    stage, when = round_.stage, dice.randint(1, WRITES)
    then = await before(stage)
    async with traced(stage.pid, CALLS, f"error=ENOSPC:when={when}+"):
        playing = asyncio.create_task(round_.play(then))
        full = await red(stage, playing)
        if full:
            await asyncio.sleep(RED_FOR)
        wrong = await acted(stage, then)
    wrong += await playing
    kind = "said that it cannot record" if full else "there was room enough"
    return kind, [f"{when}: {each}" for each in wrong]


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    return await tries(filled, count, tried, seed=seed)


CAMPAIGN = Campaign(
    name="crash_disk_full",
    threat="R15",
    claim="with the disk full the bot acted without a record, or did not go on once there was room",
    smoke=2,
    full=500,
    run=run,
)
