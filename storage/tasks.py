"""Tasks in the store: filed with the change that makes them necessary, leased, finished, given back."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, select, update
from sqlmodel import SQLModel

from bot.core.errors import CountersignError
from bot.core.transition import Task
from bot.ports import Clock
from storage import dialect
from storage.rows import from_millis, millis, plain, task_of

LEASE = timedelta(seconds=60)
"""Longer than any flow takes: every outside call has a shorter time limit of its own."""


class TaskLost(CountersignError):
    """The task is another's by now, or done: being second is no failure, and all of its transaction is rolled back."""


class Tasks:
    """The statements on `tasks`, each inside its caller's transaction."""

    def __init__(self, *, clock: Clock, owner: str) -> None:
        self._clock = clock
        self.owner = owner

    @property
    def _table(self) -> Table:
        return SQLModel.metadata.tables["tasks"]

    def add(self, connection: Connection, tasks: Iterable[Task], *, leasing: bool = True) -> list[Task]:
        """File tasks; a known key is left as it is. Those due now are leased to this process and returned."""
        now, leased = self._clock.now(), []
        for task in tasks:
            mine = leasing and task.due <= now
            row = {
                "key": task.key,
                "kind": task.kind.value,
                "payload": task.payload,
                "due": millis(now + LEASE if mine else task.due),
                "owner": self.owner if mine else None,
                "attempts": task.attempts,
                "state": "running" if mine else "waiting",
            }
            into = dialect.insert(connection, self._table).on_conflict_do_nothing()
            if connection.execute(into, row).rowcount == 1 and mine:
                leased.append(replace(task, owner=self.owner))
        return leased

    def claim_due(self, connection: Connection, *, limit: int) -> Sequence[Task]:
        """Lease what is due and held by nobody, or by a process whose lease ran out."""
        t, now = self._table, self._clock.now()
        due = (
            select(t)
            .where(t.c.state.in_(["waiting", "running"]), t.c.due <= millis(now))
            .order_by(t.c.due)
            .limit(limit)
        )
        rows = plain(connection.execute(due.with_for_update(skip_locked=True)).mappings())
        for row in rows:
            lease = update(t).where(t.c.key == row["key"], t.c.due == row["due"])
            connection.execute(lease.values(state="running", owner=self.owner, due=millis(now + LEASE)))
        return [replace(task_of(row), owner=self.owner) for row in rows]

    def finish(self, connection: Connection, task: Task) -> None:
        self._held(connection, task, state="done", owner=None)

    def postpone(self, connection: Connection, task: Task, *, due: datetime) -> None:
        self._held(connection, task, state="waiting", owner=None, due=millis(due), attempts=task.attempts + 1)

    def _held(self, connection: Connection, task: Task, **values: str | int | None) -> None:
        t = self._table
        held = update(t).where(t.c.key == task.key, t.c.owner == self.owner, t.c.state == "running")
        if connection.execute(held.values(**values)).rowcount != 1:
            raise TaskLost(f"The task {task.key} is no longer held by this process.")

    def next_due(self, connection: Connection) -> datetime | None:
        t = self._table
        first = [
            select(t.c.due).where(t.c.state == state).order_by(t.c.due).limit(1) for state in ("waiting", "running")
        ]
        found = [due for query in first for (due,) in connection.execute(query)]
        return from_millis(min(found)) if found else None

    def reclaim(self, connection: Connection) -> None:
        """Give back whatever others held; only for one who knows that they are gone."""
        t = self._table
        now = millis(self._clock.now())
        connection.execute(
            update(t)
            .where(t.c.state == "running", t.c.owner != self.owner)
            .values(state="waiting", owner=None, due=now)
        )
