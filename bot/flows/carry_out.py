"""Carry an approved request out: read, claim in one transaction, call with the key, look, settle.

The same path serves the first try, a resumed one after a crash and one whose answer was lost: the operation key and
the `If-Match` of the claim make a call sent again harmless.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.account import Account, Instance
from bot.core.claiming import Claim, Wait, Waits, account_gone, claim, wait
from bot.core.counts import seen_active
from bot.core.errors import CountersignError, PlatformAway, PlatformRefused, WorldMoved
from bot.core.guarding import left, restored, stuck
from bot.core.incident import BY_OTHERS, IncidentState
from bot.core.policy import PROTECTED, SEEN_FOR, Policy
from bot.core.record import stamp
from bot.core.refusal import Refusal
from bot.core.request import BOT, IN_LANE, Request, State, Undo
from bot.core.settling import Failed, done, failed, release, uncertain
from bot.core.tasks import carry_out as carry_out_task
from bot.core.tasks import judge as judge_task
from bot.core.tasks import page, tell_of_limit
from bot.core.transition import Change, Entry, Judged, Kind, Sighting, Task, Transition
from bot.core.verdict import Because, Verdict
from bot.flows.change_rules import change_rules
from bot.flows.expire import expire
from bot.flows.followed import followed_for
from bot.flows.judging import back_since, recorded, verdict_of
from bot.flows.limits import claimed_in_hour
from bot.flows.ratify import ratified_by_now
from bot.flows.undo import ended_as, undo_ended
from bot.flows.unlock import unlock
from bot.flows.verify import Finding, look, look_until_shown
from bot.flows.world import FINISHED, Result, World
from bot.ports import View

NO_SUCH = 404
GONE = frozenset({NO_SUCH, 410})
READ_AGAIN = 3
"""How often an account that is said not to exist is read again before it is believed."""
Rule = Callable[[View, Request], Change]
AWAY_PAGED_AFTER = timedelta(seconds=10)
"""A restore that cannot reach the platform for so long wakes the on-call."""


class ReleasedError(CountersignError):
    """Who had this task before gave the lane back meanwhile: the request is approved, and to be claimed anew."""


async def carry_out(world: World, task: Task) -> Result:
    """Bring the request as far as it goes now. Answers when to look again where that is not its end."""
    request = task.record or await world.ledger.read(lambda view: view.request(task.payload["request"]))
    if request is None or request.state not in {State.APPROVED, *IN_LANE}:
        return None
    if request.of_the_rules:
        return await change_rules(world, task)
    if not request.of_an_account:
        return await unlock(world, task)
    if request.unratified and request.ratify_by is not None and world.now() >= request.ratify_by:
        # killed before the call, or never answered: past its deadline it is undone, not done
        return await expire(world, task)
    if request.state is State.APPROVED:
        claimed = await _claim(world, request, task)
        if not isinstance(claimed, Request):
            return claimed
        request = claimed
    try:
        result = await _call(world, request, task)
    except ReleasedError:
        result = world.now()
    return result


async def _claim(world: World, request: Request, task: Task) -> Request | Result:
    """Take the lane, or answer when to ask again; nothing where the request has ended."""
    try:
        account = await world.platform.account(request.subject.id)
    except (PlatformAway, PlatformRefused):
        await world.ledger.decide(lambda view: _waiting(world, view, request.id))
        return _again(world, request, task)
    if account is None and (task.attempts < READ_AGAIN or await _seen_in_public(world, request)):
        return world.now() + timedelta(seconds=0.5)
    if request.by_policy:
        await followed_for(world, account)
    outcome = await world.ledger.decide(lambda view: _claiming(world, view, request.id, account))
    assert isinstance(outcome, Change)
    if isinstance(outcome.answer, datetime):
        return outcome.answer
    after = outcome.request() if outcome.transitions else outcome.answer
    return after if isinstance(after, Request) and after.state in IN_LANE else None


async def _seen_in_public(world: World, request: Request) -> bool:
    """Whether what a restore by policy is for is no more to be found by its record alone: nobody could ask again."""
    if not request.by_policy:
        return False
    try:
        return await world.platform.public(request.subject.id) is not None
    except (PlatformAway, PlatformRefused):
        return True


def _waiting(world: World, view: View, id: str) -> Change | Refusal:
    """Say on the record that the platform cannot be reached, if that is news."""
    request = view.request(id)
    if request is None or request.state is not State.APPROVED:
        return Change()
    at = world.now()
    waits = wait(request, Waits.PLATFORM, until=at, at=at)
    if waits.transition is None:
        return Change()
    wakes = page(request, "away", due=at + AWAY_PAGED_AFTER) if request.by_policy else ()
    return Change(transitions=(waits.transition,), tasks=wakes)


def _claiming(world: World, view: View, id: str, account: Account | None) -> Change:
    """Ask the claim's rule with all it looks at, from this transaction."""
    request, policy, at = view.request(id), world.policy_in(view), world.now()
    if request is None or request.state is not State.APPROVED:
        # claimed meanwhile by who had this task before: it is here that it goes on now
        return Change(answer=request)
    if account is None:
        gone = account_gone(request, at=at)
        closed = _closed(view, request, account, because="account_gone", at=at)
        return Change(transitions=(gone, *closed, *undo_ended(view, ended_as(gone), Undo.STUCK, by=None)))
    instance, incident = account.instance, view.open_incident(account.id)
    case = Claim(
        request=request,
        account=account,
        tier=policy.tier_of(account, view.tiers_seen(account.id, at - SEEN_FOR), at=at),
        policy=policy,
        at=at,
        lane=view.lane(account.id),
        incident=incident.id if incident else None,
        verdict=verdict_of(world, view, instance, stands=True) if instance else None,
        unacknowledged=view.unacknowledged_actors(),
        claimed_in_hour=claimed_in_hour(view, policy, at=at),
        may_yet_land=_may_yet_land(view, request, at=at),
    )
    outcome = claim(case)
    if isinstance(outcome, Wait):
        said = (outcome.transition,) if outcome.transition else ()
        return replace(_of_limit(world, view, outcome, policy, at=at), transitions=said, answer=outcome.until)
    after = outcome.after
    if not isinstance(after, Request) or after.state is not State.SUPERSEDED:
        now = policy.tier_of(account, at=at).name
        counts = seen_active(account, at=at) if isinstance(after, Request) and after.state in IN_LANE else ()
        if request.by_policy or now == request.tier:
            return Change(transitions=(outcome,), samples=counts)
        # what the claim read is remembered by its weight: a tag stripped before the next claim makes it no lighter
        seen = Sighting(account=account.id, tier=now, at=at)
        return Change(transitions=(outcome,), sightings=(seen,), samples=counts)
    because = case.verdict.because.value if case.verdict else ""
    samples = policy.guard.samples
    closed = _closed(view, request, account, because=because, at=at, samples=samples)
    how = Undo.RESTORED if account.active else Undo.LEFT
    return Change(transitions=(outcome, *closed, *undo_ended(view, after, how, by=after.outcome)))


