"""The tasks that moves leave behind. Keys name what makes a task the same one, so that filing twice is once."""

from datetime import datetime
from typing import Any

from bot.core.incident import Incident
from bot.core.request import Request
from bot.core.transition import Task, TaskKind


def draw(record: Request | Incident, *, version: int, at: datetime) -> Task:
    """Draw the record's card as it stands from `version` on; a card drawn later already makes this one void."""
    return Task(
        key=f"draw:{record.id}:{version}",
        kind=TaskKind.DRAW,
        payload={"record": record.id, "version": version},
        due=at,
    )


def carry_out(request: Request, *, due: datetime) -> Task:
    return Task(
        key=f"carry_out:{request.id}:{request.revision}",
        kind=TaskKind.CARRY_OUT,
        payload={"request": request.id},
        due=due,
    )


def expire(request: Request, *, due: datetime) -> Task:
    """Look whether the clock that ends at `due` has run out; a look too early arms nothing anew."""
    return Task(
        key=f"expire:{request.id}:{int(due.timestamp() * 1000)}",
        kind=TaskKind.EXPIRE,
        payload={"request": request.id},
        due=due,
    )


def waiting(request: Request, *, due: datetime) -> Task:
    """Tell the requester that an approved request still waits."""
    return Task(
        key=f"waiting:{request.id}:{request.revision}",
        kind=TaskKind.WAITING,
        payload={"request": request.id},
        due=due,
    )


def tell(record: Request | Incident, notice: str, *, to: tuple[str, ...], at: datetime, **facts: Any) -> Task:
    """Send a notice to each Slack user or channel in `to`, once a version of the record."""
    return Task(
        key=f"tell:{record.id}:{record.version + 1}:{notice}",
        kind=TaskKind.TELL,
        payload={"record": record.id, "notice": notice, "to": list(to), "facts": facts},
        due=at,
    )


def page(record: Request | Incident, why: str, *, due: datetime) -> Task:
    """Wake the on-call, once for each record and reason."""
    return Task(key=f"page:{record.id}:{why}", kind=TaskKind.PAGE, payload={"record": record.id, "why": why}, due=due)
