"""The end of a request, the same for every move that ends one."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.request import Request, State, Undo
from bot.core.tasks import draw, tell, thread
from bot.core.transition import Kind, Transition, move

UNDONE_AFTER = frozenset({State.DENIED, State.WITHDRAWN, State.LAPSED})
"""Ends of an emergency that have its effect undone."""


def end(
    before: Request, after: Request, *, kind: Kind, by: str, at: datetime, ended_by: str, **context: Any
) -> Transition:
    """Who ended it, when and why; the card without buttons, the requester told by direct message.

    An emergency that somebody ended, or nobody ratified, is undone from now on.
    """
    undo = Undo.RESTORING if after.emergency and after.state in UNDONE_AFTER else None
    ended = replace(after, ended_at=at, ended_by=ended_by, waits_for=None, waits_since=None, undo=undo)
    notice = ended.state.value
    told = (*tell(before, notice, to=requester_of(before), at=at), thread(before, notice, at=at))
    tasks = (*draw(before, version=before.version + 1, at=at), *(() if before.by_policy else told))
    return move(before, ended, kind=kind, by=by, at=at, tasks=tasks, **context)


def requester_of(request: Request) -> tuple[str, ...]:
    """The requester's Slack user to tell, nobody where the bot itself asked."""
    return (request.requester_slack,) if request.requester_slack else ()
