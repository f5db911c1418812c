from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from bot.sandbox.stage import Stage, stage
from tests.browser.visitor import DESK, PHONE, Visitor, chromium, launched
from tests.commands import Staged

expect.set_options(timeout=20_000)  # milliseconds; of a busy machine


@pytest.fixture
async def empty_stage() -> AsyncIterator[Stage]:
    """Workspace, platform and page, without the bot."""
    chromium()
    async with stage(of=Staged) as set_up:
        yield set_up


@pytest.fixture
async def staged(empty_stage: Stage) -> Stage:
    """Everything that `countersign demo` sets up."""
    await empty_stage.start_bot()
    return empty_stage


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with launched() as opened:
        yield opened


@pytest.fixture(params=["light"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def visitor(browser: Browser, empty_stage: Stage, tmp_path: Path, scheme: str) -> AsyncIterator[Visitor]:
    """At a desk. Whatever the test is about: nothing in the console, no request to anywhere else."""
    page = await browser.new_page(viewport=DESK, color_scheme=scheme)
    found = Visitor(page, empty_stage.workspace.url, tmp_path)
    yield found
    assert found.complaints == []


@pytest.fixture
async def on_a_phone(browser: Browser, empty_stage: Stage, tmp_path: Path, scheme: str) -> AsyncIterator[Visitor]:
    page = await browser.new_page(viewport=PHONE, color_scheme=scheme, has_touch=True, is_mobile=True)
    found = Visitor(page, empty_stage.workspace.url, tmp_path)
    yield found
    assert found.complaints == []
