"""Pages over HTTP: the form of the event, and whether it got through."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.pager import NoPager, WebhookPager


@dataclass
class Hook:
    """A receiver of pages."""

    url: str = ""
    status: int = 202
    headers: dict[str, str] = field(default_factory=dict)
    pages: list[Any] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.pages.append(json.loads(await request.read()))
        return web.Response(status=self.status, headers=self.headers)


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook, app = Hook(), web.Application()
    app.router.add_post("/{path:.*}", hook.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook-secret"
    yield hook
    await runner.cleanup()


async def test_a_page_has_the_form_of_the_events_api(hook: Hook) -> None:
    at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert await WebhookPager(hook.url).page(key="inc_1:unexplained", summary="Down", facts={"account": "a", "at": at})
    assert hook.pages == [
        {
            "event_action": "trigger",
            "dedup_key": "inc_1:unexplained",
            "payload": {
                "summary": "Down",
                "source": "countersign",
                "severity": "critical",
                "custom_details": {"account": "a", "at": "2026-11-21T12:00:00.000Z"},
            },
        }
    ]


async def test_a_summary_too_long_for_the_receiver_is_cut(hook: Hook) -> None:
    assert await WebhookPager(hook.url).page(key="k", summary="x" * 5000, facts={})
    assert len(hook.pages[0]["payload"]["summary"]) == 1024


async def test_facts_of_any_kind_get_through(hook: Hook) -> None:
    assert await WebhookPager(hook.url).page(key="k", summary="s", facts={"odd": {1}, "none": None})
    assert hook.pages[0]["payload"]["custom_details"] == {"odd": "{1}", "none": None}


async def test_a_session_handed_in_is_used_and_left_open(hook: Hook) -> None:
    async with aiohttp.ClientSession() as session:
        assert await WebhookPager(hook.url, session=session).page(key="k", summary="s", facts={})
        assert not session.closed


@pytest.mark.parametrize("status", [400, 404, 429, 500, 307])
async def test_a_page_that_was_not_taken_did_not_get_through(hook: Hook, status: int) -> None:
    hook.status, hook.headers = status, {"Location": "/elsewhere"}
    assert not await WebhookPager(hook.url).page(key="k", summary="s", facts={})
    assert len(hook.pages) == 1


async def test_a_receiver_that_is_not_there_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    assert not await WebhookPager("http://127.0.0.1:9/hook-secret").page(key="k", summary="s", facts={})
    assert "did not get through" in caplog.text
    assert "secret" not in caplog.text


async def test_what_is_over_is_resolved_under_the_key_it_was_paged_with(hook: Hook) -> None:
    pager = WebhookPager(hook.url)
    assert pager.there
    assert await pager.resolve(key="inc_1:unexplained")
    assert hook.pages == [{"event_action": "resolve", "dedup_key": "inc_1:unexplained"}]
    hook.status = 500
    assert not await pager.resolve(key="inc_1:unexplained")


async def test_without_a_pager_nobody_is_woken() -> None:
    assert not NoPager().there
    assert not await NoPager().page(key="k", summary="s", facts={})
    assert not await NoPager().resolve(key="k")


def test_the_address_of_a_hook_is_a_secret() -> None:
    assert "secret" not in repr(WebhookPager("https://pager.example.com/hook-secret"))
