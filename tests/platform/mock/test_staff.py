import pytest

from tests.platform.mock.api import LEGAL, OWNER, REX, Api


async def test_a_suspended_member_of_staff_gets_403_from_the_next_call_on(api: Api) -> None:
    assert (await api.get(token=REX)).status_code == 200
    answer = await api.call("POST", "/staff/v1/rex/suspend")
    assert answer.json() == {"name": "rex", "suspended": True}
    assert (await api.get(token=REX)).status_code == 403
    assert (await api.deactivate(token=REX)).status_code == 403
    assert (await api.deactivate(token="staff-dev-token:mona")).status_code == 200
    assert (await api.control("GET", "state")).json()["suspended"] == ["rex"]
    await api.call("POST", "/staff/v1/rex/reinstate")
    assert (await api.restore(token=REX)).status_code == 200
    assert await api.actions() == ["suspend", "deactivate", "reinstate", "restore"]


async def test_the_feed_tells_of_it_once(api: Api) -> None:
    for _ in range(2):
        assert (await api.call("POST", "/staff/v1/rex/suspend", headers={"X-Reason": "war"})).status_code == 200
    [event] = await api.told()
    assert (event["type"], event["staff"], event["account"]) == ("staff.suspended", {"name": "rex"}, None)
    assert (event["actor"]["id"], event["reason"]) == ("svc:countersign", "war")


@pytest.mark.parametrize("token", [REX, LEGAL, OWNER])
async def test_only_a_service_may_do_it(api: Api, token: str) -> None:
    assert (await api.call("POST", "/staff/v1/mona/suspend", token=token)).status_code == 403
    assert (await api.call("POST", "/staff/v1/mona/reinstate", token=token)).status_code == 403
