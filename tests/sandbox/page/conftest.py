from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from bot.sandbox.stage import Stage, stage


@pytest.fixture
async def staged() -> AsyncIterator[Stage]:
    """Workspace, platform and page, without the bot."""
    async with stage() as set_up:
        yield set_up


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as opened:
        yield opened
