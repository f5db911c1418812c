"""A restore that policy approves: of what nobody approved, and of an emergency that nobody ratified."""

from datetime import datetime, timedelta

from bot.core.quorum import Quorum
from bot.core.request import BOT, Action, Request, State, Subject
from bot.core.tasks import carry_out
from bot.core.transition import Kind, Transition, move


def by_policy(
    subject: Subject,
    *,
    id: str,
    operation: str,
    tier: str,
    category: str,
    reason: str,
    policy: str,
    at: datetime,
    incident: str | None = None,
    undoes: str | None = None,
    pause: timedelta = timedelta(0),
) -> Transition:
    """Filed and approved in one move, and to be carried out after the pause: no voters, no clocks, no limits."""
    request = Request(
        id=id,
        version=0,
        revision=1,
        action=Action.RESTORE,
        subject=subject,
        tier=tier,
        quorum=Quorum(groups=()),
        emergency=False,
        category=category,
        reason=reason,
        evidence=None,
        requester=BOT,
        requester_slack=None,
        by_policy=True,
        incident=incident,
        state=State.APPROVED,
        operation=operation,
        policy=policy,
        filed_at=at,
        quorate_at=at,
        undoes=undoes,
    )
    return move(None, request, kind=Kind.FILED, by=BOT, at=at, tasks=(carry_out(request, due=at + pause),))
