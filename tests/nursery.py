"""Begins programs by fork: this process has imported everything and begun nothing, so a start costs no import.

An order comes with four open files, of which the last is a line of its own: what to run, where, with which environment.
On that line the nursery says the child's number and, once it has ended, how. Who closes the line has the child killed;
when whoever started the nursery (`tests/commands.py`) is gone, so are all. What is run is the module's own `__main__`,
from its first line on.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from typing import Any, NoReturn

import bot.serving

IMPORTED = (
    "alembic.command", "bot.backing_up", "bot.doctor", "bot.policy_printing", "bot.printing", "bot.report_printing",
    "bot.sandbox.demo", "psycopg", "slack_bolt", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite",
    "storage.ledger", "tests.campaign.crash_mutants", "tests.campaign.crash_points", "tests.storage.scene",
)  # fmt: skip
FILES = 4
"""With each order: the child's standard input, output and error, and its line."""
MOST = 1 << 20
"""Bytes of an order."""


class Nursery:
    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._children: dict[socket.socket, int] = {}
        """Those that live, by their lines."""

    def serve(self) -> None:
        """Until there are no more orders."""
        woken, wakes = os.pipe()
        os.set_blocking(wakes, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakes)
        while True:
            for ready in select.select([woken, self._orders, *self._children], [], [])[0]:
                if ready is woken:
                    os.read(woken, 512)
                    self._tell_of_the_dead()
                elif ready is self._orders:
                    said, files, _, _ = socket.recv_fds(self._orders, MOST, FILES)
                    if not said:
                        for line in list(self._children):
                            self._hang_up(line)
                        return
                    self._begin(json.loads(said), files)
                elif ready in self._children:
                    self._hang_up(ready)

    def _begin(self, order: dict[str, Any], files: list[int]) -> None:
        child = os.fork()
        if child == 0:
            self._leave(files)
            become(order)
        for file in files[:-1]:
            os.close(file)
        line = socket.socket(fileno=files[-1])
        self._children[line] = child
        _say(line, child)

    def _leave(self, files: list[int]) -> None:
        """Have nothing of the nursery's but what was imported."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, file in enumerate(files[:-1]):
            os.dup2(file, number)
        for held in (self._orders, *self._children):
            held.detach()
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))

    def _tell_of_the_dead(self) -> None:
        for line, child in list(self._children.items()):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                del self._children[line]
                with line:
                    _say(line, os.waitstatus_to_exitcode(status))

    def _hang_up(self, line: socket.socket) -> None:
        """Nobody waits for that one any more."""
        child = self._children.pop(line)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        line.close()


def _say(line: socket.socket, number: int) -> None:
    with suppress(OSError):  # nobody waits for it
        line.sendall(f"{number}\n".encode())


def become(order: dict[str, Any]) -> NoReturn:
    """The program itself. What else it raises than its end ends this process as it would end any.

    After its end only what the interpreter does for the outside is done: taking this memory apart takes longer than
    most commands.
    """
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    if order["env"].get("PYTHONUNBUFFERED"):
        sys.stdout.reconfigure(write_through=True)  # type: ignore[union-attr]
    if not order["paced"]:
        bot.serving.running = functools.partial(bot.serving.running, posts_every=0.0)  # type: ignore[attr-defined]
    module, *words = order["words"]
    sys.argv = [module, *words]
    code = None
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        code = end.code
    threading._shutdown()  # type: ignore[attr-defined] # waits for threads
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    for name in IMPORTED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    Nursery(socket.socket(fileno=int(sys.argv[1]))).serve()
