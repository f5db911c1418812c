"""Ratify an emergency as soon as its effect is verified and its quorum stands, whichever comes last."""

from datetime import datetime

from bot.core.ratifying import Ratifying, ratify
from bot.core.request import Request
from bot.core.transition import Transition
from bot.flows.world import World
from bot.ports import View


def ratified_by_now(world: World, view: View, request: Request, *, at: datetime) -> Transition | None:
    """The ratification, as the last move of a transaction that counted a vote or recorded a read at that time."""
    if not request.unratified:
        return None
    case = Ratifying(
        request=request,
        policy=world.policy_in(view),
        at=at,
        unacknowledged=view.unacknowledged_actors(),
        restored_at=view.restored_at(request.subject.id),
    )
    return ratify(case)
