"""List what is inactive on the platform, for what the feed did not tell; and the first list, which is known."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from bot.core.account import Account, Event, EventType
from bot.core.errors import PlatformAway, PlatformRefused
from bot.core.latching import SWEEP, set_latch
from bot.core.policy import PROTECTED
from bot.core.request import BOT
from bot.core.tasks import sweep as sweep_task
from bot.core.transition import Change, Entry, Kind, Task
from bot.core.verdict import Because, Verdict
from bot.flows.follow import AT_ONCE
from bot.flows.followed import followed
from bot.flows.guard import Found, in_hand, judge_found
from bot.flows.judge_later import IN_TURN
from bot.flows.judging import recorded, still_explained
from bot.flows.world import Result, World
from bot.ports import View

PAGE = 1000
WHOLE_EVERY = timedelta(days=1)
LISTED_AGAIN = 3
"""Passes at most over the first list: an account that leaves it meanwhile shifts the pages, and one is skipped."""
CEILING, SAMPLED = 50, 20
"""Unannounced accounts, or a hundredth of those known, from which on so many of them are looked at in public."""
SHIFTS_PAGES = frozenset({EventType.RESTORED, EventType.DELETED})
OVERLAP = timedelta(minutes=2)
"""An incremental list reaches back over the one before: clocks differ, and a list takes its time."""


@dataclass
class Unannounced:
    """What one sweep found that nobody had announced: how many, and some of them drawn by lot."""

    known: int
    """Inactive accounts that a verdict speaks of, at the last whole sweep."""
    count: int = 0
    sample: list[str] = field(default_factory=list)
    down: int = 0
    """How many of the sample the public sees down."""
    believed: bool = False

    @property
    def beyond(self) -> bool:
        """More than a list of a working platform could have: the sensor is doubted, not the attack."""
        return self.count > max(CEILING, self.known // 100)

    def add(self, ids: Iterable[str]) -> None:
        for id in ids:
            self.count += 1
            if len(self.sample) < SAMPLED:
                self.sample.append(id)
            elif (place := secrets.randbelow(self.count)) < SAMPLED:
                self.sample[place] = id


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
    world.status.known = len(known)
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
        await _swept(world, since=since)
    except (PlatformAway, PlatformRefused):
        return world.now() + timedelta(seconds=min(0.5 * 2 ** min(task.attempts, 6), 10))
    world.status.swept = world.clock.monotonic()
    if task.payload["once"]:
        return None
    following = began + (WHOLE_EVERY if whole else world.policy.guard.sweep_every)
    await world.ledger.add(sweep_task(whole=whole, due=max(following, world.now())))
    return None


async def _swept(world: World, *, since: datetime | None) -> None:
    """One pass: what nobody announced is judged as it is found, up to the ceiling; beyond it the list is doubted."""
    found = Unannounced(known=world.status.known)
    listed = 0
    async for page in pages(world, since=since):
        listed += len(page)
        new = await _unannounced(world, page)
        found.add(account.id for account in new)
        if await world.ledger.read(lambda view: view.latch(SWEEP)) is not None:
            continue
        if found.beyond and not found.believed:
            found.believed = await _publicly_down(world, found)
            if not found.believed:
                await _latch(world, found)
                continue
        await _judge_page(world, new)
    world.status.swept_size = listed
    if since is None:
        world.status.known = listed - found.count


async def _unannounced(world: World, page: Sequence[Account]) -> list[Account]:
    """What no verdict speaks of, or speaks otherwise of, and what no event that is still on its way will tell."""
    unsettled = await world.ledger.read(partial(_unsettled, page))
    if not unsettled or not await followed(world):
        return unsettled
    return await world.ledger.read(partial(_unsettled, unsettled, waiting=True))


def _unsettled(page: Sequence[Account], view: View, *, waiting: bool = False) -> list[Account]:
    about = view.about([account.instance for account in page if account.instance])
    found = [account for account in page if not _settled(about, account)]
    announced = view.awaiting_judgement() if waiting and found else frozenset()
    return [account for account in found if account.id not in announced]


def _settled(view: View, account: Account) -> bool:
    """Whether this very instance was explained, or its incident is being worked on."""
    judged = view.judged(account.instance) if account.instance else None
    if judged is None or judged.explained:
        return still_explained(view, judged)
    return in_hand(view, judged)


async def _publicly_down(world: World, found: Unannounced) -> bool:
    """Whether the public sees all of those down that were drawn by lot."""
    try:
        seen = await asyncio.gather(*(world.platform.public(id) for id in found.sample))
    except (PlatformAway, PlatformRefused):
        return False
    found.down = sum(public is not None and not public.active for public in seen)
    return found.down == len(found.sample)


async def _latch(world: World, found: Unannounced) -> None:
    """The list says what nobody announced and the public does not see: until people say otherwise nothing is done."""
    facts = {"unannounced": found.count, "known": found.known, "sampled": len(found.sample), "down": found.down}

    def propose(view: View) -> Change:
        if view.latch(SWEEP) is not None:
            return Change()
        to = (world.channel, *world.policy_in(view).security)
        return set_latch(facts, at=world.now(), to=to)

    await world.ledger.decide(propose)


async def _judge_page(world: World, unsettled: Sequence[Account]) -> None:
    """Protected accounts at once, the others in their turn."""
    gates = {True: asyncio.Semaphore(AT_ONCE), False: asyncio.Semaphore(IN_TURN)}
    at = world.now()
    tiers = [(account, world.policy.tier_of(account, at=at).name == PROTECTED) for account in unsettled]
    judging = (_judge_listed(world, account, gates[first], protected=first) for account, first in tiers)
    await asyncio.gather(*judging)


async def _judge_listed(world: World, listed: Account, gate: asyncio.Semaphore, *, protected: bool) -> None:
    """A list may lie: the account is read, and the public must see it down, before it is judged."""
    async with gate:
        account, public = await asyncio.gather(world.platform.account(listed.id), world.platform.public(listed.id))
        if account is None or account.instance is None or public is None or public.active:
            return
        found = Found(instance=account.instance, account=account, event=None, by="sweep")
        await judge_found(world, found, protected=protected)
