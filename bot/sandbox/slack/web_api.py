"""The door of the Web API: body, token, scope, fault, pacing, method, answer."""

import json
import math
from collections.abc import Callable

from aiohttp import web

from bot.sandbox.slack.faults import Faults, too_fast
from bot.sandbox.slack.methods import METHODS, scope_for
from bot.sandbox.slack.records import Json
from bot.sandbox.slack.state import Call, SlackError, State

DEFAULT_SCOPES = ("commands", "chat:write", "users:read", "channels:read", "groups:read", "im:write", "files:write")
Connect = Callable[[], str]  # opens the way for one socket and gives its address


class RateLimited(Exception):
    """Too fast: HTTP 429."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


async def arguments(request: web.Request) -> Json:
    """Query, form and JSON bodies alike."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.read() or b"{}")
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        return args | body
    return args | {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def token_of(request: web.Request, args: Json) -> str:
    given = args.pop("token", None)
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else str(given or "")


class WebApi:
    """The Web API over HTTP. `pace` is the least seconds between two messages of a channel; None is no limit."""

    def __init__(
        self,
        state: State,
        faults: Faults,
        *,
        bot_token: str,
        app_token: str,
        scopes: tuple[str, ...],
        pace: float | None,
        connect: Connect,
    ) -> None:
        self._state = state
        self._faults = faults
        self._bot_token = bot_token
        self._app_token = app_token
        self.scopes = scopes
        self.pace = pace
        self._connect = connect
        self._posted: dict[str, float] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        try:
            args = await arguments(request)
        except SlackError as refusal:
            return self._answer(method, {}, self._refused(refusal))
        token = token_of(request, args)
        return await self._faults.around(request, method, args, lambda: self._carried_out(method, args, token))

    def _carried_out(self, method: str, args: Json, token: str) -> web.Response:
        try:
            answer = {"ok": True, **self._call(method, args, token)}
        except RateLimited as limited:
            response = too_fast(limited.retry_after)
            response.headers["X-OAuth-Scopes"] = ",".join(self.scopes)
            return response
        except SlackError as refusal:
            answer = self._refused(refusal)
        return self._answer(method, args, answer)

    def _call(self, method: str, args: Json, token: str) -> Json:
        if method == "apps.connections.open":
            self._check(token, self._app_token, "xapp-")
            return {"url": self._connect()}
        if method not in METHODS:
            raise SlackError("unknown_method", req_method=method)
        if method != "api.test":
            self._check(token, self._bot_token, "xoxb-")
        scope = scope_for(self._state, method, args)
        if scope and scope not in self.scopes:
            raise SlackError("missing_scope", needed=scope, provided=",".join(self.scopes))
        if method == "chat.postMessage":
            self._keep_pace(str(args.get("channel")))
        return METHODS[method].do(self._state, args)

    def _check(self, token: str, expected: str, prefix: str) -> None:
        if not token:
            raise SlackError("not_authed")
        if token != expected:
            wrong_kind = token in {self._bot_token, self._app_token} and not token.startswith(prefix)
            raise SlackError("not_allowed_token_type" if wrong_kind else "invalid_auth")

    def _keep_pace(self, channel: str) -> None:
        now = self._state.clock()
        if self.pace is not None:
            left = self._posted.get(channel, -math.inf) + self.pace - now
            if left > 0:
                raise RateLimited(left)
        self._posted[channel] = now

    @staticmethod
    def _refused(refusal: SlackError) -> Json:
        answer: Json = {"ok": False, "error": refusal.error, **refusal.extra}
        if refusal.messages:
            answer["response_metadata"] = {"messages": list(refusal.messages)}
        return answer

    def _answer(self, method: str, args: Json, answer: Json) -> web.Response:
        self._state.calls.append(Call(method=method, args=args, at=self._state.clock(), answer=answer))
        self._state.changes.append("call", {"method": method, "ok": answer["ok"], "error": answer.get("error")})
        scope = METHODS[method].scope if method in METHODS else ""
        headers = {
            "X-OAuth-Scopes": ",".join(self.scopes),
            "X-Accepted-OAuth-Scopes": scope,
            "X-Slack-Req-Id": "sandbox",
        }
        return web.json_response(answer, headers=headers)
