from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from bot.sandbox.stage import Stage, stage
from tests.browser.visitor import DESK, PHONE, Visitor, chromium, launched
from tests.commands import Staged

expect.set_options(timeout=20_000)  # milliseconds; of a busy machine

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """All that happens in the browser happens on one loop, for there is one browser: its start takes seconds."""
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def empty_stage() -> AsyncIterator[Stage]:
    """Workspace, platform and page, without the bot."""
    chromium()
    async with stage(of=Staged) as set_up:
        yield set_up


@pytest_asyncio.fixture(loop_scope="session")
async def staged(empty_stage: Stage) -> Stage:
    """Everything that `countersign demo` sets up."""
    await empty_stage.start_bot()
    return empty_stage


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as opened:
        yield opened


@pytest.fixture(params=["light"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser: Browser, empty_stage: Stage, tmp_path: Path, scheme: str) -> AsyncIterator[Visitor]:
    """At a desk. Whatever the test is about: nothing in the console, no request to anywhere else."""
    async with visiting(browser, empty_stage, tmp_path, viewport=DESK, color_scheme=scheme) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def on_a_phone(browser: Browser, empty_stage: Stage, tmp_path: Path, scheme: str) -> AsyncIterator[Visitor]:
    phone = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
    async with visiting(browser, empty_stage, tmp_path, color_scheme=scheme, **phone) as found:
        yield found


@asynccontextmanager
async def visiting(browser: Browser, at: Stage, kept: Path, **more: Any) -> AsyncIterator[Visitor]:
    """In a profile of its own, that asks for reduced motion: a click waits for nothing to come to rest."""
    page = await browser.new_page(reduced_motion="reduce", **more)
    try:
        found = Visitor(page, at.workspace.url, kept)
        yield found
        assert found.complaints == []
    finally:
        await page.close()
