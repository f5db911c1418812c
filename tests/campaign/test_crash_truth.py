"""The judge of the crashes can say no: a bot with one thing left out is found out."""

import asyncio
import os
import signal

from tests.campaign.crash_people import People
from tests.campaign.crash_rounds import Round
from tests.campaign.crash_stage import Stage, staged
from tests.campaign.crash_stories import CHAPTERS, Chapter, approved
from tests.campaign.crash_truth import before

ALONE = Chapter(name="alone", stories=(approved,), policy=CHAPTERS[0].policy)
PATIENCE = {True: 6.0, False: 40.0}
"""Seconds for a mutant, which comes to no rest, and for a bot that must."""


async def killed_when_it_has_acknowledged(stage: Stage, people: People) -> None:
    while not people.acknowledged:  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(0.001)
    os.kill(stage.pid, signal.SIGKILL)


async def found(mutant: str, *, kill: bool = False) -> list[str]:
    """What is wrong with that mutant."""
    async with staged("sqlite", ALONE.policy(), mutant=mutant) as stage, asyncio.TaskGroup() as group:
        await stage.start()
        people, then = People(stage), await before(stage)
        if kill:
            group.create_task(killed_when_it_has_acknowledged(stage, people))
        return await Round(stage, ALONE, 0, people, patience=PATIENCE[bool(mutant)]).play(then)


async def test_a_bot_that_leaves_one_thing_out_is_found_out_and_one_that_does_not_is_not() -> None:
    unharmed, killed, silent, guessing, hasty = await asyncio.gather(
        found(""),
        found("", kill=True),
        found("forgets_to_tell"),
        found("guesses_a_key"),
        found("acknowledges_first", kill=True),
    )

    assert unharmed == killed == []
    assert any("pending" in said for said in silent)
    assert guessing
    assert any("acknowledged and lost" in said for said in hasty)
