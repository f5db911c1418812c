"""What people do outside messages and modals: commands, shortcuts, Home, events; and attacks on the bot's door."""

from collections.abc import Mapping
from dataclasses import replace

from bot.sandbox.slack import payloads
from bot.sandbox.slack.delivery import Delivery, Outcome, Sent
from bot.sandbox.slack.forms import NotThere
from bot.sandbox.slack.hooks import Hooks
from bot.sandbox.slack.records import Channel, Json, Message, User
from bot.sandbox.slack.state import State


class Acts:
    """Acts. A user is a `User` or an id; what a person cannot touch raises NotThere."""

    def __init__(self, state: State, delivery: Delivery, hooks: Hooks, home_channel: str) -> None:
        self._state = state
        self._delivery = delivery
        self._hooks = hooks
        self._home_channel = home_channel

    # commands and messages

    async def command(self, user: User | str, name: str, text: str = "", *, channel: str | None = None) -> Outcome:
        """Type a slash command; an answer in the acknowledgement is shown where it was typed."""
        who = self._user(user)
        there = self._seen_channel(who, self._home_channel if channel is None else channel)
        trigger_id = self._state.new_trigger(who.id)
        response_url = self._hooks.open(kind="commands", user=who.id, channel=there.id)
        payload = payloads.command(
            self._state.identity,
            who,
            there,
            name=name,
            text=text,
            trigger_id=trigger_id,
            response_url=response_url,
        )
        outcome = await self._delivery.deliver("slash_commands", payload)
        outcome = replace(outcome, trigger_id=trigger_id, response_url=response_url)
        if outcome.ok and (error := self._hooks.acknowledged(response_url, outcome.body)):
            outcome = replace(outcome, error=error)
        return self._logged("command", who, {"command": name, "text": text, "channel": there.id}, outcome)

    def say(self, user: User | str, channel: str, text: str, *, thread_ts: str | None = None) -> Message:
        """Write a message, as people do; the bot hears nothing of it."""
        who = self._user(user)
        there = self._seen_channel(who, channel)
        return self._state.post(there.id, self._state.version(text, [], None), user=who.id, thread_ts=thread_ts)

    def choose_locale(self, user: User | str, locale: str) -> User:
        """Choose a language in Slack's preferences, as `en-US` or `fr-FR`."""
        chosen = replace(self._user(user), locale=locale)
        self._state.put_user(chosen)
        return chosen

    async def shortcut(self, user: User | str, message: Message, callback_id: str) -> Outcome:
        """Choose a message shortcut."""
        who = self._user(user)
        channel = self._seen_channel(who, message.channel)
        if self._state.current(message) is None:
            raise NotThere("the message is gone")
        response_url = self._hooks.open(kind="actions", user=who.id, channel=channel.id, message=message)
        payload = {
            **payloads.common(self._state.identity, "message_action", who),
            "callback_id": callback_id,
            "action_ts": self._state.next_ts(),
            "message_ts": message.ts,
            "channel": {"id": channel.id, "name": payloads.channel_name(channel)},
            "message": payloads.drawn(self._state.identity, message),
            "response_url": response_url,
        }
        outcome = await self._interact(who, payload, response_url=response_url)
        return self._logged("shortcut", who, {"callback_id": callback_id, "ts": message.ts}, outcome)

    # events

    async def open_home(self, user: User | str, *, tab: str = "home") -> Outcome:
        """Look at the app's Home (or its messages tab)."""
        who = self._user(user)
        inner: Json = {"type": "app_home_opened", "user": who.id, "channel": self._state.dm(who.id).id, "tab": tab}
        if home := self._state.homes.get(who.id):
            inner["view"] = payloads.drawn(self._state.identity, home)
        return await self.event(inner)

    async def event(self, inner: Json) -> Outcome:
        """Any event; retried when it is not acknowledged."""
        inner = {**inner, "event_ts": self._state.next_ts()}
        event_id, now = self._state.next_id("Ev"), int(self._state.clock())
        payload = payloads.event(self._state.identity, inner, event_id=event_id, at=now)
        return await self._delivery.deliver_event(payload)

    # attacks on the door

    async def redeliver(self, sent: Outcome | Sent) -> Outcome:
        """The same bytes and headers (or the same envelope) once more."""
        return await self._delivery.send(self._sent(sent))

    async def unsigned(self, sent: Outcome | Sent) -> Outcome:
        """The same body without a signature."""
        was = self._sent(sent)
        kept = {name: value for name, value in was.headers.items() if not name.startswith("X-Slack")}
        return await self._delivery.send(replace(was, headers=kept))

    async def forged(
        self,
        sent: Outcome | Sent,
        *,
        secret: str | None = None,
        at: float | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Another body, moment (Unix seconds) or secret, signed anew; `headers` go over all that."""
        was = self._sent(sent)
        now = was.body if body is None else body
        signed = self._delivery.signature(now, at=at, secret=secret)
        return await self._delivery.send(Sent(body=now, headers=was.headers | signed | dict(headers or {})))

    # on the way

    async def _interact(self, who: User, payload: Json, *, view: str | None = None, response_url: str = "") -> Outcome:
        trigger_id = self._state.new_trigger(who.id, view)
        outcome = await self._delivery.deliver("interactive", {"trigger_id": trigger_id, **payload})
        return replace(outcome, trigger_id=trigger_id, response_url=response_url)

    def _logged(self, act: str, who: User, data: Json, outcome: Outcome) -> Outcome:
        seen = {"status": outcome.status, "error": outcome.error, "errors": outcome.errors, "seconds": outcome.seconds}
        self._state.changes.append("act", {"act": act, "user": who.id, **data, **seen})
        return outcome

    @staticmethod
    def _sent(sent: Outcome | Sent) -> Sent:
        found = sent.sent if isinstance(sent, Outcome) else sent
        if found is None:
            raise NotThere("nothing was sent")
        return found

    def _user(self, user: User | str) -> User:
        user_id = user if isinstance(user, str) else user.id
        if user_id not in self._state.users:
            raise NotThere(f"no user {user_id} in this workspace")
        return self._state.users[user_id]

    def _seen_channel(self, who: User, channel_id: str) -> Channel:
        channel = self._state.channels.get(channel_id)
        if channel is None or not channel.has(who.id):
            raise NotThere(f"{who.id} is not in {channel_id}")
        return channel
