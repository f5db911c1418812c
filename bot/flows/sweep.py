"""List what is inactive on the platform, for what the feed did not tell; and the first list, which is known."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.core.account import Account, Event, EventType
from bot.core.errors import PlatformAway, PlatformRefused
from bot.core.latching import SWEEP, set_latch
from bot.core.policy import PROTECTED
from bot.core.record import stamp, unstamp
from bot.core.request import BOT
from bot.core.tasks import judge as judge_task
from bot.core.tasks import sweep as sweep_task
from bot.core.transition import Change, Entry, Kind, Task
from bot.core.verdict import Because, Verdict
from bot.flows.follow import AT_ONCE
from bot.flows.followed import followed
from bot.flows.guard import Found, in_hand, judge_found
from bot.flows.judge_later import IN_TURN, made_sense
from bot.flows.judging import recorded, still_explained
from bot.flows.world import Result, World
from bot.ports import View

PAGE = 1000
WHOLE_EVERY = timedelta(days=1)
LISTED_AGAIN = 3
"""Passes at most over the first list: an account that leaves it meanwhile shifts the pages, and one is skipped."""
CEILING, SAMPLED = 50, 20
"""Unannounced accounts, or a hundredth of those known, from which on so many of them are looked at in public."""
LOOKED_AT_AGAIN = timedelta(seconds=2)
"""After an account that the sweep found and could not judge."""
SHIFTS_PAGES = frozenset({EventType.RESTORED, EventType.DELETED})
OVERLAP = timedelta(minutes=2)
"""An incremental list reaches back over the one before: clocks differ, and a list takes its time."""


@dataclass
class Page:
    """A page of the list."""

    accounts: Sequence[Account]
    gone: int = 0
    """How many of them may leave the list while it is gone through: the next page begins so much earlier."""


@dataclass
class Unannounced:
    """What one sweep found that nobody had announced: how many, and some of them drawn by lot."""

    known: int
    """Inactive accounts that a verdict speaks of, at the last whole sweep."""
    count: int = 0
    sampled: int = 0
    down: int = 0
    """Of those that were drawn by lot so many are down by their own record and as the public sees them."""
    believed: bool = False

    @property
    def beyond(self) -> bool:
        """More than a list of a working platform could have: the sensor is doubted, not the attack."""
        return self.count > max(CEILING, self.known // 100)


async def first_list(world: World) -> int:
    """Take what is already down as known: the cursor first, then the list. Answers how many they are.

    What the feed tells between the two is not known but judged. Raises PlatformAway, PlatformRefused, and Fenced where
    another process is the guard by now: what is down and known is for one to say.
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
    begun = Change(entries=(entry,), cursor=cursor, tasks=(first, whole))
    await world.ledger.decide(lambda _: begun, fence=world.status.fence)
    world.status.known = len(known)
    return len(known)


async def _list_known(world: World, cursor: int, known: set[str]) -> int:
    """One pass over the list; answers the feed's cursor from before it."""
    during: set[str] = set()
    began = await world.platform.latest_cursor()
    async for page in pages(world, since=None):
        events, cursor = await _events_since(world, cursor)
        during |= {event.account for event in events if event.type is EventType.DEACTIVATED}
        old = [account for account in page.accounts if account.id not in during and account.id not in known]
        known |= {account.id for account in old}
        await world.ledger.decide(partial(_known, world, old), fence=world.status.fence)
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


async def pages(world: World, *, since: datetime | None) -> AsyncIterator[Page]:
    """The inactive accounts, a page at a time; whoever puts some of a page back says how many, as `gone`."""
    start = 1
    while True:
        found, total = await world.platform.inactive(since=since, start=start, count=PAGE)
        page = Page(accounts=found)
        yield page
        start += len(found) - page.gone
        if not found or start + page.gone > total:
            return


async def sweep(world: World, task: Task) -> Result:
    """Judge what stands and was not judged. The next sweep is filed with this one's end."""
    whole, began = bool(task.payload["whole"]), world.now()
    try:
        await _swept(world, since=None if whole else _since(world, task, began))
    except (PlatformAway, PlatformRefused):
        return world.now() + timedelta(seconds=min(0.5 * 2 ** min(task.attempts, 6), 10))
    world.status.swept = world.clock.monotonic()
    if task.payload["once"]:
        return None
    following = began + (WHOLE_EVERY if whole else world.policy.guard.sweep_every)
    return Change(tasks=(sweep_task(whole=whole, due=max(following, world.now()), since=began),))


