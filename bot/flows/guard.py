"""Decide of what stands on the platform whether it is explained; what is not becomes an incident and is undone.

One commit stands between reading the account and the call that restores it: it judges, opens the incident, files the
restore, has it approved by policy and claims it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from bot.core.account import OWN_PRINCIPAL, Account, Event, EventType, Instance, owner_of
from bot.core.claiming import supersede
from bot.core.containing import Acts, due, opened_by, pause_before
from bot.core.guarding import incident, joined, left, opened, restored, told, undo
from bot.core.incident import BY_OTHERS, Incident, IncidentKind, IncidentState
from bot.core.policy import PROTECTED, SEEN_FOR, GuardRules
from bot.core.record import stamp
from bot.core.request import BOT, LIVE, OPEN, Action, Undo
from bot.core.settling import explained as explained_by
from bot.core.tasks import judge as judge_task
from bot.core.transition import Change, Entry, Judged, Kind, Sighting, Transition, together
from bot.core.verdict import Because, Verdict
from bot.flows.baseline import baseline_of
from bot.flows.contain import acts_of, also, staff_event
from bot.flows.ids import incident_id, operation_key, request_id
from bot.flows.judging import back_since, recorded, still_explained, verdict_of
from bot.flows.world import World
from bot.ports import View

LOOKED_AT_AGAIN = timedelta(seconds=1)
"""After an account whose emergency is being undone."""


Ids = tuple[str, str, str]
"""Of an incident, a request and an operation, drawn before the transaction: it may be run again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An instance to be judged, as a read showed it; `account` is None where only the event is left of it."""

    instance: Instance
    account: Account | None
    event: Event | None
    by: str
    """`feed` or `sweep`."""
    heard: datetime | None = None
    """When the guard first knew of it; None where that is now."""
    sure: bool = False
    """Read since whatever is on record by now."""

    @property
    def told(self) -> bool:
        """Whether the event is of this very deactivation, however the feed's clock goes."""
        event = self.event
        return event is not None and (event.actor, event.operation) == (self.instance.actor, self.instance.operation)


async def judge_found(world: World, found: Found, *, protected: bool = False) -> Verdict | None:
    """Judge an instance and act on it, together with what else waits to be. None where it was judged before."""

    async def all_of(batch: Sequence[Found]) -> Sequence[Verdict | None]:
        return await _judge_all(world, batch)

    verdict: Verdict | None = await world.docket.put(found, all_of, about=found.instance.account, first=protected)
    return verdict


async def _judge_all(world: World, batch: Sequence[Found]) -> Sequence[Verdict | None]:
    """One transaction for all of them, no two of one account."""
    ids = [(incident_id(), request_id(), operation_key()) for _ in batch]
    change = await world.ledger.decide(lambda view: _judging_all(world, view, batch, ids))
    assert isinstance(change, Change)
    world.status.tally(change.transitions)
    verdicts = cast("list[Verdict | None]", change.answer)
    for verdict in verdicts:
        if verdict is not None:
            world.status.count(verdict.because.value)
    return verdicts


def _judging_all(world: World, view: View, batch: Sequence[Found], ids: Sequence[Ids]) -> Change:
    about, changes = view.about([found.instance for found in batch]), list[Change]()
    for found, drawn in zip(batch, ids, strict=True):
        changes.append(judging(world, about, found, ids=drawn))
        about.note(changes[-1])
    verdicts = [change.answer if isinstance(change.answer, Verdict) else None for change in changes]
    return together(changes, answer=verdicts)


def judging(world: World, view: View, found: Found, *, ids: Ids) -> Change:
    """What is to be written about one instance."""
    before, at = view.judged(found.instance), world.now()
    stands = found.account is not None and not found.account.active
    if before is not None and stands and not found.sure and _may_be_stale(view, before):
        again = judge_task(found.instance.account, because=f"stale:{stamp(at)}", due=at)
        return Change(tasks=(again,))
    if before is not None and not (stands and _stands_again(view, before)):
        return Change(transitions=_overtaken(view, found, because=before.why, at=at) if before.explained else ())
    verdict = verdict_of(world, view, found.instance, stands=stands, told=found.told)
    if verdict.explained:
        return _explained(world, view, found, verdict)
    if verdict.because is Because.LATE and _being_undone(view, verdict.request):
        # an emergency that ended unratified, and its own restore is at work: it may rest on a read from before this
        again = judge_task(found.instance.account, because=f"undoing:{stamp(at)}", due=at + LOOKED_AT_AGAIN)
        return Change(tasks=(again,) if stands else ())
    return _unexplained(world, view, found, verdict, ids=ids)


