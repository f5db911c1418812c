"""Decide of what stands on the platform whether it is explained; what is not becomes an incident and is undone.

One commit stands between reading the account and the call that restores it: it judges, opens the incident, files the
restore, has it approved by policy and claims it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.account import Account, Event, EventType, Instance, owner_of
from bot.core.claiming import supersede
from bot.core.guarding import incident, joined, left, opened, restored, undo
from bot.core.incident import Incident, IncidentKind, IncidentState
from bot.core.policy import SEEN_FOR, GuardRules
from bot.core.record import stamp
from bot.core.request import BOT, LIVE, OPEN, Action, Undo
from bot.core.settling import explained as explained_by
from bot.core.tasks import judge as judge_task
from bot.core.transition import Change, Entry, Judged, Kind, Sighting, Task, Transition
from bot.core.verdict import Because, Verdict
from bot.flows.ids import incident_id, operation_key, request_id
from bot.flows.judging import recorded, still_explained, verdict_of
from bot.flows.world import World
from bot.ports import View

LOOKED_AT_AGAIN = timedelta(seconds=1)
"""After an account whose emergency is being undone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An instance to be judged, as a read showed it; `account` is None where only the event is left of it."""

    instance: Instance
    account: Account | None
    event: Event | None
    by: str
    """`feed` or `sweep`."""


async def judge_found(world: World, found: Found, *, finish: Task | None = None) -> Verdict | None:
    """Judge one instance in a transaction of its own and act on it. None where it was judged before."""
    ids = (incident_id(), request_id(), operation_key())
    change = await world.ledger.decide(lambda view: judging(world, view, found, ids=ids), finish=finish)
    assert isinstance(change, Change)
    world.status.tally(change.transitions)
    verdict = change.answer
    if not isinstance(verdict, Verdict):
        return None
    world.status.count(verdict.because.value)
    return verdict


def judging(world: World, view: View, found: Found, *, ids: tuple[str, str, str]) -> Change:
    """What one transaction writes about one instance."""
    before, at = view.judged(found.instance), world.now()
    stands = found.account is not None and not found.account.active
    if before is not None and not (stands and _stands_again(view, before)):
        return Change()
    verdict = verdict_of(world, view, found.instance, stands=stands)
    if verdict.explained:
        return _explained(world, view, found, verdict)
    if verdict.because is Because.LATE and _being_undone(view, verdict.request):
        # an emergency that ended unratified, and its own restore is at work: it may rest on a read from before this
        again = judge_task(found.instance.account, because=f"undoing:{stamp(at)}", due=at + LOOKED_AT_AGAIN)
        return Change(tasks=(again,) if stands else ())
    return _unexplained(world, view, found, verdict, ids=ids)


def _stands_again(view: View, before: Judged) -> bool:
    """An instance judged before stands, and nobody is at it: its explanation or its restore did not last."""
    return not (still_explained(view, before) if before.explained else in_hand(view, before))


def in_hand(view: View, judged: Judged) -> bool:
    """Whether the incident of an unexplained instance is being undone, only observed, or left to a person."""
    incident = view.incident(judged.incident) if judged.incident else None
    if incident is None:
        return False
    if incident.state is IncidentState.OPEN:
        return is_undone(view, incident)
    return incident.state in {IncidentState.OBSERVED, IncidentState.STUCK}


def _being_undone(view: View, emergency: str | None) -> bool:
    found = view.request(emergency) if emergency else None
    return found is not None and found.undo is Undo.RESTORING


def is_undone(view: View, incident: Incident) -> bool:
    """Whether a live request of the guard is at work on the incident."""
    request = view.request(incident.request) if incident.request else None
    return request is not None and request.state in LIVE


def _explained(world: World, view: View, found: Found, verdict: Verdict) -> Change:
    """Left alone and recorded; what waits for the same, or was about to undo it, is told."""
    at, instance = world.now(), found.instance
    transitions: list[Transition] = []
    if verdict.request and (request := view.request(verdict.request)) and request.explains is None:
        transitions.append(explained_by(request, instance, at=at))
    if found.account is not None and found.account.instance == instance:
        # it stands now, not only in what the feed tells of the past
        live = view.live_request(instance.account, Action.DEACTIVATE)
        if live is not None and live.state in OPEN and live.id != verdict.request:
            transitions.append(supersede(live, by=instance.actor, at=at))
        standing = view.open_incident(instance.account)
        if standing is not None and standing.instance != instance:
            transitions.append(left(standing, because=verdict.because, at=at))
    entry = Entry(
        kind=Kind.JUDGED,
        at=at,
        by=instance.actor or "unknown",
        request=verdict.request,
        facts={"account": instance.account, "explained": True, "why": verdict.because.value, "found_by": found.by},
    )
    return Change(
        transitions=tuple(transitions),
        entries=(entry,),
        verdicts=(recorded(instance, verdict, at=at),),
        answer=verdict,
    )


def _unexplained(world: World, view: View, found: Found, verdict: Verdict, *, ids: tuple[str, str, str]) -> Change:
    """An incident; and its restore, unless the guard only observes or the account is back already."""
    at, policy, instance, account = world.now(), world.policy_in(view), found.instance, found.account
    standing = view.open_incident(instance.account)
    if standing is not None:
        known = recorded(instance, verdict, at=at, incident=standing.id)
        if account is None or account.active or is_undone(view, standing):
            # its restore is under way and reads the account again at every try: this instance is undone with it
            return Change(verdicts=(known,), answer=verdict)
        undoing = _undoing(world, view, standing, account, ids=ids, at=at)
        return Change(transitions=(*undoing, joined(standing, ids[1], at=at)), verdicts=(known,), answer=verdict)
    new = incident(
        instance,
        id=ids[0],
        kind=IncidentKind.LATE if verdict.because is Because.LATE else IncidentKind.DEACTIVATED,
        account=account or _event(found),
        verdict=verdict,
        person=policy.person_of_principal(instance.actor),
        found_by=found.by,
        at=at,
    )
    lapsed = _of_an_emergency(view, verdict)
    new = _without_restore(policy.guard, new, verdict, account, whatever_the_mode=lapsed)
    known = recorded(instance, verdict, at=at, incident=new.id)
    open_ = opened(new, at=at)
    if new.state is not IncidentState.OPEN or account is None:
        return Change(transitions=(open_,), verdicts=(known,), answer=verdict)
    undoing = _undoing(world, view, new, account, ids=ids, at=at)
    stored = open_.after
    assert isinstance(stored, Incident)
    seen = Sighting(account=account.id, tier=policy.tier_of(account, at=at).name, at=at)
    return Change(
        transitions=(open_, *undoing, joined(stored, ids[1], at=at)),
        verdicts=(known,),
        sightings=(seen,),
        answer=verdict,
    )


def _of_an_emergency(view: View, verdict: Verdict) -> bool:
    """Whether it is what an emergency did that ended unratified: that is undone also while the guard only observes."""
    request = view.request(verdict.request) if verdict.because is Because.LATE and verdict.request else None
    return request is not None and request.emergency


def _without_restore(
    guard: GuardRules, new: Incident, verdict: Verdict, account: Account | None, *, whatever_the_mode: bool
) -> Incident:
    """The incident as it is opened: over already, only observed, or open to be undone."""
    if account is None or account.active:
        return replace(new, state=IncidentState.RESTORED, restored_at=new.seen_at, restored_by="others")
    if whatever_the_mode:
        return new
    unknown = verdict.because is Because.UNKNOWN_ACTOR
    if not guard.enforces_at(new.seen_at) or (unknown and not guard.restores_unknown_actor):
        return replace(new, state=IncidentState.OBSERVED)
    return new


def _undoing(
    world: World, view: View, new: Incident, account: Account, *, ids: tuple[str, str, str], at: datetime
) -> tuple[Transition, ...]:
    """The restore; a person's live request for the same is superseded by it, never in its way."""
    policy = world.policy_in(view)
    live = view.live_request(account.id, Action.RESTORE)
    # a restore that undoes an emergency ends by itself when it finds the account active, and tells the emergency
    in_the_way = live is not None and live.state in OPEN and live.undoes is None
    instead = (supersede(live, by=BOT, at=at),) if live is not None and in_the_way else ()
    tier = policy.tier_of(account, view.tiers_seen(account.id, at - SEEN_FOR), at=at)
    filed = undo(
        new,
        account,
        id=ids[1],
        operation=ids[2],
        tier=tier,
        policy=policy.digest,
        lane_free=view.lane(account.id) is None,
        at=at,
    )
    return (*instead, *filed)


