"""What `countersign demo` prints, and how it ends when the bot does."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

CHILDREN = "/proc/{pid}/task/{pid}/children"
WITHIN = 60


@pytest.fixture
async def demo() -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", "--port", "0", stdout=PIPE, stderr=PIPE
    )
    yield process
    if process.returncode is None:
        process.terminate()
        await asyncio.wait_for(process.communicate(), WITHIN)


async def printed(demo: Process) -> str:
    """Up to the line that says how to try the other commands."""
    assert demo.stdout is not None
    lines = []
    async with asyncio.timeout(WITHIN):
        while "set -a" not in "".join(lines):
            lines.append((await demo.stdout.readline()).decode())
            assert lines[-1], "the demo ended"
    return "".join(lines)


async def test_the_printed_line_runs_the_other_commands(demo: Process) -> None:
    line = (await printed(demo)).splitlines()[-1]
    line = line.replace("uv run countersign request", f"{sys.executable} -m bot request --json")
    shell = await asyncio.create_subprocess_shell(line, stdout=PIPE, stderr=PIPE)
    said, complained = await asyncio.wait_for(shell.communicate(), WITHIN)
    assert (shell.returncode, complained) == (0, b"")
    assert said.strip() == b"[]"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the bot's process as Linux lists it")
async def test_the_demo_ends_when_the_bot_does(demo: Process) -> None:
    await printed(demo)
    (bot,) = Path(CHILDREN.format(pid=demo.pid)).read_text().split()  # noqa: ASYNC240 - the kernel's, not a disk's
    os.kill(int(bot), signal.SIGKILL)
    _, complained = await asyncio.wait_for(demo.communicate(), WITHIN)
    assert demo.returncode == 1
    assert re.match(r"The bot's process ended by itself \(exit code -9\), so the demo ends too\.", complained.decode())
