import asyncio
import time
from typing import Any

import httpx
import pytest

from tests.platform.mock.api import CREATOR, EXTENSION, OWNER, PRESIDENT, REX, SHARED, Api

STAFF_REX = {"id": "staff:rex", "kind": "staff"}


async def _until(api: Api, actions: int, within: float = 2.0) -> list[dict[str, Any]]:
    """Return the effects as soon as there are that many."""
    end = time.monotonic() + within
    while len(effects := await api.effects()) < actions:
        assert time.monotonic() < end, effects
        await asyncio.sleep(0.005)
    return effects


async def _gives_up(api: Api, seconds: float, **how: Any) -> None:
    """Call as one who does not wait for the answer."""
    with pytest.raises(httpx.ReadTimeout):
        await api.http.patch(
            f"{api.platform.url}/scim/v2/Users/{PRESIDENT}",
            json={
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{"op": "replace", "path": "active", "value": False}],
            },
            headers={"Authorization": "Bearer bot-dev-token", **how},
            timeout=seconds,
        )


async def test_status_answers_before_doing_anything(api: Api) -> None:
    await api.fault("status", code=429, retry_after=3, times=1)
    refused = await api.deactivate(token=None)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3")
    assert await api.effects() == []
    assert (await api.deactivate()).status_code == 200
    assert await api.hits() == [1]


@pytest.mark.parametrize(
    ("place", "method", "path", "token"),
    [
        ("get", "GET", f"/scim/v2/Users/{PRESIDENT}", "bot-dev-token"),
        ("list", "GET", "/scim/v2/Users", "bot-dev-token"),
        ("feed", "GET", "/audit/v1/events", "bot-dev-token"),
        ("public", "GET", f"/public/v1/accounts/{PRESIDENT}", None),
        ("staff", "POST", "/staff/v1/rex/suspend", "bot-dev-token"),
        ("any", "DELETE", f"/scim/v2/Users/{PRESIDENT}", "bot-dev-token"),
        ("any", "GET", f"/relationships/v1/accounts/{PRESIDENT}/count", "bot-dev-token"),
    ],
)
async def test_a_rule_takes_the_calls_of_its_place_alone(
    api: Api, place: str, method: str, path: str, token: str | None
) -> None:
    await api.fault("status", code=500, on=place)
    assert (await api.call(method, path, token=token)).status_code == 500
    if place != "any":
        assert (await api.deactivate()).status_code == 200


async def test_a_rule_takes_the_calls_of_its_account_alone(api: Api) -> None:
    await api.fault("status", code=500, account=PRESIDENT, on="any")
    assert (await api.deactivate(CREATOR)).status_code == 200
    assert (await api.deactivate()).status_code == 500
    assert (await api.call("GET", "/public/v1/accounts/@president", token=None)).status_code == 500
    assert (await api.call("GET", "/scim/v2/Users")).status_code == 200


async def test_a_rule_may_take_one_actors_calls_and_a_share_of_them(api: Api) -> None:
    await api.fault("status", code=503, by="svc:countersign", share=0.5)
    assert (await api.deactivate(token=REX)).status_code == 200
    codes = [(await api.patch({"displayName": str(step)})).status_code for step in range(6)]
    assert sorted(codes) == [200] * 3 + [503] * 3


