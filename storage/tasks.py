"""Tasks in the store: filed with the change that makes them necessary, leased, finished, given back."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Text, Update, bindparam, or_, select, type_coerce, update

from bot.core.errors import CountersignError
from bot.core.transition import Task, TaskKind
from bot.ports import Clock
from storage import dialect
from storage.rows import from_millis, millis, plain, task_of
from storage.tables import table

TASKS = table("tasks")
IS_PROTECTED = type_coerce(TASKS.c.payload, Text).contains('"protected":true')
"""Canonical JSON: so it stands there, and in a text of somebody's its quotes would be escaped."""
HELD_OF = select(TASKS.c.key, TASKS.c.attempts).where(
    TASKS.c.key.in_(bindparam("keys", expanding=True)), TASKS.c.owner == bindparam("holder"), TASKS.c.state == "running"
)
FIRST_DUE = [
    select(TASKS.c.due).where(TASKS.c.state == state).order_by(TASKS.c.due).limit(1) for state in ("waiting", "running")
]
HELD = update(TASKS).where(
    TASKS.c.key == bindparam("held"),
    TASKS.c.owner == bindparam("holder"),
    TASKS.c.state == "running",
    TASKS.c.attempts == bindparam("attempt"),
)
"""Of one that was another's in between, and was given back by that one, what was begun before ends nothing."""
FINISHED = HELD.values(state="done", owner=None)
POSTPONED = HELD.values(state="waiting", owner=None, due=bindparam("until"), attempts=bindparam("tried"))
HOLDERS = select(TASKS.c.owner).where(TASKS.c.state == "running").distinct()
TAKEN_BACK = (
    update(TASKS)
    .where(TASKS.c.state == "running", TASKS.c.owner == bindparam("holder"))
    .values(state="waiting", owner=None, due=bindparam("until"))
)
LEASE = timedelta(seconds=60)
"""Longer than any flow takes: every outside call has a shorter time limit of its own."""


class TaskLost(CountersignError):
    """The task is another's by now, or done: being second is no failure, and all of its transaction is rolled back."""


class Tasks:
    """The statements on `tasks`, each inside its caller's transaction."""

    def __init__(self, *, clock: Clock, owner: str) -> None:
        self._clock = clock
        self.owner = owner

    def add(self, connection: Connection, tasks: Iterable[Task], *, leasing: bool = True) -> list[Task]:
        """File tasks; a known key is left as it is. Those due now are leased to this process and returned."""
        now, new = self._clock.now(), {task.key: task for task in tasks}
        if not new:
            return []
        mine = {key: task.attempts for key, task in new.items() if leasing and task.due <= now}
        rows = [self._row(task, now if task.key in mine else None) for task in new.values()]
        if connection.execute(dialect.inserting_new(connection, TASKS), rows).rowcount != len(rows):
            # some were there: what this process holds of them is at work already, the worker knows it
            held = connection.execute(HELD_OF, {"keys": list(new), "holder": self.owner})
            mine = {key: attempts for key, attempts in held if key in mine}
        return [replace(task, owner=self.owner, attempts=mine[key]) for key, task in new.items() if key in mine]

    def _row(self, task: Task, leased: datetime | None) -> dict[str, Any]:
        return {
            "key": task.key,
            "kind": task.kind.value,
            "payload": task.payload,
            "due": millis(leased + LEASE if leased else task.due),
            "owner": self.owner if leased else None,
            "attempts": task.attempts,
            "state": "running" if leased else "waiting",
        }

    def claim_due(self, connection: Connection, *, limit: int, without: Collection[TaskKind] = ()) -> Sequence[Task]:
        """Lease what is due and held by nobody, or by a process whose lease ran out."""
        t, now = TASKS, self._clock.now()
        due = (
            select(t)
            .where(t.c.state.in_(["waiting", "running"]), t.c.due <= millis(now))
            .order_by(t.c.due)
            .limit(limit)
        )
        if without:
            due = due.where(or_(t.c.kind.not_in([kind.value for kind in without]), IS_PROTECTED))
        rows = plain(connection.execute(due.with_for_update(skip_locked=True)).mappings())
        for row in rows:
            lease = update(t).where(t.c.key == row["key"], t.c.due == row["due"])
            connection.execute(lease.values(state="running", owner=self.owner, due=millis(now + LEASE)))
        return [replace(task_of(row), owner=self.owner) for row in rows]

    def finish(self, connection: Connection, task: Task) -> None:
        self._held(connection, FINISHED, task)

    def postpone(self, connection: Connection, task: Task, *, due: datetime) -> None:
        self._held(connection, POSTPONED, task, until=millis(due), tried=task.attempts + 1)

    def _held(self, connection: Connection, move: Update, task: Task, **values: int) -> None:
        held = {"held": task.key, "holder": self.owner, "attempt": task.attempts}
        if connection.execute(move, {**held, **values}).rowcount != 1:
            raise TaskLost(f"The task {task.key} is no longer held by this process.")

    def next_due(self, connection: Connection) -> datetime | None:
        found = [due for query in FIRST_DUE for (due,) in connection.execute(query)]
        return from_millis(min(found)) if found else None

    def holders(self, connection: Connection) -> frozenset[str]:
        """The processes that hold a task."""
        return frozenset(connection.execute(HOLDERS).scalars())

    def take_back(self, connection: Connection, owner: str) -> None:
        """Give back whatever `owner` held; only for one who knows that it is gone, or may not go on."""
        connection.execute(TAKEN_BACK, {"holder": owner, "until": millis(self._clock.now())})