def _may_yet_land(view: View, restore: Request, *, at: datetime) -> bool:
    emergency = view.request(restore.undoes) if restore.undoes else None
    if emergency is None or emergency.explains is not None:
        return False
    return view.unfinished(carry_out_task(emergency, due=at).key)


def _of_limit(world: World, view: View, waits: Wait, policy: Policy, *, at: datetime) -> Change:
    """So many deactivations in an hour are news to those who watch, whoever approved them: once an hour."""
    if waits.why is not Waits.LIMIT or view.entries(kinds=(Kind.LIMIT,), since=at - timedelta(hours=1)):
        return Change()
    limit, to = policy.limits.deactivations_per_hour, policy.security_channel or world.channel
    reached = Entry(kind=Kind.LIMIT, at=at, by=BOT, facts={"limit": limit, "until": stamp(waits.until)})
    return Change(entries=(reached,), tasks=tell_of_limit(limit, until=waits.until, to=to, at=at))


def _closed(
    view: View,
    request: Request,
    account: Account | None,
    *,
    because: str,
    at: datetime,
    samples: tuple[timedelta, ...] = (),
) -> tuple[Transition, ...]:
    """The end of the incident whose restore is no longer wanted or possible, unless it has ended already."""
    found = view.incident(request.incident) if request.incident else None
    if found is None or found.state is not IncidentState.OPEN:
        return ()
    if account is not None and account.active:
        when = back_since(view, found, read=at)
        return (restored(found, at=at, restored_at=when, by=BY_OTHERS, followers=account.followers, samples=samples),)
    return (left(found, because=because, at=at),)


