"""Server-sent events: the workspace once, then each change of it; the platform whenever it looks different."""

import asyncio
import json

from aiohttp import web

from bot.sandbox.page.console import Console
from bot.sandbox.page.watch import Watch
from bot.sandbox.slack.server import Workspace

LOOK_EVERY = 0.25  # seconds between two looks at the platform
UNSEEN = frozenset({"call"})  # changes that nobody in the workspace sees


class Stream:
    """`GET /stream`. A page that connects again starts anew from the whole workspace."""

    def __init__(self, workspace: Workspace, console: Console) -> None:
        self._workspace = workspace
        self._console = console

    async def handle(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        following = asyncio.ensure_future(self._workspace_to(response))
        try:
            await self._platform_to(request, response)
        except ConnectionError:
            pass  # the page was closed
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        return response

    async def _workspace_to(self, response: web.StreamResponse) -> None:
        snapshot = self._workspace.snapshot()
        seq = snapshot["seq"]
        await _send(response, "workspace", snapshot)
        while True:
            if found := self._workspace.changes.after(seq):
                seq = found[-1].seq
                seen = [change.as_json() for change in found if change.kind not in UNSEEN]
                if seen:
                    await _send(response, "changes", seen)
            else:
                await self._workspace.changes.next()

    async def _platform_to(self, request: web.Request, response: web.StreamResponse) -> None:
        watch = Watch(self._console)
        while request.transport is not None and not request.transport.is_closing():
            if (picture := await watch.look()) is not None:
                await _send(response, "platform", picture)
            await asyncio.sleep(LOOK_EVERY)


async def _send(response: web.StreamResponse, event: str, data: object) -> None:
    # one line of JSON: json.dumps writes no line break, so the event cannot be broken in two
    await response.write(f"event: {event}\ndata: {json.dumps(data)}\n\n".encode())
