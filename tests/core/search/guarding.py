"""What the guard does, step by step as `bot.flows.follow`, `guard` and `sweep` do it: take, read, judge, undo.

What it makes of a verdict is `bot.flows.guard` itself; the verdict is asked of the core with the game's checks.
"""

from collections.abc import Iterator
from dataclasses import replace

from bot.core.account import Account, Deactivation, Event, EventType
from bot.core.incident import Incident
from bot.core.record import stamp
from bot.core.tasks import judge as judge_task
from bot.core.transition import Change, Transition
from bot.core.verdict import Because, Verdict
from bot.flows import follow, guard
from bot.flows.believing import believing, may_be_believed
from bot.flows.sweep import _settled
from tests.core.search.carrying import told, verdict_of
from tests.core.search.game import NOTHING, Game, Moment, Step
from tests.core.search.ledger import LedgerView
from tests.core.search.world import Found, Memory, State, Todo


def steps(state: State, game: Game) -> Iterator[Step]:
    """What the guard does next: one account at a time, the feed before the sweep.

    In the product many accounts are judged at once, and the sweep runs beside the feed.
    """
    if not game.scope.guarded:
        return
    if state.memory.found is not None:
        yield from _judges(state, game, state.memory.found)
        return
    feed = state.platform.feed
    if feed:
        yield _takes(state, game, tuple(event for event in feed if event.account == feed[0].account))
        return
    view = LedgerView(state.ledger)
    for account in state.platform.accounts:
        if not account.active and not _settled(view, account):
            yield _holds(state, Found(by="sweep", account=account, event=None), f"the sweep finds {account.id}")


def judge_later(state: State, game: Game, todo: Todo) -> Iterator[Step]:
    """`flows.follow.judge_later`: the account a task names."""
    if state.memory.found is not None:
        return
    account = state.platform.account(todo.about)
    if account.active:
        label = f"the guard reads {account.id} again: up"
        yield Step(kind="guard", label=label, after=game.commit(state, NOTHING, finish=todo.key))
        return
    yield _holds(state, Found(by="feed", account=account, event=None, task=todo.key), f"the guard reads {account.id}")


def _holds(state: State, found: Found, label: str) -> Step:
    after = replace(state, memory=replace(state.memory, found=found))
    return Step(kind="guard", label=f"{label}: {told(found.account)}", after=after)


def _takes(state: State, game: Game, batch: tuple[Event, ...]) -> Step:
    """`flows.follow.take`: the restores on record, what the feed itself explains, then a read of what is left."""
    on_record, taken = _put_on_record(state, game, batch), f"the guard takes {len(batch)} of the feed"
    down = [event for event in batch if event.type is EventType.DEACTIVATED]
    on_record, believed, refused = _believed(on_record, game, batch)
    if not down or down[-1].seq not in refused:
        after, change = _others(on_record, game, batch)
        both = replace(change, verdicts=believed.verdicts)
        return Step(kind="guard", label=taken, after=after, change=both)
    account = state.platform.account(down[-1].account)
    if not game.rules.guard_reads:
        account = _as_told(account, down[-1])
    found = Found(by="feed", account=account, event=down[-1], batch=tuple(event.seq for event in batch))
    return _holds(on_record, found, f"{taken} and reads {account.id}")


def _believed(state: State, game: Game, batch: tuple[Event, ...]) -> tuple[State, Change, set[int]]:
    """`flows.follow._not_believed`: the numbers of the events that are to be read."""
    moment = Moment(game.policy(state), state.now)
    down = [event for event in batch if event.type is EventType.DEACTIVATED]
    restores = [event for event in batch if event.type is EventType.RESTORED]
    claims = [event for event in down if may_be_believed(moment, event)]
    refused = {event.seq for event in down} - {event.seq for event in claims}
    if not claims:
        return state, NOTHING, refused
    change = believing(moment, claims, restores, LedgerView(state.ledger))
    return game.commit(state, change), change, refused | change.answer


def _as_told(account: Account, event: Event) -> Account:
    """What an account would be if the event were all that is known of it: a mutant's read."""
    why = Deactivation(actor=event.actor, at=event.at, operation=event.operation, reason=None, purge_at=None)
    return replace(account, active=False, deactivation=why)


