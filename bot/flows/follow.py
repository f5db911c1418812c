"""Follow the platform's feed from the ledger's cursor, for as long as the process lives."""

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from bot.core.account import Event, EventType
from bot.core.errors import CountersignError, CursorLost, LedgerAway, PlatformAway, PlatformRefused
from bot.core.refusal import Refusal
from bot.core.tasks import judge as judge_task
from bot.core.tasks import page_about, sweep
from bot.core.transition import Change, Task
from bot.flows.guard import RELEVANT, Found, deleted_event, judge_found, restore_of, restored_event
from bot.flows.world import Result, World
from bot.ports import View

log = logging.getLogger(__name__)

WAIT = 25.0
"""Seconds that a poll may stay open; the platform's own bound is 30."""
PAUSES = (0.2, 0.4, 0.8, 1.5, 2.0)
"""Seconds between tries while the feed cannot be read."""
BLIND_AFTER = 30.0
"""Seconds without an answer of the feed."""
AT_ONCE = 32
"""Accounts of one batch that are read at the same time."""
PAGED_AT_ATTEMPT = 7
"""With pauses of 0.2, 0.4 … 2 s the seventh try comes some ten seconds after the first."""


async def follow(world: World) -> None:
    """Take batch after batch; returns only by being cancelled."""
    failures, patience = 0, 0.0  # the first poll answers at once, so that it is soon known whether the feed does
    while True:
        try:
            cursor = await world.ledger.read(lambda view: view.cursor())
            assert cursor is not None, "the guard follows only what `first_list` has started"
            events, after = await world.platform.events(after=cursor, wait=patience)
            patience = WAIT
            world.status.platform_away = False
            await take(world, events, after=after, cursor=cursor)
            world.status.feed_answered = world.clock.monotonic()
            failures = 0
        except CursorLost:
            await _start_over(world)
        except (PlatformAway, PlatformRefused, LedgerAway) as error:
            world.status.platform_away = not isinstance(error, LedgerAway)
            log.warning("the feed was not taken: %s", error)
            await _wake_if_blind(world)
            await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
            failures += 1


async def _wake_if_blind(world: World) -> None:
    """A feed that has been silent for half a minute wakes the on-call, once a minute at most."""
    answered = world.status.feed_answered
    if answered is not None and world.clock.monotonic() - answered <= BLIND_AFTER:
        return
    try:
        await world.ledger.add(*page_about(None, "feed_silent", due=world.now()))
    except LedgerAway:
        # a page that cannot be filed is sent as it is; the receiver knows it again by its key
        await world.pager.page(key="ledger_away", summary="Countersign: the ledger cannot record", facts={})


async def _start_over(world: World) -> None:
    """The feed forgot our cursor: a new one, and a whole sweep for what lies between."""
    latest = await world.platform.latest_cursor()
    again = sweep(whole=True, due=world.now(), once=True)
    await world.ledger.decide(lambda _: Change(cursor=latest, tasks=(again,)))


async def take(world: World, events: Sequence[Event], *, after: int, cursor: int) -> None:
    """Judge a batch and move the cursor. What is unexplained is acted on before the batch is through."""
    relevant = [event for event in events if event.type in RELEVANT]
    down = _newest(event for event in relevant if event.type is EventType.DEACTIVATED)
    others = [event for event in relevant if event.type is not EventType.DEACTIVATED]
    if restores := tuple(restore_of(world, event) for event in others if event.type is EventType.RESTORED):
        # on record before anything is judged, in the feed's order or not: who deactivates next explains it anew
        await world.ledger.decide(partial(_on_record, restores))
    gate = asyncio.Semaphore(AT_ONCE)
    unread = [task for task in await asyncio.gather(*(_judge_event(world, e, gate) for e in down)) if task]
    if after == cursor and not others and not unread:
        return
    unread += [task for event in others if (task := await _take_other(world, event))]
    await world.ledger.decide(lambda _: Change(cursor=after, tasks=tuple(unread)))


def _on_record(restores: tuple[tuple[str, datetime], ...], view: View) -> Change:
    newer = tuple((a, at) for a, at in restores if (last := view.restored_at(a)) is None or at > last)
    return Change(restores=newer)


def _newest(events: Iterable[Event]) -> list[Event]:
    """One event an account, the last: what stands on the platform is read, not what was once."""
    return list({event.account: event for event in events}.values())


async def _take_other(world: World, event: Event) -> Task | None:
    """Record a restore or a deletion; a task where nobody can make sense of it."""
    if await _made_sense(_taken(world, event), of=event.account):
        return None
    return judge_task(event.account, because=str(event.seq), due=world.now())


async def _taken(world: World, event: Event) -> None:
    change = await world.ledger.decide(partial(_other, world, event))
    if isinstance(change, Change):
        world.status.tally(change.transitions)


async def _made_sense(work: Awaitable[object], *, of: str) -> bool:
    """Whether it could be done. What nobody foresaw about one account must not leave all the others unguarded."""
    try:
        await work
    except CountersignError:
        raise
    except Exception:
        log.exception("account %s could not be judged; it is tried again", of)
        return False
    return True


def _other(world: World, event: Event, view: View) -> Change | Refusal:
    rule = restored_event if event.type is EventType.RESTORED else deleted_event
    return rule(world, view, event)


async def _judge_event(world: World, event: Event, gate: asyncio.Semaphore) -> Task | None:
    """Read the account an event speaks of and judge what stands there; a task where it cannot be read now."""
    async with gate:
        try:
            account = await world.platform.account(event.account)
        except (PlatformAway, PlatformRefused):
            return judge_task(event.account, because=str(event.seq), due=world.now())
    standing = account.instance if account else None
    found = Found(instance=standing or event.instance, account=account, event=event, by="feed")
    if await _made_sense(judge_found(world, found), of=event.account):
        return None
    return judge_task(event.account, because=str(event.seq), due=world.now())


async def judge_later(world: World, task: Task) -> Result:
    """The task left behind by an account that could not be read: read it now, or again in a moment, for ever."""
    id = task.payload["account"]
    try:
        account = await world.platform.account(id)
    except (PlatformAway, PlatformRefused):
        return await _once_more(world, task)
    if account is not None and (standing := account.instance) is not None:
        found = Found(instance=standing, account=account, event=None, by="feed")
        if not await _made_sense(judge_found(world, found), of=id):
            return await _once_more(world, task)
    return None


async def _once_more(world: World, task: Task) -> datetime:
    """In a moment; somebody is woken when it has gone on for ten seconds."""
    if task.attempts == PAGED_AT_ATTEMPT:
        await world.ledger.add(*page_about(task.payload["account"], "unreadable", due=world.now()))
    return world.now() + timedelta(seconds=min(0.2 * 2 ** min(task.attempts, 10), 2.0))
