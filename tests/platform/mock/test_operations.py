from pathlib import Path

import pytest

from bot.sandbox.platform.server import MockPlatform
from tests.platform.mock.api import CREATOR, LEGAL, OWNER, PRESIDENT, REX, Api, api_of


async def test_the_same_key_gets_the_same_answer_and_has_one_effect(api: Api) -> None:
    first = await api.deactivate(key="k")
    await api.restore()
    again = await api.deactivate(key="k")
    assert (again.status_code, again.content, again.headers["ETag"]) == (
        first.status_code,
        first.content,
        first.headers["ETag"],
    )
    assert (await api.truth())["active"]
    assert await api.actions() == ["deactivate", "restore"]


async def test_a_204_is_stored_too(api: Api) -> None:
    assert (await api.restore(key="k")).status_code == 204
    await api.deactivate()
    assert (await api.restore(key="k")).status_code == 204
    assert not (await api.truth())["active"]


async def test_the_same_key_with_another_body_is_422(api: Api) -> None:
    await api.deactivate(key="k")
    assert (await api.restore(key="k")).status_code == 422
    assert not (await api.truth())["active"]


async def test_a_key_belongs_to_one_principal_and_one_account(api: Api) -> None:
    await api.deactivate(key="k")
    assert (await api.restore(key="k", token=REX)).status_code == 200
    assert (await api.deactivate(CREATOR, key="k")).status_code == 200


async def test_refusals_are_not_stored(api: Api) -> None:
    assert (await api.deactivate(key="k", match='W/"99"')).status_code == 412
    assert (await api.deactivate(key="k")).status_code == 200


async def test_the_stored_answer_comes_before_404_and_412_but_after_403(api: Api) -> None:
    await api.deactivate(CREATOR, key="k")
    assert (await api.deactivate(CREATOR, key="k", match='W/"99"')).status_code == 200
    await api.call("DELETE", f"/scim/v2/Users/{CREATOR}")
    assert (await api.deactivate(CREATOR, key="k")).status_code == 200
    await api.deactivate(key="s", token=REX)
    await api.call("POST", "/staff/v1/rex/suspend")
    assert (await api.deactivate(key="s", token=REX)).status_code == 403


async def test_404_comes_before_if_match(api: Api) -> None:
    assert (await api.deactivate("nobody", match='W/"99"')).status_code == 404


async def test_if_match_comes_before_the_effect(api: Api) -> None:
    etag = (await api.get()).headers["ETag"]
    assert (await api.deactivate(token=OWNER, match='W/"7"')).status_code == 412
    await api.deactivate(token=REX, match=etag)
    late = await api.restore(match=etag)
    assert (late.status_code, (await api.truth())["active"]) == (412, False)
    assert (await api.restore(token=OWNER, match=etag)).status_code == 412
    assert (await api.restore(token=OWNER)).status_code == 403


@pytest.mark.parametrize("match", ["*", 'W/"1"', '"1"', '"9", W/"1"'])
async def test_if_match_takes_a_star_and_lists(api: Api, match: str) -> None:
    assert (await api.deactivate(match=match)).status_code == 200


async def test_put_and_delete_heed_if_match(api: Api) -> None:
    headers = {"If-Match": 'W/"2"'}
    path = f"/scim/v2/Users/{PRESIDENT}"
    assert (await api.call("PUT", path, body={"userName": "x"}, headers=headers)).status_code == 412
    assert (await api.call("DELETE", path, headers=headers)).status_code == 412


async def test_the_key_and_the_reason_come_back_in_event_and_effect(api: Api) -> None:
    await api.deactivate(key="op-9", reason="court order", token=LEGAL)
    event = (await api.told())[0]
    assert (event["operation"], event["reason"]) == ("op-9", "court order")
    assert (await api.effects())[0]["operation"] == "op-9"
    assert event["at"] == (await api.truth())["deactivation"]["at"]


async def test_an_account_that_stayed_down_too_long_is_purged(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text(
        '{"accounts": [{"handle": "gone", "id": "acct_1", "active": false, "deactivation":'
        ' {"actor": "staff:rex", "at": "2017-11-02T22:45:00.000Z"}}, {"handle": "here"}]}'
    )
    async with api_of(MockPlatform(seed=seed)) as api:
        assert (await api.get("acct_1")).status_code == 410
        assert (await api.restore("acct_1", match='W/"9"')).status_code == 410
        assert (await api.call("DELETE", "/scim/v2/Users/acct_1")).status_code == 410
        assert (await api.call("GET", "/public/v1/accounts/acct_1", token=None)).status_code == 410
        assert (await api.users())["totalResults"] == 1
        assert (await api.users(filter="active eq false"))["totalResults"] == 0
        assert (await api.users(filter='userName eq "gone"'))["totalResults"] == 0
