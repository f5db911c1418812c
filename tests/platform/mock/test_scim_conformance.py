import asyncio
from typing import Any

import httpx
from scim2_client import BaseSyncSCIMClient
from scim2_models import Context, ListResponse
from scim2_tester import Status, check_server

from bot.sandbox.platform.schema import AccountUser
from tests.platform.mock.api import BOT, EXTENSION, Api


class ScimOverHttpx(BaseSyncSCIMClient):
    """scim2-client over a real socket; the engine it brings needs another HTTP library."""

    def __init__(self, http: httpx.Client) -> None:
        super().__init__()
        self.http = http

    def _stays_under_base_url(self, endpoint: str) -> bool:
        return str(self.http.build_request("GET", endpoint).url).startswith(str(self.http.base_url))

    def request(self, method: str, url: str, **kwargs: Any) -> httpx.Response:
        return self.http.request(method, url, **kwargs)


def _checked(url: str) -> list[Any]:
    with httpx.Client(base_url=f"{url}/scim/v2", headers={"Authorization": f"Bearer {BOT}"}) as http:
        return check_server(ScimOverHttpx(http))


def _is_wrong(result: Any) -> bool:
    """Whether a check failed, but for one mistake of the tester.

    It replaces the extension as a whole and expects nothing but what it sent to come back. Where it happened to set
    `active` to false before, the read-only `deactivation` comes back too, as it must.
    """
    if result.status in (Status.SUCCESS, Status.SKIPPED):
        return False
    whole_extension = isinstance(result.data, dict) and result.data.get("urn") == EXTENSION
    return not (result.title == "check_replace_attribute" and whole_extension and "purge_at=" in result.reason)


async def test_scim2_tester_finds_nothing_wrong(api: Api) -> None:
    results = await asyncio.to_thread(_checked, api.platform.url)
    wrong = [(one.title, one.reason) for one in results if _is_wrong(one)]
    assert not wrong
    done = {one.title for one in results if one.status is Status.SUCCESS}
    assert {"object_creation", "object_replacement", "object_deletion", "check_replace_attribute"} <= done


async def test_every_user_drawn_by_hand_parses_as_the_model(api: Api) -> None:
    await api.deactivate(key="k1", reason="impersonation")
    listed = await api.users()
    page = ListResponse[AccountUser].model_validate(listed, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    assert page.total_results == 12
    for user in listed["Resources"]:
        parsed = AccountUser.model_validate(user, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
        dumped = parsed.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
        assert dumped["userName"] == user["userName"]
        assert dumped["active"] == user["active"]
