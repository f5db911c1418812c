"""What the bot does for a request by itself, step by step as `bot.flows` does it: read, claim, call, look, expire.

Where the flows read, commit and call, a step ends: anything may happen before the next, a crash included. Every
decision is the core's. Not in it: an account that is gone, a platform that cannot be read, a public view that differs
from the record, and a crash between a commit and the end of its task (the task is looked at again and finds nothing).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.account import Account, Instance
from bot.core.claiming import Claim, Wait, claim, expire_due, supersede
from bot.core.ending import UNDONE_AFTER
from bot.core.guarding import restored, stuck
from bot.core.ratifying import Ratifying, ratify
from bot.core.record import stamp
from bot.core.request import BOT, IN_LANE, OPEN, Action, Request, Undo
from bot.core.request import State as Standing
from bot.core.settling import Failed, done, failed, release, uncertain
from bot.core.tasks import judge as judge_task
from bot.core.transition import Change, Sighting, Transition
from bot.core.undoing import restore_of
from bot.core.verdict import Because, Facts, Verdict, judge
from bot.flows.carry_out import _closed, _judged, _may_yet_land, _told_of
from bot.flows.judging import _previous, still_explained
from bot.flows.undo import ended_as, undo_ended
from tests.core.search import platform
from tests.core.search.game import NOTHING, Game, Step
from tests.core.search.ledger import LedgerView
from tests.core.search.world import Call, State, Todo, put


def told(account: Account) -> str:
    """What a read shows, for people who read a counterexample."""
    if account.active:
        return "up"
    return f"down by {account.deactivation.actor}" if account.deactivation else "down"


def carry_out(state: State, game: Game, todo: Todo) -> Iterator[Step]:
    """The next step of `flows.carry_out` for the request of a task, and each way its call may go."""
    request, memory = state.request(todo.about), state.memory
    read, answer, call = (dict(known).get(request.id) for known in (memory.reads, memory.answers, memory.calls))
    if answer is not None and (request.state in IN_LANE or request.emergency):
        yield _looks(state, game, request, answer, todo)
    elif call is not None:
        yield from _sends(state, game, request, call)
    elif request.unratified and request.ratify_by is not None and state.now >= request.ratify_by:
        yield from _expires(state, game, todo)
    elif request.state in IN_LANE:
        yield from _calls(state, game, request)
    elif request.state is not Standing.APPROVED:
        label = f"there is nothing to carry out of {request.id}"
        yield Step(kind="carry", label=label, after=game.commit(state, NOTHING, finish=todo.key))
    elif read is None:
        yield _reads(state, request)
    elif request.by_policy and told(read) == "down by system:cleaner" and state.platform.feed:
        return  # `flows.followed`: the feed tells first
    elif answer is not None or game.rules.claims_first:
        yield _claims(state, game, request, read, todo)
    else:
        yield from _calls(state, game, replace(request, if_match=read.etag))


def _reads(state: State, request: Request) -> Step:
    account = state.platform.account(request.subject.id)
    memory = replace(state.memory, reads=put(state.memory.reads, request.id, account))
    label = f"the bot reads {account.id} for {request.id}: {told(account)}"
    return Step(kind="read", label=label, after=replace(state, memory=memory))


def _claims(state: State, game: Game, request: Request, account: Account, todo: Todo) -> Step:
    """The transaction of `flows.carry_out._claiming`."""
    about = (game.number(request), game.number(account), game.ledger(state), state.roster, state.now)
    change, waits = game.once(("claim", *about), lambda: _claiming(state, game, request, account))
    forgotten = replace(state, memory=replace(state.memory, reads=put(state.memory.reads, request.id, None)))
    if waits is not None:
        after = game.commit(forgotten, change)
        return Step(kind="carry", label=f"the claim of {request.id}: wait for {waits}", after=after, change=change)
    goes_on = change.transitions[0].after.state in IN_LANE
    after = game.commit(forgotten, change, finish=None if goes_on else todo.key)
    label = f"the claim of {request.id}: {change.transitions[0].after.state}"
    return Step(kind="carry", label=label, after=after, change=change, account=account)


def _claiming(state: State, game: Game, request: Request, account: Account) -> tuple[Change, str | None]:
    view, policy = LedgerView(state.ledger), game.policy(state)
    instance, incident = account.instance, view.open_incident(account.id)
    verdict = verdict_of(state, game, view, instance, stands=True) if instance else None
    case = Claim(
        request=request,
        account=account,
        tier=policy.tier_of(account, view.tiers_seen(account.id, state.now), at=state.now),
        policy=policy,
        at=state.now,
        lane=view.lane(account.id),
        incident=incident.id if incident else None,
        verdict=verdict,
        unacknowledged=view.unacknowledged_actors(),
        claimed_in_hour=view.deactivations_claimed_since(state.now - timedelta(hours=1)),
        may_yet_land=_may_yet_land(view, request, at=state.now),
    )
    outcome = claim(case, checks=game.rules.policy_claim if request.by_policy else game.rules.claim)
    if isinstance(outcome, Wait):
        return Change(transitions=(outcome.transition,) if outcome.transition else ()), outcome.why.value
    after = ended_as(outcome)
    if after.state is not Standing.SUPERSEDED:
        seen = Sighting(account=account.id, tier=policy.tier_of(account, at=state.now).name, at=state.now)
        return Change(transitions=(outcome,), sightings=(seen,)), None
    closed = _closed(view, request, account, because=verdict.because.value if verdict else "", at=state.now)
    how = Undo.RESTORED if account.active else Undo.LEFT
    return Change(transitions=(outcome, *closed, *undo_ended(view, after, how, by=after.outcome))), None


def verdict_of(state: State, game: Game, view: LedgerView, instance: Instance, *, stands: bool) -> Verdict:
    """`flows.judging.verdict_of`."""
    facts = Facts(
        keyed=view.keyed(instance.operation) if instance.operation else None,
        restored_at=view.restored_at(instance.account),
        previous=_previous(view, instance),
        stands=stands,
    )
    known = view.judged(instance)
    if known is not None and still_explained(view, known):
        return Verdict(explained=True, because=Because(known.why))
    return judge(instance, facts, game.policy(state).guard, checks=game.rules.key)


FAULTS = (
    ("it lands and the answer is lost", platform.AWAY),
    ("it is lost", platform.AWAY),
    ("it hangs, to land later", platform.AWAY),
    ("it is refused", platform.REFUSED),
    ("it is answered and does nothing", platform.OK),
)
"""How a call may go wrong, and what comes back of it."""


def _calls(state: State, game: Game, request: Request) -> Iterator[Step]:
    """Only an emergency can end while its call is about to be sent; for every other request both are one step."""
    call = Call(
        request=request.id,
        operation=request.operation if game.rules.same_key else f"{request.operation}-{state.platform.told}",
        account=request.subject.id,
        active=request.rule.makes_active is True,
        if_match=request.if_match if game.rules.sends_if_match else None,
    )
    if not request.emergency:
        yield from _sends(state, game, request, call)
        return
    memory = replace(state.memory, calls=put(state.memory.calls, request.id, call))
    label = f"the bot is about to call the platform for {request.id}"
    yield Step(kind="carry", label=label, after=replace(state, memory=memory))


def _sends(state: State, game: Game, request: Request, call: Call) -> Iterator[Step]:
    """One PATCH with the request's key, and the ways it may go."""
    state = replace(state, memory=replace(state.memory, calls=put(state.memory.calls, request.id, None)))
    sent = f"the bot calls the platform for {request.id}"
    after, answer = platform.sent_by_us(state, call)
    yield Step(kind="carry", label=f"{sent}: {answer}", after=_answered(after, request, answer))
    if not game.left(state, "fault"):
        return
    lost = game.spend(state, "fault")
    landed, _ = platform.sent_by_us(lost, call)
    late = replace(lost, platform=replace(lost.platform, on_its_way=(*lost.platform.on_its_way, call)))
    for (how, comes_back), then in zip(FAULTS, (landed, lost, late, lost, lost), strict=True):
        yield Step(kind="fault", label=f"{sent}: {how}", after=_answered(then, request, comes_back))


