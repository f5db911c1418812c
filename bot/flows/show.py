"""Bring what the ledger says before people: cards, direct messages, threads and pages. No decision waits for it."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from weakref import WeakValueDictionary

from bot.core.containing import PAGES
from bot.core.guarding import PURGE_NEAR
from bot.core.incident import UNDOABLE, Incident, IncidentState
from bot.core.record import stamp
from bot.core.request import IN_LANE, NOT_YET_RATIFIED, OPEN, Request, State, Undo
from bot.core.transition import Entry, Kind, Task
from bot.core.verdict import PAGED
from bot.flows.world import FINISHED, Result, World
from bot.ports import CardAt, Message, Notice, View

CARD_AWAITED = 1800.0
"""Seconds at most between two looks for a card that does not stand yet: as long as a refused one waits."""
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
    """Draws cards, each by one hand at a time, so that an older picture never replaces a newer one."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._unrecorded: dict[str, CardAt] = {}
        """Cards that stand in Slack and not in the ledger yet: they are redrawn, not posted once more."""

    def _alone(self, id: str) -> asyncio.Lock:
        """The record's lock, for as long as somebody holds it or waits for it."""
        return self._locks.setdefault(id, asyncio.Lock())

    async def _draw(
        self, world: World, record: Request | Incident, card: CardAt | None, *, finish: Task | None = None
    ) -> CardAt:
        drawn = await world.desk.draw(record, self._unrecorded.get(record.id, card))
        self._unrecorded[record.id] = drawn
        await world.ledger.put_card(record.id, drawn, finish=finish)
        del self._unrecorded[record.id]
        return drawn

    async def draw(self, world: World, task: Task) -> Result:
        """Draw the record as it stands now; a card that shows this version already makes the task void."""
        id = task.payload["record"]
        async with self._alone(id):
            record, card = await world.ledger.read(lambda view: (record_of(view, id), view.card(id)))
            if record is None or (card is not None and card.drawn >= task.payload["version"]):
                return None
            await self._draw(world, record, card, finish=task)
            return FINISHED

    async def again(self, world: World, request: str) -> CardAt | None:
        """Draw a waiting request's card even where it shows this version: one that was deleted is posted again.

        Answers where it stands now; None where the request was decided meanwhile.
        """
        async with self._alone(request):
            found, card = await world.ledger.read(lambda view: (view.request(request), view.card(request)))
            if found is None or not found.waits_for_people:
                return None
            return await self._draw(world, found, card)


def record_of(view: View, id: str) -> Request | Incident | None:
    return view.request(id) or view.incident(id)


async def tell(world: World, task: Task) -> Result:
    """Send a notice to whom the task names, if it still fits."""
    notice, record = Notice(task.payload["notice"]), await _record(world, task.payload)
    if _fits(notice, record):
        await world.desk.tell(task.payload["to"], Message(notice=notice, record=record, facts=task.payload["facts"]))
    return None


def _fits(notice: Notice, record: Request | Incident | None) -> bool:
    return not isinstance(record, Request) or record.state in FITS.get(notice, frozenset(State))


async def thread(world: World, task: Task) -> Result:
    """Answer under the record's card; with the end of a request goes its timeline.

    An answer outlives its card's delay: a request may have ended before Slack took its card.
    """
    notice = Notice(task.payload["notice"])
    record, card, log = await world.ledger.read(lambda view: _threaded(view, task.payload["record"]))
    if record is None or not _fits(notice, record):
        return None
    if card is None:
        return world.now() + timedelta(seconds=min(0.1 * 2 ** min(task.attempts, 15), CARD_AWAITED))
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
    request = await world.ledger.read(lambda view: view.request(task.payload["request"]))
    if request is None or request.state is not State.APPROVED or request.waits_since is None:
        return None
    if stamp(request.waits_since) != task.payload["since"]:
        return None
    if request.requester_slack is not None:
        facts = {"waits_for": request.waits_for, "until": request.execute_by}
        await world.desk.tell(request.requester_slack, Message(notice=Notice.WAITING, record=request, facts=facts))
    return None


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
    why, record = task.payload["why"], await _record(world, task.payload)
    if _still(record, why) and (world.policy.on_call or not _card_says_it(record, why)):
        facts = {**task.payload, "on_call": world.policy.on_call}
        await world.desk.tell(world.channel, Message(notice=Notice.PAGE, record=record, facts=facts))
    return None


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
