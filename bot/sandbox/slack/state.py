"""The workspace in memory: people, channels, messages, modals, Home tabs, triggers. Every change goes into the log."""

import secrets
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from bot.sandbox.slack.changes import ChangeLog
from bot.sandbox.slack.records import Channel, Json, Message, User, Version, View, identified

DEEPEST_STACK = 3


class SlackError(Exception):
    """A call that Slack refuses: its `error` and, where Slack explains, the messages."""

    def __init__(self, error: str, *messages: str, **extra: object) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages
        self.extra = extra


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who the app and the workspace are."""

    team_id: str = "T0SANDBOX"
    team_domain: str = "sandbox"
    team_name: str = "Sandbox"
    app_id: str = "A0SANDBOX"
    bot_user: str = "U0BOT"
    bot_id: str = "B0BOT"
    bot_name: str = "countersign"
    verification_token: str = "sandbox-verification"  # noqa: S105  # the stand-in's, no secret


def still_fits(element: Json, held: Json) -> bool:
    """Whether what was put in belongs to this input: same action, same kind."""
    return bool(held.get(element["action_id"], {}).get("type") == element["type"])


@dataclass(kw_only=True)
class Trigger:
    """`view` is the modal from which the person acted, to push onto."""

    user: str
    at: float
    view: str | None = None
    used: bool = False


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the Web API as the stand-in saw it."""

    method: str
    args: Json
    at: float
    answer: Json


