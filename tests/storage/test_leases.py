"""What only one process does at a time."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.account import Account, Event
from bot.core.errors import Fenced
from bot.core.transition import Change
from bot.flows.stand_guard import HELD_FOR, stand_guard
from bot.flows.status import Status, Watch
from bot.flows.sweep import first_list
from bot.flows.world import World
from bot.ports import Fence, Lease
from storage.ledger import SqlLedger
from tests.storage.scene import AT, SECOND, Shelf, filing, log, takes_something_over, task, world_of


async def test_who_holds_a_lease_keeps_it_and_nobody_else_gets_it(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    held = await one.hold("guard", seconds=1)
    assert held == Fence(name="guard", token=1)
    assert await two.hold("guard", seconds=1) is None
    shelf.clock.at += SECOND / 2
    assert await one.hold("guard", seconds=1) == held
    shelf.clock.at += SECOND / 2
    assert await two.hold("guard", seconds=1) is None


async def test_when_its_time_is_over_another_takes_it_with_a_higher_token(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    old = await one.hold("guard", seconds=1)
    shelf.clock.at += SECOND
    assert await two.hold("guard", seconds=1) == Fence(name="guard", token=2)
    assert await one.hold("guard", seconds=1) is None

    with pytest.raises(Fenced):
        await one.decide(lambda _: filing(), fence=old)
    assert await log(two) == []
    assert await two.decide(lambda _: filing(), fence=Fence(name="guard", token=2))


async def test_one_who_was_late_and_found_no_other_goes_on_with_the_same_token(ledger: SqlLedger, shelf: Shelf) -> None:
    held = await ledger.hold("guard", seconds=1)
    shelf.clock.at += 10 * SECOND
    assert await ledger.decide(lambda _: filing(), fence=held)
    assert await ledger.hold("guard", seconds=1) == held


async def test_who_steps_down_goes_on_with_what_it_has_under_way(ledger: SqlLedger, shelf: Shelf) -> None:
    await ledger.hold("guard", seconds=3600)
    await ledger.add(task())
    other = shelf.open("other")
    assert await other.hold("guard", seconds=1) is None
    await ledger.step_down()
    assert await other.hold("guard", seconds=1) == Fence(name="guard", token=2)
    assert shelf.sql("select owner, state from tasks") == [("one", "running")]


async def test_who_has_the_file_alone_takes_over_at_the_first_look_others_at_the_second(
    shelf: Shelf,
) -> None:
    before = shelf.open("before")
    held = await before.hold("guard", seconds=3600)
    again = shelf.open("again")
    assert await again.take_over() == (1 if shelf.kind == "sqlite" else 0)
    if shelf.kind != "sqlite":
        await takes_something_over(again)
    assert await again.hold("guard", seconds=1) == Fence(name="guard", token=2)
    with pytest.raises(Fenced):
        await before.decide(lambda _: Change(cursor=1), fence=held)


async def test_when_a_guard_dies_another_process_is_the_guard_and_the_dead_one_can_write_no_more(shelf: Shelf) -> None:
    """The feed cannot be read, so that both do nothing but hold the lease."""
    worlds = [replace(world_of(shelf.open(name), shelf.clock), platform=Deaf()) for name in ("one", "two")]
    first = asyncio.create_task(stand_guard(worlds[0]))
    await holds(worlds[0])
    second = asyncio.create_task(stand_guard(worlds[1]))
    await asyncio.sleep(0.5)
    assert worlds[1].status.fence is None

    old = worlds[0].status.fence
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    shelf.clock.at += timedelta(seconds=HELD_FOR)
    await holds(worlds[1])
    with pytest.raises(Fenced):
        await worlds[0].ledger.decide(lambda _: Change(cursor=1), fence=old)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)


async def test_a_guard_that_was_overtaken_stops_and_waits_for_its_turn(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    world = replace(world_of(one, shelf.clock), platform=Deaf())
    guard = asyncio.create_task(stand_guard(world))
    await holds(world)
    shelf.clock.at += timedelta(seconds=HELD_FOR)  # it was stopped for so long
    assert await two.hold("guard", seconds=3600)

    async with asyncio.timeout(20):
        while world.status.fence is not None:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)
    assert not guard.done()
    guard.cancel()
    await asyncio.gather(guard, return_exceptions=True)


async def test_a_first_list_of_one_who_is_the_guard_no_more_begins_nothing(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    world = replace(world_of(one, shelf.clock), platform=Empty())
    world.status.fence = await one.hold("guard", seconds=1)
    shelf.clock.at += SECOND
    fence = await two.hold("guard", seconds=1)

    with pytest.raises(Fenced):
        await first_list(world)
    assert await one.read(lambda view: view.cursor()) is None
    assert shelf.sql("select key from tasks") == []

    second = replace(world, ledger=two, status=Status(fence=fence))
    assert await first_list(second) == 0
    assert await one.read(lambda view: view.cursor()) == 7


def test_a_new_guard_begins_where_the_one_before_left_off_and_leaves_nothing_of_it_behind() -> None:
    told = {"lag": 2.0, "swept": 5.0, "swept_size": 3, "platform_away": True}
    status = Status(guard=Lease(owner="other", until=AT, since=AT, facts=told))
    status.take_up(Fence(name="guard", token=2), 100.0, AT + SECOND)

    assert status.watch(100.0, AT + SECOND) == Watch(lag=3.0, swept=6.0, swept_size=3, platform_away=True)
    status.lay_down()
    assert (status.fence, status.platform_away) == (None, False)


def test_the_first_guard_of_all_has_heard_nothing_yet() -> None:
    status = Status()
    status.take_up(Fence(name="guard", token=1), 100.0, AT)
    assert status.watch(100.0, AT) == Watch(lag=None, swept=None, swept_size=None, platform_away=False)


class Empty:
    """A platform on which nobody is down."""

    async def latest_cursor(self) -> int:
        return 7

    async def inactive(self, **_: object) -> tuple[list[Account], int]:
        return [], 0

    async def events(self, *, after: int, wait: float) -> tuple[list[Event], int]:  # noqa: ARG002 - the port's
        return [], after


class Deaf:
    """A platform that never answers."""

    async def latest_cursor(self) -> int:
        await asyncio.Event().wait()
        raise AssertionError


async def holds(world: World) -> None:
    async with asyncio.timeout(20):
        while world.status.fence is None:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)
