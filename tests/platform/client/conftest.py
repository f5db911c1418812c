from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.platform.scim import ScimPlatform
from bot.sandbox.platform.server import MockPlatform
from tests.platform.client.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with (
        MockPlatform() as mock,
        ScimPlatform(mock.url, "bot-dev-token", answer_within=0.5) as client,
        aiohttp.ClientSession() as hands,
    ):
        yield World(mock=mock, client=client, hands=hands)
