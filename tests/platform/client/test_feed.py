"""The long poll: events in order, a cursor that outlives faults, and what is done about a lost one."""

import asyncio

import pytest

from bot.core.account import EventType
from bot.core.errors import CursorLost, PlatformAway, PlatformRefused
from bot.platform.scim import ScimPlatform
from tests.platform.client.world import PRESIDENT, World


async def test_an_event_tells_what_happened_to_whom_and_by_whom(world: World) -> None:
    await world.takes_down("staff-dev-token:rex")
    (event,), cursor = await world.client.events(after=0, wait=0)
    assert event.type is EventType.DEACTIVATED
    assert (event.account, event.handle, event.actor, event.operation) == (PRESIDENT, "president", "staff:rex", None)
    assert event.seq == cursor == 1


async def test_nothing_new_answers_nothing_and_the_same_cursor(world: World) -> None:
    assert await world.client.events(after=0, wait=0.1) == ([], 0)


async def test_a_waiting_poll_is_answered_when_something_happens(world: World) -> None:
    poll = asyncio.create_task(world.client.events(after=0, wait=20))
    await asyncio.sleep(0.05)
    assert not poll.done()
    await world.takes_down("staff-dev-token:rex")
    events, _ = await asyncio.wait_for(poll, 1)
    assert [event.account for event in events] == [PRESIDENT]


async def test_a_poll_may_be_held_longer_than_an_ordinary_call(world: World) -> None:
    """Ordinary calls are given up after half a second here."""
    assert await world.client.events(after=0, wait=0.8) == ([], 0)


async def test_the_latest_cursor_leaves_out_what_was(world: World) -> None:
    await world.takes_down("staff-dev-token:rex")
    cursor = await world.client.latest_cursor()
    assert cursor == 1
    assert await world.client.events(after=cursor, wait=0) == ([], 1)


async def test_from_a_cursor_on_only_what_came_after_is_told(world: World) -> None:
    await world.takes_down("staff-dev-token:rex")
    await world.changes(active=True)
    (event,), cursor = await world.client.events(after=1, wait=0)
    assert (event.type, cursor) == (EventType.RESTORED, 2)


@pytest.mark.parametrize("actor", [None, {"id": "unknown", "kind": "unknown"}])
async def test_an_actor_that_the_platform_lost_is_told_as_it_is(world: World, actor: dict[str, str] | None) -> None:
    await world.fault("actor", actor=actor)
    await world.takes_down("staff-dev-token:rex")
    (event,), _ = await world.client.events(after=0, wait=0)
    assert event.actor == (actor and actor["id"])


async def test_what_befalls_staff_names_the_principal(world: World) -> None:
    headers = {"Authorization": "Bearer bot-dev-token"}
    async with world.hands.post(f"{world.mock.url}/staff/v1/rex/suspend", headers=headers) as answer:
        assert answer.ok
    (event,), _ = await world.client.events(after=0, wait=0)
    assert (event.type, event.account, event.handle) == (EventType.SUSPENDED, "staff:rex", "rex")


async def test_an_event_that_comes_twice_is_told_twice(world: World) -> None:
    await world.fault("duplicate")
    await world.takes_down("staff-dev-token:rex")
    events, _ = await world.client.events(after=0, wait=0)
    assert len(events) == 2
    assert events[0] == events[1]


async def test_a_cursor_that_the_feed_forgot_is_lost(world: World) -> None:
    await world.fault("cursor_lost")
    with pytest.raises(CursorLost):
        await world.client.events(after=0, wait=0)
    cursor = await world.client.latest_cursor()
    assert await world.client.events(after=cursor, wait=0) == ([], cursor)


async def test_a_feed_that_is_down_is_the_platform_away(world: World) -> None:
    await world.fault("feed_down")
    with pytest.raises(PlatformAway):
        await world.client.events(after=0, wait=0)


async def test_a_token_without_the_right_is_refused(world: World) -> None:
    async with ScimPlatform(world.mock.url, "staff-dev-token:rex") as staff:
        with pytest.raises(PlatformRefused) as refusal:
            await staff.latest_cursor()
        assert refusal.value.status == 403
        with pytest.raises(PlatformRefused):
            await staff.events(after=0, wait=0)
