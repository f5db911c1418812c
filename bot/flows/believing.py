"""What the feed alone says of a deactivation, believed where it explains it: so nothing is undone, and nothing read.

The sweep compares what is recorded here with what stands on the platform; what is protected is always read.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.account import OWN_PRINCIPAL, Event
from bot.core.policy import PROTECTED, SEEN_FOR
from bot.core.request import EXPLAINING, IN_LANE, Action, Request
from bot.core.settling import explained as explained_by
from bot.core.transition import Change, together
from bot.core.verdict import Because, Verdict, named
from bot.flows.guard import Found, explaining
from bot.flows.judging import verdict_of
from bot.flows.world import World
from bot.ports import View


def may_be_believed(world: World, event: Event) -> bool:
    """Whether the event's actor is somebody whose name, or key, may explain it."""
    ours = event.actor == OWN_PRINCIPAL and event.operation is not None
    return ours or named(event.instance, world.policy.guard) is not None


def believing(world: World, claims: Sequence[Event], restores: Sequence[Event], view: View) -> Change:
    """Put on record what is explained; the answer are the numbers of the events that are to be read.

    `restores` are those of the same batch.
    """
    over = {event.account: event.seq for event in restores}
    policy, since = world.policy_in(view), world.now() - SEEN_FOR
    accounts = {event.account for event in claims}
    weighty = view.seen_as(PROTECTED, accounts, since) | policy.protected
    about = view.about([event.instance for event in claims])
    to_read: set[int] = set()
    changes: list[Change] = []
    for event in claims:
        change = _believed(world, about, event, over=event.seq < over.get(event.account, 0))
        changes.append(change or Change())
        about.note(changes[-1])
        if change is None or event.account in weighty or _more_follows(about, event):
            to_read.add(event.seq)
    return together(changes, answer=to_read)


def _believed(world: World, view: View, event: Event, *, over: bool) -> Change | None:
    """What is to be written; None where the feed's word explains nothing. `over`: a restore came after it."""
    if event.actor == OWN_PRINCIPAL:
        return _ours(world, view, event, over=over)
    instance = event.instance
    if view.judged(instance) is not None:
        return Change()
    verdict = verdict_of(world, view, instance, stands=False)
    if not verdict.explained:
        return None
    return explaining(_told(event), verdict, at=world.now())


def _told(event: Event) -> Found:
    return Found(instance=event.instance, account=None, event=event, by="feed")


def _ours(world: World, view: View, event: Event, *, over: bool) -> Change | None:
    """Our own call, known from a read; any other effect of its key is looked at.

    Whoever made the call reads what it did: the feed's time of it is not stored, its clock may be off. But what is over
    can be read no more, and the next effect of the key must not pass for the first.
    """
    at, instance = world.now(), event.instance
    request: Request | None = view.keyed(event.operation) if event.operation else None
    if request is None or request.action is not Action.DEACTIVATE or request.subject.id != event.account:
        return None
    if request.state not in EXPLAINING or request.explains not in {None, instance}:
        return None
    if request.explains is None:
        return _first(view, request, event, over=over or request.state not in IN_LANE, at=at)
    return Change() if view.judged(instance) is not None else _known(request, event, at=at)


def _known(request: Request, event: Event, *, at: datetime) -> Change:
    verdict = Verdict(explained=True, because=Because.REQUEST, request=request.id)
    return explaining(_told(event), verdict, at=at)


def _first(view: View, request: Request, event: Event, *, over: bool, at: datetime) -> Change:
    """An effect of a key that no read has shown yet; or the one before it, if a restore lies between.

    `over`: whoever made the call will not see it any more.
    """
    instance, earlier = event.instance, view.first_of_key(event.account, request.operation)
    restored_at = view.restored_at(event.account)
    if earlier is not None and earlier != instance and restored_at is not None:
        return Change(transitions=(explained_by(request, earlier, at=at),))
    stored = (explained_by(request, instance, at=at),) if over else ()
    known = Change() if view.judged(instance) is not None else _known(request, event, at=at)
    return replace(known, transitions=stored)


def _more_follows(view: View, event: Event) -> bool:
    """Whether it is no first effect of its key, or a request or an incident would end with it: that has to be seen."""
    if event.actor == OWN_PRINCIPAL:
        keyed = view.keyed(event.operation) if event.operation else None
        return keyed is not None and keyed.explains not in {None, event.instance}
    return (
        view.open_incident(event.account) is not None or view.live_request(event.account, Action.DEACTIVATE) is not None
    )
