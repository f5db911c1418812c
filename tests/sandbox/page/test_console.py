"""The page's way to the platform: by roles, with no token in the browser; and what it is told of it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession

from bot.sandbox.page.mount import STATIC
from bot.sandbox.stage import PRESIDENT, Stage

Json = dict[str, Any]


async def act(staged: Stage, session: ClientSession, body: Json) -> int:
    async with session.post(f"{staged.workspace.url}/platform/act", json=body) as answer:
        return answer.status


async def told(answer: ClientResponse) -> AsyncIterator[tuple[str, Any]]:
    """The events of a stream, as they come."""
    while True:
        event = (await answer.content.readline()).decode().strip().removeprefix("event: ")
        data = (await answer.content.readline()).decode().strip().removeprefix("data: ")
        await answer.content.readline()
        yield event, json.loads(data)


@pytest.mark.parametrize(
    ("role", "actor"),
    [("worker", "staff:rex"), ("owner", f"owner:{PRESIDENT}"), ("legal", "system:legal")],
)
async def test_each_role_acts_under_its_own_name(staged: Stage, session: ClientSession, role: str, actor: str) -> None:
    assert await act(staged, session, {"account": PRESIDENT, "as": role, "active": False}) == 200
    async with session.get(f"{staged.platform.control_url}/control/v1/state") as answer:
        (effect,) = (await answer.json())["effects"]
    assert (effect["action"], effect["actor"]["id"]) == ("deactivate", actor)


@pytest.mark.parametrize("body", [{}, {"account": PRESIDENT, "as": "bot", "active": False}, []])
async def test_no_other_role_is_there(staged: Stage, session: ClientSession, body: Any) -> None:
    assert await act(staged, session, body) == 400
    assert (await staged.public("@president"))["state"] == "active"


async def test_what_the_platform_refuses_is_passed_on(staged: Stage, session: ClientSession) -> None:
    assert await act(staged, session, {"account": "acct_none", "as": "worker", "active": False}) == 404


async def test_the_stream_begins_with_the_workspace_and_follows_both(staged: Stage, session: ClientSession) -> None:
    async with session.get(f"{staged.workspace.url}/stream") as answer:
        events = told(answer)
        seen = dict([await anext(events), await anext(events)])
        assert {"workspace", "platform"} == set(seen)
        assert seen["platform"]["accounts"][0]["followers"] == 41_700_000
        staged.workspace.say("U01ADA", "C0SUPPORT", "hello")
        event, changes = await anext(events)
        assert (event, changes[0]["kind"], changes[0]["data"]["text"]) == ("changes", "message", "hello")
        await act(staged, session, {"account": PRESIDENT, "as": "worker", "active": False})
        event, platform = await anext(events)
        assert (event, platform["accounts"][0]["state"]) == ("platform", "deactivated")
        assert platform["events"][0]["actor"]["id"] == platform["effects"][0]["actor"]["id"] == "staff:rex"
        await events.aclose()


async def test_faults_and_counters_pass_to_the_control_port(staged: Stage, session: ClientSession) -> None:
    async with session.post(f"{staged.workspace.url}/platform/faults", json={"kind": "drop"}) as answer:
        assert answer.status == 201
    async with session.post(f"{staged.workspace.url}/platform/faults", json={"kind": "no such"}) as answer:
        assert answer.status == 400
    curve = {"account": PRESIDENT, "curve": "cold_cache"}
    async with session.post(f"{staged.workspace.url}/platform/counters", json=curve) as answer:
        assert answer.status == 200
    async with session.delete(f"{staged.workspace.url}/platform/faults") as answer:
        assert answer.status == 200
    async with session.get(f"{staged.platform.control_url}/control/v1/faults") as answer:
        assert await answer.json() == []


async def test_no_token_is_in_what_the_browser_gets() -> None:
    for file in STATIC.iterdir():
        assert "dev-token" not in file.read_text(encoding="utf-8"), file.name
        assert "innerHTML" not in file.read_text(encoding="utf-8"), file.name


async def test_the_chosen_language_is_told_where_the_bot_asks_for_it(staged: Stage, session: ClientSession) -> None:
    body = {"user": "U01ADA", "locale": "fr-FR"}
    async with session.post(f"{staged.workspace.url}/sandbox/locale", json=body) as answer:
        assert answer.status == 200
    headers = {"Authorization": f"Bearer {staged.workspace.bot_token}"}
    asked = {"user": "U01ADA", "include_locale": "true"}
    async with session.get(f"{staged.workspace.url}/api/users.info", params=asked, headers=headers) as answer:
        user = (await answer.json())["user"]
    assert user["locale"] == "fr-FR"
    assert {"id", "team_id", "deleted", "is_bot", "is_restricted", "is_ultra_restricted", "tz"} <= set(user)


async def test_json_that_is_nested_too_deep_is_refused(staged: Stage, session: ClientSession) -> None:
    for path in ("act", "counters", "faults"):
        async with session.post(f"{staged.workspace.url}/platform/{path}", data="[" * 100_000) as answer:
            assert answer.status == 400, path


async def test_what_a_reader_of_the_feed_has_heard_is_told(staged: Stage, session: ClientSession) -> None:
    assert await act(staged, session, {"account": PRESIDENT, "as": "owner", "active": False}) == 200
    headers = {"Authorization": "Bearer bot-dev-token"}
    for after, heard in ((0, 0), (1, 1)):
        url = f"{staged.platform.url}/audit/v1/events?after={after}"
        async with session.get(url, headers=headers) as answer:
            assert answer.status == 200
        async with session.get(f"{staged.platform.control_url}/control/v1/heard") as answer:
            assert (await answer.json())["svc:countersign"] == heard


async def test_no_digest_without_a_bot(staged: Stage, session: ClientSession) -> None:
    async with session.post(f"{staged.workspace.url}/bot/digest") as answer:
        assert answer.status == 502
        assert "not running" in (await answer.json())["detail"]
