"""The platform of the small world: one PATCH and what becomes of it, by the order of checks its contract gives."""

from dataclasses import replace
from datetime import datetime

from bot.core.account import OWN_PRINCIPAL, Account, Deactivation, Event, EventType, owner_of
from tests.core.search.world import MOMENT, Call, Platform, State, put

OK, MOVED, AWAY, REFUSED = "ok", "moved", "away", "refused"
"""What came back: 2xx, 412, nothing, another 4xx."""


def patch(
    state: State,
    account: str,
    *,
    active: bool,
    by: str,
    origin: str,
    operation: str | None = None,
    if_match: str | None = None,
    remembered: bool = True,
) -> tuple[State, str]:
    """Process one call now. `origin` is who really sent it; a call not `remembered` asks for no stored answer."""
    platform = state.platform
    before = platform.account(account)
    if operation and remembered and (account, operation) in platform.answered:
        return state, OK
    if if_match is not None and if_match != before.etag:
        return state, MOVED
    if operation and remembered:
        platform = replace(platform, answered=platform.answered | {(account, operation)})
    relabels = not active and not before.active and by in {owner_of(account), *_SYSTEMS}
    if before.active is active and not relabels:
        return replace(state, platform=platform), OK
    at = state.now + MOMENT
    after = _changed(before, active=active, by=by, operation=operation, at=at)
    event = Event(
        seq=platform.told + 1,
        type=EventType.RESTORED if active else EventType.DEACTIVATED,
        account=account,
        handle=before.handle,
        actor=by,
        at=at,
        operation=operation,
    )
    platform = replace(
        platform,
        accounts=_with(platform, after),
        feed=(*platform.feed, event) if state.guarded else (),
        told=event.seq,
        origin=put(platform.origin, account, None if active else origin),
    )
    return replace(state, platform=platform, now=at), OK


_SYSTEMS = ("system:legal", "system:cleaner")


def _changed(before: Account, *, active: bool, by: str, operation: str | None, at: datetime) -> Account:
    why = None if active else Deactivation(actor=by, at=at, operation=operation, reason=None, purge_at=None)
    return replace(before, active=active, deactivation=why, etag=_next(before))


def _next(account: Account) -> str:
    return str(int(account.etag or 0) + 1)


def _with(platform: Platform, after: Account) -> tuple[Account, ...]:
    return tuple(after if account.id == after.id else account for account in platform.accounts)


def edited(state: State, account: str, **changed: object) -> State:
    """An account with another handle or other tags; no event of it matters to the bot."""
    before = state.platform.account(account)
    after = replace(before, **changed, etag=_next(before))
    return replace(state, platform=replace(state.platform, accounts=_with(state.platform, after)))


def sent_by_us(state: State, call: Call) -> tuple[State, str]:
    """A call of the bot's lands; how often it had an effect is counted for the oracle."""
    after, answer = patch(
        state,
        call.account,
        active=call.active,
        by=OWN_PRINCIPAL,
        origin=f"request:{call.request}",
        operation=call.operation,
        if_match=call.if_match,
    )
    if after.platform.told == state.platform.told:
        return after, answer
    effects = dict(after.platform.effects)
    times = effects.get(call.request, 0) + 1
    counted = replace(after.platform, effects=put(after.platform.effects, call.request, times))
    return replace(after, platform=counted), answer
