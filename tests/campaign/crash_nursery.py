"""Starts bots by fork from a process that has imported everything and begun nothing: a start costs no import.

It reads one order a line (its number, where to work, the environment, the file of the points) and says when each bot
has begun and how it ended. What is forked is `countersign run`, from its first line on.
"""

import gc
import json
import os
import select
import signal
from pathlib import Path
from typing import Any

import alembic.command
import psycopg

import bot.serving
import storage.ledger
from bot.__main__ import main
from tests.campaign.crash_points import Points, watch

IMPORTED = (alembic.command, psycopg, bot.serving, storage.ledger)


def be_the_bot(order: dict[str, Any]) -> None:
    """Never returns."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream, opened in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
        os.dup2(opened, stream)
    watch(Points(Path(order["points"])))
    main(["run"], prog_name="countersign")


def serve() -> None:
    """Until there are no more orders and no more bots."""
    gc.collect()
    gc.freeze()
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes)
    alive: dict[int, int] = {}
    rest = b""
    while alive or rest is not None:
        ready, _, _ = select.select([woken, *([] if rest is None else [0])], [], [])
        if woken in ready:
            os.read(woken, 512)
            tell_of_the_dead(alive)
        if 0 in ready:
            read = os.read(0, 1 << 16)
            *orders, rest = (rest + read).split(b"\n") if read else [None]
            for order in map(json.loads, orders):
                begin(order, alive)


def begin(order: dict[str, Any], alive: dict[int, int]) -> None:
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        be_the_bot(order)
    alive[child] = order["number"]
    print(json.dumps({"number": order["number"], "began": child}), flush=True)


def tell_of_the_dead(alive: dict[int, int]) -> None:
    while alive:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        ended = os.waitstatus_to_exitcode(status)
        print(json.dumps({"number": alive.pop(child), "ended": ended}), flush=True)


if __name__ == "__main__":
    serve()
