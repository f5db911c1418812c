"""Bring what the ledger says before people: cards, direct messages, threads and pages. No decision waits for it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

from bot.core.containing import PAGES
from bot.core.errors import CardGone, LedgerAway, TaskLost
from bot.core.guarding import PURGE_NEAR
from bot.core.incident import UNDOABLE, Incident, IncidentState
from bot.core.record import stamp
from bot.core.request import IN_LANE, NOT_YET_RATIFIED, OPEN, Request, State, Undo
from bot.core.tasks import draw, whole_reason
from bot.core.tasks import remove as remove_task
from bot.core.transition import Entry, Kind, Task
from bot.core.verdict import PAGED
from bot.flows.persist import persist
from bot.flows.turns import DELETES, UPDATES
from bot.flows.world import FINISHED, Result, World
from bot.ports import CardAt, Message, Notice, View

CARD_AWAITED = 15.0
"""Seconds at most between two looks for a card that does not stand yet."""
AFTER_ANOTHER = 5.0
"""Seconds at most between two looks whether another process has drawn an older version of the card."""
PAGE_PAUSE = 60.0
"""Seconds at most between two tries of a page: 1, 2, 4 … of them."""
PAGE_TRIES = 1_440
"""A day of tries: after it nobody is woken for the first time by what they have long seen."""
FITS: Mapping[Notice, frozenset[State]] = {
    Notice.FILED: OPEN,
    Notice.REVISED: OPEN,
    Notice.VOTE_AGAIN: OPEN,
    Notice.UNCERTAIN: frozenset({State.UNCERTAIN}),
    Notice.EMERGENCY: NOT_YET_RATIFIED,
    Notice.PROVISIONAL: frozenset({State.PROVISIONAL}),
    Notice.NEAR_ITS_END: NOT_YET_RATIFIED,
}
"""While a request stands so it is worth telling; late, it would follow the news of the end. The others always are."""


STILL: Mapping[str, frozenset[IncidentState]] = {
    "stuck": frozenset({IncidentState.STUCK}),
    "counts_lost": frozenset({IncidentState.LOST}),
    "counts_fell": frozenset({IncidentState.RESTORED}),
    **dict.fromkeys(PURGE_NEAR, UNDOABLE),
}
"""While an incident stands so somebody is woken for that reason; for all others it always is."""


class Drawing:
    """Draws cards, each by one hand at a time, so that an older picture never replaces a newer one.

    In this process by a lock; over all of them the oldest drawing that is not done goes first, and the others wait.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def _alone(self, id: str) -> asyncio.Lock:
        """The record's lock, for as long as somebody holds it or waits for it."""
        return self._locks.setdefault(id, asyncio.Lock())

    async def draw(self, world: World, task: Task) -> Result:
        """Draw the record as it stands now; a card that shows this version already makes the task void."""
        id, version = task.payload["record"], task.payload["version"]
        async with self._alone(id):
            while True:
                card, older = await world.ledger.read(
                    lambda view: (view.card(id), view.drawn_first(id, version=version))
                )
                if card is not None and card.drawn >= version:
                    return None
                if older is not None:
                    return soon(world, task, most=AFTER_ANOTHER)
                try:
                    return await self._drawn(world, task, card)
                except CardGone:
                    assert card is not None
                    await world.ledger.redraw(id, task, card=None, was=card)

    async def _drawn(self, world: World, task: Task, card: CardAt | None) -> Result:
        """Wait for one's turn, and draw what is so then."""
        id = task.payload["record"]
        async with turn(world, task, UPDATES if card is not None else world.channel):
            if card is None:
                await world.turns.post(world.ledger, task, world.channel)
            record = await world.ledger.read(lambda view: record_of(view, id))
            if record is None:
                return None
            drawn = await world.desk.draw(record, card)
        then = (whole_reason(record, ts=drawn.ts, at=world.now()),) if drawn.cut else ()
        try:
            await persist(
                lambda: world.ledger.put_card(id, drawn, was=card, finish=task, then=then),
                "The ledger",
                despite=(LedgerAway,),
            )
        except TaskLost:
            # it took so long that it is another's by now, whose newer picture this one may have drawn over
            if card is not None:
                (newest,) = draw(record, version=record.version, at=world.now())
                await world.ledger.redraw(id, newest, card=replace(card, drawn=0), was=card)
        return FINISHED