async def test_the_first_match_wins_and_rules_are_listed_and_cleared(api: Api) -> None:
    first = await api.fault("status", code=500, times=1)
    second = await api.fault("status", code=501)
    codes = [(await api.deactivate()).status_code for _ in range(3)]
    assert codes == [500, 501, 501]
    listed = (await api.control("GET", "faults")).json()
    assert [(rule["id"], rule["hits"], rule["on"]) for rule in listed] == [(first, 1, "patch"), (second, 2, "patch")]
    assert (await api.control("DELETE", "faults")).status_code == 204
    assert (await api.control("GET", "faults")).json() == []
    assert (await api.deactivate()).status_code == 200


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"kind": "no_such"}, "kind"),
        ({"kind": "status"}, "a rule of kind status needs code"),
        ({"kind": "late", "seconds": -1}, "seconds"),
        ({"kind": "drop", "tmies": 1}, "tmies"),
        ({"kind": "bulk", "actor": None, "count": 1, "per_second": 1}, "needs an actor"),
        ({"kind": "drop", "times": 0}, "times"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused_with_a_sentence(
    api: Api, rule: dict[str, Any], problem: str
) -> None:
    response = await api.control("POST", "faults", rule)
    assert response.status_code == 400
    assert problem in response.json()["detail"]


async def test_status_after_does_it_and_loses_the_answer(api: Api) -> None:
    await api.fault("status_after", code=502, times=1)
    assert (await api.deactivate(key="k")).status_code == 502
    assert not (await api.truth())["active"]
    assert (await api.deactivate(key="k")).status_code == 200
    assert await api.actions() == ["deactivate"]


async def test_timeout_hangs_and_never_does_it(api: Api) -> None:
    await api.fault("timeout", seconds=0.2)
    began = time.monotonic()
    assert (await api.deactivate()).status_code == 504
    assert time.monotonic() - began > 0.15
    assert await api.effects() == []


async def test_timeout_after_does_it_at_once_and_hangs(api: Api) -> None:
    await api.fault("timeout_after", seconds=0.3, times=1)
    call = asyncio.create_task(api.deactivate(key="k"))
    await _until(api, 1, within=0.25)
    assert not call.done()
    assert (await api.deactivate(key="k")).status_code == 200
    assert (await call).status_code == 504
    assert await api.actions() == ["deactivate"]


async def test_late_processes_the_call_though_the_caller_has_gone(api: Api) -> None:
    await api.fault("late", seconds=0.3, times=1)
    await _gives_up(api, 0.05)
    assert (await api.truth())["active"]
    await _until(api, 1)
    assert not (await api.truth())["active"]


async def test_late_checks_if_match_when_it_is_processed(api: Api) -> None:
    etag = (await api.get()).headers["ETag"]
    await api.fault("late", seconds=1.0, times=1)
    call = asyncio.create_task(api.deactivate(match=etag))
    await asyncio.sleep(0.05)
    await api.patch({"displayName": "moved"})
    assert (await call).status_code == 412
    assert (await api.truth())["active"]


async def test_late_honours_a_stored_answer_and_a_suspension(api: Api) -> None:
    await api.fault("late", seconds=0.1, times=2)
    first, second = api.deactivate(key="k"), api.deactivate(token=REX)
    calls = asyncio.gather(first, second)
    await asyncio.sleep(0.03)
    await api.deactivate(key="k")
    await api.restore()
    await api.call("POST", "/staff/v1/rex/suspend")
    assert [answer.status_code for answer in await calls] == [200, 403]
    assert await api.actions() == ["deactivate", "restore", "suspend"]


async def test_no_op_lies(api: Api) -> None:
    await api.fault("no_op", times=1)
    lie = await api.deactivate(key="k")
    assert (lie.status_code, lie.json()["active"]) == (200, False)
    assert (await api.truth())["active"]
    assert (await api.get()).json()["active"]
    assert (await api.deactivate(key="k")).status_code == 200
    assert not (await api.truth())["active"]


async def test_no_op_does_nothing_wherever_it_is_asked_for(api: Api) -> None:
    await api.fault("no_op", on="any")
    path = f"/scim/v2/Users/{PRESIDENT}"
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "other", "active": False}
    assert (await api.call("DELETE", path)).status_code == 204
    assert (await api.call("PUT", path, body=body)).status_code == 200
    assert (await api.call("POST", "/scim/v2/Users", body=body)).status_code == 201
    assert (await api.call("POST", "/staff/v1/rex/suspend")).status_code == 200
    assert (await api.call("POST", f"/relationships/v1/accounts/{PRESIDENT}/recount")).status_code == 202
    state = (await api.control("GET", "state")).json()
    assert (state["effects"], state["suspended"], len(state["accounts"])) == ([], [], 12)