async def _call(world: World, request: Request, task: Task) -> Result:
    """Send the call and let a read, not the answer, say what became of it.

    A person's request fails on a definitive no. The guard's restore fails only where the account is gone: any other
    no, and a yes that did nothing, is trouble of the platform's, and the account must not stay down for it.
    """
    sent = world.now()
    try:
        reason = f"{request.id}: {request.category}"
        await world.platform.set_active(request, active=request.rule.makes_active is True, reason=reason)
        finding = await look_until_shown(world, request)
    except WorldMoved:
        return await _after(world, request, task, moved=True)
    except PlatformRefused as refused:
        final = refused.status in GONE or not request.by_policy
        why = Failed.REFUSED.saying(refused.status) if final else None
        doubted = request.by_policy and refused.status == NO_SUCH
        return await _after(world, request, task, definitive=why, doubted=doubted)
    except PlatformAway:
        return await _after(world, request, task)
    if finding.shows(request) or finding.overtaken(request):
        return await _settle_done(world, request, finding, task, sent=sent)
    if request.by_policy or finding.recorded(request):
        # the record has it, the public does not see it yet: no failure, and no success
        return await _after(world, request, task)
    return await _settle_failed(world, request, task, why=Failed.NO_EFFECT)


async def _after(
    world: World,
    request: Request,
    task: Task,
    *,
    moved: bool = False,
    definitive: str | None = None,
    doubted: bool = False,
) -> Result:
    """Look after a call that was refused, overtaken or unanswered.

    A no is no end where the record shows the effect, nor, `doubted`, where it spoke of no account and a read shows one.
    """
    try:
        finding = await look(world, request)
    except (PlatformAway, PlatformRefused):
        finding = None
    if finding is not None and finding.shows(request):
        return await _settle_done(world, request, finding, task)
    if finding is not None and moved and request.emergency and not finding.recorded(request):
        return await _settle_failed(world, request, task, why=Failed.MOVED)
    if finding is not None and moved and not request.emergency:
        await _move(world, request.id, lambda _, found: Change(transitions=(release(found, at=world.now()),)))
        return _again(world, request, task) if task.attempts else world.now()
    stands = finding is not None and (finding.recorded(request) or (doubted and finding.account is not None))
    if finding is not None and definitive is not None and not stands:
        return await _settle_failed(world, request, task, why=definitive)
    await _move(world, request.id, lambda _, found: _uncertain(world, found))
    return _again(world, request, task)


def _uncertain(world: World, request: Request) -> Change:
    at = world.now()
    said = uncertain(request, at=at, why=Failed.NO_ANSWER)
    wakes = page(request, "away", due=at + AWAY_PAGED_AFTER) if request.by_policy else ()
    return Change(transitions=(said,), tasks=wakes) if said else Change()


