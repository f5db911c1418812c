"""`response_url`: five answers within thirty minutes to the place where a person acted."""

import json
import secrets
from dataclasses import dataclass

from aiohttp import web

from bot.sandbox.slack.chat import checked_blocks, checked_metadata
from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.records import Json, Message, Version
from bot.sandbox.slack.state import SlackError, State

USES = 5
LIFE = 1800.0  # seconds


@dataclass(kw_only=True)
class Hook:
    """Where answers go; `message` is the one from which the person acted."""

    user: str
    channel: str
    born: float
    message: Message | None = None
    uses: int = 0


class Hooks:
    """All response URLs of a workspace. Each has `uses` and `life`, Slack's unless a test says otherwise."""

    def __init__(self, state: State, faults: Faults) -> None:
        self._state = state
        self._faults = faults
        self._hooks: dict[str, Hook] = {}
        self.address = ""  # of the stand-in, http://…
        self.uses = USES
        self.life = LIFE

    def open(self, *, kind: str, user: str, channel: str, message: Message | None = None) -> str:
        """A new response URL; `kind` is `commands` or `actions`."""
        key = f"{self._state.identity.team_id}/{secrets.token_urlsafe(18)}"
        self._hooks[key] = Hook(user=user, channel=channel, born=self._state.clock(), message=message)
        return f"{self.address}/{kind}/{key}"

    def answer(self, key: str, said: Json) -> None:
        """Carry one answer out. Raises SlackError."""
        hook = self._hooks.get(key)
        if hook is None:
            raise SlackError("invalid_url")
        if self._state.clock() - hook.born > self.life:
            raise SlackError("expired_url")
        if hook.uses >= self.uses:
            raise SlackError("used_url")
        self.say(hook, said)
        hook.uses += 1

    def say(self, hook: Hook, said: Json) -> None:
        original = self._state.current(hook.message) if hook.message else None
        if said.get("delete_original"):
            if original is not None:
                self._state.remove(original)
            return
        version = self._version(said)
        if said.get("replace_original") and hook.message is not None:
            if original is None:
                raise SlackError("message_not_found")
            self._state.rewrite(original, version)
            return
        in_channel = said.get("response_type") == "in_channel"
        self._state.post(
            hook.channel,
            version,
            user=self._state.identity.bot_user,
            thread_ts=said.get("thread_ts"),
            ephemeral_to=None if in_channel else hook.user,
        )

    def _version(self, said: Json) -> Version:
        blocks, text = checked_blocks(said), str(said.get("text") or "")
        if not text and not blocks:
            raise SlackError("no_text")
        return self._state.version(text, blocks or [], checked_metadata(said) or None)

    def acknowledged(self, url: str, body: str) -> str | None:
        """A command may be answered in its acknowledgement. The error that the person sees when it is no message."""
        if not body.strip():
            return None
        try:
            said = json.loads(body)
        except ValueError:
            said = {"text": body}
        if not isinstance(said, dict) or not (said.get("text") or said.get("blocks")):
            return None
        key = "/".join(url.rsplit("/", 2)[-2:])
        try:
            self.say(self._hooks[key], said)
        except SlackError as refusal:
            return refusal.error
        return None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        try:
            said = json.loads(await request.read())
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        if not isinstance(said, dict):
            return web.Response(status=400, text="invalid_payload")
        key = f"{request.match_info['team']}/{request.match_info['key']}"
        return await self._faults.around(request, "response_url", said, lambda: self._carried_out(key, said))

    def _carried_out(self, key: str, said: Json) -> web.Response:
        try:
            self.answer(key, said)
        except SlackError as refusal:
            status = 404 if refusal.error in {"invalid_url", "expired_url", "used_url"} else 400
            return web.json_response({"ok": False, "error": refusal.error}, status=status)
        return web.Response(text="ok")