def _answered(state: State, request: Request, answer: str | None) -> State:
    return replace(state, memory=replace(state.memory, answers=put(state.memory.answers, request.id, answer)))


def lands(state: State, call: Call) -> Step:
    """A call whose caller gave up is processed as if it had just come."""
    rest = tuple(other for other in state.platform.on_its_way if other is not call)
    landed = replace(state, platform=replace(state.platform, on_its_way=rest))
    after, answer = platform.sent_by_us(landed, call)
    return Step(kind="late", label=f"the late call for {call.request} lands: {answer}", after=after)


def _looks(state: State, game: Game, request: Request, answer: str, todo: Todo) -> Step:
    """`flows.carry_out._call` and `_after` behind the answer: a read says what became of it."""
    account, number = state.platform.account(request.subject.id), game.number
    about = (number(request), number(account), game.ledger(state), state.roster, state.now, answer)
    change, ends = game.once(("look", *about), lambda: _looking(state, game, request, answer, account))
    after = game.commit(_answered(state, request, None), change, finish=todo.key if ends else None)
    standing = after.request(request.id).state
    label = f"the bot looks at {account.id} for {request.id}: {told(account)}; {standing}"
    return Step(kind="carry", label=label, after=after, change=change, account=account)


def _looking(state: State, game: Game, request: Request, answer: str, account: Account) -> tuple[Change, bool]:
    """What the look makes of it, and whether that is the end of its task."""
    if request.state not in IN_LANE:
        # it ended while its call was under way: what the call did is nobody's, and is judged at once
        because = f"{request.id}:{stamp(state.now)}"
        return Change(tasks=(judge_task(account.id, because=because, due=state.now),)), True
    shows = request.carried_out(account) or (answer == platform.OK and not game.rules.looks)
    overtaken = request.rule.makes_active and not account.active and account.etag != request.if_match
    if shows or (answer == platform.OK and overtaken):
        return _done(state, game, request, account), True
    if answer == platform.MOVED and request.emergency:
        return _failed(state, request, Failed.MOVED), True
    if answer == platform.MOVED:
        return Change(transitions=(release(request, at=state.now),)), False
    if answer in {platform.OK, platform.REFUSED} and not request.by_policy:
        why = Failed.NO_EFFECT if answer == platform.OK else Failed.REFUSED.saying(403)
        return _failed(state, request, why), True
    said = uncertain(request, at=state.now, why=Failed.NO_ANSWER)
    return Change(transitions=(said,) if said else ()), False