async def _settle_done(
    world: World, request: Request, finding: Finding, task: Task, *, sent: datetime | None = None
) -> Result:
    """Record the effect; with it the end of the incident it undid. `sent` is when the call went out, where known."""
    account, public = finding.account, finding.public
    assert account is not None
    at = world.now()

    def settle(view: View, found: Request) -> Change:
        if not found.rule.makes_active:
            settled = done(found, at=at, instance=account.instance)
            ratified = ratified_by_now(world, view, ended_as(settled), at=at)
            known = _judged(view, ended_as(settled), at=at)
            return Change(transitions=(settled, ratified) if ratified else (settled,), verdicts=known)
        settled = done(found, at=at, instance=None)
        undone = account.instance.at if account.instance else None
        when = undone or (public.as_of if public else at)
        followers = public.followers if public else None
        samples = world.policy_in(view).guard.samples
        transitions = [settled, *undo_ended(view, ended_as(settled), Undo.RESTORED, by=BOT)]
        transitions += [
            restored(
                incident,
                at=at,
                restored_at=when,
                by=found.requester,
                followers=followers,
                sent_at=sent,
                samples=samples,
            )
            for incident in view.not_undone(found.subject.id)
        ]
        again = () if account.active else (judge_task(account.id, because=found.id, due=at),)
        return Change(transitions=tuple(transitions), tasks=again, restores=((found.subject.id, when),))

    change = await _move(world, request.id, settle, finish=task)
    world.status.tally(change.transitions)
    return FINISHED


def _told_of(view: View, request: Request) -> Instance | None:
    """The deactivation that the request made, as the guard has it on record."""
    if request.rule.makes_active is not False:
        return None
    return request.explains or view.first_of_key(request.subject.id, request.operation)


def _judged(view: View, request: Request, *, at: datetime) -> tuple[Judged, ...]:
    """The verdict on what the request did: whoever hears of it in the feed has nothing left to find out."""
    instance = request.explains
    if instance is None or view.judged(instance) is not None:
        return ()
    verdict = Verdict(explained=True, because=Because.REQUEST, request=request.id)
    return (recorded(instance, verdict, at=at),)


async def _settle_failed(world: World, request: Request, task: Task, *, why: str) -> Result:
    at = world.now()

    def settle(view: View, found: Request) -> Change:
        told = _told_of(view, found)
        if told is not None:
            # the feed has told of the effect; somebody who may has put another name on it since
            return Change(transitions=(done(found, at=at, instance=told),))
        incident = view.incident(found.incident) if found.incident else None
        closed = (stuck(incident, cause=why, at=at),) if incident else ()
        ended = failed(found, at=at, why=why)
        return Change(transitions=(ended, *closed, *undo_ended(view, ended_as(ended), Undo.STUCK, by=None)))

    await _move(world, request.id, settle, finish=task)
    return FINISHED


async def _move(world: World, id: str, rule: Rule, *, finish: Task | None = None) -> Change:
    """Apply a rule to the request as it is now, if it still is in the lane."""

    def propose(view: View) -> Change:
        found = view.request(id)
        if found is None:
            return Change()
        if found.state in IN_LANE:
            return rule(view, found)
        if found.state is State.APPROVED and finish is not None:
            raise ReleasedError("The lane was given back.")
        # it ended while its call was under way: what the call did is nobody's, and is judged at once
        due = world.now()
        return Change(tasks=(judge_task(found.subject.id, because=f"{id}:{stamp(due)}", due=due),))

    change = await world.ledger.decide(propose, finish=finish)
    assert isinstance(change, Change)
    return change


def _again(world: World, request: Request, task: Task) -> datetime:
    """When to try again: a restore by policy or an emergency 0.2 s … 4 s (protected 2 s), the others 0.5 s … 30 s."""
    if request.by_policy or request.emergency:
        pause = min(0.2 * 2 ** min(task.attempts, 10), 2.0 if request.tier == PROTECTED else 4.0)
    else:
        pause = min(0.5 * 2 ** min(task.attempts, 10), 30.0)
    return world.now() + timedelta(seconds=pause)
