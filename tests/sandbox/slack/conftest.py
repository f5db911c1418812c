from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession, web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.records import Channel, User
from bot.sandbox.slack.server import APPROVALS, CHANNELS, Workspace

PEOPLE = (
    User(id="U1AGENT", name="ada", real_name="Ada Agent"),
    User(id="U2MANAGER", name="mona", real_name="Mona Manager", tz="Europe/Paris", locale="fr-FR"),
    User(id="U3GUEST", name="gus", is_restricted=True),
    User(id="U4OTHER", name="olga", team_id="T0OTHER", is_stranger=True),
    User(id="U5GONE", name="gene", deleted=True),
)
MORE_CHANNELS = (
    Channel(id="C0SECRET", name="secret", is_private=True, members=frozenset({"U1AGENT"})),
    Channel(id="C0ELSEWHERE", name="elsewhere", members=frozenset({"U1AGENT"})),
    Channel(id="C0OLD", name="old", is_archived=True),
)

Json = dict[str, Any]


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with Workspace(PEOPLE, (*CHANNELS, *MORE_CHANNELS)) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as shared:
        yield shared


@pytest.fixture
def client(workspace: Workspace, session: ClientSession) -> AsyncWebClient:
    return AsyncWebClient(workspace.bot_token, base_url=workspace.api_url, session=session)


@pytest.fixture
def app(client: AsyncWebClient, workspace: Workspace) -> AsyncApp:
    return AsyncApp(client=client, signing_secret=workspace.signing_secret)


@pytest.fixture
async def bolt(app: AsyncApp, workspace: Workspace) -> AsyncIterator[AsyncApp]:
    """A real Bolt app behind `POST /slack/events`, and the workspace told of it."""

    async def events(request: web.Request) -> web.StreamResponse:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    async for url in served(events):
        workspace.events_url = url
        yield app


@pytest.fixture
async def bare(workspace: Workspace) -> AsyncIterator[list[web.Request]]:
    """A bot that answers every request with 500 and keeps them."""
    seen: list[web.Request] = []

    async def events(request: web.Request) -> web.StreamResponse:
        await request.read()
        seen.append(request)
        return web.Response(status=500)

    async for url in served(events):
        workspace.events_url = url
        yield seen


async def served(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    server = web.Application()
    server.router.add_post("/slack/events", handler)
    runner = web.AppRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    await runner.cleanup()


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


@pytest.fixture
def form() -> Json:
    """A modal with one of every common input."""
    choices = [{"text": plain(name), "value": name} for name in ("spam", "legal")]
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("Ask"),
        "submit": plain("Send"),
        "private_metadata": "kept",
        "notify_on_close": True,
        "blocks": [
            field("handle", {"type": "plain_text_input"}),
            field("reason", {"type": "plain_text_input", "multiline": True, "min_length": 10}),
            field("category", {"type": "static_select", "options": choices, "initial_option": choices[0]}),
            field("evidence", {"type": "url_text_input"}, optional=True),
            field("emergency", {"type": "checkboxes", "options": choices[1:]}, optional=True),
        ],
    }


def field(name: str, element: Json, *, optional: bool = False) -> Json:
    labelled = {"type": "input", "block_id": name, "label": plain(name), "element": {**element, "action_id": name}}
    return {**labelled, "optional": True} if optional else labelled


@pytest.fixture
def card() -> list[Json]:
    """A message with two buttons."""
    buttons = [
        {"type": "button", "action_id": name, "value": f"7 {name}", "text": plain(name)} for name in ("approve", "deny")
    ]
    return [
        {"type": "section", "block_id": "request:7", "text": plain("Deactivate @x?")},
        {"type": "actions", "block_id": "buttons", "elements": buttons},
    ]


@pytest.fixture
def approvals() -> str:
    return APPROVALS