def _since(world: World, task: Task, began: datetime) -> datetime:
    """From when on: a little before the last list began that came through, however often this one was tried."""
    told = task.payload.get("since")
    return (unstamp(told) if told else min(began, task.due) - world.policy.guard.sweep_every) - OVERLAP


async def _swept(world: World, *, since: datetime | None) -> None:
    """One pass: what nobody announced is judged as it is found, up to the ceiling; beyond it the list is doubted."""
    found = Unannounced(known=world.status.known)
    listed = 0
    async for page in pages(world, since=since):
        listed += len(page.accounts)
        new = await _unannounced(world, page.accounts)
        found.count += len(new)
        if await world.ledger.read(lambda view: view.latch(SWEEP)) is not None:
            continue
        if found.beyond and not found.believed and not await _publicly_down(world, found, new):
            await _latch(world, found)
            continue
        found.believed = found.beyond
        await _judge_page(world, new)
        page.gone = len(new)
    world.status.swept_size = listed
    if since is None:
        world.status.known = listed - found.count


async def _unannounced(world: World, page: Sequence[Account]) -> list[Account]:
    """What no verdict speaks of, or speaks otherwise of, and what no event that is still on its way will tell."""
    unsettled = await world.ledger.read(partial(_unsettled, page))
    if not unsettled:
        return []
    await followed(world)
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


async def _publicly_down(world: World, found: Unannounced, new: Sequence[Account]) -> bool:
    """Whether those are down that are drawn by lot of what is not judged yet.

    Not if the public sees one up of which its own record says otherwise; nor if most are up by both: so many cannot
    have come back since they were listed. Raises PlatformAway: what cannot be looked at is looked at again.
    """
    found.sampled = min(len(new), SAMPLED)
    drawn = secrets.SystemRandom().sample([account.id for account in new], found.sampled)
    looks = await asyncio.gather(*(_look(world, id) for id in drawn))
    found.down = looks.count((False, False))
    doubtful = any(record is not public for record, public in looks)
    return not doubtful and 2 * found.down >= found.sampled


async def _look(world: World, id: str) -> tuple[bool | None, bool | None]:
    """Whether it is active by its own record, and as the public sees it; None where there is no such account."""
    account, public = await asyncio.gather(world.platform.account(id), world.platform.public(id))
    return account.active if account else None, public.active if public else None


async def _latch(world: World, found: Unannounced) -> None:
    """The list says what nobody announced and the public does not see: until people say otherwise nothing is done."""
    facts = {"unannounced": found.count, "known": found.known, "sampled": found.sampled, "down": found.down}

    def propose(view: View) -> Change:
        if view.latch(SWEEP) is not None:
            return Change()
        return set_latch(facts, at=world.now(), to=(world.channel,))  # its button counts nowhere else

    await world.ledger.decide(propose)


async def _judge_page(world: World, unsettled: Sequence[Account]) -> None:
    """Protected accounts at once, the others in their turn."""
    gates = {True: asyncio.Semaphore(AT_ONCE), False: asyncio.Semaphore(IN_TURN)}
    at = world.now()
    tiers = [(account, world.policy.tier_of(account, at=at).name == PROTECTED) for account in unsettled]
    judging = (_judge_listed(world, account, gates[first], protected=first) for account, first in tiers)
    await asyncio.gather(*judging)


async def _judge_listed(world: World, listed: Account, gate: asyncio.Semaphore, *, protected: bool) -> None:
    """A list may lie: the account is read, and the public must see it down, before it is judged.

    One that cannot be read keeps no other from being judged.
    """
    async with gate:
        try:
            account, public = await asyncio.gather(world.platform.account(listed.id), world.platform.public(listed.id))
        except (PlatformAway, PlatformRefused):
            await _later(world, listed)
            return
        if account is None or account.instance is None:
            return
        if public is None or public.active:
            if account.deactivation is not None:  # the public may be behind; a list of nothing but lies says nobody
                await _later(world, listed)
            return
        found = Found(instance=account.instance, account=account, event=None, by="sweep")
        if not await made_sense(judge_found(world, found, protected=protected), of=listed.id):
            await _later(world, listed)


async def _later(world: World, listed: Account) -> None:
    due = world.now() + LOOKED_AT_AGAIN
    await world.ledger.add(judge_task(listed.id, because=f"sweep:{stamp(due)}", due=due))