def undoable(view: View, account: str) -> list[Incident]:
    """The account's incidents that a restore ends, whoever restores."""
    found = view.incidents(account=account, limit=20)
    return [
        incident
        for incident in found
        if incident.kind in {IncidentKind.DEACTIVATED, IncidentKind.LATE}
        and incident.state in {IncidentState.OPEN, IncidentState.OBSERVED, IncidentState.STUCK}
    ]


def _event(found: Found) -> Event:
    assert found.event is not None
    return found.event


def restored_event(world: World, view: View, event: Event) -> Change:
    """Put a restore on record. An unexplained one is not undone: a card, a page, “ask to deactivate again”."""
    at = world.now()
    live = view.live_request(event.account, Action.RESTORE)
    transitions = tuple(
        restored(incident, at=at, restored_at=event.at, by=event.actor or "unknown", followers=None)
        for incident in undoable(view, event.account)
        if incident.state is not IncidentState.OPEN  # an open one's restore is under way and ends it
    )
    if live is not None and live.state in OPEN and not live.by_policy:
        # the guard's own restore asks at its claim, from a read: it alone ends with its incident
        transitions = (*transitions, supersede(live, by=event.actor, at=at))
    keyed = view.keyed(event.operation) if event.operation else None
    ours = keyed is not None and keyed.action is Action.RESTORE and keyed.subject.id == event.account
    if ours or event.actor == owner_of(event.account) or event.actor in world.policy_in(view).guard.explained_actors:
        return Change(transitions=transitions)
    return _unasked(world, view, event, IncidentKind.RESTORED, Change(transitions=transitions))


