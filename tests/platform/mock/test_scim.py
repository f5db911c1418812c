import asyncio
import re
import time
from typing import Any

import pytest

from tests.platform.mock.api import BOT, CREATOR, EXTENSION, LEGAL, PATCH, PRESIDENT, REX, Api

USER = "urn:ietf:params:scim:schemas:core:2.0:User"


async def _inactive(api: Api, count: int, **body: Any) -> list[str]:
    return (await api.control("POST", "accounts", {"count": count, "active": False, **body})).json()["ids"]


async def test_the_president_is_there_from_the_start(api: Api) -> None:
    response = await api.get()
    user = response.json()
    assert (user["userName"], user["active"], user["id"]) == ("president", True, PRESIDENT)
    assert user[EXTENSION]["followers"] == 41_700_000
    assert user[EXTENSION]["verified"]
    assert user[EXTENSION]["tags"] == ["head-of-state"]
    assert user[EXTENSION]["deactivation"] is None
    assert user["meta"]["version"] == response.headers["ETag"]
    assert response.headers["Content-Type"].startswith("application/scim+json")


async def test_a_deactivation_says_who_and_why_and_a_restore_clears_it(api: Api) -> None:
    down = await api.deactivate(token=REX, key="op-1", reason="last day")
    deactivation = down.json()[EXTENSION]["deactivation"]
    assert down.status_code == 200
    assert not down.json()["active"]
    assert deactivation["actor"] == {"id": "staff:rex", "kind": "staff"}
    assert (deactivation["operation"], deactivation["reason"]) == ("op-1", "last day")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", deactivation["at"])
    assert deactivation["purgeAt"] > deactivation["at"]
    up = await api.restore()
    assert up.json()["active"]
    assert up.json()[EXTENSION]["deactivation"] is None


async def test_a_patch_that_changes_nothing_is_204_and_leaves_the_etag(api: Api) -> None:
    before = (await api.get()).headers["ETag"]
    response = await api.restore()
    assert (response.status_code, response.content, response.headers["ETag"]) == (204, b"", before)
    assert await api.effects() == []


async def test_the_etag_does_not_cover_the_counts(api: Api) -> None:
    before = (await api.get()).headers["ETag"]
    response = await api.patch({f"{EXTENSION}:followers": 5_400})
    assert response.json()[EXTENSION]["followers"] == 5_400
    assert response.headers["ETag"] == before
    assert (await api.patch({f"{EXTENSION}:tags": ["press"]})).headers["ETag"] != before


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": False},
        {"op": "replace", "value": {"active": False}},
        {"op": "add", "path": "ACTIVE", "value": False},
        {"op": "replace", "path": f"{USER}:active", "value": False},
    ],
)
async def test_a_patch_may_be_written_in_any_way_scim_knows(api: Api, operation: dict[str, Any]) -> None:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
    response = await api.call("PATCH", f"/scim/v2/Users/{PRESIDENT}", body=body)
    assert not response.json()["active"]


@pytest.mark.parametrize(
    ("operations", "scim_type"),
    [
        ({"active": "false"}, "invalidValue"),
        ({"userName": ""}, "invalidValue"),
        ({"nickName": "x"}, "invalidPath"),
        ({f"{EXTENSION}:deactivation": None}, "mutability"),
        ({f"{EXTENSION}:followers": True}, "invalidValue"),
        ({"active": None}, "mutability"),
        ({}, "invalidSyntax"),
        ({"": 5}, "invalidValue"),
    ],
)
async def test_a_patch_that_makes_no_sense_is_400(api: Api, operations: dict[str, Any], scim_type: str) -> None:
    response = await api.patch(operations)
    assert (response.status_code, response.json()["scimType"]) == (400, scim_type)


async def test_a_body_that_is_not_json_is_400(api: Api) -> None:
    response = await api.http.patch(
        f"{api.platform.url}/scim/v2/Users/{PRESIDENT}", content=b"{", headers={"Authorization": f"Bearer {BOT}"}
    )
    assert (response.status_code, response.json()["scimType"]) == (400, "invalidSyntax")


async def test_handles_are_unique_in_whatever_case(api: Api) -> None:
    assert (await api.patch({"userName": "MARIA_K"})).status_code == 409
    assert (await api.patch({"userName": "President"})).status_code == 200
    assert (await api.patch({"userName": "@potus"})).json()["userName"] == "potus"
    created = await api.call("POST", "/scim/v2/Users", body={"schemas": [USER], "userName": "president"})
    assert created.status_code == 201
    again = await api.call("POST", "/scim/v2/Users", body={"schemas": [USER], "userName": "PRESIDENT"})
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")


