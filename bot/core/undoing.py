"""The move `lapse`, and what undoes an emergency that ended unratified: a restore that policy approves."""

from dataclasses import replace
from datetime import datetime

from bot.core.ending import end, requester_of
from bot.core.policy import Policy
from bot.core.request import BOT, Request, State, Undo
from bot.core.restoring import by_policy
from bot.core.tasks import draw, page, tell, thread
from bot.core.transition import Kind, Transition, move


def lapse(request: Request, *, policy: Policy, at: datetime) -> Transition:
    """Nobody ratified it in time; the on-call is woken, the security group told."""
    assert request.unratified
    lapsed = replace(request, state=State.LAPSED)
    ended = end(request, lapsed, kind=Kind.LAPSED, by=BOT, at=at, ended_by=BOT)
    more = (*page(request, "lapsed", due=at), *tell(request, "lapsed", to=policy.security, at=at))
    return replace(ended, tasks=(*ended.tasks, *more))


def restore_of(emergency: Request, *, id: str, operation: str, policy: str, at: datetime) -> Transition:
    """What undoes an emergency that ended unratified: filed and approved by policy in the commit of that end."""
    return by_policy(
        emergency.subject,
        id=id,
        operation=operation,
        tier=emergency.tier,
        category="emergency",
        reason=f"emergency {emergency.state.value}: {emergency.id}",
        policy=policy,
        at=at,
        undoes=emergency.id,
    )


def undone(emergency: Request, *, by: str | None, at: datetime) -> Transition:
    """A read shows the account active again; `by` is None where it was so before the restore was tried."""
    after = replace(emergency, undo=Undo.RESTORED, undone_by=by, undone_at=at)
    return _told(emergency, after, "undone", at=at)


def left_down(emergency: Request, *, by: str | None, at: datetime) -> Transition:
    """Down by a hand that may: what the emergency did is over, the account stays as that hand left it."""
    return _told(emergency, replace(emergency, undo=Undo.LEFT, undone_by=by), "left_down", at=at)


def not_undone(emergency: Request, *, at: datetime) -> Transition:
    """The platform refuses for good: a person has to look."""
    moved = _told(emergency, replace(emergency, undo=Undo.STUCK), "not_undone", at=at)
    return replace(moved, tasks=(*moved.tasks, *page(emergency, "not_undone", due=at)))


def _told(before: Request, after: Request, notice: str, *, at: datetime) -> Transition:
    tasks = (
        *draw(before, version=before.version + 1, at=at),
        *tell(before, notice, to=requester_of(before), at=at),
        thread(before, notice, at=at),
    )
    return move(before, after, kind=Kind.UNDONE, by=BOT, at=at, tasks=tasks)
