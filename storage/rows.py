"""The one door between rows and the domain's records."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from bot.core.account import Instance
from bot.core.incident import Incident
from bot.core.record import dump, load, stamp, unstamp
from bot.core.request import Request, Vote
from bot.core.transition import Entry, Judged, Kind, Task, TaskKind

_REQUEST_FIELDS = tuple(f.name for f in fields(Request) if f.name != "votes")
_VOTE_FIELDS = tuple(f.name for f in fields(Vote))
_INCIDENT_FIELDS = tuple(f.name for f in fields(Incident))


def request_row(request: Request) -> dict[str, Any]:
    plain = dump(request)
    del plain["votes"]
    return {**plain, "account": request.subject.id, "handle": request.subject.handle.lower()}


def vote_rows(before: Request | None, after: Request) -> list[dict[str, Any]]:
    """The votes that `after` has more than `before`."""
    known = len(before.votes) if before else 0
    return [
        {"request": after.id, "place": place, **dump(vote)} for place, vote in enumerate(after.votes) if place >= known
    ]


def request_of(row: Mapping[str, Any], votes: Sequence[Mapping[str, Any]]) -> Request:
    plain = {name: row[name] for name in _REQUEST_FIELDS}
    plain["votes"] = [{name: vote[name] for name in _VOTE_FIELDS} for vote in votes]
    return load(Request, plain)


def incident_of(row: Mapping[str, Any]) -> Incident:
    return load(Incident, {name: row[name] for name in _INCIDENT_FIELDS})


def entry_of(row: Mapping[str, Any]) -> Entry:
    return Entry(
        kind=Kind(row["kind"]), at=unstamp(row["at"]), by=row["by"], request=row["request"], facts=row["facts"]
    )


def millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def from_millis(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, tz=UTC)


def task_of(row: Mapping[str, Any]) -> Task:
    return Task(
        key=row["key"],
        kind=TaskKind(row["kind"]),
        payload=row["payload"],
        due=from_millis(row["due"]),
        attempts=row["attempts"],
        owner=row["owner"],
    )


def instance_key(instance: Instance) -> str:
    """One row an instance; None is written apart from every string a platform could send."""
    parts = (
        instance.account,
        stamp(instance.at) if instance.at else "\0",
        instance.actor if instance.actor is not None else "\0",
        instance.operation if instance.operation is not None else "\0",
    )
    return "\x1f".join(parts).replace("\0", "∅")


def judged_of(row: Mapping[str, Any]) -> Judged:
    return load(Judged, {f.name: row[f.name] for f in fields(Judged)})
