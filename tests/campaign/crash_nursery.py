"""Starts bots by fork from a process that has imported everything and begun nothing: a start costs no import.

It reads one order a line (where to work, the environment, the file of the points, how to go on) and says when the bot
has begun and how it ended. What is forked is `countersign run`, from its first line on.
"""

import gc
import json
import os
import sys
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
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            be_the_bot(json.loads(line))
        print(json.dumps({"began": child}), flush=True)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"ended": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    serve()
