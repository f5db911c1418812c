from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from bot.platform.scim import ScimPlatform
from bot.sandbox.platform.server import MockPlatform
from tests.platform.client.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with (
        MockPlatform() as mock,
        ScimPlatform(mock.url, "bot-dev-token") as client,
        aiohttp.ClientSession() as hands,
    ):
        yield World(mock=mock, client=client, hands=hands)


@pytest.fixture
async def impatient(world: World) -> AsyncIterator[World]:
    """The same with a client that gives up soon: for calls that are never answered, on a machine of any speed."""
    async with ScimPlatform(world.mock.url, "bot-dev-token", answer_within=0.5) as client:
        yield replace(world, client=client)
