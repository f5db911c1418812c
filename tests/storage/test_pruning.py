"""What is dropped of the ledger, and that nothing is judged or done otherwise for it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

import storage.pruning
from bot.core.account import Instance
from bot.core.digest import Week
from bot.core.tasks import digest
from bot.core.transition import Change, Judged, Sighting, Task
from bot.flows.keep_house import BETWEEN, EVERY, Housekeeping, arm_housekeeping
from bot.ports import Place
from storage.ledger import SqlLedger
from tests.storage.scene import AT, MINUTE, SECOND, Shelf, task, world_of

DAY = timedelta(days=1)
LONG_AGO = AT - 36 * DAY


async def pruned(ledger: SqlLedger, *, at: datetime = AT) -> int:
    """All of it; how many stretches that were."""
    place, count = await ledger.prune(None, at=at), 1
    while place is not None:
        place, count = await ledger.prune(place, at=at), count + 1
    return count


def judged(n: int, *, at: datetime = LONG_AGO, account: str = "acct_1", operation: str | None = None) -> Judged:
    """The n-th verdict on the account, of an owner's act."""
    when = at + n * SECOND
    return Judged(
        account=account, at=when, actor=f"owner:{account}", operation=operation, explained=True, why="owner",
        judged_at=when, incident=None,
    )  # fmt: skip


def instance(of: Judged) -> Instance:
    return Instance(account=of.account, at=of.at, actor=of.actor, operation=of.operation)


async def put(ledger: SqlLedger, *verdicts: Judged) -> None:
    for verdict in verdicts:
        await ledger.decide(lambda _, verdict=verdict: Change(verdicts=(verdict,)))  # type: ignore[misc]


async def known(ledger: SqlLedger, *verdicts: Judged) -> list[bool]:
    return await ledger.read(lambda view: [view.judged(instance(one)) is not None for one in verdicts])


async def finished(shelf: Shelf, ledger: SqlLedger, *tasks: Task, at: datetime) -> None:
    shelf.clock.at = at
    await ledger.add(*(replace(one, due=at) for one in tasks))
    for one in await ledger.read(lambda view: [view.task(t.key) for t in tasks]):
        assert one is not None
        await ledger.finish(one)
    shelf.clock.at = AT


# Tasks


@pytest.mark.parametrize(("ended", "stays"), [(AT - 34 * DAY, True), (AT - 36 * DAY, False)])
async def test_a_task_that_was_done_long_ago_goes(
    shelf: Shelf, ledger: SqlLedger, ended: datetime, *, stays: bool
) -> None:
    await finished(shelf, ledger, task("sweep:1"), at=ended)
    await pruned(ledger)
    assert (await ledger.read(lambda view: view.task("sweep:1")) is not None) is stays


async def test_what_is_still_to_be_done_stays_however_long_it_was_due(shelf: Shelf, ledger: SqlLedger) -> None:
    shelf.clock.at = LONG_AGO - MINUTE
    await ledger.add(task("sweep:waiting", due=LONG_AGO))
    await ledger.add(task("sweep:running", due=shelf.clock.at))
    shelf.clock.at = AT
    await pruned(ledger)
    assert {each.key for each in await ledger.claim_due(limit=9)} == {"sweep:waiting", "sweep:running"}


async def test_the_digest_of_a_week_is_no_second_one_while_anybody_could_file_it(
    shelf: Shelf, ledger: SqlLedger
) -> None:
    posted = digest(Week.of(AT.date()), due=AT)
    await finished(shelf, ledger, posted, at=AT)
    for days in range(0, 35, 7):
        shelf.clock.at = AT + days * DAY
        await pruned(ledger, at=shelf.clock.at)
        await ledger.add(posted)
        assert await ledger.claim_due(limit=9) == []


# Verdicts


async def test_old_verdicts_of_an_account_go_but_for_the_last(ledger: SqlLedger) -> None:
    first, second, last = (judged(n) for n in range(3))
    other = judged(0, account="acct_2")
    await put(ledger, first, second, last, other)
    await pruned(ledger)
    assert await known(ledger, first, second, last, other) == [False, False, True, True]
    previous = await ledger.read(lambda view: view.previous("acct_1"))
    assert previous is not None
    assert previous.instance == instance(last)


