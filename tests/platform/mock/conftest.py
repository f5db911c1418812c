from collections.abc import AsyncIterator

import pytest

from bot.sandbox.platform.server import MockPlatform
from tests.platform.mock.api import Api, api_of


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with api_of(MockPlatform()) as api:
        yield api
