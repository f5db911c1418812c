"""Have the platform lock out an actor who deactivates again and again, and note whatever else befalls staff there."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.account import OWN_PRINCIPAL, Event, EventType
from bot.core.containing import (
    TRIED_FOR,
    Acts,
    burst_from,
    contained,
    counted_from,
    freed,
    named,
    uncontainable,
)
from bot.core.errors import PlatformAway, PlatformRefused
from bot.core.incident import Incident
from bot.core.record import stamp
from bot.core.settling import Failed
from bot.core.tasks import page_about_actor
from bot.core.transition import ActorStands, Change, Entry, Kind, Standing, Task
from bot.core.verdict import Because, Verdict
from bot.flows.judging import recorded
from bot.flows.world import FINISHED, Result, World
from bot.ports import View

MARKED = 200
"""Incidents at most that are marked with what befell their actor; a card more is drawn for each."""
MARKED_OF = timedelta(days=30)
OF_STAFF = frozenset({EventType.SUSPENDED, EventType.REINSTATED})
NOTED = Verdict(explained=True, because=Because.KNOWN)
"""What marks an event of the feed that was taken before."""


def acts_of(
    view: View,
    incident: Incident,
    *,
    of_account: int = 1,
    lately: int = 1,
    last_at: datetime | None,
    enforces: bool,
    at: datetime,
) -> Acts:
    """What is known of the incident's actor; the counts are those being judged now, which are not on record yet."""
    actor = incident.actor
    stands = view.actor(named(actor))
    # while the platform locks the actor out, what else the actor did changes nothing
    locked = stands is not None and stands.standing in {Standing.CONTAINING, Standing.CONTAINED}
    return Acts(
        actor=actor,
        of_account=view.unexplained_by(actor, counted_from(stands, at=at), account=incident.account) + of_account,
        lately=lately + (0 if locked else view.unexplained_by(actor, burst_from(stands, at=at))),
        last_at=last_at,
        stands=stands,
        enforces=enforces,
        incident=incident,
        at=at,
    )


def also(change: Change, locking: Change) -> Change:
    """What is written about an instance, and about its actor."""
    return replace(
        change,
        actors=(*change.actors, *locking.actors),
        entries=(*change.entries, *locking.entries),
        tasks=(*change.tasks, *locking.tasks),
    )


def incidents_of(view: View, stands: ActorStands) -> tuple[Incident, ...]:
    """The actor's incidents of late, the one that led to the containment first."""
    since = stands.since - MARKED_OF
    found = {one.id: one for one in view.incidents(actor=stands.actor, since=since, limit=MARKED)}
    first = view.incident(stands.incident) if stands.incident else None
    return tuple({first.id: first, **found}.values() if first is not None else found.values())


async def contain(world: World, task: Task) -> Result:
    """Ask the platform to lock the actor out until it has answered; nothing else waits for it."""
    stands = await world.ledger.read(lambda view: view.actor(task.payload["actor"]))
    if not _still(stands, task):
        return None
    assert stands is not None
    try:
        await world.platform.suspend(stands.actor)
    except PlatformRefused as refused:
        why = Failed.REFUSED.saying(refused.status)
        await world.ledger.decide(lambda view: _refused(world, view, task, why=why), finish=task)
        return FINISHED
    except PlatformAway:
        return await _once_more(world, stands, task)
    await world.ledger.decide(lambda view: _contained(world, view, task), finish=task)
    return FINISHED


def _still(stands: ActorStands | None, task: Task) -> bool:
    """Whether the containment that filed the task is still wanted."""
    wanted = stands is not None and stands.standing is Standing.CONTAINING
    return wanted and stands is not None and stamp(stands.since) == task.payload["since"]


def _contained(world: World, view: View, task: Task) -> Change:
    stands = view.actor(task.payload["actor"])
    if stands is None or not _still(stands, task):
        return Change()
    return contained(stands, incidents_of(view, stands), world.policy_in(view), at=world.now())


def _refused(world: World, view: View, task: Task, *, why: str) -> Change:
    stands = view.actor(task.payload["actor"])
    if stands is None or not _still(stands, task):
        return Change()
    return uncontainable(stands.actor, incidents_of(view, stands)[0], why=why, at=world.now())


async def _once_more(world: World, stands: ActorStands, task: Task) -> datetime:
    """In a moment, for ever; somebody is woken once it has gone on for too long."""
    at = world.now()
    if at - stands.since >= TRIED_FOR:
        first = (await world.ledger.read(lambda view: incidents_of(view, stands)))[0]
        wakes = page_about_actor(f"{stands.actor}:not_contained", first, "not_contained", due=stands.since)
        await world.ledger.add(*(replace(one, due=at) for one in wakes))
    return at + timedelta(seconds=min(0.2 * 2 ** min(task.attempts, 10), 4.0))


def staff_event(world: World, view: View, event: Event) -> Change:
    """What the feed says befell a member of staff. Our own hand is on record; another's is noted, once an event.

    Somebody who lets in whom the guard had locked out went round the quorum: the on-call is woken.
    """
    at, stands = world.now(), view.actor(event.account)
    marker = replace(event.instance, operation=f"staff:{event.seq}")
    if event.actor == OWN_PRINCIPAL or view.judged(marker) is not None:
        return Change()
    return replace(_befell(world, view, event, stands), verdicts=(recorded(marker, NOTED, at=at),))


def _befell(world: World, view: View, event: Event, stands: ActorStands | None) -> Change:
    at = world.now()
    by = named(event.actor)
    told = {"seq": event.seq, "event": event.type.value}
    locked = stands is not None and stands.standing in {Standing.CONTAINED, Standing.CONTAINING}
    if stands is None or not locked or event.type is EventType.SUSPENDED or event.at < stands.since:
        return Change(entries=(Entry(kind=Kind.ACTOR, at=at, by=by, facts={"actor": event.account, **told}),))
    found = incidents_of(view, stands)
    wakes = page_about_actor(f"{stands.actor}:reinstated_by_others", found[0], "reinstated_by_others", due=at)
    free = freed(stands, found, by=by, why="by_others", at=at, **told)
    return replace(free, tasks=wakes)