class State:
    """Everything a workspace remembers."""

    def __init__(
        self,
        *,
        identity: Identity,
        people: Iterable[User],
        channels: Iterable[Channel],
        clock: Callable[[], float],
        trigger_life: float,
    ) -> None:
        self.identity = identity
        self.clock = clock
        self.trigger_life = trigger_life
        self.changes = ChangeLog()
        self.users = {user.id: user for user in people}
        bot = User(id=identity.bot_user, name=identity.bot_name, real_name="Countersign", is_bot=True)
        self.users.setdefault(bot.id, bot)
        self.channels = {channel.id: channel for channel in channels}
        self.messages: dict[tuple[str, str], Message] = {}
        self.ephemerals: dict[tuple[str, str], Message] = {}
        self.views: dict[str, View] = {}
        self.stacks: dict[str, list[str]] = {}  # of each user: ids of open modals, the topmost last
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.calls: deque[Call] = deque(maxlen=10_000)
        self._last_ts = 0
        self._count = 0

    # ids

    def next_ts(self) -> str:
        """Seconds with six digits, never the same twice."""
        self._last_ts = max(self._last_ts + 1, int(self.clock() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def next_id(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count:08X}"

    def new_trigger(self, user: str, view: str | None = None) -> str:
        now = self.clock()
        for old in [key for key, known in self.triggers.items() if now - known.at > 60 + self.trigger_life]:
            del self.triggers[old]
        trigger = f"{self.next_id('')}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        self.triggers[trigger] = Trigger(user=user, at=now, view=view)
        return trigger

    def trigger(self, trigger_id: str) -> Trigger:
        """The trigger if it may still be exchanged. Raises SlackError."""
        found = self.triggers.get(trigger_id)
        if found is None:
            raise SlackError("invalid_trigger_id")
        if found.used:
            raise SlackError("exchanged_trigger_id")
        if self.clock() - found.at > self.trigger_life:
            raise SlackError("expired_trigger_id")
        return found

    # people and channels

    def user(self, user_id: str) -> User:
        if user_id not in self.users:
            raise SlackError("user_not_found")
        return self.users[user_id]

    def put_user(self, user: User) -> None:
        self.users[user.id] = user
        self.changes.append("user", vars(user))

    def put_channel(self, channel: Channel) -> None:
        self.channels[channel.id] = channel
        self.changes.append("channel", {"id": channel.id, "name": channel.name, "user": channel.user})

    def dm(self, user_id: str) -> Channel:
        """The direct message of the bot with this person, opened when there is none yet."""
        user_id = self.user(user_id).id
        channel_id = f"D{user_id[1:]}"
        if channel_id not in self.channels:
            members = frozenset({user_id, self.identity.bot_user})
            self.put_channel(Channel(id=channel_id, user=user_id, members=members))
        return self.channels[channel_id]

    def channel(self, channel_id: str) -> Channel:
        """A channel that the bot may know of. Raises SlackError."""
        found = self.channels.get(channel_id)
        if found is None or (found.is_private and not found.has(self.identity.bot_user)):
            raise SlackError("channel_not_found")
        return found

    # messages

    def version(self, text: str, blocks: list[Json], metadata: Json | None) -> Version:
        named = identified(blocks, self.next_id("b"))
        return Version(at=self.clock(), text=text, blocks=named, metadata=metadata)

    def post(
        self,
        channel: str,
        version: Version,
        *,
        user: str,
        thread_ts: str | None = None,
        broadcast: bool = False,
        ephemeral_to: str | None = None,
    ) -> Message:
        message = Message(
            channel=channel,
            ts=self.next_ts(),
            user=user,
            versions=(version,),
            thread_ts=thread_ts,
            broadcast=broadcast,
            ephemeral_to=ephemeral_to,
        )
        kept = self.ephemerals if ephemeral_to else self.messages
        kept[channel, message.ts] = message
        self.changes.append("ephemeral" if ephemeral_to else "message", message.as_json())
        return message

    def rewrite(self, message: Message, version: Version) -> Message:
        edited = replace(message, versions=(*message.versions, version), edited_ts=self.next_ts())
        kept = self.ephemerals if message.ephemeral_to else self.messages
        kept[message.channel, message.ts] = edited
        self.changes.append("ephemeral" if message.ephemeral_to else "message", edited.as_json())
        return edited

    def remove(self, message: Message) -> None:
        kept = self.ephemerals if message.ephemeral_to else self.messages
        kept.pop((message.channel, message.ts), None)
        gone = {"channel": message.channel, "ts": message.ts, "ephemeral_to": message.ephemeral_to}
        self.changes.append("deleted", gone)

    def current(self, message: Message) -> Message | None:
        kept = self.ephemerals if message.ephemeral_to else self.messages
        return kept.get((message.channel, message.ts))

    # views

    def new_hash(self) -> str:
        return f"{int(self.clock())}.{secrets.token_hex(4)}"

    def draw(self, content: Json) -> Json:
        return {**content, "blocks": identified(content["blocks"], self.next_id("b"))}

    def unique_external_id(self, content: Json, view_id: str | None = None) -> None:
        external = content.get("external_id")
        known = [*self.views.values(), *self.homes.values()]
        if external and any(view.external_id == external and view.id != view_id for view in known):
            raise SlackError("duplicate_external_id")

    def open_view(self, user: str, content: Json, *, push: bool) -> View:
        """Put a modal on top of the person's stack, or start a new stack. Raises SlackError."""
        self.unique_external_id(content)
        stack = self.stacks.setdefault(user, [])
        if push and len(stack) >= DEEPEST_STACK:
            raise SlackError("push_limit_reached")
        if not push:
            self.close_views(user, list(stack))
        view_id = self.next_id("V")
        below = self.views[stack[-1]] if push and stack else None
        view = View(
            id=view_id,
            user=user,
            hash=self.new_hash(),
            content=self.draw(content),
            root_view_id=below.root_view_id if below else view_id,
            previous_view_id=below.id if below else None,
        )
        self.stacks.setdefault(user, []).append(view_id)
        return self.put_view(view)

    def put_view(self, view: View) -> View:
        self.views[view.id] = view
        self.changes.append("view", view.as_json())
        return view

    def change_view(self, view: View, content: Json) -> View:
        """The same modal with new content; what was typed stays where block and action are the same."""
        self.unique_external_id(content, view.id)
        drawn = self.draw(content)
        kept = {
            block["block_id"]: view.values[block["block_id"]]
            for block in drawn["blocks"]
            if block["type"] == "input" and still_fits(block["element"], view.values.get(block["block_id"], {}))
        }
        return self.put_view(replace(view, content=drawn, hash=self.new_hash(), values=kept))

    def close_views(self, user: str, ids: list[str]) -> None:
        for view_id in ids:
            if self.views.pop(view_id, None) is not None:
                self.changes.append("view_closed", {"id": view_id, "user": user})
        left = [view_id for view_id in self.stacks.get(user, []) if view_id not in ids]
        self.stacks[user] = left

    def publish(self, user: str, content: Json) -> View:
        known = self.homes.get(user)
        view_id = known.id if known else self.next_id("V")
        self.unique_external_id(content, view_id)
        view = View(id=view_id, user=user, hash=self.new_hash(), content=self.draw(content), root_view_id=view_id)
        self.homes[user] = view
        self.changes.append("home", view.as_json())
        return view
