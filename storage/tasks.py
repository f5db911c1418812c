"""Tasks in the store: filed with the change that makes them necessary, leased, finished, given back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection, Insert, Text, bindparam, or_, select, type_coerce, update

from bot.core.errors import TaskLost
from bot.core.transition import Task, TaskKind
from bot.ports import Clock
from storage import dialect
from storage.driver import Question
from storage.rows import from_millis, millis, plain, task_of
from storage.tables import table
from storage.writes import Writes

TASKS = table("tasks")
_TEXT = type_coerce(TASKS.c.payload, Text)
HURRIES = or_(_TEXT.contains('"protected":true'), _TEXT.contains('"urgent":true'))
"""Canonical JSON: so it stands there, and in a text of somebody's its quotes would be escaped."""
HELD_OF = select(TASKS.c.key, TASKS.c.attempts).where(
    TASKS.c.key.in_(bindparam("keys", expanding=True)), TASKS.c.owner == bindparam("holder"), TASKS.c.state == "running"
)
FIRST_DUE = [
    Question(select(TASKS.c.due).where(TASKS.c.state == state).order_by(TASKS.c.due).limit(1))
    for state in ("waiting", "running")
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
KEPT = HELD.values(due=bindparam("until"))
ON_FILE = select(TASKS.c.key).where(TASKS.c.key == bindparam("held"))
HOLDER = select(TASKS.c.owner, TASKS.c.state, TASKS.c.attempts).where(TASKS.c.key == bindparam("held"))
LEASED = (
    update(TASKS)
    .where(TASKS.c.key.in_(bindparam("keys", expanding=True)))
    .values(state="running", owner=bindparam("holder"), due=bindparam("until"))
)
HOLDERS = Question(select(TASKS.c.owner).where(TASKS.c.state == "running").distinct())
TAKEN_BACK = (
    update(TASKS)
    .where(TASKS.c.state == "running", TASKS.c.owner == bindparam("holder"))
    .values(state="waiting", owner=None, due=bindparam("until"))
)
LEASE = timedelta(seconds=60)
"""Longer than any flow takes: every outside call has a shorter time limit of its own."""


@cache
def _again(database: str) -> Insert:
    return dialect.put(database, TASKS, where=TASKS.c.state == "done")


@dataclass(frozen=True, slots=True)
class Filed:
    """Tasks on their way into the store; `due` are those that this process means to do at once, with their attempts."""

    tasks: Mapping[str, Task]
    owner: str
    due: Mapping[str, int]
    known: list[int] = field(default_factory=list)
    """How many were there already, once that is known."""

    def were_new(self, rows: int) -> None:
        self.known.append(len(self.tasks) - rows)

    def leased(self, connection: Connection) -> list[Task]:
        """Those that are this process's. Of some that were there it has what it holds of them: the worker knows it."""
        mine = self.due
        if any(self.known):
            held = connection.execute(HELD_OF, {"keys": list(self.tasks), "holder": self.owner})
            mine = {key: attempts for key, attempts in held if key in mine}
        return [replace(task, owner=self.owner, attempts=mine[key]) for key, task in self.tasks.items() if key in mine]


def _held(task: Task, rows: int) -> None:
    """Raises TaskLost unless the task was this process's."""
    if rows != 1:
        raise TaskLost(f"The task {task.key} is no longer held by this process.")


class Tasks:
    """The statements on `tasks`, each inside its caller's transaction."""

    def __init__(self, *, clock: Clock, owner: str) -> None:
        self._clock = clock
        self.owner = owner

    def add(self, connection: Connection, tasks: Iterable[Task], *, leasing: bool = True) -> list[Task]:
        """File tasks; a known key is left as it is. Those due now are leased to this process and returned."""
        writes = Writes(connection)
        filed = self.file(writes, tasks, leasing=leasing)
        writes.send()
        return filed.leased(connection)

    def file(self, writes: Writes, tasks: Iterable[Task], *, leasing: bool = True) -> "Filed":
        """The same, with whatever else is written; which were leased is known once that is sent."""
        now, new = self._clock.now(), {task.key: task for task in tasks}
        due = {key: task.attempts for key, task in new.items() if leasing and task.due <= now}
        filed = Filed(new, self.owner, due)
        rows = [self._row(task, now if key in filed.due else None) for key, task in new.items()]
        writes.add(dialect.inserting_new(writes.connection, TASKS), rows, expect=filed.were_new)
        return filed

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
            due = due.where(or_(t.c.kind.not_in([kind.value for kind in without]), HURRIES))
        rows = plain(connection.execute(due.with_for_update(skip_locked=True)))
        keys = [row["key"] for row in rows]
        connection.execute(LEASED, {"keys": keys, "holder": self.owner, "until": millis(now + LEASE)})
        return [replace(task_of(row), owner=self.owner) for row in rows]

    def finish(self, connection: Connection, task: Task) -> None:
        """Raises TaskLost."""
        writes = Writes(connection)
        self.end(writes, task)
        writes.send()

    def end(self, writes: Writes, task: Task) -> None:
        """The same, with whatever else is written; TaskLost is raised when that is sent."""
        writes.add(FINISHED, [self._mine(task)], expect=partial(_held, task))

    def postpone(self, connection: Connection, task: Task, *, due: datetime) -> None:
        until = {**self._mine(task), "until": millis(due), "tried": task.attempts + 1}
        _held(task, connection.execute(POSTPONED, until).rowcount)

    def _mine(self, task: Task) -> dict[str, Any]:
        return {"held": task.key, "holder": self.owner, "attempt": task.attempts}

    def next_due(self, connection: Connection) -> datetime | None:
        found = [due for question in FIRST_DUE for due in question.firsts(connection)]
        return from_millis(min(found)) if found else None

    def keep(self, connection: Connection, task: Task, *, until: datetime) -> None:
        """Renew the task's lease. Raises TaskLost where it is another's, or done; one not on file is nobody's."""
        kept = {**self._mine(task), "until": millis(until + LEASE)}
        rows = connection.execute(KEPT, kept).rowcount
        if rows != 1 and connection.execute(ON_FILE, {"held": task.key}).first():
            _held(task, rows)

    def check(self, connection: Connection, task: Task) -> None:
        """Raises TaskLost where the task is another's, or done; one not on file is nobody's."""
        found = connection.execute(HOLDER, {"held": task.key}).one_or_none()
        if found is not None:
            _held(task, 1 if tuple(found) == (self.owner, "running", task.attempts) else 0)

    def do_again(self, connection: Connection, task: Task) -> None:
        """File a task anew, also where it was done; what waits or is at work is left as it is."""
        connection.execute(_again(connection.dialect.name), self._row(task, None))

    def holders(self, connection: Connection) -> frozenset[str]:
        """The processes that hold a task."""
        return frozenset(HOLDERS.firsts(connection))

    def take_back(self, connection: Connection, owner: str) -> None:
        """Give back whatever `owner` held; only for one who knows that it is gone, or goes on no more."""
        connection.execute(TAKEN_BACK, {"holder": owner, "until": millis(self._clock.now())})