async def test_a_created_account_can_be_read_where_its_location_says(api: Api) -> None:
    body = {"schemas": [USER, EXTENSION], "userName": "new", EXTENSION: {"followers": 7, "tags": ["staff"]}}
    created = await api.call("POST", "/scim/v2/Users", body=body, token=LEGAL)
    read = await api.http.get(created.headers["Location"], headers={"Authorization": f"Bearer {BOT}"})
    assert read.json() == created.json()
    assert read.json()["active"]
    assert [event["type"] for event in await api.told()] == ["account.created"]
    nameless = await api.call("POST", "/scim/v2/Users", body={"schemas": [USER]})
    assert nameless.status_code == 400


async def test_put_replaces_what_it_names_and_ignores_what_is_read_only(api: Api) -> None:
    user = (await api.get()).json()
    user |= {"displayName": "Mr President", "active": False}
    response = await api.call("PUT", f"/scim/v2/Users/{PRESIDENT}", body=user, token=REX)
    assert response.status_code == 200
    assert (response.json()["displayName"], response.json()["active"]) == ("Mr President", False)
    assert (await api.actions()) == ["deactivate"]


async def test_delete_is_hard(api: Api) -> None:
    assert (await api.call("DELETE", f"/scim/v2/Users/{CREATOR}", token=REX)).status_code == 204
    assert (await api.get(CREATOR)).status_code == 404
    assert (await api.restore(CREATOR)).status_code == 404
    assert (await api.call("DELETE", f"/scim/v2/Users/{CREATOR}")).status_code == 404
    assert (await api.users())["totalResults"] == 11
    assert [event["type"] for event in await api.told()] == ["account.deleted"]


async def test_the_list_is_by_id_and_in_pages(api: Api) -> None:
    await api.control("POST", "accounts", {"count": 30})
    first, second = await api.users(count=20), await api.users(startIndex=21, count=1000)
    ids = [user["id"] for page in (first, second) for user in page["Resources"]]
    assert ids == sorted(ids)
    assert len(set(ids)) == first["totalResults"] == 42
    assert (first["itemsPerPage"], second["itemsPerPage"], second["startIndex"]) == (20, 22, 21)
    assert (await api.users(count=0))["Resources"] == []


async def test_a_handle_is_found_in_whatever_case(api: Api) -> None:
    found = await api.users(filter='userName eq "PRESIDENT"')
    assert [user["id"] for user in found["Resources"]] == [PRESIDENT]
    assert (await api.users(filter='userName eq "nobody"'))["totalResults"] == 0


async def test_the_inactive_are_listed_by_id(api: Api) -> None:
    for account in ("acct_61702458", PRESIDENT):
        await api.deactivate(account)
    listed = await api.users(filter="active eq false")
    assert [user["id"] for user in listed["Resources"]] == [PRESIDENT, "acct_61702458"]
    await api.restore()
    assert (await api.users(filter="active eq false"))["totalResults"] == 1


async def test_the_incremental_list_has_what_changed_since(api: Api) -> None:
    await _inactive(api, 5)
    listed = await api.users(filter="active eq false")
    since = max(user["meta"]["lastModified"] for user in listed["Resources"])
    incremental = f'active eq false and meta.lastModified gt "{since}"'
    assert (await api.users(filter=incremental))["totalResults"] == 0
    await asyncio.sleep(0.002)
    for account in ("acct_61702458", PRESIDENT, CREATOR):
        await api.deactivate(account)
    await api.restore(CREATOR)
    found = await api.users(filter=incremental)
    assert [user["id"] for user in found["Resources"]] == [PRESIDENT, "acct_61702458"]
    paged = await api.users(filter=incremental, startIndex=2, count=1)
    assert [user["id"] for user in paged["Resources"]] == ["acct_61702458"]


@pytest.mark.parametrize(
    "unknown",
    ["active eq true", 'userName eq "\\x"', 'displayName sw "x"', 'active eq false and meta.lastModified gt "then"'],
)
async def test_a_filter_it_does_not_know_is_400(api: Api, unknown: str) -> None:
    response = await api.call("GET", "/scim/v2/Users", params={"filter": unknown})
    assert (response.status_code, response.json()["scimType"]) == (400, "invalidFilter")
    assert (await api.call("GET", "/scim/v2/Users", params={"count": "many"})).status_code == 400


