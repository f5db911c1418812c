"""A ledger that holds very much already: rows written straight into a migrated file, before the bot opens it."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from bot.core.account import Instance
from bot.core.audit import canonical
from bot.core.quorum import Quorum
from bot.core.request import Action, Request, State, Subject
from bot.core.tasks import sweep
from storage.database import Database
from storage.rows import instance_key, millis, request_row

LONG_AGO = datetime(2026, 9, 1, tzinfo=UTC)
AT_A_TIME = 50_000
Row = tuple[Any, ...]


def migrated(file: Path) -> None:
    database = Database(f"sqlite:///{file}")
    database.migrate()
    database.close()


def requests(file: Path, keys: Iterable[tuple[str, str]]) -> int:
    """An approved and carried out request for each (account, operation key), whose event has not been judged yet."""
    template = {name: _column(value) for name, value in request_row(_request("ACCOUNT", "KEY", "ID")).items()}
    varying = ("id", "account", "handle", "subject", "operation")
    fixed = [name for name in template if name not in varying]
    same = tuple(template[name] for name in fixed)
    subject = str(template["subject"])

    def rows() -> Iterator[Row]:
        for number, (account, key) in enumerate(keys):
            named = subject.replace("ACCOUNT", account)
            yield (f"req_{number:010}", account, account, named, key, *same)

    return insert(file, "requests", (*varying, *fixed), rows())


def known(file: Path, instances: Iterable[Instance], *, cursor: int) -> int:
    """What the first list leaves: a verdict on each, the feed's cursor, and the sweeps to come."""
    columns = ("key", "place", "account", "at", "actor", "operation", "explained", "why", "judged_at", "incident")
    judged_at = _column(_said(LONG_AGO))

    def rows() -> Iterator[Row]:
        for each in instances:
            at = _said(each.at) if each.at else None
            yield (instance_key(each), 1, each.account, at, each.actor, None, 1, "known", judged_at, None)

    count = insert(file, "verdicts", columns, rows())
    insert(file, "cursors", ("name", "value"), [("feed", cursor)])
    sweeps = [sweep(whole=False, due=LONG_AGO), sweep(whole=True, due=datetime.now(UTC) + timedelta(days=1))]
    columns = ("key", "kind", "payload", "due", "owner", "attempts", "state")
    rows = [(t.key, t.kind.value, canonical(t.payload), millis(t.due), None, 0, "waiting") for t in sweeps]
    insert(file, "tasks", columns, rows)
    return count


def insert(file: Path, table: str, columns: tuple[str, ...], rows: Iterable[Row]) -> int:
    """As fast as the file takes them; how many they were."""
    into = f"insert into {table} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"  # noqa: S608 - our own words
    count, left = 0, iter(rows)
    with contextlib.closing(sqlite3.connect(file)) as opened:
        opened.execute("pragma synchronous = off")
        while some := list(islice(left, AT_A_TIME)):
            with opened:
                opened.executemany(into, some)
            count += len(some)
    return count


def _request(account: str, key: str, id: str) -> Request:
    subject = Subject(id=account, handle=account, display_name=account, verified=False, tags=(), followers=10)
    return Request(
        id=id,
        version=5,
        revision=1,
        action=Action.DEACTIVATE,
        subject=subject,
        tier="standard",
        quorum=Quorum(groups=(("manager", 1),)),
        emergency=False,
        category="spam",
        reason="It sends malware to every follower.",
        evidence=None,
        requester="ada",
        requester_slack="U01ADA",
        by_policy=False,
        incident=None,
        state=State.DONE,
        operation=key,
        policy="0" * 64,
        filed_at=LONG_AGO,
        expires_at=LONG_AGO + timedelta(days=1),
        quorate_at=LONG_AGO + timedelta(minutes=1),
        execute_by=LONG_AGO + timedelta(minutes=11),
        claimed_at=LONG_AGO + timedelta(minutes=1),
        ended_at=LONG_AGO + timedelta(minutes=1),
        ended_by="countersign",
    )


def _column(value: Any) -> Any:
    """As the tables hold it: JSON as text, a truth as a number."""
    if isinstance(value, dict | list):
        return canonical(value)
    return int(value) if isinstance(value, bool) else value


def _said(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
