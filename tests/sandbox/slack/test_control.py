import asyncio
import time
from typing import Any

from aiohttp import ClientSession
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.server import Workspace

Json = dict[str, Any]
AGENT = "U1AGENT"


async def test_another_process_plays_the_whole_story(
    bolt: AsyncApp, workspace: Workspace, session: ClientSession, form: Json, card: list[Json]
) -> None:
    @bolt.command("/deactivate")
    async def deactivate(ack: AsyncAck, command: Json, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=command["trigger_id"], view=form)

    @bolt.view("form")
    async def submitted(ack: AsyncAck, client: AsyncWebClient) -> None:
        await ack()
        await client.chat_postMessage(channel="C0APPROVALS", text="card", blocks=card)

    @bolt.action("approve")
    async def approve(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack()
        await client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text="done")

    async def act(name: str, **body: Any) -> Json:
        async with session.post(f"{workspace.url}/sandbox/{name}", json=body) as response:
            return {"http": response.status, **await response.json()}

    async def see(**query: str) -> Json:
        async with session.get(f"{workspace.url}/sandbox/state", params=query) as response:
            found: Json = await response.json()
            return found

    async def next_change(kind: str, after: int) -> int:
        while True:
            address = f"{workspace.url}/sandbox/changes?after={after}&wait=2"
            async with session.get(address) as response:
                answer = await response.json()
            assert answer["changes"], f"no {kind}"
            after = answer["seq"]
            if any(change["kind"] == kind for change in answer["changes"]):
                return after

    assert (await act("command", user=AGENT, command="/deactivate", text="@x"))["ok"]
    seq = await next_change("view", 0)
    (view,) = (await see(views=AGENT))["views"]
    assert view["title"]["text"] == "Ask"
    assert "reason" in (await act("submit", user=AGENT, values={}))["errors"]
    values = {"handle": "@x", "reason": "long enough to be one"}
    assert (await act("submit", user=AGENT, view=view["id"], values=values))["ok"]
    seq = await next_change("message", seq)
    (message,) = (await see(channel="C0APPROVALS"))["messages"]
    clicked = await act("click", user="U2MANAGER", channel="C0APPROVALS", ts=message["ts"], action_id="approve")
    assert clicked["ok"]
    await workspace.wait_for_message("C0APPROVALS", lambda now: now.text == "done")
    again = await act("click", user="U2MANAGER", channel="C0APPROVALS", ts=message["ts"], action_id="approve")
    assert again["http"] == 409
    assert (await see())["messages"][0]["versions"][0]["text"] == "card"


async def test_wrong_requests_of_the_control_face_are_explained(workspace: Workspace, session: ClientSession) -> None:
    async def status(path: str, body: Any) -> int:
        async with session.post(f"{workspace.url}/sandbox/{path}", json=body) as response:
            assert "error" in await response.json()
            return response.status

    assert await status("dance", {}) == 404
    assert await status("command", {"user": AGENT}) == 400
    assert await status("command", {"user": "U9", "command": "/x"}) == 409
    assert await status("click", {"user": AGENT, "action_id": "x"}) == 409
    assert await status("fault", {"colour": "red"}) == 400


async def test_faults_are_switched_from_outside(
    workspace: Workspace, session: ClientSession, client: AsyncWebClient
) -> None:
    async with session.post(f"{workspace.url}/sandbox/fault", json={"method": "auth.test", "delay": 0.01}) as response:
        assert (await response.json())["faults"][0]["method"] == "auth.test"
    await client.auth_test()
    assert workspace.faults.as_json()[0]["hits"] == 1


async def test_a_long_poll_ends_at_a_change_at_its_wait_and_at_the_stop(
    workspace: Workspace, session: ClientSession
) -> None:
    address = f"{workspace.url}/sandbox/changes"
    async with session.get(address, params={"after": 0, "wait": 0}) as response:
        assert (await response.json())["changes"] == []

    async def poll() -> Json:
        async with session.get(address, params={"after": workspace.changes.seq, "wait": 20}) as response:
            found: Json = await response.json()
            return found

    waiting = asyncio.create_task(poll())
    await asyncio.sleep(0.05)
    workspace.say(AGENT, "C0SUPPORT", "hello")
    assert (await waiting)["changes"][0]["kind"] == "message"

    waiting = asyncio.create_task(poll())
    await asyncio.sleep(0.05)
    begun = time.perf_counter()
    await workspace.stop()
    assert time.perf_counter() - begun < 0.5
    assert (await waiting)["changes"] == []


async def test_workspaces_live_side_by_side() -> None:
    async with Workspace() as one, Workspace() as other:
        assert one.url != other.url
        async with ClientSession() as session:
            client = AsyncWebClient(one.bot_token, base_url=one.api_url, session=session)
            await client.chat_postMessage(channel="C0SUPPORT", text="only here")
        assert (len(one.messages("C0SUPPORT")), len(other.messages("C0SUPPORT"))) == (1, 0)
