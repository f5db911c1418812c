import asyncio
import time

from tests.platform.mock.api import CREATOR, PRESIDENT, REX, Api


async def test_an_event_tells_who_did_what_to_whom(api: Api) -> None:
    await api.deactivate(token=REX)
    response = await api.events(0)
    event = response.json()["events"][0]
    assert event.pop("id").startswith("evt_")
    assert event == {
        "seq": 1,
        "type": "account.deactivated",
        "account": {"id": PRESIDENT, "handle": "president"},
        "actor": {"id": "staff:rex", "kind": "staff"},
        "at": (await api.truth())["deactivation"]["at"],
        "operation": None,
        "reason": None,
    }
    assert response.json()["next"] == 1


async def test_events_come_in_order_and_from_the_cursor_on(api: Api) -> None:
    await api.deactivate()
    await api.restore()
    await api.patch({"displayName": "x"})
    await api.call("DELETE", f"/scim/v2/Users/{CREATOR}")
    first = (await api.events(0, limit=3)).json()
    assert [event["type"] for event in first["events"]] == [
        "account.deactivated",
        "account.restored",
        "account.updated",
    ]
    rest = (await api.events(first["next"])).json()
    assert [event["type"] for event in rest["events"]] == ["account.deleted"]
    assert (await api.events(rest["next"])).json() == {"events": [], "next": rest["next"]}
    assert (await api.told(0)) == first["events"] + rest["events"]


async def test_latest_answers_at_once_with_the_end(api: Api) -> None:
    await api.deactivate()
    began = time.monotonic()
    assert (await api.events("latest", wait=5)).json() == {"events": [], "next": 1}
    assert time.monotonic() - began < 1


async def test_a_long_poll_answers_as_soon_as_something_happens(api: Api) -> None:
    waiting = [asyncio.create_task(api.told(0, wait=5)) for _ in range(3)]
    await asyncio.sleep(0.1)
    assert not any(one.done() for one in waiting)
    began = time.monotonic()
    await api.deactivate()
    told = await asyncio.gather(*waiting)
    assert time.monotonic() - began < 0.2
    assert [len(events) for events in told] == [1, 1, 1]


async def test_a_long_poll_answers_empty_when_nothing_happens(api: Api) -> None:
    began = time.monotonic()
    assert (await api.events(0, wait=0.2)).json() == {"events": [], "next": 0}
    assert 0.15 < time.monotonic() - began < 1


async def test_a_cursor_from_another_life_is_410(api: Api) -> None:
    assert (await api.events(500)).status_code == 410


async def test_what_is_no_cursor_or_no_number_is_400(api: Api) -> None:
    assert (await api.events("first")).status_code == 400
    assert (await api.events(0, limit="few")).status_code == 400
    assert (await api.events(0, wait="long")).status_code == 400
