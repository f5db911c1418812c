import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.server import Workspace

Json = dict[str, Any]
AGENT = "U1AGENT"


@pytest.fixture
async def connected(app: AsyncApp, workspace: Workspace) -> AsyncIterator[AsyncApp]:
    handler = AsyncSocketModeHandler(app, workspace.app_token, ping_interval=0.2)
    await handler.connect_async()
    await workspace.wait_for(lambda: workspace.sockets == 1)
    yield app
    await handler.close_async()
    await asyncio.gather(handler.client.message_processor, return_exceptions=True)
    receiver = handler.client.message_receiver
    monitor = handler.client.current_session_monitor
    await asyncio.gather(*(task for task in (receiver, monitor) if task is not None), return_exceptions=True)


async def test_commands_and_forms_go_over_a_connected_socket(
    connected: AsyncApp, workspace: Workspace, form: Json
) -> None:
    @connected.command("/deactivate")
    async def deactivate(ack: AsyncAck, command: Json, client: AsyncWebClient) -> None:
        await ack("opening")
        await client.views_open(trigger_id=command["trigger_id"], view=form)

    @connected.view("form")
    async def submitted(ack: AsyncAck) -> None:
        await ack(response_action="errors", errors={"handle": "no such account"})

    outcome = await workspace.command(AGENT, "/deactivate", "@x")
    assert outcome.ok
    assert outcome.sent is not None
    assert outcome.sent.envelope is not None
    assert [message.text for message in workspace.ephemerals(AGENT)] == ["opening"]
    view = await workspace.wait_for_view(AGENT)
    answered = await workspace.submit(AGENT, view, {"handle": "@x", "reason": "long enough to be one"})
    assert answered.errors == {"handle": "no such account"}


async def test_an_envelope_can_come_again_with_the_same_id(connected: AsyncApp, workspace: Workspace) -> None:
    seen: list[Json] = []

    @connected.command("/deactivate")
    async def deactivate(ack: AsyncAck, command: Json) -> None:
        seen.append(command)
        await ack()

    outcome = await workspace.command(AGENT, "/deactivate")
    assert (await workspace.redeliver(outcome)).ok
    assert len(seen) == 2


async def test_an_event_that_is_not_acknowledged_carries_its_attempt(connected: AsyncApp, workspace: Workspace) -> None:
    del connected
    workspace._delivery.ack_within = 0.05
    outcome = await workspace.event({"type": "nobody_listens", "user": AGENT})
    assert (outcome.error, outcome.attempts) == ("operation_timeout", 4)
    assert outcome.sent is not None
    assert outcome.sent.envelope is not None
    assert (outcome.sent.envelope["retry_attempt"], outcome.sent.envelope["retry_reason"]) == (3, "http_timeout")


async def test_a_socket_that_is_asked_to_comes_back(connected: AsyncApp, workspace: Workspace) -> None:
    del connected
    before = workspace.changes.seq
    await workspace.disconnect_sockets()

    def back() -> bool:
        counts = [change.data["connected"] for change in workspace.changes.after(before) if change.kind == "socket"]
        return counts == [0, 1]

    assert await workspace.wait_for(back, timeout=3.0)


async def test_only_the_app_token_opens_a_connection(workspace: Workspace, session: ClientSession) -> None:
    client = AsyncWebClient(base_url=workspace.api_url, session=session)
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await client.apps_connections_open(app_token=workspace.bot_token)
    url = (await client.apps_connections_open(app_token=workspace.app_token))["url"]
    async with session.ws_connect(url) as socket:
        assert (await socket.receive_json())["type"] == "hello"
    async with session.get(url.replace("ws://", "http://")) as again:
        assert again.status == 404
