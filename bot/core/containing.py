"""Keep an actor from the platform who deactivates again and again; restoring goes on whether or not that succeeds."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.account import OWN_PRINCIPAL
from bot.core.incident import Incident, IncidentState
from bot.core.policy import Person, Policy
from bot.core.request import BOT
from bot.core.tasks import contain, draw, page_about_actor, tell
from bot.core.transition import ActorStands, Change, Entry, Kind, Standing, Transition, move

BUDGET = 2
"""Restores of one account from one actor; the second one has the actor contained."""
BUDGET_OVER = timedelta(hours=24)
BURST = 5
"""Unexplained deactivations of one actor, of any accounts …"""
BURST_OVER = timedelta(seconds=10)
"""… within so long."""
TRIED_FOR = timedelta(seconds=10)
"""How long the platform has to lock somebody out before the guard restores with pauses and wakes the on-call."""
HEARD_OF = timedelta(minutes=10)
"""For so long one message about an actor speaks for all that the actor did."""
LANDS_WITHIN = timedelta(seconds=5)
"""What was under way when an actor was locked out may bear a later time: clocks differ."""
LONGEST_PAUSE, LONGEST_PAUSE_PROTECTED = timedelta(seconds=30), timedelta(seconds=1)
MANAGER = "manager"
"""The group of which somebody is told that one of their people was locked out."""
UNKNOWN = "unknown"

STILL_ACTS = "contained_acts"
"""The platform said that the actor is locked out, and the actor acted since."""
PAGES = frozenset({"contained", "uncontainable", STILL_ACTS, "not_contained", "reinstated_by_others"})
"""What the on-call is woken for about an actor, whatever the card says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Acts:
    """What one actor did that nothing explains: what is on record, and what is being judged with it."""

    actor: str | None
    of_account: int
    """Instances of the account since `counted_from`, with those that are being judged."""
    lately: int
    """Of any account since `burst_from`, with those that are being judged."""
    last_at: datetime | None
    """When the newest of those being judged happened, by the platform's clock."""
    stands: ActorStands | None
    enforces: bool
    incident: Incident
    at: datetime


def counted_from(stands: ActorStands | None, *, at: datetime) -> datetime:
    """Since when an actor's deactivations of an account count: a day, or since people let the actor in again."""
    return _not_before_freed(stands, at - BUDGET_OVER)


def burst_from(stands: ActorStands | None, *, at: datetime) -> datetime:
    return _not_before_freed(stands, at - BURST_OVER)


def _not_before_freed(stands: ActorStands | None, since: datetime) -> datetime:
    return max(since, stands.since) if stands is not None and stands.standing is Standing.FREE else since


def named(actor: str | None) -> str:
    """The name under which an actor stands on record; the platform does not always say who acted."""
    return actor or UNKNOWN


def containable(actor: str) -> bool:
    """Only staff are people whom a platform can lock out; systems and services would take others down with them."""
    return actor.startswith("staff:")


def due(acts: Acts) -> Change:
    """What to record where the actor is to be contained now; nothing where there is no need, or it is under way.

    One that cannot be locked out is recorded as such, with one page: the guard restores on, with pauses.
    """
    if not acts.enforces or acts.actor == OWN_PRINCIPAL or not _needed(acts):
        return Change()
    actor, at, why = named(acts.actor), acts.at, _why(acts)
    if not containable(actor) or (why == STILL_ACTS and acts.stands is not None and acts.stands.why == STILL_ACTS):
        return uncontainable(actor, acts.incident, why="no_staff" if not containable(actor) else why, at=at)
    stands = ActorStands(actor=actor, standing=Standing.CONTAINING, since=at, why=why, incident=acts.incident.id)
    wakes = page_about_actor(f"{actor}:{STILL_ACTS}", acts.incident, STILL_ACTS, due=at) if why == STILL_ACTS else ()
    return Change(actors=(stands,), entries=(entry(stands, by=BOT),), tasks=(contain(stands, due=at), *wakes))


def _needed(acts: Acts) -> bool:
    stands = acts.stands
    over = acts.of_account >= BUDGET or acts.lately >= BURST
    if stands is None or stands.standing is Standing.FREE:
        return over
    if stands.standing is Standing.CONTAINED:
        return _acted_since(acts)
    tried_before = stands.standing is Standing.UNCONTAINABLE
    return tried_before and over and acts.at - stands.since >= BUDGET_OVER


def _acted_since(acts: Acts) -> bool:
    """Whether an actor who is locked out has acted after all."""
    assert acts.stands is not None
    return acts.last_at is not None and acts.last_at > acts.stands.since + LANDS_WITHIN


def _why(acts: Acts) -> str:
    if acts.stands is not None and acts.stands.standing is Standing.CONTAINED:
        return STILL_ACTS
    return "war" if acts.of_account >= BUDGET else "burst"


def uncontainable(actor: str, incident: Incident, *, why: str, at: datetime) -> Change:
    """The platform cannot lock the actor out: recorded, and somebody is woken once."""
    stands = ActorStands(actor=actor, standing=Standing.UNCONTAINABLE, since=at, why=why, incident=incident.id)
    wakes = page_about_actor(f"{actor}:uncontainable", incident, "uncontainable", due=at)
    return Change(actors=(stands,), entries=(entry(stands, by=BOT),), tasks=wakes)


