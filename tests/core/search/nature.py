"""What befalls the world: the clock, the roster, and what others do on the platform."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.account import OWN_PRINCIPAL, owner_of
from bot.core.claiming import PAUSES_CLOCK, Waits
from bot.core.request import IN_LANE, OPEN, Action
from bot.core.request import State as Standing
from tests.core.search import platform
from tests.core.search.game import Game, Step
from tests.core.search.people import START, WEIGHTY
from tests.core.search.world import MOMENT, State

MIDNIGHT = START.replace(hour=0, minute=0) + timedelta(days=1)


def steps(state: State, game: Game) -> Iterator[Step]:
    """Everything that may happen next without anybody on Slack and without the bot."""
    if not _at_hand(state, game) and (clock := _next_clock(state, game)) is not None:
        yield Step(kind="time", label=f"the clock goes on to {_told(clock)}", after=replace(state, now=clock))
    if game.left(state, "roster"):
        spent = game.spend(state, "roster")
        for name, what in game.scope.changes:
            after = replace(spent, roster=state.roster | {(name, what)})
            yield Step(kind="roster", label=f"{name} {what}", after=after)
    for disturbance, befall in _BEFALL.items():
        if game.left(state, disturbance):
            spent = game.spend(state, disturbance)
            for account in state.platform.accounts:
                for label, after in befall(spent, account.id):
                    if after is not spent:
                        yield Step(kind=disturbance, label=label, after=after)
    yield from _feed_fails(state, game)


def _at_hand(state: State, game: Game) -> bool:
    """Whether the bot has something under way that takes it no time; the guard's rules look at no clock."""
    if state.platform.feed or state.memory.answers or state.memory.found:
        return True
    return game.scope.prompt and any(request.state in IN_LANE for request in state.ledger.requests)


def _feed_fails(state: State, game: Game) -> Iterator[Step]:
    feed = state.platform.feed
    if len(feed) > 1 and game.left(state, "disorder"):
        first, second, *rest = feed
        after = replace(state, platform=replace(state.platform, feed=(second, first, *rest)))
        label = "the feed tells two events in the wrong order"
        yield Step(kind="disorder", label=label, after=game.spend(after, "disorder"))
    if feed and game.left(state, "lost event"):
        after = replace(state, platform=replace(state.platform, feed=feed[1:]))
        yield Step(kind="lost event", label="the feed loses its next event", after=game.spend(after, "lost event"))


def _told(clock: datetime) -> str:
    return clock.strftime("%d, %H:%M:%S.") + f"{clock.microsecond // 1000:03}"


def _next_clock(state: State, game: Game) -> datetime | None:
    """The moment just before or at the next time that a rule looks at; None where no clock runs any more."""
    before = MOMENT if game.scope.fine_clocks else timedelta(0)
    moments = {at for clock in _clocks(state, game) for at in (clock - before, clock) if at > state.now}
    return min(moments, default=None)


def _clocks(state: State, game: Game) -> Iterator[datetime]:
    live = [r for r in state.ledger.requests if r.state in OPEN]
    yield from (r.ratify_by for r in state.ledger.requests if r.unratified and r.ratify_by is not None)
    stopped = {r.id for r in live if r.waits_for in PAUSES_CLOCK}
    for request in live:
        ends = None if request.id in stopped else request.execute_by
        clocks = (request.expires_at,) if request.state is Standing.PENDING else (request.not_before, ends)
        yield from (clock for clock in clocks if clock is not None)
        if request.waits_for == Waits.LIMIT:
            claimed = (r.claimed_at for r in state.ledger.requests if r.action is Action.DEACTIVATE)
            yield from (at + timedelta(hours=1) for at in claimed if at is not None)
    if (live or game.asks_left(state)) and any(what == "leaves" for _, what in state.roster):
        yield MIDNIGHT
    yield from (todo.due for todo in state.ledger.todo if todo.due is not None and todo.about not in stopped)


Befallen = Iterator[tuple[str, State]]


def _rename(state: State, account: str) -> Befallen:
    before = state.platform.account(account)
    yield f"{account} is renamed", platform.edited(state, account, handle=before.handle + "_")


def _tag(state: State, account: str) -> Befallen:
    before = state.platform.account(account)
    tags, how = ((), "loses its tag") if WEIGHTY in before.tags else ((WEIGHTY,), "gets a tag")
    yield f"{account} {how}", platform.edited(state, account, tags=tags)


def _down(by: str, origin: str, state: State, account: str, operation: str | None = None) -> State:
    after, _ = platform.patch(state, account, active=False, by=by, origin=origin, operation=operation, remembered=False)
    return after


def _owner(state: State, account: str) -> Befallen:
    yield f"the owner deactivates {account}", _down(owner_of(account), "owner", state, account)
    if state.platform.cause(account) == "owner":
        after, _ = platform.patch(state, account, active=True, by=owner_of(account), origin="owner")
        yield f"the owner comes back to {account}", after


def _legal(state: State, account: str) -> Befallen:
    yield f"legal deactivates {account}", _down("system:legal", "legal", state, account)


def _system(state: State, account: str) -> Befallen:
    """A system that nobody registered; what it replaces decides whether that is rightly down."""
    origin = state.platform.cause(account) or "rogue"
    yield f"an unregistered system deactivates {account}", _down("system:cleaner", origin, state, account)


def _insider(state: State, account: str) -> Befallen:
    yield f"Mona deactivates {account} on the platform", _down("staff:mona", "rogue", state, account)


def _thief(state: State, account: str) -> Befallen:
    """Somebody with the bot's token."""
    yield f"a thief deactivates {account} as the bot without a key", _down(OWN_PRINCIPAL, "rogue", state, account)


def _replayer(state: State, account: str) -> Befallen:
    """Somebody with the bot's token and a key that is used up.

    Not with the key of a request that is still at work: whoever has the token and reads that key off the feed before
    the bot has looked is the bot, for all that anybody can tell.
    """
    told = {key for _, key in state.platform.answered}
    for key in sorted(r.operation for r in state.ledger.requests if r.operation in told and r.state not in IN_LANE):
        after = _down(OWN_PRINCIPAL, "rogue", state, account, operation=key)
        yield f"a thief deactivates {account} as the bot with the key {key}", after


def _staff_restores(state: State, account: str) -> Befallen:
    after, _ = platform.patch(state, account, active=True, by="staff:mona", origin="rogue")
    yield f"Mona restores {account} on the platform", after


_BEFALL = {
    "rename": _rename,
    "tag": _tag,
    "owner": _owner,
    "legal": _legal,
    "system": _system,
    "insider": _insider,
    "thief": _thief,
    "replayer": _replayer,
    "staff restores": _staff_restores,
}
