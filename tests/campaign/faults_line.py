"""The line between the bot and the others: each call is seen, and may be held, on its way there and back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, unquote_plus

import aiohttp
from aiohttp import web

PLACES = {"Users": "get", "accounts": "public", "staff": "staff", "events": "feed"}
NOT_PASSED = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "content-encoding", "date", "server"}
)
PATIENT = aiohttp.ClientTimeout(total=60)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the bot: to the platform (a place of its faults), to Slack (a method), or to the pager."""

    to: str
    place: str
    account: str | None
    said: str
    """Query and body, readable."""


Hook = Callable[[Call, bool], Awaitable[None]]


async def nobody(_: Call, __: bool) -> None:  # noqa: FBT001 - a hook's second word is whether the call came back
    """Sees a call and lets it go."""


@dataclass
class Line:
    """Three ways on one port. `at` is called before a call goes on, and again, with True, before its answer does."""

    platform: str
    slack: str
    session: aiohttp.ClientSession
    at: Hook = nobody
    pages: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    @property
    def platform_url(self) -> str:
        return f"{self.url}/platform"

    @property
    def slack_url(self) -> str:
        return f"{self.url}/slack/"

    @property
    def pager_url(self) -> str:
        return f"{self.url}/pager"

    def app(self) -> web.Application:
        app = web.Application(client_max_size=2**23)
        app.router.add_route("*", "/platform/{rest:.*}", self._to_platform)
        app.router.add_route("*", "/slack/{rest:.*}", self._to_slack)
        app.router.add_post("/pager", self._to_pager)
        return app

    async def _to_platform(self, request: web.Request) -> web.StreamResponse:
        rest = request.raw_path.removeprefix("/platform")
        said = unquote(request.query_string) + (await request.read()).decode(errors="replace")
        return await self._passed(request, _call(request, rest, said), self.platform + rest)

    async def _to_slack(self, request: web.Request) -> web.StreamResponse:
        rest = request.raw_path.removeprefix("/slack/")
        said = unquote_plus((await request.read()).decode(errors="replace"))
        call = Call(to="slack", place=request.match_info["rest"], account=None, said=said)
        return await self._passed(request, call, self.slack + rest)

    async def _to_pager(self, request: web.Request) -> web.StreamResponse:
        page = await request.json()
        await self.at(Call(to="pager", place="page", account=None, said=str(page)), False)
        self.pages.append(page)
        return web.json_response({}, status=202)

    async def _passed(self, request: web.Request, call: Call, url: str) -> web.StreamResponse:
        await self.at(call, False)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_PASSED}
        body = await request.read()
        try:
            async with self.session.request(
                request.method, url, data=body, headers=headers, allow_redirects=False, timeout=PATIENT
            ) as answer:
                given = await answer.read()
        except (aiohttp.ClientError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        await self.at(call, True)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in NOT_PASSED}
        return web.Response(status=answer.status, body=given, headers=kept)


def _call(request: web.Request, rest: str, said: str) -> Call:
    parts = rest.partition("?")[0].strip("/").split("/")
    if request.method == "PATCH":
        return Call(to="platform", place="patch", account=parts[-1], said=said)
    if parts[0] == "relationships":
        return Call(to="platform", place="any", account=parts[3], said=said)
    if parts[0] == "staff":
        return Call(to="platform", place="staff", account=None, said=parts[2])
    if parts[-1] == "Users":
        return Call(to="platform", place="list", account=None, said=said)
    place = "feed" if parts[0] == "audit" else "public" if parts[0] == "public" else "get"
    return Call(to="platform", place=place, account=parts[-1], said=said)


@asynccontextmanager
async def line(platform: str, slack: str) -> AsyncIterator[Line]:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True
    ) as session:
        found = Line(platform=platform, slack=slack, session=session)
        runner = web.AppRunner(found.app(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield found
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await runner.cleanup()