async def again(world: World, task: Task, request: str) -> CardAt | datetime | None:
    """Draw a waiting request's card even where it shows this version: one that was deleted is posted again.

    Answers where it stands now, or when to ask once more; None where the request was decided meanwhile.
    """
    while True:
        found, card = await world.ledger.read(lambda view: (view.request(request), view.card(request)))
        if found is None or not found.waits_for_people:
            return None
        if card is None:
            return soon(world, task, most=AFTER_ANOTHER)
        try:
            async with turn(world, task, UPDATES):
                found = await world.ledger.read(lambda view: view.request(request)) or found
                await world.desk.draw(found, card)
        except CardGone:
            (drawing,) = draw(found, version=found.version, at=world.now())
            await world.ledger.redraw(request, drawing, card=None, was=card)
            return soon(world, task, most=AFTER_ANOTHER)
        # a newer picture that came before this one is drawn over by it
        if await world.ledger.read(lambda view: view.request(request)) == found:
            return card


async def seen_at(world: World, record: str, *, channel: str, ts: str) -> None:
    """Somebody used a card of the record there. Of two the newer is kept and the older deleted, whichever it was."""
    seen = CardAt(channel=channel, ts=ts, drawn=0)
    found, card = await world.ledger.read(lambda view: (record_of(view, record), view.card(record)))
    if found is None or card is None or card.place == seen.place or card.channel != channel:
        return
    older, newer = sorted((card, seen), key=lambda at: float(at.ts))
    if newer is seen and (drawing := draw(found, version=found.version, at=world.now())):
        await world.ledger.redraw(record, drawing[0], card=seen, was=card)
    await world.ledger.add(remove_task(record, channel=older.channel, ts=older.ts, due=world.now()))


async def remove(world: World, task: Task) -> Result:
    """Delete a card that is not the one that counts."""
    id = task.payload["record"]
    at = CardAt(channel=task.payload["channel"], ts=task.payload["ts"], drawn=0)
    card = await world.ledger.read(lambda view: view.card(id))
    if card is not None and card.place != at.place:
        async with turn(world, task, DELETES):
            await world.desk.remove(at)
    return None


def turn(world: World, task: Task, line: str) -> AbstractAsyncContextManager[None]:
    return world.turns.of(world.ledger, world.clock, task, line)


@asynccontextmanager
async def posting(world: World, task: Task, to: str) -> AsyncIterator[None]:
    """One's turn to post there. What is said inside is to be read before: while one waits it may become old."""
    async with turn(world, task, to):
        await world.turns.post(world.ledger, task, to)
        yield


def soon(world: World, task: Task, *, most: float) -> datetime:
    return world.now() + timedelta(seconds=min(0.1 * 2 ** min(task.attempts, 15), most))


def record_of(view: View, id: str) -> Request | Incident | None:
    return view.request(id) or view.incident(id)


async def tell(world: World, task: Task) -> Result:
    """Send a notice to whom the task names, if it still fits."""
    notice, to = Notice(task.payload["notice"]), task.payload["to"]
    async with turn(world, task, to):
        if _fits(notice, await _record(world, task.payload)):
            await world.turns.post(world.ledger, task, to)
            record = await _record(world, task.payload)
            await world.desk.tell(to, Message(notice=notice, record=record, facts=task.payload["facts"]))
    return None


def _fits(notice: Notice, record: Request | Incident | None) -> bool:
    return not isinstance(record, Request) or record.state in FITS.get(notice, frozenset(State))


async def thread(world: World, task: Task) -> Result:
    """Answer under the record's card; with the end of a request goes its timeline.

    An answer outlives its card's delay: a request may have ended before Slack took its card.
    """
    id, notice = task.payload["record"], Notice(task.payload["notice"])
    async with turn(world, task, world.channel):
        record, card, log = await world.ledger.read(lambda view: _threaded(view, id))
        if record is None or not _fits(notice, record):
            return None
        if card is None or card.drawn < task.payload.get("version", 0):
            return soon(world, task, most=CARD_AWAITED)
        await world.turns.post(world.ledger, task, card.channel)
        timeline = log if record.state.value == notice.value else ()
        await world.desk.thread(card, Message(notice=notice, record=record, timeline=timeline))
    return None