def restore_of(world: World, event: Event) -> tuple[str, datetime]:
    """A restore for the record: when it was, but never later than it is heard of, however the feed's clock goes."""
    return event.account, min(event.at, world.now())


def deleted_event(world: World, view: View, event: Event) -> Change:
    """A deletion cannot be undone: unless the owner or a registered principal did it, the on-call is woken."""
    if event.actor == owner_of(event.account) or event.actor in world.policy_in(view).guard.explained_actors:
        return Change()
    return _unasked(world, view, event, IncidentKind.DELETED, Change())


def _unasked(world: World, view: View, event: Event, kind: IncidentKind, change: Change) -> Change:
    """An incident that the bot does not undo, once an event."""
    at = world.now()
    marker = replace(event.instance, operation=f"{kind.value}:{event.seq}")
    if view.judged(marker) is not None:
        return change
    previous = view.previous(event.account)
    if kind is IncidentKind.RESTORED and previous is not None and not previous.explained:
        return change  # somebody undid what nobody had approved
    verdict = Verdict(explained=False, because=Because.STAFF)
    new = incident(
        event.instance,
        id=incident_id(),
        kind=kind,
        account=event,
        verdict=verdict,
        person=world.policy_in(view).person_of_principal(event.actor),
        found_by="feed",
        at=at,
    )
    new = replace(new, state=IncidentState.STUCK)
    return replace(
        change,
        transitions=(*change.transitions, opened(new, at=at)),
        verdicts=(*change.verdicts, recorded(marker, verdict, at=at, incident=new.id)),
    )


RELEVANT = frozenset({EventType.DEACTIVATED, EventType.RESTORED, EventType.DELETED})
"""The events that may mean something unapproved."""
