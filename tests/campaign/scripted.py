"""A platform that plays a script: a million events, or a million accounts, for which the mock would need much memory.

A process of its own: `python -m tests.campaign.scripted '{"play": "mixed", …}'` says where it listens. It speaks as
much of the platform's API as the guard asks for, and keeps the truth of its script (`/control/v1/state`).
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from typing import Any, Protocol

from aiohttp import web

EXTENSION = "urn:ietf:params:scim:schemas:extension:countersign:2.0:Account"
SCIM_TYPE = "application/scim+json"
LONGEST = 1000
"""Events or accounts of one answer."""
OURS = "svc:countersign"


def now() -> int:
    return time.time_ns() // 1_000_000


def written(moment: int) -> str:
    seconds, milliseconds = divmod(moment, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{milliseconds:03d}Z"


class Play(Protocol):
    """What is played: accounts as they stand, the events that come next, and what became of it."""

    def user(self, account: str) -> str | None:
        """The account's SCIM resource as JSON."""
        ...

    def active(self, account: str) -> bool: ...
    def etag(self, account: str) -> str: ...
    def restore(self, account: str, *, operation: str | None) -> dict[str, Any]:
        """The bot puts it back; the event of it, without its position."""
        ...

    def following(self) -> list[dict[str, Any]]:
        """The next events of the script; none when it is over."""
        ...

    def page(self, since: str | None, start: int, count: int) -> tuple[list[str], int]:
        """A page of the inactive accounts as JSON, and how many there are."""
        ...

    def told(self) -> dict[str, Any]: ...


class Server:
    """The handlers, and the feed with its positions."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.last = 0
        self._events: list[tuple[int, str]] = []
        """Those not yet known to be heard."""
        self._arrival = asyncio.Event()
        self.times: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self.polls: list[tuple[float, int]] = []
        """When what comes after which position was asked for."""
        self.lists: list[tuple[float, bool]] = []
        """When a list was begun, and whether it was the whole one."""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/scim/v2/Users", self.users)
        app.router.add_get("/scim/v2/Users/{id}", self.user)
        app.router.add_patch("/scim/v2/Users/{id}", self.patch)
        app.router.add_get("/public/v1/accounts/{id}", self.public)
        app.router.add_get("/relationships/v1/accounts/{id}/count", self.edges)
        app.router.add_post("/relationships/v1/accounts/{id}/recount", self.accepted)
        app.router.add_post("/staff/v1/{name}/{verb}", self.nobody_locked_out)
        app.router.add_get("/audit/v1/events", self.events)
        app.router.add_get("/control/v1/state", self.state)
        app.router.add_post("/control/v1/silently", self.silently)
        return app

    def _seen(self, what: str) -> None:
        self.calls[what] = self.calls.get(what, 0) + 1
        self.times.setdefault(f"first {what}", time.time())
        self.times[f"last {what}"] = time.time()

    def publish(self, event: Mapping[str, Any], *, again: bool = False) -> None:
        """`again`: the same event at its own position once more, as a feed that tells at least once may."""
        self.last += not again
        self._events.append((self.last, json.dumps({"seq": self.last, "id": f"evt_{self.last}", **event})))

    async def events(self, request: web.Request) -> web.Response:
        if request.query["after"] == "latest":
            return _json(f'{{"events":[],"next":{self.last}}}')
        after = int(request.query["after"])
        self._seen("poll")
        self.polls.append((time.time(), after))
        self._events = [(seq, text) for seq, text in self._events if seq > after]
        if not self._events:
            self._script(after)
        if not self._events and (wait := float(request.query.get("wait", "0"))):
            self._arrival.clear()
            try:
                async with asyncio.timeout(min(wait, 5.0)):
                    await self._arrival.wait()
            except TimeoutError:
                pass
        page = self._events[:LONGEST]
        following = page[-1][0] if page else after
        return _json(f'{{"events":[{",".join(text for _, text in page)}],"next":{following}}}')

    def _script(self, after: int) -> None:
        """The next events are made when those before have been judged: what stands is as new as what is told."""
        for event in self.play.following():
            self.publish(event, again=bool(event.pop("again", False)))
        if self._events:
            self.times["last told"] = time.time()
        elif after >= self.last:
            self.times.setdefault("all judged", time.time())

    async def users(self, request: web.Request) -> web.Response:
        start, count = int(request.query.get("startIndex", 1)), int(request.query.get("count", LONGEST))
        wanted = request.query.get("filter", "")
        since = wanted.partition(' gt "')[2].rstrip('"') or None
        if start == 1 and wanted:
            self.lists.append((time.time(), since is None))
        self._seen("whole list" if since is None else "list of changes")
        found, total = self.play.page(since, start, min(count, LONGEST))
        return _json(
            f'{{"totalResults":{total},"startIndex":{start},"itemsPerPage":{len(found)},"Resources":[{",".join(found)}]}}'
        )

    async def user(self, request: web.Request) -> web.Response:
        self._seen("read")
        account = request.match_info["id"]
        found = self.play.user(account)
        if found is None:
            return web.json_response({"status": "404"}, status=404)
        return _json(found, ETag=self.play.etag(account))

    async def public(self, request: web.Request) -> web.Response:
        account = request.match_info["id"]
        if self.play.user(account) is None:
            return web.json_response({"status": "404"}, status=404)
        active = self.play.active(account)
        counts = {"followers": 10 * active, "following": 3 * active, "verified": False}
        state = "active" if active else "deactivated"
        named = {"id": account, "handle": account, "display_name": account}
        return web.json_response({**named, "state": state, **counts, "as_of": written(now())})

    async def patch(self, request: web.Request) -> web.Response:
        account = request.match_info["id"]
        wanted = request.headers.get("If-Match")
        if wanted is not None and wanted != self.play.etag(account):
            return web.json_response({"status": "412"}, status=412)
        self._seen("patch")
        if not self.play.active(account):
            self.publish(self.play.restore(account, operation=request.headers.get("Idempotency-Key")))
            self._arrival.set()
        return _json(self.play.user(account) or "{}", ETag=self.play.etag(account))

    async def edges(self, _: web.Request) -> web.Response:
        return web.json_response({"followers": 10})

    async def accepted(self, _: web.Request) -> web.Response:
        return web.Response(status=202)

    async def nobody_locked_out(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "403"}, status=403)

    async def state(self, _: web.Request) -> web.Response:
        told = {"times": self.times, "calls": self.calls, "lists": self.lists, "polls": self.polls, "last": self.last}
        return web.json_response({**told, **self.play.told()})

    async def silently(self, request: web.Request) -> web.Response:
        """Accounts go down that no event tells of: the body is handed to the play."""
        down: Any = getattr(self.play, "silently")  # noqa: B009 - only the play of lists has it
        return web.json_response(down(**await request.json()))


def _json(text: str, **headers: str) -> web.Response:
    return web.Response(text=text, content_type=SCIM_TYPE, headers=headers)


async def main(script: dict[str, Any]) -> None:
    from tests.campaign.script_lists import Lists  # noqa: PLC0415 - the plays import this file
    from tests.campaign.script_mixed import Mixed  # noqa: PLC0415 - as above

    plays: dict[str, Any] = {"mixed": Mixed, "lists": Lists}
    runner = web.AppRunner(Server(plays[script.pop("play")](**script)).app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