def entry(stands: ActorStands, *, by: str, **facts: object) -> Entry:
    """What the log tells of how an actor stands."""
    told = {"actor": stands.actor, "standing": stands.standing.value, "why": stands.why, "incident": stands.incident}
    return Entry(kind=Kind.ACTOR, at=stands.since, by=by, facts={**told, **facts})


def pause(instances: int, *, protected: bool) -> timedelta:
    """Before the restore of the nth unexplained deactivation of an account by one actor, who is not contained.

    None while the budget lasts; then 1, 2, 4 … 30 s, for a protected account never more than 1 s.
    """
    over = instances - BUDGET
    if over <= 0:
        return timedelta(0)
    longest = LONGEST_PAUSE_PROTECTED if protected else LONGEST_PAUSE
    return min(timedelta(seconds=2.0 ** min(over - 1, 10)), longest)


def pause_before(acts: Acts, *, protected: bool) -> timedelta:
    """The same, by how the actor stands: none while the platform locks the actor out, or has."""
    stands = acts.stands
    if acts.actor == OWN_PRINCIPAL:
        return timedelta(0)  # what our own emergency did is undone in time, whatever happened before
    if stands is not None and stands.standing is Standing.CONTAINED and not _acted_since(acts):
        return timedelta(0)
    if stands is not None and stands.standing is Standing.CONTAINING and acts.at - stands.since < TRIED_FOR:
        return timedelta(0)
    return pause(acts.of_account, protected=protected)


def opened_by(new: Incident, acts: Acts, *, protected: bool) -> Incident:
    """An incident as what its actor did before makes it.

    After the actor was locked out it says so from the first. And it is quiet once the actor is known for a war or a
    burst, of which the on-call has heard: not of a protected account, unless that is what the war is about.
    """
    stands = acts.stands
    locked = stands is not None and stands.standing is Standing.CONTAINED
    known = stands is not None and stands.standing is not Standing.FREE
    of_late = stands is not None and acts.at - stands.since < HEARD_OF
    again = acts.of_account > BUDGET or (not protected and (of_late or acts.lately > BURST))
    undone = new.state in {IncidentState.OPEN, IncidentState.RESTORED}
    quiet = known and again and undone
    return replace(new, quiet=quiet, contained_at=stands.since if stands is not None and locked else None)


def contained(stands: ActorStands, incidents: tuple[Incident, ...], policy: Policy, *, at: datetime) -> Change:
    """The platform has locked the actor out: on the cards, and told to security, a manager and the on-call.

    `incidents` are those of the actor, the one that led here first.
    """
    now = replace(stands, standing=Standing.CONTAINED, since=at)
    first = incidents[0]
    to = tuple(dict.fromkeys((*policy.security, *managers_of(policy.person_of_principal(now.actor), policy, at=at))))
    told = tell(first, "contained", to=to, at=at)
    wakes = page_about_actor(f"{now.actor}:contained", first, "contained", due=at)
    marked = tuple(_marked(incident, at=at) for incident in incidents if _of_now(incident, at=at))
    return Change(transitions=marked, actors=(now,), entries=(entry(now, by=BOT),), tasks=(*wakes, *told))


def _of_now(found: Incident, *, at: datetime) -> bool:
    """Whether a card is to say it: not one of long ago, nor of an earlier lock."""
    recent = found.acknowledged_at is None or found.seen_at > at - BUDGET_OVER
    return recent and found.contained_at is None


def _marked(found: Incident, *, at: datetime) -> Transition:
    redraw = draw(found, version=found.version + 1, at=at)
    return move(found, replace(found, contained_at=at), kind=Kind.CONTAINED, by=BOT, at=at, tasks=redraw)


def freed(
    stands: ActorStands, incidents: tuple[Incident, ...], *, by: str, why: str, at: datetime, **facts: object
) -> Change:
    """The actor is let in again, and begins anew; the cards say so."""
    now = replace(stands, standing=Standing.FREE, since=at, why=why)
    marked = tuple(
        _let_in(incident, by=by, at=at)
        for incident in incidents
        if incident.contained_at is not None and incident.reinstated_at is None
    )
    return Change(transitions=marked, actors=(now,), entries=(entry(now, by=by, **facts),))


def _let_in(found: Incident, *, by: str, at: datetime) -> Transition:
    redraw = draw(found, version=found.version + 1, at=at)
    return move(found, replace(found, reinstated_at=at), kind=Kind.REINSTATED, by=by, at=at, tasks=redraw)


def managers_of(person: Person | None, policy: Policy, *, at: datetime) -> tuple[str, ...]:
    """One Slack user of each manager of the person's team, of all managers where the team has none.

    Nobody where the actor is no person of the roster; never the actor.
    """
    if person is None:
        return ()
    here = [p for p in policy.people.values() if p.slack and p.id != person.id and not policy.gone(p, at)]
    managers = [p for p in here if MANAGER in p.groups]
    of_team = [p for p in managers if p.team is not None and p.team == person.team]
    return tuple(p.slack[0] for p in of_team or managers)
