"""What becomes of a bot of which a part has ended."""

import asyncio
import logging
from pathlib import Path
from typing import Any, cast

import pytest

from bot.core.errors import Misconfigured, SlackAway
from bot.wiring import Bot


@pytest.mark.parametrize(
    ("error", "lines"),
    [(Misconfigured("SLACK_BOT_TOKEN: Slack refuses it."), 0), (SlackAway("Slack says nothing."), 1)],
    ids=["a setting that is refused is said once, as the program ends", "anything else is logged where it happens"],
)
async def test_a_part_that_ends_ends_the_bot(error: Exception, lines: int, caplog: pytest.LogCaptureFixture) -> None:
    nobody, failure = cast("Any", None), asyncio.get_running_loop().create_future()
    bot = Bot(world=nobody, worker=nobody, book=nobody, port=0, policy_file=Path(), failure=failure)

    async def ends() -> None:
        raise error

    part = asyncio.create_task(ends(), name="slack")
    part.add_done_callback(bot.ended)
    with pytest.raises(type(error)):
        await failure
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == lines
