"""Programs as somebody starts them: processes of their own, with their own files, folder and environment.

They are begun by a nursery (tests/nursery.py), one for each process of the tests, because the imports of a start cost
more than most tests do. What `python -m bot` does from the interpreter's own start on is tried in
tests/stories/test_the_command_line.py.
"""

import asyncio
import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, TypeAlias

from bot.sandbox.stage import Stage

ROOT = Path(__file__).parents[1]
KEPT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
"""What a program needs of the environment of the tests."""
LONGEST = 1 << 24
"""Bytes of a line that a program says."""
_LENT = [False]


@contextmanager
def lent() -> Iterator[None]:
    """Meanwhile what is `started` is forked too, and bots post in Slack without the pace of a post a second."""
    _LENT[0] = True
    try:
        yield
    finally:
        _LENT[0] = False


@cache
def _nursery() -> socket.socket:
    """Where orders go. Its other end ends with the tests: then so does the nursery."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, its):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    words = [sys.executable, "-m", "tests.nursery", str(its.fileno())]
    process = subprocess.Popen(words, cwd=ROOT, env=KEPT, pass_fds=[its.fileno()], stdin=DEVNULL)  # noqa: S603 - ours
    its.close()
    atexit.register(process.wait)
    atexit.register(ours.close)  # which is the first of the two
    return ours


class Running:
    """What `asyncio.create_subprocess_exec` gives, of a program that the nursery began."""

    def __init__(self, pid: int, ended: asyncio.StreamReader, line: asyncio.StreamWriter) -> None:
        self.pid = pid
        self.stdout: asyncio.StreamReader | None = None
        self.stderr: asyncio.StreamReader | None = None
        self.returncode: int | None = None
        self._ending = asyncio.create_task(self._end(ended, line))

    async def _end(self, ended: asyncio.StreamReader, line: asyncio.StreamWriter) -> int:
        with closing(line):
            self.returncode = await _number(ended)
        return self.returncode

    async def wait(self) -> int:
        """Its exit code, negative for a signal."""
        return await asyncio.shield(self._ending)

    async def communicate(self) -> tuple[bytes | None, bytes | None]:
        async def of(stream: asyncio.StreamReader | None) -> bytes | None:
            return None if stream is None else await stream.read()

        out, err, _ = await asyncio.gather(of(self.stdout), of(self.stderr), self.wait())
        return out, err

    def send_signal(self, what: int) -> None:
        """Not to one whose end was heard: its number may be another's."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, what)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


Started: TypeAlias = Process | Running


async def begun(
    *words: str,
    cwd: Path | str,
    env: Mapping[str, str],
    stdin: IO[bytes] | None = None,
    stdout: Any = None,
    stderr: Any = None,
) -> Running:
    """Begin a module, `bot` or another, with those arguments, as `asyncio.create_subprocess_exec` does."""
    order = {"words": words, "cwd": str(cwd), "env": dict(env), "paced": not _LENT[0]}
    ours, its = socket.socketpair()
    with its, open(os.devnull, "rb") as nothing, ExitStack() as given:  # noqa: ASYNC230, PTH123 - it holds nothing
        said, output = await _output(stdout, 1, given)
        complained, errors = (None, output) if stderr == STDOUT else await _output(stderr, 2, given)
        files = [(stdin or nothing).fileno(), output, errors, its.fileno()]
        socket.send_fds(_nursery(), [json.dumps(order).encode()], files)
    ended, line = await asyncio.open_unix_connection(sock=ours)
    running = Running(await _number(ended), ended, line)
    running.stdout, running.stderr = said, complained
    return running


async def _output(how: Any, number: int, given: ExitStack) -> tuple[asyncio.StreamReader | None, int]:
    """What reads it, if anything does, and the file to give to the program, which is closed once it is given."""
    if how != PIPE:
        return None, number if how is None else how.fileno()
    ours, its = os.pipe()
    given.callback(os.close, its)
    reader = asyncio.StreamReader(limit=LONGEST)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb", buffering=0)
    )
    return reader, its


async def _number(line: asyncio.StreamReader) -> int:
    if not (said := await line.readline()):
        raise ChildProcessError("The nursery has ended.")
    return int(said)


async def started(*words: str, **how: Any) -> Started:
    """As `begun`, but by the interpreter unless the nursery is `lent`: a bench measures what people start."""
    if _LENT[0]:
        return await begun(*words, **how)
    how = {"stdin": DEVNULL, **how}
    return await asyncio.create_subprocess_exec(sys.executable, "-m", *words, limit=LONGEST, **how)


@asynccontextmanager
async def program(*words: str) -> AsyncIterator[tuple[Running, asyncio.StreamReader]]:
    """A module at work, and what it says; it is killed at the end."""
    process = await begun(*words, cwd=ROOT, env=KEPT, stdout=PIPE)
    assert process.stdout is not None
    try:
        yield process, process.stdout
    finally:
        process.kill()
        await process.communicate()


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


async def countersign(*words: str, cwd: Path, **environment: str) -> Ran:
    process = await begun("bot", *words, cwd=cwd, env={**KEPT, **environment}, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate()
    return Ran(await process.wait(), (out or b"").decode(), (err or b"").decode())


class Staged(Stage):
    """A stage whose bot, and the commands beside it, the nursery begins."""

    async def begin(self, *words: str, stdout: Any, stderr: Any) -> Any:
        return await begun("bot", *words, cwd=self.folder, env=self.environment, stdout=stdout, stderr=stderr)
