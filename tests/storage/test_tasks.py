"""Tasks: one row a key, leased, finished by who holds them, taken over when the lease ends."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.core.errors import CountersignError, TaskLost
from bot.core.transition import Change, Task
from bot.ports import Fence
from storage.ledger import SqlLedger
from storage.tasks import LEASE
from tests.storage.scene import AT, MINUTE, MS, SECOND, Shelf, filing, log, request, takes_something_over, task


def taken(ledger: SqlLedger) -> list[Task]:
    """What the ledger hands to its worker, as it comes."""
    found: list[Task] = []

    def take(tasks: Sequence[Task]) -> None:
        found.extend(tasks)

    ledger.on_commit(take)
    return found


async def test_who_leaves_gives_back_what_it_holds_and_is_not_taken_for_gone(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    await one.add(task())
    first = await one.hold("guard", seconds=9)
    assert (first, await two.hold("guard", seconds=9)) == (Fence(name="guard", token=1), None)
    await one.leave()
    assert await two.take_over() == 0
    assert [(t.key, t.owner) for t in await two.claim_due(limit=10)] == [("sweep:1", "two")]
    assert await two.hold("guard", seconds=9) == Fence(name="guard", token=2)


async def test_a_task_due_now_is_leased_to_who_committed_it_and_handed_over_at_once(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    mine = taken(one)
    await one.decide(lambda _: Change(tasks=(task(),)))
    assert [(t.key, t.owner) for t in mine] == [("sweep:1", "one")]
    assert await two.claim_due(limit=10) == []


async def test_a_task_that_waits_is_nobodys_until_it_is_due(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    mine = taken(one)
    await one.add(task(due=AT + MINUTE))
    assert mine == []
    assert await two.claim_due(limit=10) == []
    assert await two.next_due() == AT + MINUTE
    shelf.clock.at = AT + MINUTE
    assert [(t.key, t.owner) for t in await two.claim_due(limit=10)] == [("sweep:1", "two")]
    assert await one.claim_due(limit=10) == []


async def test_the_same_key_is_one_task_whoever_files_it_and_whatever_became_of_it(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    mine, others = taken(one), taken(two)
    await one.add(task(), task())
    await two.add(task())
    assert (len(mine), len(others)) == (1, 0)
    await one.finish(mine[0])
    await one.add(task())
    await one.decide(lambda _: Change(tasks=(task(),)))
    assert len(mine) == 1
    assert shelf.sql("select key, state from tasks") == [("sweep:1", "done")]


async def test_a_task_whose_lease_ran_out_is_taken_over(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    await one.add(task())
    shelf.clock.at = AT + LEASE - MS
    assert await two.claim_due(limit=10) == []
    assert await two.next_due() == AT + LEASE
    shelf.clock.at = AT + LEASE
    assert [t.owner for t in await two.claim_due(limit=10)] == ["two"]
    assert await two.next_due() == AT + 2 * LEASE


async def test_a_stranger_finishes_and_postpones_nothing(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    mine = taken(one)
    await one.add(task())
    with pytest.raises(TaskLost):
        await two.finish(mine[0])
    with pytest.raises(TaskLost):
        await two.postpone(mine[0], due=AT)
    assert shelf.sql("select owner, state, attempts from tasks") == [("one", "running", 0)]
    await one.finish(mine[0])


async def test_what_was_begun_before_another_had_the_task_ends_it_no_more_for_who_has_it_again(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    first = taken(one)
    await one.add(task())
    shelf.clock.at = AT + LEASE  # it was stopped for so long
    (others,) = await two.claim_due(limit=10)
    await two.postpone(others, due=shelf.clock.at)
    (again,) = await one.claim_due(limit=10)

    with pytest.raises(TaskLost):
        await one.finish(first[0])
    assert shelf.sql("select owner, state, attempts from tasks") == [("one", "running", 1)]
    await one.finish(again)


async def test_who_lost_its_task_writes_nothing_of_what_it_did_with_it(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    mine = taken(one)
    await one.add(task())
    shelf.clock.at = AT + LEASE
    await two.claim_due(limit=10)
    with pytest.raises(TaskLost) as lost:
        await one.decide(lambda _: filing(), finish=mine[0])
    assert isinstance(lost.value, CountersignError), "the worker sorts it with our own failures"
    assert await request(one) is None
    assert await log(one) == []
    assert shelf.sql("select key from tasks") == [("sweep:1",)]


async def test_a_task_is_finished_with_the_change_that_it_led_to(ledger: SqlLedger, shelf: Shelf) -> None:
    mine = taken(ledger)
    await ledger.add(task())
    await ledger.decide(lambda _: filing(), finish=mine[0])
    assert await request(ledger) is not None
    assert shelf.sql("select state, owner from tasks where key = 'sweep:1'") == [("done", None)]


async def test_a_postponed_task_comes_back_when_it_is_due_and_counts_its_tries(ledger: SqlLedger, shelf: Shelf) -> None:
    mine = taken(ledger)
    await ledger.add(task())
    await ledger.postpone(mine[0], due=AT + SECOND)
    assert await ledger.claim_due(limit=10) == []
    shelf.clock.at = AT + SECOND
    again = await ledger.claim_due(limit=10)
    assert [(t.key, t.attempts) for t in again] == [("sweep:1", 1)]
    await ledger.postpone(again[0], due=AT + SECOND)
    assert [t.attempts for t in await ledger.claim_due(limit=10)] == [2]


async def test_a_done_task_never_comes_again(ledger: SqlLedger, shelf: Shelf) -> None:
    mine = taken(ledger)
    await ledger.add(task())
    await ledger.finish(mine[0])
    shelf.clock.at = AT + 10 * LEASE
    assert await ledger.claim_due(limit=10) == []
    assert await ledger.next_due() is None
    with pytest.raises(TaskLost):
        await ledger.finish(mine[0])


async def test_the_longest_due_come_first_and_no_more_than_asked_for(ledger: SqlLedger, shelf: Shelf) -> None:
    await ledger.add(*(task(f"sweep:{n}", due=AT + n * SECOND) for n in (3, 1, 2)))
    shelf.clock.at = AT + MINUTE
    assert [t.key for t in await ledger.claim_due(limit=2)] == ["sweep:1", "sweep:2"]
    assert [t.key for t in await ledger.claim_due(limit=2)] == ["sweep:3"]


async def test_a_task_is_claimed_once_however_many_ask(shelf: Shelf) -> None:
    ledgers = [shelf.open(str(n)) for n in range(4)]
    await ledgers[0].add(*(task(f"sweep:{n}", due=AT + SECOND) for n in range(40)))
    shelf.clock.at = AT + SECOND
    claimed = await asyncio.gather(*(ledger.claim_due(limit=7) for _ in range(3) for ledger in ledgers))
    keys = [t.key for batch in claimed for t in batch]
    assert len(keys) == len(set(keys)) == 40


async def test_after_a_start_what_a_process_that_is_gone_held_is_due_at_once(shelf: Shelf) -> None:
    before = shelf.open("before")
    await before.add(task(), task("sweep:2", due=AT + MINUTE))
    before.close()
    after = shelf.open("after")
    await after.add(task("sweep:3"))
    await takes_something_over(after)
    assert [t.key for t in await after.claim_due(limit=10)] == ["sweep:1"], "its own and what waits stay as they are"


async def test_a_process_that_only_asks_for_a_task_leases_none(shelf: Shelf) -> None:
    asks, runs = shelf.open("asks"), shelf.open("runs")
    await asks.hand_over(task())
    assert [t.owner for t in await runs.claim_due(limit=10)] == ["runs"]
