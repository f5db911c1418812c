"""Follow the platform's feed from the ledger's cursor, for as long as the process lives."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import cast

from bot.core.account import Event, EventType
from bot.core.errors import CursorLost, LedgerAway, PlatformAway, PlatformRefused
from bot.core.policy import PROTECTED, SEEN_FOR
from bot.core.tasks import backlog, page_about, sweep, triage
from bot.core.tasks import judge as judge_task
from bot.core.transition import Change, Task, together
from bot.flows.believing import believing, may_be_believed
from bot.flows.contain import OF_STAFF
from bot.flows.guard import OTHERS, RELEVANT, Found, judge_found
from bot.flows.judge_later import made_sense
from bot.flows.reading import read
from bot.flows.world import World
from bot.outage import Outage
from bot.ports import View

WAIT = 10.0
"""Seconds that a poll may stay open: an answer without events is the feed's heartbeat."""
PAUSES = (0.2, 0.4, 0.8, 1.5, 2.0)
"""Seconds between tries while the feed cannot be read."""
BLIND_AFTER = 30.0
"""Seconds without an answer of the feed."""
AT_ONCE = 32
"""Accounts of one batch that are read at the same time; of a batch that has more the rest waits its turn."""
STRETCH = 50
"""Accounts of a backlog's task."""
MOMENT = timedelta(milliseconds=1)
SLOWED = timedelta(seconds=1)
"""By so much a backlog stands back: whatever else the feed has to tell comes first, and what is protected."""
LOOKED_AT_EVERY = 5.0
"""Seconds between looks at the feed's lag."""


async def follow(world: World) -> None:
    """Take batch after batch; returns only by being cancelled, or with Fenced where another process is the guard."""
    outage = Outage("the platform's feed")
    failures, patience = 0, 0.0  # the first poll answers at once, so that it is soon known whether the feed does
    while True:
        try:
            cursor = await world.ledger.read(lambda view: view.cursor())
            assert cursor is not None, "the guard follows only what `first_list` has started"
            events, after = await world.platform.events(after=cursor, wait=patience)
            world.status.platform_away = False
            outage.worked()
            if not failures:  # a feed that answers and is not taken is as silent as one that does not
                world.status.feed_answered = world.clock.monotonic()
            await take(world, events, after=after, cursor=cursor)
            world.status.feed_answered = world.clock.monotonic()
            failures, patience = 0, WAIT
        except CursorLost:
            await _start_over(world)
        except (PlatformAway, PlatformRefused, LedgerAway) as error:
            world.status.platform_away = not isinstance(error, LedgerAway)
            if world.status.platform_away:
                outage.failed(error)
            await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
            failures += 1


async def heartbeat(world: World) -> None:
    """A feed that has been silent for half a minute wakes the on-call, whatever it hangs on; never returns."""
    began = world.clock.monotonic()
    while True:
        await asyncio.sleep(LOOKED_AT_EVERY)
        if world.clock.monotonic() - max(began, world.status.feed_answered or began) > BLIND_AFTER:
            await wake(world)


async def wake(world: World) -> None:
    """Once a minute at most."""
    try:
        await world.ledger.add(*page_about(None, "feed_silent", due=world.now()))
    except LedgerAway:
        # a page that cannot be filed is sent as it is; the receiver knows it again by its key
        await world.pager.page(key="ledger_away", summary="Countersign: the ledger cannot record", facts={})


async def _start_over(world: World) -> None:
    """The feed forgot our cursor: a new one, and a whole sweep for what lies between."""
    latest = await world.platform.latest_cursor()
    again = sweep(whole=True, due=world.now(), once=True)
    await world.ledger.decide(lambda _: Change(cursor=latest, tasks=(again,)), fence=world.status.fence)


async def take(world: World, events: Sequence[Event], *, after: int, cursor: int) -> None:
    """Judge a batch and move the cursor. What is unexplained is acted on before the batch is through."""
    heard = world.now()
    relevant = list({event.seq: event for event in events if event.type in RELEVANT}.values())
    down = [event for event in relevant if event.type is EventType.DEACTIVATED]
    others = [event for event in relevant if event.type is not EventType.DEACTIVATED]
    restores = [event for event in others if event.type is EventType.RESTORED]
    if restores:
        # on record before anything is judged, in the feed's order or not: who deactivates next explains it anew
        await world.ledger.decide(partial(on_record, world, restores, down), fence=world.status.fence)
    to_read = await _not_believed(world, down, restores)
    later = await _left_for_later(world, to_read)
    left = {event.seq for event in later}
    unread = await _read_and_judged(world, [event for event in to_read if event.seq not in left], heard=heard)
    if later:
        unread.append(triage(heard=heard))
    for start in range(0, len(later), STRETCH):
        told = {event.account: event.at for event in later[start : start + STRETCH]}
        unread.append(backlog(told, because=str(after), due=world.now() + SLOWED))
    if _missing(events, after=cursor, upto=after):
        unread.append(sweep(whole=False, due=heard.replace(microsecond=0), once=True))
    if after != cursor or others or unread:
        await _move(world, others, tasks=tuple(unread), cursor=after)


async def _move(world: World, others: Sequence[Event], *, tasks: tuple[Task, ...], cursor: int) -> None:
    """What a batch tells beside deactivations, and the cursor behind it."""
    unread: list[Task] = []
    for stretch in _one_an_account(others):
        if not await made_sense(_taken(world, stretch), of=stretch[0].account):
            unread += [task for event in stretch if (task := await _take_other(world, event))]
    moved = Change(cursor=cursor, tasks=(*tasks, *unread))
    await world.ledger.decide(lambda _: moved, fence=world.status.fence)


