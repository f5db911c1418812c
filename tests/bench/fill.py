"""Ledgers of both kinds that hold very much already: rows written into migrated tables before a bot opens them."""

import itertools
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from bot.core.audit import canonical
from bot.core.request import State
from storage.rows import millis, request_row
from tests.campaign.filled import LONG_AGO, _column, _request, _said

AT_A_TIME = 50_000
Row = tuple[Any, ...]
TASK = ("key", "kind", "payload", "due", "owner", "attempts", "state")
ENTRY = ("seq", "at", "kind", "by", "request", "facts")
VOTE = (
    *("request", "revision", "person", "place", "choice", "at", "slack_user"),
    *("groups", "team", "reason", "digest", "policy"),
)
UNDECIDED = {"state": State.PENDING.value, "version": 1}
NOT_YET = ("quorate_at", "execute_by", "claimed_at", "ended_at", "ended_by")


def insert(url: str, table: str, columns: Iterable[str], rows: Iterable[Row]) -> None:
    """As fast as the database takes them."""
    named = [f'"{name}"' for name in columns]
    listed = f"{table} ({', '.join(named)})"
    if url.startswith("postgresql"):
        copy = f"copy {listed} from stdin".encode()
        with psycopg.connect(url) as server, server.cursor().copy(copy) as into:
            for row in rows:
                into.write_row(row)
        return
    statement, left = f"insert into {listed} values ({', '.join('?' * len(named))})", iter(rows)  # noqa: S608 - our own words
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
        file.execute("pragma synchronous = off")
        while some := list(itertools.islice(left, AT_A_TIME)):
            with file:
                file.executemany(statement, some)


def change(url: str, statement: str) -> None:
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(statement.encode())
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
        file.execute(statement)


def settle(url: str) -> None:
    """PostgreSQL does so by itself, some time after so many rows came; SQLite never."""
    if url.startswith("postgresql"):
        change(url, "vacuum analyze")


def done(url: str, count: int) -> None:
    """Requests carried out long ago, each with a vote and two lines of the log."""
    insert(url, "requests", _columns(), _requests(itertools.repeat({}, count)))
    at = _said(LONG_AGO)
    cast = ("approve", at, "U02MONA", "[]", None, None, "d", "p")
    insert(url, "votes", VOTE, ((_id(n), 1, "mona", 0, *cast) for n in range(count)))
    lines = ((n + 1, at, ("filed", "done")[n % 2], "ada", _id(n // 2), "{}") for n in range(2 * count))
    insert(url, "audit", ENTRY, lines)
    change(url, f"update audit_head set seq = {2 * count}")  # noqa: S608 - a number


def pending(url: str, count: int, *, first: datetime, over: timedelta) -> None:
    """Requests that nobody decides, and the tasks that end them, spread over that time from `first` on."""
    ends = [_whole(first + over * n / count) for n in range(count)]
    changes = ({**UNDECIDED, **dict.fromkeys(NOT_YET), "expires_at": _said(at)} for at in ends)
    insert(url, "requests", _columns(), _requests(changes))
    insert(url, "tasks", TASK, (_expiry(_id(n), at) for n, at in enumerate(ends)))


def waiting(url: str, count: int) -> None:
    """Tasks that are due, of requests that are not there."""
    now = datetime.now(UTC)
    insert(url, "tasks", TASK, (_expiry(f"gone_{n}", now) for n in range(count)))


def _expiry(id: str, at: datetime) -> Row:
    due = millis(at)
    return (f"expire:{id}:{due}", "expire", canonical({"request": id}), due, None, 0, "waiting")


def _whole(at: datetime) -> datetime:
    """To the millisecond, as the ledger holds times."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _id(n: int) -> str:
    return f"old_{n:09}"


def _columns() -> tuple[str, ...]:
    return tuple(request_row(_request("ACCOUNT", "KEY", "ID")))


def _requests(changes: Iterable[dict[str, Any]]) -> Iterator[Row]:
    """A row for each, of what is alike in all of them and what is changed of it."""
    alike = {name: _column(value) for name, value in request_row(_request("ACCOUNT", "KEY", "ID")).items()}
    subject = alike["subject"]
    for n, changed in enumerate(changes):
        account = f"acct_old_{n}"
        own = {"id": _id(n), "operation": f"key_{n}", "account": account, "handle": account}
        yield tuple({**alike, **own, "subject": subject.replace("ACCOUNT", account), **changed}.values())