def _may_be_stale(view: View, before: Judged) -> bool:
    """A restore of it is on record: either the read is from before that, or the platform's word of it was none."""
    restored_at = view.restored_at(before.account)
    return not before.explained and restored_at is not None and before.at is not None and restored_at >= before.at


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
    request = view.request(verdict.request) if verdict.request else None
    first = () if request is None or request.explains is not None else (explained_by(request, instance, at=at),)
    overtaken = _overtaken(view, found, because=verdict.because.value, at=at, besides=verdict.request)
    return replace(explaining(found, verdict, at=at), transitions=(*first, *overtaken))


def _overtaken(
    view: View, found: Found, *, because: str, at: datetime, besides: str | None = None
) -> tuple[Transition, ...]:
    """What waits for the same as an explained instance that stands, or was about to undo it, ends with it."""
    if found.account is None or found.account.instance != found.instance:
        return ()  # it is only what the feed tells of the past
    account, transitions = found.account.id, list[Transition]()
    live = view.live_request(account, Action.DEACTIVATE)
    if live is not None and live.state in OPEN and live.id != besides:
        transitions.append(supersede(live, by=found.instance.actor, at=at))
    standing = view.open_incident(account)
    if standing is not None and standing.instance != found.instance:
        transitions.append(left(standing, because=because, at=at))
    return tuple(transitions)


def explaining(found: Found, verdict: Verdict, *, at: datetime) -> Change:
    """Put on record that an instance is explained, and by what."""
    instance = found.instance
    entry = Entry(
        kind=Kind.JUDGED,
        at=at,
        by=instance.actor or "unknown",
        request=verdict.request,
        facts={"account": instance.account, "explained": True, "why": verdict.because.value, "found_by": found.by},
    )
    return Change(entries=(entry,), verdicts=(recorded(instance, verdict, at=at),), answer=verdict)


def _unexplained(world: World, view: View, found: Found, verdict: Verdict, *, ids: Ids) -> Change:
    """An incident; and its restore, unless the guard only observes or the account is back already."""
    standing = view.open_incident(found.instance.account)
    if standing is not None:
        return _of_standing(world, view, found, verdict, standing, ids=ids)
    at, policy, instance, account = world.now(), world.policy_in(view), found.instance, found.account
    new = _opening(world, view, found, verdict, id=ids[0])
    acts = _acts(view, new, verdict, policy.guard, instance=instance, at=at)
    protected = account is not None and policy.tier_of(account, at=at).name == PROTECTED
    new = opened_by(new, acts, protected=protected)
    known = recorded(instance, verdict, at=at, incident=new.id)
    open_ = opened(new, at=at, samples=policy.guard.samples)
    if new.state is not IncidentState.OPEN or account is None:
        return also(Change(transitions=(open_,), verdicts=(known,), answer=verdict), due(acts))
    undoing = _undoing(world, view, new, account, acts, ids=ids)
    stored = open_.after
    assert isinstance(stored, Incident)
    seen = Sighting(account=account.id, tier=policy.tier_of(account, at=at).name, at=at)
    made = Change(
        transitions=(open_, *undoing, joined(stored, ids[1], at=at)),
        verdicts=(known,),
        sightings=(seen,),
        answer=verdict,
    )
    return also(made, due(acts))


def _of_standing(world: World, view: View, found: Found, verdict: Verdict, standing: Incident, *, ids: Ids) -> Change:
    """One instance more of an account whose incident is open."""
    at, account = world.now(), found.account
    known = recorded(found.instance, verdict, at=at, incident=standing.id)
    acts = _acts(view, standing, verdict, world.policy_in(view).guard, instance=found.instance, at=at)
    if account is None or account.active or is_undone(view, standing):
        # its restore is under way and reads the account again at every try: this instance is undone with it
        return also(Change(verdicts=(known,), answer=verdict), due(acts))
    undoing = _undoing(world, view, standing, account, acts, ids=ids)
    made = Change(transitions=(*undoing, joined(standing, ids[1], at=at)), verdicts=(known,), answer=verdict)
    return also(made, due(acts))


def _opening(world: World, view: View, found: Found, verdict: Verdict, *, id: str) -> Incident:
    """The incident as it is opened."""
    at, policy, instance, account = world.now(), world.policy_in(view), found.instance, found.account
    new = incident(
        instance,
        id=id,
        kind=IncidentKind.LATE if verdict.because is Because.LATE else IncidentKind.DEACTIVATED,
        account=account or _event(found),
        verdict=verdict,
        person=policy.person_of_principal(instance.actor),
        found_by=found.by,
        heard=found.heard,
        at=at,
        before=baseline_of(view, instance.account, at=instance.at or at),
    )
    lapsed = _of_an_emergency(view, verdict)
    if account is None or account.active:
        return replace(
            new,
            state=IncidentState.RESTORED,
            restored_at=back_since(view, new, read=new.seen_at),
            restored_by=BY_OTHERS,
        )
    return _without_restore(policy.guard, new, verdict, whatever_the_mode=lapsed)