def _one_an_account(events: Sequence[Event]) -> list[list[Event]]:
    """In no stretch are two of one account, for they are decided without seeing each other; and none is long.

    What befalls staff changes the incidents of many accounts: each is decided alone.
    """
    alone = [event for event in events if event.type in OF_STAFF]
    events = [event for event in events if event.type not in OF_STAFF]
    stretches: list[dict[str, Event]] = []
    met: Counter[str] = Counter()
    for event in events:
        if met[event.account] == len(stretches):
            stretches.append({})
        stretches[met[event.account]][event.account] = event
        met[event.account] += 1
    listed = [list(stretch.values()) for stretch in stretches]
    short = [one[start : start + AT_ONCE] for one in listed for start in range(0, len(one), AT_ONCE)]
    return [*short, *([event] for event in alone)]


def _missing(events: Sequence[Event], *, after: int, upto: int) -> bool:
    """Whether there is a number of the feed that nobody told us."""
    return len({event.seq for event in events if event.seq > after}) < upto - after


async def _not_believed(world: World, down: Sequence[Event], restores: Sequence[Event]) -> list[Event]:
    """The newest event of each account that is not explained by what the feed says of it alone.

    What is, is on record in one transaction, in the feed's order; the sweep compares it with what stands.
    """
    claims = [event for event in down if may_be_believed(world, event)]
    refused = {event.seq for event in down} - {event.seq for event in claims}
    if claims:
        refused |= await _believed(world, claims, restores)
    return [event for event in _newest(down) if event.seq in refused]


async def _believed(world: World, claims: Sequence[Event], restores: Sequence[Event]) -> set[int]:
    """The numbers of those that are to be read after all; all of them where one is beyond us."""
    refused: set[int] = set()

    async def recorded() -> None:
        change = await world.ledger.decide(partial(believing, world, claims, restores), fence=world.status.fence)
        assert isinstance(change, Change)
        refused.update(cast("set[int]", change.answer))

    believed = await made_sense(recorded(), of=claims[0].account)
    return refused if believed else {event.seq for event in claims}


async def _left_for_later(world: World, to_read: Sequence[Event]) -> list[Event]:
    """Of more than can be read at once all but the protected: these are read and judged before the cursor moves."""
    if len(to_read) <= AT_ONCE:
        return []
    accounts, since = [event.account for event in to_read], world.now() - SEEN_FOR
    weighty = await world.ledger.read(lambda view: view.seen_as(PROTECTED, accounts, since))
    first = weighty | (world.policy.protected & set(accounts))
    return [event for event in to_read if event.account not in first]


async def _read_and_judged(world: World, events: Sequence[Event], *, heard: datetime) -> list[Task]:
    """Tasks for those that could not be."""
    gate = asyncio.Semaphore(AT_ONCE)
    found = await asyncio.gather(*(_judge_event(world, event, gate, heard=heard) for event in events))
    return [task for task in found if task]


def on_record(world: World, restores: Sequence[Event], down: Sequence[Event], view: View) -> Change:
    """The restores of a batch, where that is news."""
    ours = [event for event in down if event.operation is not None]
    about = view.about([event.instance for event in (*restores, *ours)])
    newest: dict[str, datetime] = {}
    for event in restores:
        at = _restored_at(world, about, event, ours)
        newest[event.account] = max(at, newest.get(event.account, at))
    known = {account: about.restored_at(account) for account in newest}
    return Change(restores=tuple((a, at) for a, at in newest.items() if (last := known[a]) is None or at > last))


def _restored_at(world: World, view: View, event: Event, ours: Sequence[Event]) -> datetime:
    """When it was: not later than it is heard of, nor than what came after it in the feed, however its clock goes."""
    at = min(event.at, world.now())
    for later in ours:
        request = view.keyed(later.operation) if later.operation and later.account == event.account else None
        read = request.explains if request is not None and later.seq > event.seq else None
        if read is not None and read.at is not None and read.account == event.account:
            at = min(at, read.at - MOMENT)
    return at


def _newest(events: Iterable[Event]) -> list[Event]:
    """One event an account, the last: what stands on the platform is read, not what was once."""
    return list({event.account: event for event in events}.values())


async def _take_other(world: World, event: Event) -> Task | None:
    """Record a restore or a deletion; a task where nobody can make sense of it."""
    if await made_sense(_taken(world, [event]), of=event.account):
        return None
    return judge_task(event.account, because=str(event.seq), due=world.now())


async def _taken(world: World, events: Sequence[Event]) -> None:
    def propose(view: View) -> Change:
        about = view.about([event.instance for event in events])
        return together(OTHERS[event.type](world, about, event) for event in events)

    change = await world.ledger.decide(propose, fence=world.status.fence)
    assert isinstance(change, Change)
    world.status.tally(change.transitions)


async def _judge_event(world: World, event: Event, gate: asyncio.Semaphore, *, heard: datetime) -> Task | None:
    """Read the account an event speaks of and judge what stands there; a task where it cannot be read now."""
    async with gate:
        try:
            account = await read(world, event.account)
        except (PlatformAway, PlatformRefused):
            since = world.now() - SEEN_FOR
            weighty = await world.ledger.read(lambda view: view.seen_as(PROTECTED, [event.account], since))
            first = bool(weighty) or event.account in world.policy.protected
            return judge_task(event.account, because=str(event.seq), due=world.now(), protected=first)
    standing = account.instance if account else None
    found = Found(instance=standing or event.instance, account=account, event=event, by="feed", heard=heard)
    if await made_sense(judge_found(world, found, protected=True), of=event.account):
        return None
    return judge_task(event.account, because=str(event.seq), due=world.now())
