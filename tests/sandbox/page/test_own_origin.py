"""The sandbox asks for no token, so it answers its own page and programs of this machine, and no other site."""

import pytest
from aiohttp import ClientSession

from bot.sandbox.stage import Stage


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_its_own_names_are_served(staged: Stage, session: ClientSession, name: str) -> None:
    address = staged.workspace.url.replace("127.0.0.1", name)
    headers = {"Host": address.removeprefix("http://"), "Origin": address}
    async with session.post(f"{staged.workspace.url}/sandbox/home", json={}, headers=headers) as answer:
        assert answer.status == 400  # heard, and found to lack the user


@pytest.mark.parametrize("path", ["/", "/sandbox/state", "/stream", "/page/app.js"])
async def test_a_foreign_host_is_refused_everywhere(staged: Stage, session: ClientSession, path: str) -> None:
    port = staged.workspace.url.rsplit(":", 1)[1]
    for host in (f"rebound.example:{port}", "127.0.0.1", "127.0.0.1:1"):
        async with session.get(f"{staged.workspace.url}{path}", headers={"Host": host}) as answer:
            assert answer.status == 403, host


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"])
@pytest.mark.parametrize("path", ["/sandbox/click", "/platform/act", "/platform/faults"])
async def test_a_post_from_another_site_is_refused(
    staged: Stage, session: ClientSession, path: str, origin: str
) -> None:
    body = {"account": "acct_25073877", "as": "worker", "active": False}
    async with session.post(f"{staged.workspace.url}{path}", json=body, headers={"Origin": origin}) as answer:
        assert answer.status == 403
    assert (await staged.public("@president"))["state"] == "active"


async def test_the_page_may_load_from_its_own_origin_alone(staged: Stage, session: ClientSession) -> None:
    async with session.get(staged.workspace.url) as answer:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "http" not in (await answer.text()).replace("http-equiv", "")


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
async def test_no_other_site_reaches_the_platform_or_its_control_port(
    staged: Stage, session: ClientSession, headers: dict[str, str]
) -> None:
    control = f"{staged.platform.control_url}/control/v1/faults"
    async with session.post(control, data='{"kind": "drop"}', headers=headers) as answer:
        assert answer.status == 403
    users = f"{staged.platform.url}/scim/v2/Users"
    async with session.get(users, headers={**headers, "Authorization": "Bearer bot-dev-token"}) as answer:
        assert answer.status == 403