def _acts(
    view: View, incident: Incident, verdict: Verdict, guard: GuardRules, *, instance: Instance, at: datetime
) -> Acts:
    """What the instance's actor did with it; an incident that another opened is only what tells of it."""
    undoes = verdict.because is not Because.UNKNOWN_ACTOR or guard.restores_unknown_actor
    by, known = replace(incident, actor=instance.actor), view.judged(instance)
    new = 0 if known is not None and not known.explained else 1
    return acts_of(
        view,
        by,
        of_account=new,
        lately=new,
        last_at=instance.at,
        enforces=guard.enforces_at(at) and undoes,
        at=at,
    )


def _of_an_emergency(view: View, verdict: Verdict) -> bool:
    """Whether it is what an emergency did that ended unratified: that is undone also while the guard only observes."""
    request = view.request(verdict.request) if verdict.because is Because.LATE and verdict.request else None
    return request is not None and request.emergency


def _without_restore(guard: GuardRules, new: Incident, verdict: Verdict, *, whatever_the_mode: bool) -> Incident:
    """The incident of what stands, as it is opened: only observed, or open to be undone."""
    if whatever_the_mode:
        return new
    unknown = verdict.because is Because.UNKNOWN_ACTOR
    if not guard.enforces_at(new.seen_at) or (unknown and not guard.restores_unknown_actor):
        return replace(new, state=IncidentState.OBSERVED)
    return new


def _undoing(
    world: World, view: View, new: Incident, account: Account, acts: Acts, *, ids: Ids
) -> tuple[Transition, ...]:
    """The restore; a person's live request for the same is superseded by it, never in its way."""
    policy, at = world.policy_in(view), acts.at
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
        pause=pause_before(acts, protected=tier.name == PROTECTED),
    )
    return (*instead, *filed)


def _event(found: Found) -> Event:
    assert found.event is not None
    return found.event


def restored_event(world: World, view: View, event: Event) -> Change:
    """Put a restore on record. An unexplained one is not undone: a card, a page, “ask to deactivate again”."""
    keyed = view.keyed(event.operation) if event.actor == OWN_PRINCIPAL and event.operation else None
    if keyed is not None and keyed.action is Action.RESTORE and keyed.subject.id == event.account:
        return Change()  # our own: whoever made the call looks for itself and ends what it ends
    at = world.now()
    live = view.live_request(event.account, Action.RESTORE)
    transitions = tuple(
        restored(
            incident,
            at=at,
            restored_at=event.at,
            by=event.actor or "unknown",
            followers=None,
            samples=world.policy_in(view).guard.samples,
        )
        for incident in view.not_undone(event.account)
        if incident.state is not IncidentState.OPEN  # an open one's restore is under way and ends it
    )
    transitions = (*transitions, *_told_of_the_end(view, event, at=at))
    if live is not None and live.state in OPEN and not live.by_policy:
        # the guard's own restore asks at its claim, from a read: it alone ends with its incident
        transitions = (*transitions, supersede(live, by=event.actor, at=at))
    if event.actor == owner_of(event.account) or event.actor in world.policy_in(view).guard.explained_actors:
        return Change(transitions=transitions)
    return _unasked(world, view, event, IncidentKind.RESTORED, Change(transitions=transitions))


def _told_of_the_end(view: View, event: Event, *, at: datetime) -> tuple[Transition, ...]:
    """Who restored an account, and when, of which only a read had shown that it was back."""
    last = view.previous(event.account)
    judged = view.judged(last.instance) if last is not None and not last.explained else None
    known = view.incident(judged.incident) if judged is not None and judged.incident else None
    if known is None or known.restored_at is None or known.restored_by != BY_OTHERS:
        return ()
    if event.at < (known.at or known.seen_at):
        return ()  # of the time before
    return (told(known, at=at, restored_at=min(event.at, known.restored_at), by=event.actor or "unknown"),)


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


OTHERS = {
    EventType.RESTORED: restored_event,
    EventType.DELETED: deleted_event,
    EventType.SUSPENDED: staff_event,
    EventType.REINSTATED: staff_event,
}
"""What is made of an event that takes no account down."""
RELEVANT = frozenset({EventType.DEACTIVATED, *OTHERS})
"""The events that may mean something unapproved."""
