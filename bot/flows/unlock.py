"""Let an actor in again, or release a latch: file the wish, and do it once it is approved."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.claiming import Wait
from bot.core.containing import containable, freed
from bot.core.errors import PlatformAway, PlatformRefused
from bot.core.latching import released
from bot.core.policy import SEEN_FOR
from bot.core.refusal import Refusal
from bot.core.request import IN_LANE, About, Action, Request, State
from bot.core.settling import Failed, done, failed, uncertain
from bot.core.transition import Change, Standing, Task
from bot.core.unlocking import UnlockClaim, Unlocking, claim_unlocking, file_unlocking
from bot.flows.contain import incidents_of
from bot.flows.ids import operation_key, request_id
from bot.flows.limits import filed_in_hour
from bot.flows.submit import noted
from bot.flows.world import FINISHED, Result, World
from bot.ports import View

LOCKED = frozenset({Standing.CONTAINING, Standing.CONTAINED, Standing.UNCONTAINABLE})
"""Also where it is not known whether the platform has locked the actor out: letting in again is harmless."""


async def ask_unlocking(
    world: World,
    *,
    action: Action,
    subject: str,
    reason: str,
    evidence: str | None,
    slack_user: str,
    identity_known: bool,
    replay: str | None,
) -> Change | Refusal:
    """File it. Raises LedgerAway, Replayed."""
    at, id, operation = world.now(), request_id(), operation_key()

    def propose(view: View) -> Change | Refusal:
        policy = world.policy_in(view)
        person = policy.person_of_slack(slack_user)
        case = Unlocking(
            action=action,
            subject=subject,
            locked=is_locked(view, action, subject),
            person=person,
            policy=policy,
            at=at,
            reason=reason,
            evidence=evidence,
            identity_known=identity_known,
            live=view.live_request(subject, action),
            filed_in_hour=filed_in_hour(view, policy, person, at=at),
            unacknowledged=view.unacknowledged_of(person.id) if person else None,
            denied_before=view.denied(subject, action, at - SEEN_FOR),
        )
        filed = file_unlocking(case, id=id, operation=operation, slack_user=slack_user)
        return filed if isinstance(filed, Refusal) else Change(transitions=(filed,))

    return await noted(world, await world.ledger.decide(propose, replay=replay), by=slack_user, replay=replay)


def is_locked(view: View, action: Action, subject: str) -> bool:
    if action is Action.RELEASE:
        return view.latch(subject) is not None
    stands = view.actor(subject)
    return containable(subject) and stands is not None and stands.standing in LOCKED


async def unlock(world: World, task: Task) -> Result:
    """Carry an approved one out: a latch in one transaction, an actor by way of the platform."""
    change = await world.ledger.decide(lambda view: _claimed(world, view, task.payload["request"]))
    assert isinstance(change, Change)
    if isinstance(change.answer, datetime):
        return change.answer
    request = change.answer
    if not isinstance(request, Request) or request.state not in IN_LANE:
        return None
    return await _reinstated(world, request, task)


def _claimed(world: World, view: View, id: str) -> Change:
    """Claim it, and release the latch with the same commit; one that is claimed already goes on."""
    request, at = view.request(id), world.now()
    if request is None or request.state is not State.APPROVED:
        return Change(answer=request)
    case = UnlockClaim(
        request=request,
        policy=world.policy_in(view),
        at=at,
        unacknowledged=view.unacknowledged_actors(),
        locked=is_locked(view, request.action, request.subject.id),
    )
    outcome = claim_unlocking(case)
    if isinstance(outcome, Wait):
        return Change(transitions=(outcome.transition,) if outcome.transition else (), answer=outcome.until)
    running = outcome.after
    assert isinstance(running, Request)
    latch = view.latch(request.subject.id) if request.rule.about is About.LATCH else None
    if running.state is not State.RUNNING or latch is None:
        return Change(transitions=(outcome,), answer=running)
    ended = done(running, at=at, instance=None)
    switched_on = released(latch, by=request.requester, request=request.id, at=at)
    return replace(switched_on, transitions=(outcome, ended), answer=ended.after)


async def _reinstated(world: World, request: Request, task: Task) -> Result:
    """Ask the platform until it has answered: letting somebody in who is in already changes nothing there."""
    try:
        await world.platform.reinstate(request.subject.id)
    except PlatformRefused as refused:
        why = Failed.REFUSED.saying(refused.status)
        await world.ledger.decide(lambda view: _ended(world, view, request.id, why=why), finish=task)
        return FINISHED
    except PlatformAway:
        await world.ledger.decide(lambda view: _uncertain(world, view, request.id))
        return world.now() + timedelta(seconds=min(0.5 * 2 ** min(task.attempts, 10), 30.0))
    await world.ledger.decide(lambda view: _ended(world, view, request.id, why=None), finish=task)
    return FINISHED


def _uncertain(world: World, view: View, id: str) -> Change:
    request = view.request(id)
    if request is None or request.state not in IN_LANE:
        return Change()
    said = uncertain(request, at=world.now(), why=Failed.NO_ANSWER)
    return Change(transitions=(said,) if said else ())


def _ended(world: World, view: View, id: str, *, why: str | None) -> Change:
    """The end of the request, and of the lock where the platform has agreed."""
    request, at = view.request(id), world.now()
    if request is None or request.state not in IN_LANE:
        return Change()
    if why is not None:
        return Change(transitions=(failed(request, at=at, why=why),))
    ended, stands = done(request, at=at, instance=None), view.actor(request.subject.id)
    if stands is None or stands.standing not in LOCKED:
        return Change(transitions=(ended,))
    found = incidents_of(view, stands)
    free = freed(stands, found, by=request.requester, why="reinstated", at=at, asked_in=request.id)
    return replace(free, transitions=(ended, *free.transitions))
