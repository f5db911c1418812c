"""Starts Python programs by fork from a process that has imported everything and begun nothing: no start imports.

While one is `lent`, whoever starts a program through `started` gets a forked one; else it is started as ever. What is
forked is the program from its first line on, with the environment and the folder that it is given, but for one thing:
its bots post in Slack without the pace of a post a second, which nobody who lends a nursery is about.
"""

import asyncio
import atexit
import contextlib
import functools
import gc
import json
import os
import runpy
import secrets
import select
import signal
import socket
import subprocess
import sys
import threading
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any, Protocol

ROOT = Path(__file__).parents[1]
MOST = 1 << 16
"""Bytes of an order."""
LONGEST = 1 << 24
"""Bytes of a line that a program says."""
_LENT = [False]
_STARTING = threading.Lock()


class Program(Protocol):
    """What there is to do with a process that was started, forked or not."""

    stdout: asyncio.StreamReader | None

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    async def wait(self) -> int: ...
    async def communicate(self) -> tuple[bytes, Any]: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


@contextmanager
def lent() -> Iterator[None]:
    """Meanwhile programs are forked, all from one nursery of this process, which ends with it."""
    _LENT[0] = True
    try:
        yield
    finally:
        _LENT[0] = False


async def started(
    *words: str,
    environment: Mapping[str, str],
    cwd: Path,
    stdin: IO[bytes] | None = None,
    stderr: IO[bytes] | None = None,
) -> Program:
    """`python -m` those words, its standard output read here."""
    if _LENT[0]:
        return await forked(*words, environment=environment, cwd=cwd, stdin=stdin, stderr=stderr)
    return await asyncio.create_subprocess_exec(  # type: ignore[return-value] # `communicate` takes what to send too
        sys.executable, "-m", *words, stdin=stdin or DEVNULL, stdout=PIPE, stderr=stderr, cwd=cwd,
        env=dict(environment), limit=LONGEST,
    )  # fmt: skip


async def forked(
    *words: str,
    environment: Mapping[str, str],
    cwd: Path,
    stdin: IO[bytes] | None = None,
    stderr: IO[bytes] | None = None,
) -> "Child":
    """The same from the nursery, whether it is lent or not; where it is not, its bots keep Slack's pace."""
    reader, writer = await asyncio.open_unix_connection(await asyncio.to_thread(_address))
    ours, theirs = os.pipe()
    order = {"words": words, "cwd": str(cwd), "environment": dict(environment), "paced": not _LENT[0]}
    raw = writer.get_extra_info("socket")
    nothing = os.open(os.devnull, os.O_RDONLY)
    files = [stdin.fileno() if stdin else nothing, theirs, stderr.fileno() if stderr else 2]
    with closing(socket.socket(fileno=os.dup(raw.fileno()))) as plain:
        socket.send_fds(plain, [json.dumps(order).encode()], files)
    os.close(theirs)
    os.close(nothing)
    said = asyncio.StreamReader(limit=LONGEST)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(said), os.fdopen(ours, "rb")
    )
    return Child(json.loads(await reader.readline())["began"], said, reader, writer)


class Child:
    """A forked process, for whoever ordered it."""

    def __init__(
        self, pid: int, stdout: asyncio.StreamReader, said: asyncio.StreamReader, line: asyncio.StreamWriter
    ) -> None:
        self.pid = pid
        self.stdout: asyncio.StreamReader | None = stdout
        self.returncode: int | None = None
        self._ending = asyncio.create_task(self._ended(said, line))

    async def _ended(self, said: asyncio.StreamReader, line: asyncio.StreamWriter) -> int:
        heard = await said.readline()
        self.returncode = json.loads(heard)["ended"] if heard else -signal.SIGKILL
        line.close()
        return int(self.returncode or 0)

    async def wait(self) -> int:
        return await asyncio.shield(self._ending)

    async def communicate(self) -> tuple[bytes, None]:
        """All that it says until it ends."""
        assert self.stdout is not None
        said = await self.stdout.read()
        await self.wait()
        return said, None

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, what: signal.Signals) -> None:
        """Not to one whose end was heard: its number may be another's."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, what)


def _address() -> str:
    """Where this process's nursery listens, started by the first who asks."""
    with _STARTING:
        return _begun()


@cache
def _begun() -> str:
    address = f"\0countersign-nursery-{secrets.token_hex(8)}"
    process = subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-m", "tests.nursery", address[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdin is not None
    assert process.stdout is not None
    atexit.register(process.wait)
    atexit.register(process.stdin.close)  # which is the first of the two
    with closing(process.stdout):
        if not process.stdout.readline():
            raise RuntimeError("The nursery did not start.")
    return address


class Nursery:
    """The process that forks. It ends when its standard input does, and nobody outlives whoever ordered them."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._orders: dict[socket.socket, int] = {}
        """Who ordered which child."""

    def serve(self) -> None:
        woken, wakes = os.pipe()
        os.set_blocking(wakes, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakes)
        while True:
            ready, _, _ = select.select([woken, 0, self._listener, *self._orders], [], [])
            if 0 in ready:
                break
            if woken in ready:
                os.read(woken, 512)
                self._tell_of_the_dead()
            for line in [line for line in ready if line in self._orders]:
                self._let_go(line)
            if self._listener in ready:
                self._begin(self._listener.accept()[0])
        for child in self._orders.values():
            os.kill(child, signal.SIGKILL)

    def _begin(self, line: socket.socket) -> None:
        said, files, _, _ = socket.recv_fds(line, MOST, 3)
        if not said:
            line.close()
            return
        child = os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (self._listener, line, *self._orders):
                each.close()
            be(json.loads(said), *files)
            sys.exit()
        for file in files:
            os.close(file)
        self._orders[line] = child
        self._say(line, began=child)

    def _tell_of_the_dead(self) -> None:
        while self._orders:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            line = next(line for line, of in self._orders.items() if of == child)
            del self._orders[line]
            self._say(line, ended=os.waitstatus_to_exitcode(status))
            line.close()

    def _let_go(self, line: socket.socket) -> None:
        """Whoever ordered it is gone."""
        os.kill(self._orders[line], signal.SIGKILL)
        os.waitpid(self._orders.pop(line), 0)
        line.close()

    @staticmethod
    def _say(line: socket.socket, **what: int) -> None:
        with contextlib.suppress(OSError):
            line.sendall(json.dumps(what).encode() + b"\n")


def be(order: dict[str, Any], *files: int) -> None:
    """The program, to its end."""
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environment"])
    for stream, opened in enumerate(files):
        os.dup2(opened, stream)
        os.close(opened)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    if not order["paced"]:
        import bot.serving  # noqa: PLC0415 - of the child, as long as it is imported already

        bot.serving.running = functools.partial(bot.serving.running, posts_every=0.0)  # type: ignore[assignment]
    name, *sys.argv[1:] = order["words"]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def main(address: str) -> None:
    for name in (
        "alembic.command", "psycopg", "bot.serving", "storage.ledger", "bot.sandbox.platform.server", "slack_bolt",
        "tests.campaign.crash_mutants", "tests.campaign.crash_points",
    ):  # fmt: skip
        __import__(name)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{address}")
        listener.listen(100)
        print("ready", flush=True)
        gc.collect()
        gc.freeze()
        Nursery(listener).serve()


if __name__ == "__main__":
    main(sys.argv[1])
