"""List what is inactive on the platform, for what the feed did not tell; and the first list, which is known."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from bot.core.account import Account, Event, EventType
from bot.core.errors import PlatformAway, PlatformRefused
from bot.core.request import BOT
from bot.core.tasks import sweep as sweep_task
from bot.core.transition import Change, Entry, Kind, Task
from bot.core.verdict import Because, Verdict
from bot.flows.follow import AT_ONCE
from bot.flows.guard import Found, in_hand, judge_found
from bot.flows.judging import recorded, still_explained
from bot.flows.world import Result, World
from bot.ports import View

PAGE = 1000
WHOLE_EVERY = timedelta(days=1)
LISTED_AGAIN = 3
"""Passes at most over the first list: an account that leaves it meanwhile shifts the pages, and one is skipped."""
SHIFTS_PAGES = frozenset({EventType.RESTORED, EventType.DELETED})
OVERLAP = timedelta(minutes=2)
"""An incremental list reaches back over the one before: clocks differ, and a list takes its time."""


async def first_list(world: World) -> int:
    """Take what is already down as known: the cursor first, then the list. Answers how many they are.

    What the feed tells between the two is not known but judged. Raises PlatformAway, PlatformRefused.
    """
    cursor = await world.platform.latest_cursor()
    known: set[str] = set()
    for _ in range(LISTED_AGAIN):
        seen_until = await _list_known(world, cursor, known)
        moved, _ = await _events_since(world, seen_until)
        if not any(event.type in SHIFTS_PAGES for event in moved):
            break
    entry = Entry(kind=Kind.GUARD_STARTED, at=world.now(), by=BOT, facts={"known": len(known), "cursor": cursor})
    first = sweep_task(whole=False, due=world.now() + world.policy.guard.sweep_every)
    whole = sweep_task(whole=True, due=world.now() + WHOLE_EVERY)
    await world.ledger.decide(lambda _: Change(entries=(entry,), cursor=cursor, tasks=(first, whole)))
    return len(known)


async def _list_known(world: World, cursor: int, known: set[str]) -> int:
    """One pass over the list; answers the feed's cursor from before it."""
    during: set[str] = set()
    began = await world.platform.latest_cursor()
    async for page in pages(world, since=None):
        events, cursor = await _events_since(world, cursor)
        during |= {event.account for event in events if event.type is EventType.DEACTIVATED}
        old = [account for account in page if account.id not in during and account.id not in known]
        known |= {account.id for account in old}
        await world.ledger.decide(partial(_known, world, old))
    return began


async def _events_since(world: World, cursor: int) -> tuple[list[Event], int]:
    """All there is after the cursor, without waiting."""
    found: list[Event] = []
    while True:
        events, after = await world.platform.events(after=cursor, wait=0)
        found.extend(events)
        if after == cursor:
            return found, cursor
        cursor = after


def _known(world: World, accounts: Sequence[Account], _: View) -> Change:
    verdict, at = Verdict(explained=True, because=Because.KNOWN), world.now()
    standing = [account.instance for account in accounts]
    return Change(verdicts=tuple(recorded(i, verdict, at=at) for i in standing if i is not None))


async def pages(world: World, *, since: datetime | None) -> AsyncIterator[Sequence[Account]]:
    """The inactive accounts, a page at a time."""
    start = 1
    while True:
        found, total = await world.platform.inactive(since=since, start=start, count=PAGE)
        yield found
        start += len(found)
        if not found or start > total:
            return


async def sweep(world: World, task: Task) -> Result:
    """Judge what stands and was not judged. The next sweep is filed with this one's end."""
    whole, began = bool(task.payload["whole"]), world.now()
    try:
        since = None if whole else began - world.policy.guard.sweep_every - OVERLAP
        async for page in pages(world, since=since):
            await _judge_page(world, page)
    except (PlatformAway, PlatformRefused):
        return world.now() + timedelta(seconds=min(0.5 * 2 ** min(task.attempts, 6), 10))
    world.status.swept = world.clock.monotonic()
    if task.payload["once"]:
        return None
    following = began + (WHOLE_EVERY if whole else world.policy.guard.sweep_every)
    await world.ledger.add(sweep_task(whole=whole, due=max(following, world.now())))
    return None


async def _judge_page(world: World, page: Sequence[Account]) -> None:
    """Only what no verdict speaks of, or speaks otherwise of, is read and judged."""
    unknown = await world.ledger.read(lambda view: [account for account in page if not _settled(view, account)])
    gate = asyncio.Semaphore(AT_ONCE)
    await asyncio.gather(*(_judge_listed(world, account, gate) for account in unknown))


def _settled(view: View, account: Account) -> bool:
    """Whether this very instance was explained, or its incident is being worked on."""
    judged = view.judged(account.instance) if account.instance else None
    if judged is None or judged.explained:
        return still_explained(view, judged)
    return in_hand(view, judged)


async def _judge_listed(world: World, listed: Account, gate: asyncio.Semaphore) -> None:
    """A list may lie: the account is read, and the public must see it down, before it is judged."""
    async with gate:
        account, public = await asyncio.gather(world.platform.account(listed.id), world.platform.public(listed.id))
    if account is None or account.instance is None or public is None or public.active:
        return
    await judge_found(world, Found(instance=account.instance, account=account, event=None, by="sweep"))
