"""The ledger of the small world: what the rules may ask of it, and the one way to write it.

It mirrors `storage.view` and `storage.ledger`: a change is written whole or not at all, a record only over the version
that was read, and what must be unique is refused when it is not (`KEYS`).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import cache

from bot.core.account import Instance
from bot.core.incident import UNDOABLE, Incident, IncidentKind, IncidentState
from bot.core.request import IN_LANE, LIVE, Action, Request, State
from bot.core.transition import ActorStands, Change, Judged, Task, TaskKind, Transition
from bot.core.verdict import Previous
from tests.core.search.world import Ledger, Todo, put

KEYS = ("vote", "lane", "twin", "incident", "operation")
"""What the database holds unique; a mutant leaves one out."""
DONE_HERE = frozenset({TaskKind.CARRY_OUT, TaskKind.EXPIRE, TaskKind.JUDGE})
"""The tasks that change a request; what is told, drawn and paged is not the search's matter."""
NOT_UNDONE = frozenset({IncidentKind.DEACTIVATED, IncidentKind.LATE})


class KeyTaken(Exception):
    """The database refused what a rule let through."""


class LedgerView:
    """`bot.ports.View`, as far as the rules of the search ask of it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def about(self, instances: Iterable[Instance]) -> "LedgerView":  # noqa: ARG002 - all is at hand
        return self

    def note(self, change: Change) -> None:
        """Nothing: a batch of the search has one claim of ours at most."""

    def seen_as(self, tier: str, accounts: Iterable[str], since: datetime) -> frozenset[str]:
        return frozenset(account for account in accounts if tier in self.tiers_seen(account, since))

    def request(self, id: str) -> Request | None:
        return next((r for r in self._ledger.requests if r.id == id), None)

    def incident(self, id: str) -> Incident | None:
        return next((i for i in self._ledger.incidents if i.id == id), None)

    def keyed(self, operation: str) -> Request | None:
        return next((r for r in self._ledger.requests if r.operation == operation), None)

    def live_request(self, account: str, action: Action) -> Request | None:
        live = [r for r in self._of(account) if r.action is action and r.state in LIVE]
        return min(live, key=lambda r: (r.by_policy, r.filed_at), default=None)

    def lane(self, account: str) -> Request | None:
        return next((r for r in self._of(account) if r.state in IN_LANE), None)

    def requests_of_account(self, account: str) -> list[Request]:
        return list(self._of(account))

    def _of(self, account: str) -> Iterable[Request]:
        return (r for r in self._ledger.requests if r.subject.id == account)

    def filed_since(self, person: str, since: datetime) -> tuple[datetime, ...]:
        filed = (r.filed_at for r in self._ledger.requests if r.requester == person)
        return tuple(sorted(at for at in filed if at > since))

    def deactivations_claimed_since(self, since: datetime) -> tuple[datetime, ...]:
        claimed = (r.claimed_at for r in self._ledger.requests if r.action is Action.DEACTIVATE)
        return tuple(sorted(at for at in claimed if at is not None and at > since))

    def open_incident(self, account: str) -> Incident | None:
        return next((i for i in self._open() if i.account == account), None)

    def _open(self) -> Iterable[Incident]:
        return (i for i in self._ledger.incidents if i.state is IncidentState.OPEN and i.kind in NOT_UNDONE)

    def incidents(self, *, account: str | None = None, limit: int = 20) -> list[Incident]:
        return [i for i in reversed(self._ledger.incidents) if account in {None, i.account}][:limit]

    def not_undone(self, account: str) -> list[Incident]:
        return [i for i in self.incidents(account=account) if i.kind in NOT_UNDONE and i.state in UNDOABLE]

    def unacknowledged_of(self, person: str) -> str | None:
        return next((i.id for i in self._ledger.incidents if i.person == person and i.acknowledged_at is None), None)

    def unacknowledged_actors(self) -> frozenset[str]:
        return frozenset(i.person for i in self._ledger.incidents if i.person and i.acknowledged_at is None)

    def unratified(self, *, person: str | None = None) -> list[Request]:
        return [r for r in self._ledger.requests if r.unratified and person in {None, r.requester}]

    def emergencies_filed(self, person: str, since: datetime) -> int:
        filed = (r for r in self._ledger.requests if r.emergency and r.requester == person and r.filed_at >= since)
        return sum(r.state is not State.FAILED for r in filed)

    def denied(self, subject: str, action: Action, since: datetime) -> str | None:
        denied = [r for r in self._of(subject) if r.action is action and r.state is State.DENIED]
        return max(denied, key=lambda r: r.filed_at).id if denied and denied[-1].filed_at >= since else None

    def unfinished(self, task: str) -> bool:
        return any(todo.key == task for todo in self._ledger.todo)

    def tiers_seen(self, account: str, since: datetime) -> frozenset[str]:  # noqa: ARG002 - all are of late
        return frozenset(tier for seen, tier in self._ledger.sightings if seen == account)

    def last_sample(self, account: str, *, before: datetime, since: datetime) -> None:
        """No rule that must hold looks at counts."""

    def restored_at(self, account: str) -> datetime | None:
        return dict(self._ledger.restores).get(account)

    def judged(self, instance: Instance) -> Judged | None:
        return next((v for v in self._ledger.verdicts if instance_of(v) == instance), None)

    def actor(self, actor: str) -> ActorStands | None:  # noqa: ARG002 - nobody is locked out in the small world
        return None

    def unexplained_by(self, actor: str | None, since: datetime, *, account: str | None = None) -> int:
        of_actor = (v for v in self._ledger.verdicts if v.actor == actor and account in {None, v.account})
        return sum(not v.explained and v.judged_at > since for v in of_actor)

    def first_of_key(self, account: str, operation: str) -> Instance | None:
        judged = (v for v in self._ledger.verdicts if (v.account, v.operation) == (account, operation))
        return next(map(instance_of, judged), None)

    def previous(self, account: str) -> Previous | None:
        marks = ("restored:", "deleted:")
        judged = [v for v in self._ledger.verdicts if not (v.operation or "").startswith(marks)]
        last = next((v for v in reversed(judged) if v.account == account), None)
        return Previous(instance=instance_of(last), explained=last.explained) if last else None


@cache
def instance_of(verdict: Judged) -> Instance:
    return Instance(account=verdict.account, at=verdict.at, actor=verdict.actor, operation=verdict.operation)


def write(ledger: Ledger, change: Change, *, keys: tuple[str, ...] = KEYS, finish: str | None = None) -> Ledger:
    """Apply a change. Raises KeyTaken."""
    for transition in change.transitions:
        ledger = _stored(ledger, transition)
    for key in keys:
        if not _UNIQUE[key](ledger):
            raise KeyTaken(key)
    filed = [*change.tasks, *(task for t in change.transitions for task in t.tasks)]
    ledger = _with_tasks(ledger, filed, finish=finish)
    for verdict in change.verdicts:
        others = tuple(v for v in ledger.verdicts if instance_of(v) != instance_of(verdict))
        ledger = replace(ledger, verdicts=(*others, verdict))
    if change.sightings:
        seen = {(sighting.account, sighting.tier) for sighting in change.sightings}
        ledger = replace(ledger, sightings=ledger.sightings | seen)
    for account, at in change.restores:
        ledger = replace(ledger, restores=put(ledger.restores, account, at))
    return ledger


def _stored(ledger: Ledger, transition: Transition) -> Ledger:
    before, after = transition.before, transition.after
    table = "requests" if isinstance(after, Request) else "incidents"
    rows = getattr(ledger, table)
    if before is None:
        assert all(row.id != after.id for row in rows), after.id
        return replace(ledger, **{table: (*rows, after)})
    assert any(row.id == before.id and row.version == before.version for row in rows), "an old version"
    return replace(ledger, **{table: tuple(after if row.id == after.id else row for row in rows)})


def _with_tasks(ledger: Ledger, filed: Iterable[Task], *, finish: str | None) -> Ledger:
    todo = {todo.key: todo for todo in ledger.todo}
    judged = {todo.about for todo in ledger.todo if todo.kind == TaskKind.JUDGE and todo.key != finish}
    for task in filed:
        if task.kind in DONE_HERE and task.key not in todo and task.key not in ledger.finished:
            about = task.payload["account" if task.kind is TaskKind.JUDGE else "request"]
            if task.kind is TaskKind.JUDGE and about in judged:
                continue  # one look more at the same account finds what the first has left
            due = task.due if task.kind is TaskKind.EXPIRE else None
            todo[task.key] = Todo(key=task.key, kind=task.kind.value, about=about, due=due)
    finished = ledger.finished
    if finish is not None:
        todo.pop(finish, None)
        finished = finished | {finish}
    listed = tuple(todo[key] for key in sorted(todo) if _matters(todo[key], ledger))
    return ledger if listed == ledger.todo else replace(ledger, todo=listed, finished=finished)


def _matters(todo: Todo, ledger: Ledger) -> bool:
    """Whether there may be something to do: of a request that has ended only the call of an emergency is left."""
    if todo.kind == TaskKind.JUDGE:
        return True
    request = next(request for request in ledger.requests if request.id == todo.about)
    if request.state in LIVE or request.unratified:
        return True
    return request.emergency and todo.kind == TaskKind.CARRY_OUT


def _once(found: Iterable[object]) -> bool:
    listed = list(found)
    return len(set(listed)) == len(listed)


_UNIQUE = {
    "vote": lambda of: all(_once((v.revision, v.person) for v in r.votes) for r in of.requests),
    "lane": lambda of: _once(r.subject.id for r in of.requests if r.state in IN_LANE),
    "twin": lambda of: _once((r.subject.id, r.action) for r in of.requests if r.state in LIVE and not r.by_policy),
    "incident": lambda of: _once(
        i.account for i in of.incidents if i.state is IncidentState.OPEN and i.kind in NOT_UNDONE
    ),
    "operation": lambda of: _once(r.operation for r in of.requests),
}
