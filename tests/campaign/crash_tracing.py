"""strace, put on a bot that runs: it kills the bot at a system call, or has its writes fail."""

import asyncio
import contextlib
import shutil
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from random import Random

from tests.campaign.campaign import Counts, dice_of
from tests.campaign.crash_people import People
from tests.campaign.crash_rounds import ROUNDS, Round
from tests.campaign.crash_stage import NotStarted, staged
from tests.campaign.crash_stories import CHAPTERS

STRACE = shutil.which("strace")
NO_STRACE = "strace is not found here, or may not be put on a process: nothing is tried by system call."
ATTACHED_WITHIN = 10.0
LET_GO_WITHIN = 2.0
"""Seconds for strace to let go when asked to; then it is made to, which lets go as well."""
LOOK_EVERY = 0.1


@cache
def may_trace() -> bool:
    """Whether strace is here and the system lets it look at a process of ours; a container may not."""
    if STRACE is None:
        return False
    tried = [STRACE, "-f", "-e", "trace=fdatasync", "-o", "/dev/null", "true"]
    return subprocess.run(tried, check=False, capture_output=True).returncode == 0  # noqa: S603 - found above


class NotTraced(Exception):
    """strace could not be put on the process; the message is its own."""


@asynccontextmanager
async def traced(pid: int, calls: str, inject: str) -> AsyncIterator[None]:
    """While it lasts strace does that to those calls of the process and its threads, unless the process ends first."""
    assert STRACE is not None
    process = await asyncio.create_subprocess_exec(
        STRACE, "-f", "-p", str(pid), "-e", f"trace={calls}", "-e", f"inject={calls}:{inject}", "-o", "/dev/null",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        async with asyncio.timeout(ATTACHED_WITHIN):
            said = (await process.stderr.readline()).decode()
        if "attached" not in said:
            raise NotTraced(said.strip())
        draining = asyncio.create_task(process.stderr.read())
        watching = asyncio.create_task(_let_go(pid, process))
        yield
        watching.cancel()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(draining, LET_GO_WITHIN)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _let_go(pid: int, process: asyncio.subprocess.Process) -> None:
    """End strace where the bot is dead: it may wait for ever for threads of which nothing more is to come."""
    while _lives(pid):  # noqa: ASYNC110 - it is another's child
        await asyncio.sleep(LOOK_EVERY)
    await asyncio.sleep(LOOK_EVERY)
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


Try = Callable[[Round, Random], Awaitable[tuple[str, list[str]]]]
"""Play the round with strace on its bot: what to count it as, and what did not hold."""


async def tries(one: Try, count: int, tried: Callable[[], object], *, seed: int) -> Counts:
    """So many rounds on SQLite, of a new ledger each `ROUNDS`, and after one that broke."""
    if not may_trace():
        return Counts(tried=0, broken=0, figures={"skipped": NO_STRACE})
    seen, wrong, broken, done = Counter[str](), list[str](), 0, 0
    while done < count:
        dice = dice_of(seed, done)
        chapter = dice.choice(CHAPTERS)
        async with staged("sqlite", chapter.policy()) as stage:
            said: list[str] = []
            try:
                await stage.start()
                for number in range(min(ROUNDS, count - done)):
                    kind, said = await one(Round(stage, chapter, number, People(stage)), dice)
                    seen[kind] += 1
                    stage.deaths.clear()
                    done += 1
                    tried()
                    if said:
                        break
            except (NotStarted, TimeoutError) as error:
                said, done = [str(error)], done + 1
                tried()
            broken += bool(said)
            wrong += [f"{chapter.name}: {each}" for each in said]
    return Counts(tried=done, broken=broken, figures={**dict(seen.most_common()), "broke": wrong[:5]})
