"""What the worker does with a task: the flow once, its end recorded for certain, and no lane waits for another."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core.digest import Digest, Week
from bot.core.errors import LedgerAway, SlackRefused, TaskLost
from bot.core.request import Request
from bot.core.tasks import digest as digest_task
from bot.core.tasks import tell as tell_tasks
from bot.core.transition import Change, Kind, Task, TaskKind, move
from bot.flows.digest import post_digest
from bot.flows.show import Drawing, tell
from bot.flows.turns import Turns
from bot.flows.world import FINISHED, Result, World
from bot.ports import CardAt, Message, View
from bot.worker import Flow, Worker
from storage.ledger import SqlLedger
from tests.databases import occupied
from tests.storage.scene import AT, SECOND, Shelf, filing, task, world_of

HALF_A_SECOND = timedelta(milliseconds=500)


@dataclass
class Wall:
    """A desk that keeps what it was asked for and refuses some of it."""

    drawn: list[CardAt | None] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    digests: list[Digest] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)

    then: Callable[[], object] = lambda: None

    async def draw(self, record: Request, at: CardAt | None) -> CardAt:
        self.drawn.append(at)
        self.then()
        return CardAt(channel="C0APPROVALS", ts=at.ts if at else f"{len(self.drawn)}", drawn=record.version)

    async def tell(self, to: str, _: Message) -> None:
        self.told.append(to)
        if to in self.refuses:
            raise SlackRefused("user_not_found")

    async def post_digest(self, digest: Digest) -> None:
        if "digest" in self.refuses:
            raise SlackRefused("is_archived")
        self.digests.append(digest)


@asynccontextmanager
async def at_work(world: World, flows: Mapping[TaskKind, Flow]) -> Any:
    """A worker that is handed what is filed; what still runs at the end is let go."""
    worker = Worker(world, flows)
    assert isinstance(world.ledger, SqlLedger)
    world.ledger.on_commit(worker.take)
    yield worker
    await worker.drain(within=0)


async def until(holds: Callable[[], Awaitable[object]], *, within: float = 8.0) -> None:
    async with asyncio.timeout(within):
        while not await holds():  # noqa: ASYNC110 - there is no event for what a file holds
            await asyncio.sleep(0.005)


def state_of(shelf: Shelf, key: str) -> tuple[str, int]:
    """State and attempts of a task."""
    found = {name: (state, attempts) for name, state, attempts in shelf.sql("select key, state, attempts from tasks")}
    return found[key]


async def ends(shelf: Shelf, key: str, *states: str) -> None:
    async def so() -> bool:
        return state_of(shelf, key)[0] in states

    await until(so)


def here(ledger: SqlLedger, shelf: Shelf, desk: Wall) -> World:
    return replace(world_of(ledger, shelf.clock), desk=desk)


def to_draw(n: int = 1, *, version: int = 1) -> Task:
    payload = {"record": f"REQ-{n}", "version": version}
    return Task(key=f"draw:REQ-{n}:{version}", kind=TaskKind.DRAW, payload=payload, due=AT)


def moved_on(view: View) -> Change:
    """Something happened to the request."""
    found = view.request("REQ-1")
    assert found is not None
    return Change(transitions=(move(found, found, kind=Kind.WAITED, by="countersign", at=AT),))


# A no of Slack's


async def test_a_channel_that_refuses_the_digest_ends_no_chain_of_digests(ledger: SqlLedger, shelf: Shelf) -> None:
    desk, week = Wall(refuses={"digest"}), Week(2026, 46)
    world = here(ledger, shelf, desk)
    async with at_work(world, {TaskKind.DIGEST: post_digest}) as worker:
        await ledger.add(digest_task(week, due=AT))
        await ends(shelf, "digest:2026-W46", "waiting")
        assert state_of(shelf, "digest:2026-W46") == ("waiting", 1)
        desk.refuses.clear()
        shelf.clock.at += timedelta(hours=1)
        worker.take(await ledger.claim_due(limit=10))
        await ends(shelf, "digest:2026-W46", "done")
    assert [digest.week for digest in desk.digests] == [week]
    assert await ledger.read(lambda view: view.task("digest:2026-W47")) is not None
    assert [e.facts["week"] for e in await ledger.read(lambda view: view.entries(kinds=[Kind.DIGEST]))] == ["2026-W46"]


async def test_one_whom_slack_refuses_keeps_no_other_from_being_told(ledger: SqlLedger, shelf: Shelf) -> None:
    desk = Wall(refuses={"U1"})
    await ledger.decide(lambda _: filing())
    found = await ledger.read(lambda view: view.request("REQ-1"))
    assert found is not None
    told = tell_tasks(found, "vote_again", to=("U1", "U2", "U3"), at=AT, why="tier")
    async with at_work(here(ledger, shelf, desk), {TaskKind.TELL: tell}):
        await ledger.add(*told)
        for one in told:
            await ends(shelf, one.key, "done")
    assert sorted(desk.told) == ["U1", "U2", "U3"]


# The ledger is away


async def test_what_was_said_is_not_said_again_while_only_its_end_cannot_be_recorded(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    said: list[str] = []

    async def say(_: World, due: Task) -> Result:
        said.append(due.key)
        held.set()
        await asyncio.sleep(0.05)
        return None

    held = asyncio.Event()
    async with at_work(here(ledger, shelf, Wall()), {TaskKind.SWEEP: say}):
        await ledger.add(task())
        await held.wait()
        with occupied(shelf.url):
            await asyncio.sleep(4.2)
            assert state_of(shelf, "sweep:1")[0] == "running"
        await ends(shelf, "sweep:1", "done")
    assert said == ["sweep:1"]


class Away(SqlLedger):
    """A ledger that records nothing so many times; when it was asked to is kept."""

    times = 0

    def for_times(self, times: int) -> "Away":
        self.times, self.asked = times, list[float]()
        return self

    async def _write(self, work: Any, **how: Any) -> Any:
        if hasattr(self, "asked"):
            self.asked.append(asyncio.get_running_loop().time())
        if self.times > 0:
            self.times -= 1
            raise LedgerAway("No.")
        return await super()._write(work, **how)


@pytest.fixture
def away(shelf: Shelf) -> Away:
    ledger = shelf.open()
    return shelf._keep(Away(ledger._database, clock=shelf.clock, owner="one"))  # type: ignore[return-value]


@pytest.mark.parametrize("ends_with", ["nothing", "a change", "a time"])
async def test_whatever_the_end_is_it_is_recorded_with_growing_pauses(away: Away, shelf: Shelf, ends_with: str) -> None:
    runs: list[str] = []
    answers: dict[str, Result] = {
        "nothing": None,
        "a change": Change(tasks=(task("sweep:2", due=AT + SECOND),)),
        "a time": AT + SECOND,
    }

    async def flow(_: World, due: Task) -> Result:
        runs.append(due.key)
        away.for_times(2)
        return answers[ends_with]

    async with at_work(here(away, shelf, Wall()), {TaskKind.SWEEP: flow}):
        await away.add(task())
        await ends(shelf, "sweep:1", *({"waiting"} if ends_with == "a time" else {"done"}))
    first, second = (after - before for before, after in zip(away.asked, away.asked[1:], strict=False))
    assert first > 0.45
    assert second > 0.95
    assert runs == ["sweep:1"]
    following = await away.read(lambda view: view.task("sweep:2"))
    assert (following is not None) is (ends_with == "a change")


async def test_a_flow_that_could_not_record_is_run_again_when_the_ledger_can_and_not_before(
    away: Away, shelf: Shelf
) -> None:
    runs: list[int] = []

    async def flow(world: World, due: Task) -> Result:
        runs.append(due.attempts)
        if due.attempts == 0:
            away.for_times(3)
        await world.ledger.decide(lambda _: Change(tasks=(task("sweep:2", due=AT + 9 * SECOND),)))
        return None

    async with at_work(here(away, shelf, Wall()), {TaskKind.SWEEP: flow}) as worker:
        await away.add(task())
        await ends(shelf, "sweep:1", "waiting")
        assert runs == [0]
        assert away.times == 0
        shelf.clock.at += HALF_A_SECOND
        worker.take(await away.claim_due(limit=10))
        await ends(shelf, "sweep:1", "done")
    assert runs == [0, 1]


async def test_a_card_that_was_posted_is_recorded_as_often_as_it_takes_and_not_posted_twice(
    away: Away, shelf: Shelf
) -> None:
    desk, drawing = Wall(), Drawing()
    await away.decide(lambda _: filing())
    world = here(away, shelf, desk)
    due = await away.read(lambda view: view.task("draw:REQ-1:1"))
    assert due is not None
    desk.then = lambda: away.for_times(2)

    await drawing.draw(world, due)

    assert desk.drawn == [None]
    assert await away.read(lambda view: view.card("REQ-1")) == CardAt(channel="C0APPROVALS", ts="1", drawn=1)
    assert not await away.read(lambda view: view.unfinished(due.key))


async def test_a_thousand_cards_leave_no_thousand_locks(ledger: SqlLedger, shelf: Shelf) -> None:
    drawing, world = Drawing(), here(ledger, shelf, Wall())
    for n in range(20):
        await ledger.decide(lambda _, n=n: filing(f"REQ-{n}", of=f"a{n}"))
        await asyncio.gather(*(drawing.draw(world, to_draw(n)) for _ in range(3)))
    gc.collect()
    assert len(drawing._locks) == 0


async def test_a_card_is_drawn_by_one_hand_at_a_time(ledger: SqlLedger, shelf: Shelf) -> None:
    at_once: list[int] = []

    @dataclass
    class Slow(Wall):
        hands: int = 0

        async def draw(self, record: Request, at: CardAt | None) -> CardAt:
            self.hands += 1
            at_once.append(self.hands)
            await asyncio.sleep(0.01)
            self.hands -= 1
            return await super().draw(record, at)

    await ledger.decide(lambda _: filing())
    drawing, world = Drawing(), here(ledger, shelf, Slow())
    for _ in range(3):
        await ledger.decide(moved_on)
    await asyncio.gather(*(drawing.draw(world, to_draw(version=version)) for version in (1, 4, 3, 2)))
    assert at_once == [1], "and all the others found their card drawn"


async def test_while_another_process_draws_an_older_version_the_newer_waits(ledger: SqlLedger, shelf: Shelf) -> None:
    other, desk = shelf.open("two"), Wall()
    await ledger.decide(lambda _: filing())
    await other.decide(moved_on)
    drawing, newer, older = Drawing(), to_draw(version=2), to_draw(version=1)
    await other.add(newer)

    assert isinstance(await drawing.draw(here(other, shelf, desk), newer), datetime)
    assert desk.drawn == []
    await Drawing().draw(here(ledger, shelf, desk), replace(older, owner="one"))
    assert await drawing.draw(here(other, shelf, desk), newer) is None

    assert desk.drawn == [None], "one post, of the newest state"
    assert await ledger.read(lambda view: view.card("REQ-1")) == CardAt(channel="C0APPROVALS", ts="1", drawn=2)


async def test_who_drew_too_long_has_the_newest_state_drawn_once_more(ledger: SqlLedger, shelf: Shelf) -> None:
    """It slept between its call and the record, and may have drawn an older picture over a newer one."""
    other, stands = shelf.open("two"), CardAt(channel="C0APPROVALS", ts="1", drawn=1)
    await ledger.decide(lambda _: filing())
    await ledger.decide(moved_on)
    await ledger.put_card("REQ-1", stands, finish=replace(to_draw(), owner="one"))
    late = to_draw(version=2)
    await ledger.add(late)

    @dataclass
    class Asleep(Wall):
        async def draw(self, record: Request, at: CardAt | None) -> CardAt:
            shelf.clock.at += timedelta(seconds=61)
            taken = {found.key: found for found in await other.claim_due(limit=9)}
            await Drawing().draw(here(other, shelf, Wall()), taken[late.key])
            return await super().draw(record, at)

    await Drawing().draw(here(ledger, shelf, Asleep()), late)
    card, again = await ledger.read(lambda view: (view.card("REQ-1"), view.unfinished(late.key)))
    assert card == replace(stands, drawn=0)
    assert again


async def test_who_was_stopped_while_it_waited_for_the_channel_posts_no_second_card(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    other, desks = shelf.open("two"), (Wall(), Wall())
    await ledger.decide(lambda _: filing())
    stopped = replace(here(ledger, shelf, desks[0]), turns=Turns(every=0.3))
    await ledger.slot("C0APPROVALS", every=0.3, task=to_draw())
    waiting = asyncio.create_task(Drawing().draw(stopped, to_draw()))
    await asyncio.sleep(0.05)

    shelf.clock.at += timedelta(seconds=61)
    (taken,) = [found for found in await other.claim_due(limit=9) if found.kind is TaskKind.DRAW]
    await Drawing().draw(here(other, shelf, desks[1]), taken)

    with pytest.raises(TaskLost):
        await waiting
    assert [desk.drawn for desk in desks] == [[], [None]]


# Lanes


@pytest.mark.parametrize("hangs", [TaskKind.REMIND, TaskKind.TELL, TaskKind.CALL, TaskKind.CARRY_OUT])
async def test_the_web_hook_waits_for_nothing_that_hangs(ledger: SqlLedger, shelf: Shelf, hangs: TaskKind) -> None:
    """Sixty of them wait for Slack, or the platform, before the on-call is to be woken."""
    paged = asyncio.Event()

    async def hang(_: World, __: Task) -> Result:
        await asyncio.Event().wait()
        return None

    async def page(_: World, __: Task) -> Result:
        paged.set()
        return None

    async with at_work(here(ledger, shelf, Wall()), {hangs: hang, TaskKind.PAGE: page}):
        await ledger.add(*(task(f"{hangs}:{n}", kind=hangs) for n in range(100)))
        await ledger.add(task("page:1", kind=TaskKind.PAGE))
        async with asyncio.timeout(20):
            await paged.wait()


async def test_the_on_call_is_called_in_slack_before_all_the_rest_is_said(ledger: SqlLedger, shelf: Shelf) -> None:
    called = asyncio.Event()

    async def hang(_: World, __: Task) -> Result:
        await asyncio.Event().wait()
        return None

    async def call(_: World, __: Task) -> Result:
        called.set()
        return None

    async with at_work(here(ledger, shelf, Wall()), {TaskKind.REMIND: hang, TaskKind.CALL: call}):
        await ledger.add(*(task(f"remind:{n}", kind=TaskKind.REMIND) for n in range(60)))
        await ledger.add(task("call:1", kind=TaskKind.CALL))
        async with asyncio.timeout(20):
            await called.wait()


async def test_a_task_that_is_leased_anew_before_its_run_is_over_runs_again(ledger: SqlLedger, shelf: Shelf) -> None:
    runs: list[int] = []

    async def put_off_and_due_at_once(_: World, given: Task) -> Result:
        runs.append(given.attempts)
        if len(runs) > 1:
            return None
        await ledger.postpone(given, due=AT)
        worker.take(await ledger.claim_due(limit=1))
        return FINISHED

    async with at_work(here(ledger, shelf, Wall()), {TaskKind.DRAW: put_off_and_due_at_once}) as worker:
        await ledger.add(to_draw())
        await ends(shelf, "draw:REQ-1:1", "done")
    assert len(runs) == 2


async def test_a_task_that_is_handed_over_again_while_it_runs_to_its_end_runs_once(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    runs: list[int] = []

    async def handed_over_meanwhile(_: World, given: Task) -> Result:
        runs.append(given.attempts)
        await ledger.add(to_draw())  # it is on file, and this process's
        await asyncio.sleep(0)
        return None

    async with at_work(here(ledger, shelf, Wall()), {TaskKind.DRAW: handed_over_meanwhile}):
        await ledger.add(to_draw())
        await ends(shelf, "draw:REQ-1:1", "done")
        await asyncio.sleep(0.3)
    assert len(runs) == 1
