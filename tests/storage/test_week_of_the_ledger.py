"""The digest of a week as the ledger has it: what the sums look at is found, however old."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.approvers import Load, Overturned, QuickVote
from bot.core.digest import Week
from bot.core.request import Action, Request, State
from bot.core.settling import done
from bot.core.transition import Change, Entry, Kind, Transition, move
from bot.flows.digest import digest_of, this_week
from bot.flows.kept import KEPT_FOR
from bot.ports import View
from storage.ledger import SqlLedger
from storage.view import ConnectionView
from tests.storage.scene import AT, POLICY, SECOND, Shelf, filing, voting, world_of

W47 = Week(2026, 47)
WEEK = timedelta(days=7)


def carried_out(found: Request, *, at: Any) -> tuple[Transition, Transition]:
    running = replace(found, state=State.RUNNING, claimed_at=at)
    claimed = move(found, running, kind=Kind.CLAIMED, by="countersign", at=at)
    assert isinstance(claimed.after, Request)
    return claimed, done(claimed.after, at=at, instance=None)


async def settle(ledger: SqlLedger, id: str, action: Action, at: Any) -> None:
    """A request for the action, filed, approved after five seconds and done at once."""

    def file(_: View) -> Change:
        (only,) = filing(id, at=at).transitions
        assert isinstance(only.after, Request)
        return Change(transitions=(replace(only, after=replace(only.after, action=action)),))

    def finish(view: View) -> Change:
        found = view.request(id)
        assert found is not None
        return Change(transitions=carried_out(found, at=at + 5 * SECOND))

    await ledger.decide(file)
    await ledger.decide(lambda view: voting(view, id, at=at + 5 * SECOND))
    await ledger.decide(finish)


async def test_a_restore_finds_the_deactivation_of_weeks_ago_that_it_overturned(ledger: SqlLedger) -> None:
    await settle(ledger, "REQ-1", Action.DEACTIVATE, AT - 5 * WEEK)
    await settle(ledger, "REQ-2", Action.RESTORE, AT)
    digest = await ledger.read(lambda view: digest_of(view, W47, POLICY, at=AT))
    wrong = Overturned(request="REQ-1", restored_by="REQ-2", account="acct_1", handle="Handle_acct_1")
    assert digest.approvers.overturned == (wrong,)
    assert digest.approvers.load == (Load(person="m0", votes=1),)
    assert digest.approvers.quick == (QuickVote(request="REQ-2", person="m0", took=5 * SECOND),)
    assert [day.approved for day in digest.days] == [1, 0, 0, 0, 0, 0, 0]


async def test_the_week_of_the_deactivation_does_not_know_yet(ledger: SqlLedger) -> None:
    await settle(ledger, "REQ-1", Action.DEACTIVATE, AT - WEEK)
    await settle(ledger, "REQ-2", Action.RESTORE, AT)
    before = await ledger.read(lambda view: digest_of(view, W47.before(), POLICY, at=AT))
    assert (before.approvers.overturned, before.done) == ((), 1)


# What it costs


async def test_what_the_guard_judged_is_not_fetched_for_the_sums(ledger: SqlLedger) -> None:
    await settle(ledger, "REQ-1", Action.DEACTIVATE, AT)
    judged = Entry(kind=Kind.JUDGED, at=AT, by="owner:acct_1", facts={"explained": True})
    await ledger.decide(lambda _: Change(entries=(judged,) * 5))
    fetched: list[Kind] = []

    class Counted(ConnectionView):
        def entries(self, **asked: Any) -> Any:
            found = super().entries(**asked)
            fetched.extend(entry.kind for entry in found)
            return found

    await ledger.read(lambda view: digest_of(Counted(view._connection), W47, POLICY, at=AT))
    assert fetched == [Kind.FILED, Kind.APPROVED, Kind.SETTLED]


async def test_what_takes_long_to_read_keeps_nobody_else_waiting(ledger: SqlLedger) -> None:
    done_, began = threading.Event(), threading.Event()

    def long(view: View) -> int | None:
        before = view.cursor()
        began.set()
        assert done_.wait(10)
        assert view.cursor() == before, "one snapshot, however long it takes"
        return before

    reading = asyncio.create_task(ledger.read(long, long=True))
    await asyncio.to_thread(began.wait, 10)
    async with asyncio.timeout(20):
        assert await ledger.read(lambda view: view.cursor()) is None
        await ledger.decide(lambda _: Change(cursor=7))
        assert await ledger.read(lambda view: view.cursor()) == 7
    done_.set()
    assert await reading is None


class Counting(SqlLedger):
    """Counts its long reads."""

    def __init__(self, other: SqlLedger, shelf: Shelf) -> None:
        super().__init__(other._database, clock=shelf.clock, owner="one")
        self.long = 0

    async def read(self, query: Callable[[ConnectionView], Any], *, long: bool = False) -> Any:
        self.long += long
        return await super().read(query, long=long)


async def test_the_week_that_runs_is_summed_once_a_minute_however_many_look(ledger: SqlLedger, shelf: Shelf) -> None:
    counting = Counting(ledger, shelf)
    shelf._keep(counting)
    world = world_of(counting, shelf.clock)
    await settle(ledger, "REQ-1", Action.DEACTIVATE, AT)

    seen = await asyncio.gather(*(this_week(world) for _ in range(5)))
    assert ({digest.done for digest in seen}, seen[0].week, counting.long) == ({1}, W47, 1)

    shelf.clock.at += timedelta(seconds=KEPT_FOR - 1)
    await this_week(world)
    assert counting.long == 1
    shelf.clock.at += SECOND
    await this_week(world)
    assert counting.long == 2


async def test_another_week_or_policy_is_summed_anew(ledger: SqlLedger, shelf: Shelf) -> None:
    class Rules:
        policy = POLICY

    counting, rules = Counting(ledger, shelf), Rules()
    shelf._keep(counting)
    world = replace(world_of(counting, shelf.clock), book=rules)
    await this_week(world)
    rules.policy = replace(POLICY, digest="p2")
    await this_week(world)
    assert counting.long == 2
    shelf.clock.at = AT + WEEK
    assert (await this_week(world)).week == W47.next()