async def test_silent_does_it_without_an_event(api: Api) -> None:
    await api.fault("silent", times=1)
    await api.deactivate(token=REX)
    await api.restore()
    assert await api.actions() == ["deactivate", "restore"]
    assert [event["type"] for event in await api.told()] == ["account.restored"]


async def test_drop_loses_events_and_leaves_no_gap(api: Api) -> None:
    await api.fault("drop", times=1)
    await api.deactivate()
    await api.restore()
    assert [(event["seq"], event["type"]) for event in await api.told()] == [(1, "account.restored")]


async def test_duplicate_tells_the_same_event_twice(api: Api) -> None:
    await api.fault("duplicate", times=1)
    await api.deactivate()
    await api.restore()
    told = await api.told()
    assert [event["type"] for event in told] == ["account.deactivated"] * 2 + ["account.restored"]
    assert told[0] == told[1]
    assert len(await api.told(0, limit=1)) == 2


async def test_reorder_lets_the_next_event_overtake(api: Api) -> None:
    await api.fault("reorder")
    await api.deactivate()
    assert await api.told() == []
    await api.restore()
    told = await api.told()
    assert [event["type"] for event in told] == ["account.restored", "account.deactivated"]
    assert [event["seq"] for event in told] == [1, 2]
    assert told[0]["at"] >= told[1]["at"]


async def test_reorder_does_not_keep_the_last_event_for_ever(api: Api) -> None:
    await api.fault("reorder")
    await api.deactivate()
    assert len(await api.told(0, wait=5)) == 1


async def test_delay_tells_later(api: Api) -> None:
    await api.fault("delay", seconds=0.2, times=1)
    await api.deactivate()
    await api.restore()
    assert [event["type"] for event in await api.told()] == ["account.restored"]
    [event] = await api.told(1, wait=5)
    assert event["type"] == "account.deactivated"


async def test_actor_changes_what_the_event_says_and_not_the_deactivation(api: Api) -> None:
    await api.fault("actor", actor={"id": "system:legal", "kind": "system"}, times=1)
    await api.deactivate(token=REX)
    await api.fault("actor", actor=None)
    await api.restore()
    assert [event["actor"] for event in await api.told()] == [{"id": "system:legal", "kind": "system"}, None]
    assert [effect["actor"]["id"] for effect in await api.effects()] == ["staff:rex", "svc:countersign"]


async def test_the_deactivation_stays_true_under_actor(api: Api) -> None:
    await api.fault("actor", actor=None)
    await api.deactivate(token=SHARED)
    assert (await api.get()).json()[EXTENSION]["deactivation"]["actor"]["id"] == "unknown"


async def test_clock_sets_the_times_of_events_off(api: Api) -> None:
    await api.fault("clock", offset=-3600)
    await api.deactivate()
    at = (await api.truth())["deactivation"]["at"]
    event = (await api.told())[0]
    assert event["at"] < at
    assert event["at"][14:] == at[14:]


async def test_feed_down_is_503_for_those_who_wait_too(api: Api) -> None:
    waiting = asyncio.create_task(api.events(0, wait=10))
    await asyncio.sleep(0.05)
    await api.fault("feed_down")
    assert (await waiting).json() == {"events": [], "next": 0}
    assert (await api.events(0)).status_code == 503
    assert (await api.events("latest")).status_code == 503
    assert (await api.deactivate()).status_code == 200
    await api.control("DELETE", "faults")
    assert len(await api.told(0)) == 1


async def test_cursor_lost_is_410_until_one_starts_again_from_latest(api: Api) -> None:
    await api.deactivate()
    await api.fault("cursor_lost")
    assert (await api.events(0)).status_code == 410
    assert (await api.events(1)).status_code == 410
    fresh = (await api.events("latest")).json()["next"]
    await api.restore()
    assert [event["type"] for event in await api.told(fresh)] == ["account.restored"]


