"""No room on the disk from the n-th write on: no audit, no action; the bot says so, and goes on when there is room."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

import aiohttp

from bot.core.request import Request
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.crash_people import People
from tests.campaign.crash_rounds import ROUNDS, Round
from tests.campaign.crash_stage import NotStarted, Stage, staged
from tests.campaign.crash_stories import CHAPTERS
from tests.campaign.crash_tracing import NO_STRACE, may_trace, traced
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


async def one(stage: Stage, round_: Round, when: int) -> tuple[bool, list[str]]:
    """Whether the disk was found full, and what did not hold."""
    then = await before(stage)
    async with traced(stage.pid, CALLS, f"error=ENOSPC:when={when}+"):
        playing = asyncio.create_task(round_.play(then))
        full = await red(stage, playing)
        if full:
            await asyncio.sleep(RED_FOR)
        wrong = await acted(stage, then)
    return full, wrong + await playing


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    if not may_trace():
        return Counts(tried=0, broken=0, figures={"skipped": NO_STRACE})
    seen, wrong, broken, done = Counter[str](), list[str](), 0, 0
    while done < count:
        dice = dice_of(seed, done)
        chapter = dice.choice(CHAPTERS)
        async with staged("sqlite", chapter.policy()) as stage:
            try:
                await stage.start()
                for number in range(min(ROUNDS, count - done)):
                    when = dice.randint(1, WRITES)
                    full, said = await one(stage, Round(stage, chapter, number, People(stage)), when)
                    seen["said that it cannot record" if full else "there was room enough"] += 1
                    wrong += [f"{chapter.name} {when}: {each}" for each in said]
                    broken += bool(said)
                    done += 1
                    tried()
                    if said:
                        break
            except (NotStarted, TimeoutError) as error:
                wrong.append(f"{chapter.name}: {error}")
                broken, done = broken + 1, done + 1
                tried()
    return Counts(tried=done, broken=broken, figures={**seen, "broke": wrong[:5]})


CAMPAIGN = Campaign(
    name="crash_disk_full",
    threat="R15",
    claim="with the disk full the bot acted without a record, or did not go on once there was room",
    smoke=2,
    full=500,
    run=run,
)
