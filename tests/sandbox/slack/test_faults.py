import asyncio
import time
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.server import Workspace

POST: dict[str, Any] = {"channel": "C0APPROVALS", "text": "hello"}


@pytest.fixture
def once(client: AsyncWebClient) -> AsyncWebClient:
    client.retry_handlers = []
    return client


async def test_an_error_before_leaves_nothing_behind(once: AsyncWebClient, workspace: Workspace) -> None:
    workspace.faults.add("chat.postMessage", error="fatal_error")
    with pytest.raises(SlackApiError, match="fatal_error"):
        await once.chat_postMessage(**POST)
    assert workspace.messages("C0APPROVALS") == []
    assert (await once.chat_postMessage(**POST))["ok"]


async def test_a_lost_answer_leaves_the_message_there(once: AsyncWebClient, workspace: Workspace) -> None:
    workspace.faults.add("chat.postMessage", drop=True, after=True)
    with pytest.raises(aiohttp.ClientError):
        await once.chat_postMessage(**POST)
    assert len(workspace.messages("C0APPROVALS")) == 1


async def test_posting_again_after_a_lost_answer_posts_twice(client: AsyncWebClient, workspace: Workspace) -> None:
    client.retry_handlers = [AsyncConnectionErrorRetryHandler()]
    workspace.faults.add("chat.postMessage", drop=True, after=True)
    assert (await client.chat_postMessage(**POST))["ok"]
    assert len(workspace.messages("C0APPROVALS")) == 2


async def test_slacks_own_retry_handlers_see_429_and_5xx(client: AsyncWebClient, workspace: Workspace) -> None:
    client.retry_handlers = [AsyncRateLimitErrorRetryHandler(), AsyncServerErrorRetryHandler()]
    limited = workspace.faults.add("chat.postMessage", status=429, retry_after=0)
    assert (await client.chat_postMessage(**POST))["ok"]
    broken = workspace.faults.add("chat.postMessage", status=503)
    assert (await client.chat_postMessage(**POST))["ok"]
    assert (limited.hits, broken.hits) == (1, 1)


async def test_a_hanging_call_is_silent_until_the_workspace_stops(once: AsyncWebClient, workspace: Workspace) -> None:
    workspace.faults.add("chat.postMessage", hang=True)
    call = asyncio.create_task(once.chat_postMessage(**POST))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(call), 0.1)
    begun = time.perf_counter()
    await workspace.stop()
    assert time.perf_counter() - begun < 0.5
    with pytest.raises(aiohttp.ClientError):
        await call


async def test_a_slow_call_is_answered_in_the_end(once: AsyncWebClient, workspace: Workspace) -> None:
    workspace.faults.add("chat.postMessage", delay=0.1)
    begun = time.perf_counter()
    assert (await once.chat_postMessage(**POST))["ok"]
    assert time.perf_counter() - begun >= 0.1


async def test_faults_are_narrowed_counted_and_cleared(once: AsyncWebClient, workspace: Workspace) -> None:
    fault = workspace.faults.add(error="internal_error", times=None, match={"channel": "C0SUPPORT"})
    assert (await once.chat_postMessage(**POST))["ok"]
    for _ in range(3):
        with pytest.raises(SlackApiError, match="internal_error"):
            await once.chat_postMessage(channel="C0SUPPORT", text="x")
    assert fault.hits == 3
    workspace.faults.clear()
    assert (await once.chat_postMessage(channel="C0SUPPORT", text="x"))["ok"]
