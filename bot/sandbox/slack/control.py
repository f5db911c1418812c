"""The people's acts and the state over HTTP, for a script or a page in another process: thin over the Python API."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from bot.sandbox.slack.delivery import Outcome
from bot.sandbox.slack.forms import NotThere
from bot.sandbox.slack.records import Json, Message, View

if TYPE_CHECKING:
    from bot.sandbox.slack.server import Workspace

LONGEST_WAIT = 30.0  # seconds

Act = Callable[[Json], Awaitable[Outcome]]


class Control:
    """`POST /sandbox/<act>`, `GET /sandbox/state`, `GET /sandbox/changes?after=N&wait=S`."""

    def __init__(self, workspace: "Workspace", stopping: asyncio.Event) -> None:
        self._workspace = workspace
        self._stopping = stopping
        self._acts: dict[str, Act] = {
            "command": self._command,
            "click": self._click,
            "submit": self._submit,
            "close": self._close,
            "home": self._home,
            "shortcut": self._shortcut,
            "event": lambda body: workspace.event(body["event"]),
        }

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/sandbox/fault", self._fault)
        app.router.add_post("/sandbox/say", self._say)
        app.router.add_post("/sandbox/locale", self._locale)
        app.router.add_post("/sandbox/{act}", self._perform)
        app.router.add_get("/sandbox/state", self._state)
        app.router.add_get("/sandbox/changes", self._changes)

    async def _perform(self, request: web.Request) -> web.Response:
        act = self._acts.get(request.match_info["act"])
        if act is None:
            return refused(404, f"no such act; there are {', '.join(self._acts)}")
        try:
            outcome = await act(json.loads(await request.read()))
        except NotThere as absent:
            return refused(409, str(absent))
        except KeyError as missing:
            return refused(400, f"missing: {missing.args[0]}")
        except ValueError as wrong:
            return refused(400, str(wrong))
        return web.json_response(outcome.as_json())

    def _command(self, body: Json) -> Awaitable[Outcome]:
        return self._workspace.command(body["user"], body["command"], body.get("text", ""), channel=body.get("channel"))

    def _click(self, body: Json) -> Awaitable[Outcome]:
        source = self._source(body)
        return self._workspace.click(
            body["user"], source, body["action_id"], block_id=body.get("block_id"), value=body.get("value")
        )

    def _submit(self, body: Json) -> Awaitable[Outcome]:
        return self._workspace.submit(body["user"], body.get("view"), body.get("values"))

    def _close(self, body: Json) -> Awaitable[Outcome]:
        return self._workspace.close(body["user"], body.get("view"), everything=bool(body.get("everything")))

    def _home(self, body: Json) -> Awaitable[Outcome]:
        return self._workspace.open_home(body["user"])

    def _shortcut(self, body: Json) -> Awaitable[Outcome]:
        return self._workspace.shortcut(body["user"], self._message(body), body["callback_id"])

    def _message(self, body: Json) -> Message:
        channel, ts = body["channel"], body["ts"]
        seen = [self._workspace.message(channel, ts), *self._workspace.ephemerals(body["user"], channel)]
        for message in seen:
            if message is not None and message.ts == ts:
                return message
        raise NotThere(f"no message {ts} in {channel}")

    def _source(self, body: Json) -> Message | View:
        """A message by channel and ts, a modal by `view`, or Home when neither is named."""
        if "ts" in body:
            return self._message(body)
        home = self._workspace.home(body["user"])
        modals = [view for view in self._workspace.views(body["user"]) if view.id == body.get("view")]
        if modals:
            return modals[0]
        if home is None or body.get("view") not in {None, home.id}:
            raise NotThere("no such view")
        return home

    async def _say(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        try:
            message = self._workspace.say(body["user"], body["channel"], body["text"], thread_ts=body.get("thread_ts"))
        except NotThere as absent:
            return refused(409, str(absent))
        return web.json_response(message.as_json())

    async def _locale(self, request: web.Request) -> web.Response:
        """The language a person has chosen in Slack's preferences: `users.info` tells the bot, no event does."""
        body = json.loads(await request.read())
        try:
            user = self._workspace.choose_locale(body["user"], body["locale"])
        except NotThere as absent:
            return refused(409, str(absent))
        return web.json_response({"user": user.id, "locale": user.locale})

    async def _fault(self, request: web.Request) -> web.Response:
        """Arguments of `Faults.add`; `{"clear": true}` switches all off."""
        body = json.loads(await request.read())
        if body.pop("clear", False):
            self._workspace.faults.clear()
        if body:
            try:
                self._workspace.faults.add(**body)
            except TypeError as wrong:
                return refused(400, str(wrong))
        return web.json_response({"faults": self._workspace.faults.as_json()})

    async def _state(self, request: web.Request) -> web.Response:
        """Everything, or with `?channel=`, `?dm=`, `?views=`, `?home=`, `?ephemerals=` that part alone."""
        workspace, query = self._workspace, request.query
        if "channel" in query:
            found = workspace.messages(query["channel"], thread_ts=query.get("thread_ts"))
            return web.json_response({"messages": [message.as_json() for message in found]})
        if "dm" in query:
            return web.json_response({"messages": [message.as_json() for message in workspace.dms(query["dm"])]})
        if "ephemerals" in query:
            seen = workspace.ephemerals(query["ephemerals"])
            return web.json_response({"messages": [message.as_json() for message in seen]})
        if "views" in query:
            return web.json_response({"views": [view.as_json() for view in workspace.views(query["views"])]})
        if "home" in query:
            home = workspace.home(query["home"])
            return web.json_response({"home": home.as_json() if home else None})
        return web.json_response(workspace.snapshot())

    async def _changes(self, request: web.Request) -> web.Response:
        """Long poll: answers at once when there is something after `after`, else at the next change or after `wait`."""
        try:
            after = int(request.query.get("after", "0"))
            wait = min(float(request.query.get("wait", "0")), LONGEST_WAIT)
        except ValueError:
            return refused(400, "`after` and `wait` are numbers")
        changes = self._workspace.changes
        try:
            async with asyncio.timeout(wait):
                while not changes.after(after) and not self._stopping.is_set():
                    await changes.next()
        except TimeoutError:
            pass
        return web.json_response({"seq": changes.seq, "changes": [change.as_json() for change in changes.after(after)]})


def refused(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)
