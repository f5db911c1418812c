from tests.platform.mock.api import BOT, CREATOR, OWNER, PRESIDENT, Api


async def test_the_public_needs_no_token_and_finds_by_id_or_handle(api: Api) -> None:
    by_id = await api.public()
    assert by_id.pop("as_of")
    assert by_id == {
        "id": PRESIDENT,
        "handle": "president",
        "display_name": "The President",
        "state": "active",
        "followers": 41_700_000,
        "following": 45,
        "verified": True,
    }
    assert (await api.public("@PRESIDENT"))["id"] == PRESIDENT
    assert (await api.call("GET", "/public/v1/accounts/@nobody", token=None)).status_code == 404
    assert (await api.call("GET", "/public/v1/accounts/nobody", token=None)).status_code == 404


async def test_while_down_the_counts_are_0_and_the_state_tells(api: Api) -> None:
    await api.deactivate()
    seen = await api.public()
    assert (seen["state"], seen["followers"], seen["following"]) == ("deactivated", 0, 0)
    count = await api.call("GET", f"/relationships/v1/accounts/{PRESIDENT}/count")
    assert (count.json()["followers"], count.json()["following"]) == (41_700_000, 45)
    await api.restore()
    assert (await api.public())["followers"] == 41_700_000


async def test_a_recount_is_taken_on(api: Api) -> None:
    path = f"/relationships/v1/accounts/{CREATOR}/recount"
    assert (await api.call("POST", path, token=BOT)).status_code == 202
    assert (await api.call("POST", path, token=None)).status_code == 401
    assert (await api.call("POST", path, token=OWNER)).status_code == 403
    assert (await api.call("GET", "/relationships/v1/accounts/nobody/count")).status_code == 404
