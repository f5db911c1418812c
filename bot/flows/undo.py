"""Undo an emergency that ended unratified: its end and its restore are one commit."""

from bot.core.claiming import supersede
from bot.core.ending import UNDONE_AFTER
from bot.core.request import BOT, OPEN, Action, Request, Undo
from bot.core.transition import Transition
from bot.core.undoing import left_down, not_undone, restore_of, undone
from bot.flows.ids import operation_key, request_id
from bot.flows.world import World
from bot.ports import View


def with_its_undoing(world: World, view: View, ended: Transition) -> tuple[Transition, ...]:
    """The move, and where it ended an emergency unratified the restore that undoes it.

    A person's live request for the same restore is superseded by it, never in its way.
    """
    request, at = ended.after, ended.entry.at
    if not isinstance(request, Request) or not request.emergency or request.state not in UNDONE_AFTER:
        return (ended,)
    live = view.live_request(request.subject.id, Action.RESTORE)
    in_the_way = live is not None and live.state in OPEN and not live.by_policy
    instead = (supersede(live, by=BOT, at=at),) if live is not None and in_the_way else ()
    policy = world.policy_in(view).digest
    filed = restore_of(request, id=request_id(), operation=operation_key(), policy=policy, at=at)
    return (ended, *instead, filed)


def ended_as(move: Transition) -> Request:
    """The request as a move left it."""
    assert isinstance(move.after, Request)
    return move.after


def undo_ended(view: View, restore: Request, how: Undo, *, by: str | None) -> tuple[Transition, ...]:
    """Tell the emergency how its restore ended."""
    found = view.request(restore.undoes) if restore.undoes else None
    if found is None or found.undo is not Undo.RESTORING or restore.ended_at is None:
        return ()
    at = restore.ended_at
    match how:
        case Undo.RESTORED:
            return (undone(found, by=by, at=at),)
        case Undo.LEFT:
            return (left_down(found, by=by, at=at),)
        case _:
            return (not_undone(found, at=at),)
