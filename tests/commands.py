"""`countersign …` as somebody types it: a process of its own, with its own files, folder and environment.

It is begun by a nursery (tests/forked_commands.py), one for each process of the tests, because the imports of a start
cost more than most tests do. What `python -m bot` does from the interpreter's own start on is tried in
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
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from bot.sandbox.stage import Stage

ROOT = Path(__file__).parents[1]
KEPT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
"""What a program needs of the environment of the tests."""


@cache
def _nursery() -> socket.socket:
    """Where orders go. Its other end ends with the tests: then so does the nursery."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, its):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    words = [sys.executable, "-m", "tests.forked_commands", str(its.fileno())]
    process = subprocess.Popen(words, cwd=ROOT, env=KEPT, pass_fds=[its.fileno()], stdin=DEVNULL)  # noqa: S603 - ours
    its.close()
    atexit.register(_end, ours, process)
    return ours


def _end(orders: socket.socket, nursery: "subprocess.Popen[bytes]") -> None:
    orders.close()
    nursery.wait()


class Born:
    """A program that runs, and how it ended."""

    def __init__(
        self, *words: str, folder: Path | str, environment: Mapping[str, str], files: tuple[int, int, int]
    ) -> None:
        self.returncode_: int | None = None
        self.line, its = socket.socketpair()
        order = {"words": words, "folder": str(folder), "environment": dict(environment)}
        with its:
            socket.send_fds(_nursery(), [json.dumps(order).encode()], [*files, its.fileno()])
        self.pid = int(self._heard())

    def _heard(self) -> bytes:
        said = b""
        while not said.endswith(b"\n"):
            if not (more := self.line.recv(1)):
                raise ChildProcessError("The nursery has ended.")
            said += more
        return said

    def ended(self) -> int:
        """Wait until it has; its exit code, negative for a signal."""
        if self.returncode_ is None:
            self.line.setblocking(True)
            self.returncode_ = int(self._heard())
            self.line.close()
        return self.returncode_

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        if self.returncode_ is None:
            try:
                self.line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return None
        return self.ended()

    def send_signal(self, what: int) -> None:
        with suppress(ProcessLookupError):  # it has ended, and how is not heard yet
            if self.returncode is None:
                os.kill(self.pid, what)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@dataclass
class Running:
    """What `asyncio.create_subprocess_exec` gives, of a program that the nursery began."""

    born: Born
    stdout: asyncio.StreamReader | None = None
    stderr: asyncio.StreamReader | None = None
    _ended: "asyncio.Future[int] | None" = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.born, name)

    async def wait(self) -> int:
        if self.born.returncode_ is None and self._ended is None:
            loop = asyncio.get_running_loop()
            self._ended = loop.create_future()
            loop.add_reader(self.born.line, self._end)
        return self.born.ended() if self._ended is None else await asyncio.shield(self._ended)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self.born.line)
        assert self._ended is not None
        self._ended.set_result(self.born.ended())

    async def communicate(self) -> tuple[bytes | None, bytes | None]:
        async def of(stream: asyncio.StreamReader | None) -> bytes | None:
            return None if stream is None else await stream.read()

        out, err, _ = await asyncio.gather(of(self.stdout), of(self.stderr), self.wait())
        return out, err


@contextmanager
def program(*words: str) -> Iterator[tuple[Born, IO[str]]]:
    """A module at work, and what it says; it is killed at the end."""
    ours, its = os.pipe()
    with open(os.devnull) as nothing, open(ours, encoding="utf-8") as said:  # noqa: PTH123 - of a file that is open
        try:
            process = Born(*words, folder=ROOT, environment=KEPT, files=(nothing.fileno(), its, 2))
        finally:
            os.close(its)
        try:
            yield process, said
        finally:
            process.kill()
            process.ended()


async def begun(
    *words: str, cwd: Path | str, env: Mapping[str, str], stdout: Any = None, stderr: Any = None
) -> Running:
    """Begin a module, `bot` or another, with those arguments, as `asyncio.create_subprocess_exec` does."""
    streams: dict[str, asyncio.StreamReader] = {}
    given: list[int] = []  # what is the child's alone
    files = [os.open(os.devnull, os.O_RDONLY)]
    given.append(files[0])
    for number, (name, how) in enumerate((("stdout", stdout), ("stderr", stderr)), start=1):
        if how == PIPE:
            ours, its = os.pipe()
            streams[name] = await _stream(ours)
            given.append(its)
            files.append(its)
        else:
            files.append(files[1] if how == STDOUT else number if how is None else how.fileno())
    try:
        born = Born(*words, folder=cwd, environment=env, files=(files[0], files[1], files[2]))
    finally:
        for file in given:
            os.close(file)
    return Running(born, **streams)


async def _stream(file: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(file, "rb", buffering=0)
    )
    return reader


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