async def test_partial_list_looks_whole(api: Api) -> None:
    await api.fault("partial_list", keep=0.5, times=1)
    cut = await api.users()
    assert (len(cut["Resources"]), cut["totalResults"], cut["itemsPerPage"]) == (6, 6, 6)
    assert (await api.users())["totalResults"] == 12


async def test_impossible_list_has_every_account_down_by_nobody(api: Api) -> None:
    await api.deactivate(CREATOR)
    await api.fault("impossible_list")
    for query in ({}, {"filter": "active eq false"}):
        users = (await api.users(**query))["Resources"]
        assert len(users) == 12
        assert not any(user["active"] for user in users)
        assert all(user[EXTENSION]["deactivation"] is None for user in users)
    assert (await api.users(filter='userName eq "president"'))["totalResults"] == 1
    assert (await api.get()).json()["active"]
    assert (await api.public())["state"] == "active"
    await api.control("DELETE", "faults")
    await api.fault("impossible_list", on="any")
    assert not (await api.get()).json()["active"]


async def test_reattack_deactivates_again_after_each_restore(api: Api) -> None:
    await api.fault("reattack", actor="staff:rex", every=0.05, times=2)
    await api.deactivate(token=REX)
    for expected in (3, 5):
        await api.restore()
        await _until(api, expected)
        assert (await api.truth())["deactivation"]["actor"] == STAFF_REX
    await api.restore()
    await asyncio.sleep(0.1)
    assert (await api.truth())["active"]
    assert await api.hits() == [2]


async def test_a_suspension_or_clearing_the_rules_ends_a_reattack(api: Api) -> None:
    await api.fault("reattack", actor=STAFF_REX, every=0.05, account=PRESIDENT)
    await api.deactivate()
    await api.call("POST", "/staff/v1/rex/suspend")
    await api.restore()
    await asyncio.sleep(0.1)
    assert (await api.truth())["active"]
    await api.call("POST", "/staff/v1/rex/reinstate")
    await api.deactivate()
    await api.restore()
    await api.control("DELETE", "faults")
    await asyncio.sleep(0.1)
    assert (await api.truth())["active"]


async def test_bulk_deactivates_many_at_its_pace(api: Api) -> None:
    await api.control("POST", "accounts", {"count": 200})
    began = time.monotonic()
    await api.fault("bulk", actor="staff:rex", count=100, per_second=500)
    effects = await _until(api, 100)
    assert 0.1 < time.monotonic() - began < 1
    assert {effect["actor"]["id"] for effect in effects} == {"staff:rex"}
    assert len({effect["account"] for effect in effects}) == 100
    await asyncio.sleep(0.05)
    assert len(await api.effects()) == 100
    assert await api.hits() == [100]
    assert len(await api.told()) == 100


async def test_a_suspension_ends_a_bulk(api: Api) -> None:
    await api.control("POST", "accounts", {"count": 1000})
    await api.fault("bulk", actor="staff:rex", count=1000, per_second=500)
    await _until(api, 10)
    await api.call("POST", "/staff/v1/rex/suspend")
    done = len(await api.effects())
    await asyncio.sleep(0.1)
    assert len(await api.effects()) == done < 900


async def test_a_bulk_ends_when_all_are_down(api: Api) -> None:
    await api.fault("bulk", actor="staff:rex", count=100, per_second=10_000)
    await _until(api, 12)
    await asyncio.sleep(0.05)
    assert await api.hits() == [12]


async def test_purged_refuses_the_restore_alone(api: Api) -> None:
    await api.fault("purged", account=PRESIDENT)
    assert (await api.deactivate()).status_code == 200
    assert (await api.restore()).status_code == 410
    assert (await api.restore(token=OWNER)).status_code == 410
    user = (await api.get()).json() | {"active": True}
    assert (await api.call("PUT", f"/scim/v2/Users/{PRESIDENT}", body=user)).status_code == 410
    assert not (await api.truth())["active"]
    assert await api.actions() == ["deactivate"]