def _put_on_record(state: State, game: Game, batch: tuple[Event, ...]) -> State:
    moment = Moment(game.policy(state), state.now)
    restores = [event for event in batch if event.type is EventType.RESTORED]
    if not restores or not game.rules.records_restores:
        return state
    down = [event for event in batch if event.type is EventType.DEACTIVATED]
    return game.commit(state, follow.on_record(moment, restores, down, LedgerView(state.ledger)))


def _others(state: State, game: Game, batch: tuple[Event, ...]) -> tuple[State, Change]:
    """What a batch tells beside deactivations, and the cursor behind it."""
    transitions: tuple[Transition, ...] = ()
    for event in batch:
        if event.type is EventType.RESTORED:
            moment = Moment(game.policy(state), state.now)
            change = _named(state, game, guard.restored_event(moment, LedgerView(state.ledger), event))
            state = game.commit(state, change)
            transitions = (*transitions, *change.transitions)
    rest = tuple(event for event in state.platform.feed if event not in batch)
    return replace(state, platform=replace(state.platform, feed=rest)), Change(transitions=transitions)


def _named(state: State, game: Game, change: Change) -> Change:
    """The same with the next incident's number for an id that the flow drew at random."""
    id, known = game.ids(state)[0], {incident.id for incident in state.ledger.incidents}
    drawn = {t.after.id for t in change.transitions if isinstance(t.after, Incident)} - known
    moved = tuple(_renamed(t, id) if t.after.id in drawn else t for t in change.transitions)
    judged = tuple(replace(v, incident=id) if v.incident in drawn else v for v in change.verdicts)
    return replace(change, transitions=moved, verdicts=judged)


def _renamed(transition: Transition, id: str) -> Transition:
    facts = transition.entry.facts
    entry = replace(transition.entry, facts={**facts, "incident": id, "changes": {**facts["changes"], "id": id}})
    return replace(transition, after=replace(transition.after, id=id), entry=entry, tasks=())


def _judges(state: State, game: Game, found: Found) -> Iterator[Step]:
    """One transaction judges; the cursor follows in another, so that a crash between makes the events come again."""
    number = game.number
    about = (number(found), game.ledger(state), state.roster, state.now)
    change = game.once(("judge", *about), lambda: _judging(state, game, found))
    judged = game.commit(state, change, finish=found.task)
    judged = replace(judged, memory=replace(judged.memory, found=None))
    said = change.answer.because.value if isinstance(change.answer, Verdict) else "nothing new"
    label = f"the guard judges {found.account.id}: {said}"
    batch = tuple(event for event in state.platform.feed if event.seq in found.batch)
    after, others = _others(judged, game, batch)
    both = replace(change, transitions=(*change.transitions, *others.transitions))
    yield Step(kind="guard", label=label, after=after, change=both, account=found.account)
    if batch and change.transitions and game.left(state, "crash"):
        after = game.spend(replace(judged, memory=Memory()), "crash")
        label += ", and crashes before the cursor moves"
        yield Step(kind="crash", label=label, after=after, change=change, account=found.account)


def _judging(state: State, game: Game, found: Found) -> Change:
    """The transaction of `flows.guard.judging`."""
    instance, moment, view = found.instance, Moment(game.policy(state), state.now), LedgerView(state.ledger)
    assert instance is not None
    before, stands = view.judged(instance), not found.account.active
    seen = guard.Found(instance=instance, account=found.account, event=found.event, by=found.by)
    if before is not None and not (stands and guard._stands_again(view, before)):
        overtaken = guard._overtaken(view, seen, because=before.why, at=state.now) if before.explained else ()
        return Change(transitions=overtaken)
    verdict = verdict_of(state, game, view, instance, stands=stands)
    if verdict.explained:
        return guard._explained(moment, view, seen, verdict)
    if verdict.because is Because.LATE and guard._being_undone(view, verdict.request):
        again = judge_task(instance.account, because=f"undoing:{stamp(state.now)}", due=state.now)
        return Change(tasks=(again,) if stands else ())
    return guard._unexplained(moment, view, seen, verdict, ids=game.ids(state))