def _threaded(view: View, id: str) -> tuple[Request | Incident | None, CardAt | None, tuple[Entry, ...]]:
    """The record, its card and, of a request that has ended, its log; who was refused is told to nobody else."""
    record = record_of(view, id)
    ended = isinstance(record, Request) and record.ended_at is not None
    log = tuple(e for e in view.entries(request=id) if e.kind is not Kind.REFUSED) if ended else ()
    return record, view.card(id), log


async def waiting(world: World, task: Task) -> Result:
    """Tell a requester whose approved request has waited for half a minute; not one that waits no more."""
    found = await world.ledger.read(lambda view: view.request(task.payload["request"]))
    to = found.requester_slack if found is not None else None
    if found is None or to is None or not _waits(found, task):
        return None
    async with turn(world, task, to):
        await world.turns.post(world.ledger, task, to)
        request = await world.ledger.read(lambda view: view.request(task.payload["request"]))
        if request is not None and _waits(request, task):
            facts = {"waits_for": request.waits_for, "until": request.execute_by}
            await world.desk.tell(to, Message(notice=Notice.WAITING, record=request, facts=facts))
    return None


def _waits(request: Request, task: Task) -> bool:
    """Whether it is the same waiting still."""
    since = request.waits_since
    return request.state is State.APPROVED and since is not None and stamp(since) == task.payload["since"]


async def page(world: World, task: Task) -> Result:
    """Wake the on-call by web hook, as often as it takes to get through, unless it is over by now."""
    why, record = task.payload["why"], await _record(world, task.payload)
    over = bool(task.payload.get("over"))
    if not world.pager.there or not (over or _still(record, why)):
        return None
    name = record.id if record is not None else task.payload["account"]
    key, about = (f"{name}:{why}", f" ({name})") if name else (why, "")
    if over:
        through = await world.pager.resolve(key=key)
    else:
        through = await world.pager.page(key=key, summary=f"Countersign: {why}{about}", facts=task.payload)
    if through or task.attempts >= PAGE_TRIES:
        return None
    return world.now() + timedelta(seconds=min(2.0 ** min(task.attempts, 10), PAGE_PAUSE))


async def call(world: World, task: Task) -> Result:
    """Call the on-call in the channel, unless it is over by now."""
    why = task.payload["why"]
    async with turn(world, task, world.channel):
        if not _calls(world, await _record(world, task.payload), why):
            return None
        await world.turns.post(world.ledger, task, world.channel)
        record = await _record(world, task.payload)
        if _calls(world, record, why):
            facts = {**task.payload, "on_call": world.policy.on_call}
            await world.desk.tell(world.channel, Message(notice=Notice.PAGE, record=record, facts=facts))
    return None


def _calls(world: World, record: Request | Incident | None, why: str) -> bool:
    return _still(record, why) and (bool(world.policy.on_call) or not _card_says_it(record, why))


def _card_says_it(record: Request | Incident | None, why: str) -> bool:
    """An incident of somebody known that is no trouble of ours: with nobody to mention, its card is message enough.

    What comes up later is not: a card drawn again calls nobody.
    """
    return isinstance(record, Incident) and why in {record.why, record.kind.value} and record.why not in PAGED


def _still(record: Request | Incident | None, why: str) -> bool:
    """Whether there is still something to wake somebody for."""
    if record is None:
        return True
    if isinstance(record, Request) and why in {"lapsed", "not_undone"}:
        return why == "lapsed" or record.undo is Undo.STUCK
    if isinstance(record, Request):
        waits = record.state in IN_LANE or record.state is State.APPROVED
        return waits if why == "away" else record.state is State.UNCERTAIN
    if why in STILL:
        return record.state in STILL[why]
    return why in PAGES or record.acknowledged_at is None


async def _record(world: World, payload: Mapping[str, Any]) -> Request | Incident | None:
    id = payload.get("record")
    return await world.ledger.read(lambda view: record_of(view, id)) if id else None
