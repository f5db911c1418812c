"""Databases for the benches, on the disk and as durable as in production; and the raw commits a second of each."""

import asyncio
import itertools
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import psycopg

from tests import postgres
from tests.bench.figures import Figures
from tests.databases import KINDS

SECONDS = 3.0
"""How long the raw commits are counted."""
_NUMBERS = itertools.count()


def kinds() -> tuple[str, ...]:
    return KINDS[:1] if postgres.is_off() else KINDS


@asynccontextmanager
async def store(kind: str) -> AsyncIterator[str]:
    """The URL of an empty database of that kind.

    A server of its own syncs every commit to the disk; where tests run one, theirs is taken, whose figures say nothing.
    """
    folder = Path(tempfile.mkdtemp(prefix="countersign-bench-"))
    try:
        if kind == "sqlite":
            yield f"sqlite:///{folder / 'countersign.db'}"
        elif postgres.AT in os.environ:
            yield postgres.create(f"bench_{os.getpid()}_{next(_NUMBERS)}")
        else:
            server = postgres.Server(folder, settings=())
            await asyncio.to_thread(server.start)
            try:
                yield server.url
            finally:
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def raw_commits(url: str, scale: float) -> Figures:
    """Commits a second of one row by one connection with nothing around it: what no program on this disk surpasses."""
    once, close = _writer(url)
    series, until = [], time.perf_counter() + max(SECONDS * scale, 0.1)
    while (began := time.perf_counter()) < until:
        once()
        series.append(time.perf_counter() - began)
    close()
    found = Figures.of(series)
    rate = len(series) / sum(series)
    return Figures(median=rate, p99=1 / found.p99, worst=1 / found.worst, count=found.count)


def _writer(url: str) -> tuple[Callable[[], object], Callable[[], None]]:
    if url.startswith("sqlite"):
        file = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for statement in ("pragma journal_mode=wal", "pragma synchronous=full", "create table if not exists raw (n)"):
            file.execute(statement)
        return lambda: file.execute("insert into raw values (1)"), file.close
    server = psycopg.connect(url, autocommit=True)
    server.execute("create table if not exists raw (n int)")
    return lambda: server.execute("insert into raw values (1)"), server.close


def drop_raw(url: str) -> None:
    """The bot finds its own tables alone."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            file.execute("drop table raw")
            return
    with closing(psycopg.connect(url, autocommit=True)) as server:
        server.execute("drop table raw")
