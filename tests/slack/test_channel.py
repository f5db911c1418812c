"""Whether a card could be posted in the approvals channel, against the stand-in for Slack."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import pytest
from aiohttp import ClientSession
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.errors import Misconfigured
from bot.flows.world import World
from bot.sandbox.slack.records import Channel, User
from bot.sandbox.slack.server import APPROVALS, CHANNELS, Workspace
from bot.slack.channel import UNREACHED, channel_name, look, mind_channel
from tests.storage.scene import Hand, world_of

OLD, OTHERS = "C0OLD", "C0OTHERS"


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    more = (Channel(id=OLD, is_archived=True), Channel(id=OTHERS, members=frozenset({"U01ADA"})))
    async with Workspace([User(id="U01ADA", name="ada")], (*CHANNELS, *more)) as running:
        yield running


@pytest.fixture
async def client(workspace: Workspace) -> AsyncIterator[AsyncWebClient]:
    async with ClientSession() as session:
        yield AsyncWebClient(workspace.bot_token, base_url=workspace.api_url, session=session)


def world_with(channel: str) -> World:
    return replace(world_of(cast("Any", None), Hand()), channel=channel)


async def test_a_channel_with_the_bot_in_it_has_a_name(client: AsyncWebClient) -> None:
    assert await channel_name(client, APPROVALS)


@pytest.mark.parametrize(
    ("channel", "said"),
    [("C0NOWHERE", "channel_not_found"), (OLD, "archived"), (OTHERS, "is not in the channel")],
)
async def test_one_that_takes_no_card_is_named_with_the_cure(client: AsyncWebClient, channel: str, said: str) -> None:
    with pytest.raises(Misconfigured, match=f"^APPROVALS_CHANNEL.*{said}"):
        await channel_name(client, channel)


async def test_that_no_card_can_be_posted_is_said_once_and_that_one_can_again_too(
    client: AsyncWebClient, caplog: pytest.LogCaptureFixture
) -> None:
    world = world_with("C0NOWHERE")
    for _ in range(2):
        await look(world, client)
    assert "channel_not_found" in (world.status.shut or "")
    mended = replace(world, channel=APPROVALS)
    for _ in range(2):
        await look(mended, client)
    assert mended.status.shut is None
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]


async def test_while_slack_is_away_what_it_said_last_stands(client: AsyncWebClient, workspace: Workspace) -> None:
    world = world_with("C0NOWHERE")
    await look(world, client)
    said = world.status.shut
    await workspace.stop()
    with pytest.raises(UNREACHED):
        await look(world, client)
    assert said is not None
    assert world.status.shut == said


async def test_nothing_is_asked_before_the_workspace_is_known(client: AsyncWebClient) -> None:
    world, joined = world_with("C0NOWHERE"), asyncio.Event()
    minding = asyncio.create_task(mind_channel(world, client, joined))
    await asyncio.sleep(0.05)
    assert world.status.shut is None
    joined.set()
    async with asyncio.timeout(10):
        while world.status.shut is None:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.005)
    minding.cancel()
    with suppress(asyncio.CancelledError):
        await minding
