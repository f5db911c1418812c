"""The one door between rows and the domain's records."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import CursorResult

from bot.core.account import Instance
from bot.core.audit import canonical
from bot.core.incident import Incident
from bot.core.record import dump, load, new_votes, stamp, unstamp
from bot.core.request import Request, Vote
from bot.core.transition import Entry, Judged, Kind, Task, TaskKind

_REQUEST_FIELDS = tuple(f.name for f in fields(Request) if f.name != "votes")
VOTE_FIELDS = tuple(f.name for f in fields(Vote))
_INCIDENT_FIELDS = tuple(f.name for f in fields(Incident))
_JUDGED_FIELDS = tuple(f.name for f in fields(Judged))


def plain(found: CursorResult[Any]) -> list[dict[str, Any]]:
    """Rows as plain dictionaries."""
    names = tuple(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found]


def request_row(request: Request) -> dict[str, Any]:
    row = dump(request)
    del row["votes"]
    return {**row, "account": request.subject.id, "handle": request.subject.handle.lower()}


def vote_rows(before: Request | None, after: Request) -> list[dict[str, Any]]:
    """The votes that `after` has more than `before`, or otherwise."""
    new = new_votes(before.votes if before else (), after.votes)
    return [{"request": after.id, "place": place, **dump(vote)} for place, vote in new]


def request_of(row: Mapping[str, Any], votes: Sequence[Mapping[str, Any]]) -> Request:
    cast = [{name: vote[name] for name in VOTE_FIELDS} for vote in votes]
    return load(Request, {**{name: row[name] for name in _REQUEST_FIELDS}, "votes": cast})


def request_as_indexed(row: Mapping[str, Any], votes: Sequence[Mapping[str, Any]]) -> Request:
    """The request with what only an index or an order reads put where a comparison sees it.

    The id and the handle are those of the index's columns; a vote out of its place is shown as of no revision.
    """
    found = request_of(row, votes)
    subject = replace(found.subject, id=row["account"])
    if row["handle"] != subject.handle.lower():
        subject = replace(subject, handle=row["handle"])
    placed = zip(found.votes, votes, strict=True)
    cast = tuple(vote if at["place"] == place else replace(vote, revision=0) for place, (vote, at) in enumerate(placed))
    return replace(found, subject=subject, votes=cast)


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


@lru_cache(maxsize=4096)
def instance_key(instance: Instance) -> str:
    """One row an instance, as JSON: there None is no string that a platform could send."""
    at = stamp(instance.at) if instance.at else None
    return canonical([instance.account, at, instance.actor, instance.operation])


def judged_of(row: Mapping[str, Any]) -> Judged:
    return load(Judged, {name: row[name] for name in _JUDGED_FIELDS})


def judged_key(verdict: Judged) -> str:
    """The key of the instance that was judged."""
    of = Instance(account=verdict.account, at=verdict.at, actor=verdict.actor, operation=verdict.operation)
    return instance_key(of)