async def test_verdicts_of_late_stay(ledger: SqlLedger) -> None:
    fresh = [judged(n, at=AT - 34 * DAY) for n in range(3)]
    await put(ledger, *fresh)
    await pruned(ledger)
    assert await known(ledger, *fresh) == [True] * 3


async def test_a_mark_that_came_after_the_last_instance_hides_it_from_nobody(ledger: SqlLedger) -> None:
    first, last, mark = judged(0), judged(1), judged(2, operation="restored:7")
    old_mark = judged(0, operation="restored:3")
    await put(ledger, first, old_mark, last, mark)
    await pruned(ledger)
    assert await known(ledger, first, old_mark, last) == [False, False, True]
    previous = await ledger.read(lambda view: view.previous("acct_1"))
    assert previous is not None
    assert previous.instance == instance(last)


async def test_a_requests_key_explains_one_instance_however_long_ago(ledger: SqlLedger) -> None:
    bearing, last = judged(0, operation="the-key"), judged(1)
    await put(ledger, bearing, last)
    await pruned(ledger)
    assert await ledger.read(lambda view: view.first_of_key("acct_1", "the-key")) == instance(bearing)


async def test_the_next_verdict_comes_behind_those_that_stayed(ledger: SqlLedger) -> None:
    await put(ledger, judged(0), judged(1))
    await pruned(ledger)
    newest = judged(0, at=AT)
    await put(ledger, newest)
    previous = await ledger.read(lambda view: view.previous("acct_1"))
    assert previous is not None
    assert previous.instance == instance(newest)


# Sightings


async def test_a_sighting_goes_when_it_counts_no_more(ledger: SqlLedger) -> None:
    old, counting = (Sighting(account="acct_1", tier=t, at=a) for t, a in (("high", LONG_AGO), ("protected", AT - DAY)))
    await ledger.decide(lambda _: Change(sightings=(old, counting)))
    assert await ledger.read(lambda view: view.tiers_seen("acct_1", LONG_AGO)) == {"high", "protected"}
    await pruned(ledger)
    assert await ledger.read(lambda view: view.tiers_seen("acct_1", LONG_AGO)) == {"protected"}


# A little at a time


async def test_it_goes_through_all_of_it_a_few_rows_at_a_time(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.pruning, "AT_ONCE", 3)
    verdicts = [judged(n, account=f"acct_{n % 4}") for n in range(20)]
    sightings = [Sighting(account=f"acct_{n}", tier="high", at=LONG_AGO) for n in range(10)]
    await put(ledger, *verdicts)
    await ledger.decide(lambda _: Change(sightings=tuple(sightings)))

    assert await pruned(ledger) > 10

    assert await known(ledger, *verdicts) == [False] * 16 + [True] * 4
    assert await ledger.read(lambda view: view.seen_as("high", [s.account for s in sightings], LONG_AGO)) == set()


async def test_an_empty_ledger_is_gone_through_too(ledger: SqlLedger) -> None:
    assert await pruned(ledger) == 3


async def test_the_task_comes_back_soon_while_there_is_more_and_the_next_day_then(
    shelf: Shelf, ledger: SqlLedger
) -> None:
    world, house = world_of(ledger, shelf.clock), Housekeeping()
    await arm_housekeeping(world)
    await arm_housekeeping(world)
    assert await ledger.claim_due(limit=9) == []
    shelf.clock.at += timedelta(minutes=6)
    (claimed,) = await ledger.claim_due(limit=9)
    again = [await house.keep_house(world, claimed) for _ in range(5)]
    between, later = shelf.clock.at + BETWEEN, shelf.clock.at + EVERY
    assert again == [between, between, between, later, between]


async def test_where_it_had_come_to_is_the_places_own(ledger: SqlLedger) -> None:
    place: Place | None = await ledger.prune(("verdicts",), at=AT)
    assert place == ("sightings",)
    assert await ledger.prune(place, at=AT) is None
