"""The sandbox page: its files, its stream and its console of the platform, mounted on the Slack stand-in's origin."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
from aiohttp import web

from bot.sandbox.page.console import Console
from bot.sandbox.page.stream import Stream
from bot.sandbox.slack.server import Workspace

STATIC = Path(__file__).parent / "static"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # a newer version of the package serves its own files at the same address
}


def page(
    workspace: Workspace, *, platform_url: str, control_url: str, post_digest: Callable[[], Awaitable[str | None]]
) -> Callable[[web.Application], None]:
    """What `Workspace.start` mounts. `post_digest` has the bot post this week's digest, or says why not."""

    def mount(app: web.Application) -> None:
        session = web.AppKey("session", aiohttp.ClientSession)

        async def calls_out(running: web.Application) -> AsyncIterator[None]:
            async with aiohttp.ClientSession() as opened:
                running[session] = opened
                yield

        async def digest(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler
            refused = await post_digest()
            return web.json_response({"detail": refused}, status=200 if refused is None else 502)

        app.cleanup_ctx.append(calls_out)
        app.on_response_prepare.append(_with_headers)
        app.router.add_get("/", _index)
        app.router.add_static("/page", STATIC)
        console = Console(lambda: app[session], platform_url=platform_url, control_url=control_url)
        console.add_to(app)
        app.router.add_post("/bot/digest", digest)
        app.router.add_get("/stream", Stream(workspace, console).handle)

    return mount


async def _index(request: web.Request) -> web.FileResponse:  # noqa: ARG001 - a handler
    return web.FileResponse(STATIC / "index.html")


async def _with_headers(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001 - a signal
    response.headers.update({name: value for name, value in HEADERS.items() if name not in response.headers})
