"""Bolt, and the one table of every command, button, form and event with its handler."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.characters import storable_json
from bot.core.errors import LedgerAway, Replayed
from bot.core.refusal import Refusal, Why
from bot.flows.world import World
from bot.slack import buttons, commands, home_tab, incident_report_acts
from bot.slack.call import Call, Workspace, inert
from bot.slack.door import Door
from bot.slack.gate import Answer
from bot.slack.sentences import refusal_sentence
from bot.slack.users import Users

log = logging.getLogger(__name__)

BOLT_FAILED = 500
BOLT_LOG = "bot.slack.bolt"
"""The logger that Bolt is given for its own."""

Handler = Callable[[Call], Awaitable[None]]
"""A handler acknowledges after its effect is on disk; what has none it acknowledges first."""

COMMANDS: dict[str, Handler] = {
    "/deactivate": commands.deactivate,
    "/restore": commands.restore,
    "/countersign": commands.countersign,
}
BUTTONS: dict[str, Handler] = {
    "approve": buttons.approve,
    "deny": buttons.deny,
    "withdraw": buttons.withdraw,
    "ask_again": buttons.ask_again,
    "acknowledge": buttons.acknowledge,
    "incident_report": buttons.incident_report,
    "restore": buttons.restore,
    "watch_on": buttons.watch_on,
    "reinstate": buttons.reinstate,
    "release": buttons.release,
    "home_back": home_tab.turned,
    "home_on": home_tab.turned,
}
FORMS: dict[str, Handler] = {
    "submit_request": commands.submitted,
    "deny_request": buttons.denied,
    "incident_report": incident_report_acts.established,
}
SHORTCUTS: dict[str, Handler] = {"request_deactivation": commands.request_deactivation}
EVENTS: dict[str, Handler] = {"app_home_opened": home_tab.opened}


class SlackApp:
    """Every signed request ends here, from HTTP or from the socket."""

    def __init__(self, *, world: World, client: AsyncWebClient, workspace: Workspace, users: Users) -> None:
        self._world = world
        self._client = client
        self._users = users
        self._workspace = workspace
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._bolt = self._build()

    def _build(self) -> AsyncApp:
        """Bolt behind our gate: it verifies nothing itself, for the gate knows two secrets and replays."""
        bolt = AsyncApp(
            name="countersign",
            logger=logging.getLogger(BOLT_LOG),
            client=self._client,
            authorize=_authorized(self._workspace, self._client.token),
            signing_secret="verified at the gate",  # noqa: S106 - none: Bolt's own check is off
            request_verification_enabled=False,
            ssl_check_enabled=False,
        )
        for name, handler in COMMANDS.items():
            bolt.command(name)(self._listener(handler))
        for name, handler in BUTTONS.items():
            bolt.action(name)(self._listener(handler))
        bolt.action(re.compile(""))(self._listener(buttons.unknown))
        for name, handler in FORMS.items():
            bolt.view(name)(self._listener(handler))
        for name, handler in SHORTCUTS.items():
            bolt.shortcut(name)(self._listener(handler))
        for name, handler in EVENTS.items():
            bolt.event(name)(self._listener(handler))
        return bolt

    def _listener(self, handler: Handler) -> Callable[..., Awaitable[None]]:
        async def listener(ack: Callable[..., Awaitable[Any]], body: dict[str, Any], context: AsyncBoltContext) -> None:
            door: Door = context["door"]
            call = Call(
                body=storable_json(body),
                ack=ack,
                client=self._client,
                door=door,
                world=self._world,
                workspace=self._workspace,
                users=self._users,
            )
            self._in_flight += 1
            self._idle.clear()
            try:
                await handler(call)
                await buttons.of_two_cards(call)
            except Replayed:
                door.replayed = True
                await ack()
            except LedgerAway:
                await self._apologise(call, Refusal(why=Why.LEDGER_AWAY))
            except Exception:
                # the outermost edge: whatever it was, the person hears that nothing was recorded
                log.exception("a handler failed")
                await self._apologise(call, Refusal(why=Why.LEDGER_AWAY))
            finally:
                self._in_flight -= 1
                if not self._in_flight:
                    self._idle.set()

        return listener

    async def _apologise(self, call: Call, refusal: Refusal) -> None:
        """Nothing was recorded: say so where the person looks, and lose nothing that was typed."""
        body = call.body
        user = body.get("user_id") or (body.get("user") or {}).get("id") or ""
        sentence = refusal_sentence(await call.language_of(user), refusal)
        if body.get("type") == "view_submission":
            inputs = list(((body.get("view") or {}).get("state") or {}).get("values") or ())
            await (call.ack(response_action="errors", errors={inputs[0]: sentence}) if inputs else call.ack())
        elif "command" in body:
            await call.ack(**inert(sentence), response_type="ephemeral")
        else:
            await call.ack()
            channel = (body.get("channel") or {}).get("id")
            if user:
                await call.whisper(channel=channel, user=user, text=sentence)

    async def http(self, text: str, headers: dict[str, str], door: Door) -> Answer:
        """Dispatch what the gate let through."""
        return await self._dispatch(AsyncBoltRequest(body=text, headers=_plain(headers), context={"door": door}))

    async def socket(self, payload: dict[str, Any], headers: dict[str, str], door: Door) -> Answer:
        """Dispatch an envelope of Socket Mode."""
        request = AsyncBoltRequest(mode="socket_mode", body=payload, headers=_plain(headers), context={"door": door})
        return await self._dispatch(request)

    async def _dispatch(self, request: AsyncBoltRequest) -> Answer:
        response = await self._bolt.async_dispatch(request)
        if response.status == BOLT_FAILED:
            # our handlers answer for themselves: what fails before them is signed and of a shape that Bolt cannot read
            return Answer(status=400, body="", headers={})
        headers = {name: values[0] for name, values in response.headers.items()}
        return Answer(status=response.status, body=response.body or "", headers=headers)

    async def until_idle(self) -> None:
        """Wait until no handler is at work; code after an acknowledgement counts too."""
        await self._idle.wait()


def _authorized(who: Workspace, token: str | None) -> Callable[[], Awaitable[AuthorizeResult]]:
    """What `auth.test` said at the start, instead of asking in the first request's three seconds."""
    result = AuthorizeResult(
        enterprise_id=None,
        team_id=who.team_id,
        bot_id=who.bot_id,
        bot_user_id=who.bot_user_id,
        bot_token=token,
    )

    async def authorize() -> AuthorizeResult:
        return result

    return authorize


def _plain(headers: dict[str, str]) -> dict[str, str | Sequence[str]]:
    """Only what Bolt needs: its own `x-slack-bolt-*` names would let a caller steer it."""
    return {k: v for k, v in headers.items() if not k.lower().startswith("x-slack-bolt")}