async def test_attributes_choose_what_is_drawn(api: Api) -> None:
    some = (await api.users(attributes="userName", count=1))["Resources"][0]
    assert set(some) == {"schemas", "id", "userName"}
    part = (await api.users(attributes=f"{EXTENSION}:followers", count=1))["Resources"][0]
    assert list(part[EXTENSION]) == ["followers"]
    whole = (await api.users(attributes=EXTENSION, count=1))["Resources"][0]
    assert "deactivation" in whole[EXTENSION]
    less = (await api.users(excludedAttributes=f"{EXTENSION}:tags,meta", count=1))["Resources"][0]
    assert "meta" not in less
    assert "tags" not in less[EXTENSION]
    assert "followers" in less[EXTENSION]
    bare = (await api.users(excludedAttributes=EXTENSION, count=1))["Resources"][0]
    assert EXTENSION not in bare


async def test_a_page_costs_the_same_wherever_it_starts(api: Api) -> None:
    await api.control("POST", "accounts", {"count": 100_000})

    async def cost(start: int) -> float:
        began = time.perf_counter()
        await api.users(startIndex=start, count=10)
        return time.perf_counter() - began

    early = min([await cost(1) for _ in range(10)])
    late = min([await cost(99_000) for _ in range(10)])
    assert late < 3 * early + 0.001


async def test_unknown_addresses_and_methods_are_scim_errors(api: Api) -> None:
    missing = await api.call("GET", "/scim/v2/Nothing")
    assert (missing.status_code, missing.json()["status"]) == (404, "404")
    wrong = await api.call("POST", "/scim/v2/Schemas", body={})
    assert (wrong.status_code, wrong.json()["schemas"]) == (405, ["urn:ietf:params:scim:api:messages:2.0:Error"])
    assert "GET" in wrong.headers["Allow"]
    assert (await api.call("GET", "/scim/v2/Schemas/none")).status_code == 404
    assert (await api.call("POST", "/scim/v2/.search", body={})).status_code == 501


async def test_a_patch_takes_little_longer_than_a_read(api: Api) -> None:
    reads, patches = [], []
    for step in range(50):
        began = time.perf_counter()
        await api.get()
        read = time.perf_counter()
        await api.patch({"active": bool(step % 2)})
        reads.append(read - began)
        patches.append(time.perf_counter() - read)
    assert sorted(patches)[25] < 4 * sorted(reads)[25] + 0.002


@pytest.mark.parametrize(
    "body",
    [
        {"schemas": 5, "Operations": []},
        [],
        {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active"}]},
        {"schemas": [PATCH], "Operations": [{"op": "remove"}]},
        {"schemas": [PATCH], "Operations": [{"op": "increment", "path": "active", "value": 1}]},
    ],
)
async def test_a_patch_of_another_shape_is_400(api: Api, body: Any) -> None:
    response = await api.call("PATCH", f"/scim/v2/Users/{PRESIDENT}", body=body)
    assert response.status_code == 400
    assert await api.effects() == []


async def test_half_a_character_breaks_nothing(api: Api) -> None:
    content = (
        b'{"schemas":["%s"],"Operations":[{"op":"replace","path":"displayName","value":"\\ud83d"}]}' % PATCH.encode()
    )
    headers = {b"Authorization": b"Bearer " + BOT.encode(), b"X-Reason": b"caf\xe9"}
    url = f"{api.platform.url}/scim/v2/Users/{PRESIDENT}"
    assert (await api.http.patch(url, content=content, headers=headers)).status_code == 200
    assert (await api.get()).json()["displayName"] == "\ud83d"
    assert (await api.told())[0]["reason"] == "caf\udce9"


async def test_attributes_can_be_taken_away_where_they_may_be_missing(api: Api) -> None:
    operations = [{"op": "remove", "path": path} for path in ("displayName", "externalId", f"{EXTENSION}:tags")]
    body = {"schemas": [PATCH], "Operations": operations}
    user = (await api.call("PATCH", f"/scim/v2/Users/{PRESIDENT}", body=body)).json()
    assert (user["displayName"], user["externalId"], user[EXTENSION]["tags"]) == (None, None, [])
