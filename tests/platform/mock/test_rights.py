import pytest

from tests.platform.mock.api import BOT, CREATOR, LEGAL, OWNER, PRESIDENT, REX, SHARED, Api

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
EXTENSION = "urn:ietf:params:scim:schemas:extension:countersign:2.0:Account"


@pytest.mark.parametrize("token", [None, "nonsense", "staff-dev-token:", "bot-dev-token:x"])
async def test_without_a_known_token_everything_is_401(api: Api, token: str | None) -> None:
    assert (await api.get(token=token)).status_code == 401
    assert (await api.deactivate(token=token)).status_code == 401
    assert (await api.events(token=token)).status_code == 401
    assert (await api.call("GET", "/scim/v2/Schemas", token=token)).status_code == 401
    assert (await api.get("nobody", token=token)).status_code == 401


@pytest.mark.parametrize("token", [BOT, REX, LEGAL, OWNER, SHARED])
async def test_any_token_reads(api: Api, token: str) -> None:
    assert (await api.get(CREATOR, token=token)).status_code == 200
    assert (await api.call("GET", "/scim/v2/Users", token=token)).status_code == 200
    assert (await api.call("GET", "/scim/v2/ServiceProviderConfig", token=token)).status_code == 200


@pytest.mark.parametrize(
    ("token", "actor"),
    [
        (BOT, {"id": "svc:countersign", "kind": "service"}),
        (REX, {"id": "staff:rex", "kind": "staff"}),
        (LEGAL, {"id": "system:legal", "kind": "system"}),
        (SHARED, {"id": "unknown", "kind": "unknown"}),
    ],
)
async def test_service_staff_system_and_the_shared_password_change_any_account(
    api: Api, token: str, actor: dict[str, str]
) -> None:
    assert (await api.deactivate(CREATOR, token=token)).status_code == 200
    assert (await api.truth(CREATOR))["deactivation"]["actor"] == actor
    assert (await api.restore(CREATOR, token=token)).status_code == 200


async def test_an_owner_changes_the_own_account_alone(api: Api) -> None:
    assert (await api.deactivate(CREATOR, token=OWNER)).status_code == 403
    assert (await api.call("DELETE", f"/scim/v2/Users/{CREATOR}", token=OWNER)).status_code == 403
    assert (await api.call("PUT", f"/scim/v2/Users/{CREATOR}", token=OWNER, body={})).status_code == 403
    assert (await api.deactivate("nobody", token=OWNER)).status_code == 403
    assert await api.effects() == []
    assert (await api.patch({"displayName": "Me"}, token=OWNER)).status_code == 200
    assert (await api.deactivate(token=OWNER)).status_code == 200


async def test_an_owner_restores_after_the_own_deactivation_alone(api: Api) -> None:
    await api.deactivate(token=OWNER)
    assert (await api.restore(token=OWNER)).status_code == 200
    await api.deactivate(token=REX)
    assert (await api.restore(token=OWNER)).status_code == 403
    assert not (await api.truth())["active"]


@pytest.mark.parametrize("token", [REX, OWNER, SHARED])
async def test_only_service_and_system_create(api: Api, token: str) -> None:
    body = {"schemas": [USER], "userName": "new"}
    assert (await api.call("POST", "/scim/v2/Users", token=token, body=body)).status_code == 403
    assert (await api.call("POST", "/scim/v2/Users", token=LEGAL, body=body)).status_code == 201


@pytest.mark.parametrize("token", [REX, OWNER, SHARED])
async def test_only_service_and_system_change_counts_and_tags(api: Api, token: str) -> None:
    assert (await api.patch({f"{EXTENSION}:tags": []}, token=token)).status_code == 403
    assert (await api.patch({f"{EXTENSION}:followers": 1}, token=token)).status_code == 403
    user = (await api.get()).json()
    assert (await api.call("PUT", f"/scim/v2/Users/{PRESIDENT}", token=token, body=user)).status_code == 200
    assert (await api.patch({f"{EXTENSION}:tags": []}, token=LEGAL)).status_code == 200


@pytest.mark.parametrize("token", [REX, OWNER, SHARED])
async def test_only_service_and_system_read_the_feed_for_it_shows_operation_keys(api: Api, token: str) -> None:
    assert (await api.events(token=token)).status_code == 403
    assert (await api.events(token=LEGAL)).status_code == 200


@pytest.mark.parametrize("token", [BOT, REX, SHARED])
async def test_a_rogue_cannot_relabel_an_approved_deactivation(api: Api, token: str) -> None:
    first = await api.deactivate(key="approved")
    again = await api.deactivate(token=token, key="relabelled")
    assert (again.status_code, again.headers["ETag"]) == (204, first.headers["ETag"])
    assert (await api.truth())["deactivation"]["operation"] == "approved"
    assert await api.actions() == ["deactivate"]


@pytest.mark.parametrize("token", [OWNER, LEGAL])
async def test_the_owner_and_a_system_take_a_deactivation_over(api: Api, token: str) -> None:
    first = await api.deactivate(token=REX)
    again = await api.deactivate(token=token, key="mine")
    assert again.status_code == 200
    assert again.headers["ETag"] != first.headers["ETag"]
    assert again.json()[EXTENSION]["deactivation"]["operation"] == "mine"
    assert [event["type"] for event in await api.told()] == ["account.deactivated"] * 2
    assert (await api.deactivate(token=token)).status_code == 204
