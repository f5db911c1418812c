"""Begins programs by fork: this process has imported everything and begun nothing, so a start costs no import.

An order comes with three open files and a line of its own: what to run, where, with which environment. On that line the
nursery says the child's number and, once it has ended, how. Who closes the line has the child killed; when whoever
started the nursery is gone, so are all. What is run is the module's own `__main__`, from its first line on.
"""

import atexit
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
from dataclasses import dataclass, field
from typing import Any

IMPORTED = (
    "alembic.command", "bot.backing_up", "bot.doctor", "bot.policy_printing", "bot.printing", "bot.report_printing",
    "bot.serving", "bot.sandbox.demo", "psycopg", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite",
    "storage.ledger", "tests.storage.scene",
)  # fmt: skip
FILES = 4
"""With each order: the child's standard input, output and error, and its line."""
MOST = 1 << 20


@dataclass
class Nursery:
    orders: socket.socket
    lines: dict[int, tuple[int, socket.socket]] = field(default_factory=dict)
    """Of those that live: the number, and the line, by the line's file."""

    def serve(self) -> dict[str, Any] | None:
        """Until there are no more orders; in a child, what it is to be."""
        woken, wakes = os.pipe()
        os.set_blocking(wakes, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakes)
        while True:
            for ready in select.select([woken, self.orders, *self.lines], [], [])[0]:
                if ready is woken:
                    os.read(woken, 512)
                    self.tell_of_the_dead()
                elif ready is self.orders:
                    raw, files, _, _ = socket.recv_fds(self.orders, MOST, FILES)
                    if not raw:
                        self.end()
                        return None
                    if self.begin(files):
                        return dict(json.loads(raw))
                elif ready in self.lines:
                    self.hang_up(ready)

    def begin(self, files: list[int]) -> bool:
        """Whether this is the child now."""
        child = os.fork()
        if child == 0:
            self.leave(files)
            return True
        for file in files[:-1]:
            os.close(file)
        line = socket.socket(fileno=files[-1])
        line.sendall(f"{child}\n".encode())
        self.lines[line.fileno()] = child, line
        return False

    def leave(self, files: list[int]) -> None:
        """Have nothing of the nursery's but what was imported."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, file in enumerate(files[:-1]):
            os.dup2(file, number)
        for held in (self.orders, *(line for _, line in self.lines.values())):
            held.detach()
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))

    def tell_of_the_dead(self) -> None:
        for file, (child, line) in list(self.lines.items()):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                del self.lines[file]
                with line:
                    _say(line, os.waitstatus_to_exitcode(status))

    def hang_up(self, file: int) -> None:
        """Nobody waits for that one any more."""
        child, line = self.lines.pop(file)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        line.close()

    def end(self) -> None:
        for file in list(self.lines):
            self.hang_up(file)


def _say(line: socket.socket, code: int) -> None:
    with suppress(BrokenPipeError):  # nobody waits for it
        line.sendall(f"{code}\n".encode())


def become(order: dict[str, Any]) -> None:
    """The program itself. What else it raises than its end ends this process as it would end any.

    After its end only what the interpreter does for the outside is done: taking this memory apart takes longer than
    most commands.
    """
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    if order["environment"].get("PYTHONUNBUFFERED"):
        sys.stdout.reconfigure(write_through=True)
    module, *words = order["words"]
    sys.argv = [module, *words]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        for thread in threading.enumerate():
            if not thread.daemon and thread is not threading.current_thread():
                thread.join()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        os._exit(end.code or 0)


def main() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    order = Nursery(socket.socket(fileno=int(sys.argv[1]))).serve()
    if order is not None:
        become(order)


if __name__ == "__main__":
    main()
