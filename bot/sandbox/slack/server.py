"""A Slack workspace over HTTP, in memory: the Web API for the bot, and the people who use it."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Self

from aiohttp import web

from bot.sandbox.own_origin import own_origin
from bot.sandbox.slack.changes import ChangeLog
from bot.sandbox.slack.control import Control
from bot.sandbox.slack.delivery import Delivery
from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.hooks import Hooks
from bot.sandbox.slack.records import Channel, User
from bot.sandbox.slack.screens import Screens
from bot.sandbox.slack.socket_mode import Sockets
from bot.sandbox.slack.state import Identity, State
from bot.sandbox.slack.web_api import DEFAULT_SCOPES, WebApi

APPROVALS = "C0APPROVALS"
SUPPORT = "C0SUPPORT"
CHANNELS = (Channel(id=APPROVALS, name="account-approvals"), Channel(id=SUPPORT, name="support"))
Mount = Callable[[web.Application], None]
BODY_LIMIT = 4 * 1024 * 1024  # bytes


class Workspace(Screens):
    """Start it, point the bot's Web API client at `api_url`, set `events_url`, and act for the people.

    `trigger_life` and `ack_within` are Slack's three seconds, `retry_delays` the pauses before an event is sent again
    (Slack: at once, a minute, five minutes), `pace` the seconds between two messages of one channel (None: no limit).
    """

    def __init__(
        self,
        people: Iterable[User] = (),
        channels: Iterable[Channel] = CHANNELS,
        *,
        bot_token: str = "xoxb-sandbox",  # noqa: S107  # the stand-in's own, no secret
        app_token: str = "xapp-sandbox",  # noqa: S107  # as above
        signing_secret: str = "sandbox-signing-secret",  # noqa: S107  # as above
        identity: Identity | None = None,
        scopes: tuple[str, ...] = DEFAULT_SCOPES,
        trigger_life: float = 3.0,
        ack_within: float = 3.0,
        retry_delays: tuple[float, ...] = (0.0, 0.0, 0.0),
        pace: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        identity = identity or Identity()
        channels = tuple(channels)
        state = State(identity=identity, people=people, channels=channels, clock=clock, trigger_life=trigger_life)
        self.bot_token = bot_token
        self.app_token = app_token
        self.signing_secret = signing_secret
        self.identity = identity
        self._stopping = asyncio.Event()
        self.faults = Faults(self._stopping)
        self._sockets = Sockets(state.changes, identity.app_id)
        delivery = Delivery(
            sockets=self._sockets,
            signing_secret=signing_secret,
            clock=clock,
            ack_within=ack_within,
            retry_delays=retry_delays,
        )
        home_channel = SUPPORT if SUPPORT in state.channels else next(iter(state.channels), "")
        super().__init__(state, delivery, Hooks(state, self.faults), home_channel)
        self.web_api = WebApi(
            state,
            self.faults,
            bot_token=bot_token,
            app_token=app_token,
            scopes=scopes,
            pace=pace,
            connect=self._sockets.open,
        )
        self._runner: web.AppRunner | None = None
        self.url = ""

    # life

    async def start(self, host: str = "127.0.0.1", port: int = 0, *, mount: Mount | None = None) -> Self:
        """Listen; `url` and `api_url` are known afterwards. `mount` adds a page, or whatever else has this origin."""
        app = web.Application(client_max_size=BODY_LIMIT, middlewares=[own_origin])
        app.router.add_route("*", "/api/{method}", self.web_api.handle)
        app.router.add_get("/link/", self._sockets.handle)
        for kind in ("commands", "actions"):
            app.router.add_post(f"/{kind}/{{team}}/{{key}}", self._hooks.handle)
        Control(self, self._stopping).add_to(app)
        if mount is not None:
            mount(app)
        self._stopping.clear()
        await self._delivery.start()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        bound = self._runner.addresses[0]
        self.url = f"http://{host}:{bound[1]}"
        self._hooks.address = self.url
        self._sockets.address = f"ws://{host}:{bound[1]}"
        return self

    async def stop(self) -> None:
        """End whatever waits, close whatever is open."""
        self._stopping.set()
        self.changes.wake()
        await self._sockets.stop()
        await self._delivery.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # where

    @property
    def api_url(self) -> str:
        """For `AsyncWebClient(base_url=…)` and `SLACK_API_URL`; ends with a slash."""
        return f"{self.url}/api/"

    @property
    def events_url(self) -> str:
        """The bot's `POST /slack/events`."""
        return self._delivery.events_url

    @events_url.setter
    def events_url(self, url: str) -> None:
        self._delivery.events_url = url

    # what else a test or the page may want

    @property
    def changes(self) -> ChangeLog:
        """The log of everything that happens."""
        return self._state.changes

    @property
    def sockets(self) -> int:
        """How many Socket Mode connections are open."""
        return self._sockets.connected

    async def disconnect_sockets(self, reason: str = "refresh_requested") -> None:
        await self._sockets.disconnect(reason)

    def put_user(self, user: User) -> None:
        """Add a person, or change one: deactivate, make a guest, rename."""
        self._state.put_user(user)

    def put_channel(self, channel: Channel) -> None:
        """Add a channel, or change one: archive, change the members."""
        self._state.put_channel(channel)

    def delete_message(self, channel: str, ts: str) -> None:
        """An administrator deletes a message; the bot is not told."""
        message = self.message(channel, ts)
        if message is not None:
            self._state.remove(message)