def _done(state: State, game: Game, request: Request, account: Account) -> Change:
    """The transaction of `flows.carry_out._settle_done`."""
    view = LedgerView(state.ledger)
    if not request.rule.makes_active:
        settled = done(request, at=state.now, instance=account.instance)
        ratified = ratified_by_now(state, game, ended_as(settled))
        known = _judged(view, ended_as(settled), at=state.now)
        return Change(transitions=(settled, ratified) if ratified else (settled,), verdicts=known)
    settled = done(request, at=state.now, instance=None)
    when = account.instance.at if account.instance and account.instance.at else state.now
    incidents = [
        restored(incident, at=state.now, restored_at=when, by=request.requester, followers=None)
        for incident in view.not_undone(account.id)
    ]
    again = () if account.active else (judge_task(account.id, because=request.id, due=state.now),)
    on_record = ((account.id, when),) if game.rules.records_restores else ()
    undone = undo_ended(view, ended_as(settled), Undo.RESTORED, by=BOT)
    return Change(transitions=(settled, *undone, *incidents), tasks=again, restores=on_record)


def _failed(state: State, request: Request, why: str) -> Change:
    """The transaction of `flows.carry_out._settle_failed`."""
    view = LedgerView(state.ledger)
    if (told := _told_of(view, request)) is not None:
        return Change(transitions=(done(request, at=state.now, instance=told),))
    incident = view.incident(request.incident) if request.incident else None
    closed = (stuck(incident, cause=why, at=state.now),) if incident else ()
    ended = failed(request, at=state.now, why=why)
    return Change(transitions=(ended, *closed, *undo_ended(view, ended_as(ended), Undo.STUCK, by=None)))


def ratified_by_now(state: State, game: Game, request: Request) -> Transition | None:
    """`flows.ratify`: the ratification, as soon as both the effect is verified and the quorum stands."""
    if not request.unratified:
        return None
    view = LedgerView(state.ledger)
    case = Ratifying(
        request=request,
        policy=game.policy(state),
        at=state.now,
        unacknowledged=view.unacknowledged_actors(),
        restored_at=view.restored_at(request.subject.id),
    )
    return ratify(case, checks=game.rules.ratify)


def with_its_undoing(state: State, game: Game, ended: Transition) -> tuple[Transition, ...]:
    """`flows.undo`: the end of an unratified emergency, and the restore that undoes it in the same commit."""
    request = ended_as(ended)
    if not request.emergency or request.state not in UNDONE_AFTER or not game.rules.undoes_at_once:
        return (ended,)
    live = LedgerView(state.ledger).live_request(request.subject.id, Action.RESTORE)
    in_the_way = live is not None and live.state in OPEN and not live.by_policy
    instead = (supersede(live, by=BOT, at=state.now),) if live is not None and in_the_way else ()
    _, id, operation = game.ids(state)
    policy = game.policy(state).digest
    return (ended, *instead, restore_of(request, id=id, operation=operation, policy=policy, at=state.now))


def expire_when_due(state: State, game: Game, todo: Todo) -> Iterator[Step]:
    """The task of `flows.expire`."""
    if todo.due is not None and state.now >= todo.due:
        yield from _expires(state, game, todo)


def _expires(state: State, game: Game, todo: Todo) -> Iterator[Step]:
    """Its transaction."""
    found = expire_due(state.request(todo.about), policy=game.policy(state), at=state.now)
    if isinstance(found, datetime):
        later = tuple(replace(t, due=found) if t.key == todo.key else t for t in state.ledger.todo)
        after = replace(state, ledger=replace(state.ledger, todo=later))
        yield Step(kind="expire", label=f"the clock of {todo.about} has stood still", after=after)
        return
    change = Change(transitions=with_its_undoing(state, game, found)) if found else NOTHING
    after = game.commit(state, change, finish=todo.key)
    yield Step(kind="expire", label=f"a clock of {todo.about} runs out", after=after, change=change)
