"""What people see: messages as they now stand, ephemerals, direct messages, modals, Home. Read, and waited for."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.sandbox.slack.people import People
from bot.sandbox.slack.records import Json, Message, View
from bot.sandbox.slack.state import Call

Found = TypeVar("Found")
WITHIN = 20.0  # seconds that a wait has unless it says otherwise


def newest(messages: list[Message], predicate: Callable[[Message], object]) -> Message | None:
    return next((message for message in reversed(messages) if predicate(message)), None)


def anything(seen: object) -> bool:  # noqa: ARG001  # a predicate that is content with whatever is there
    return True


class Screens(People):
    """State as people see it. A `wait_for…` returns as soon as what it waits for is there, else raises TimeoutError."""

    def messages(self, channel: str, *, thread_ts: str | None = None) -> list[Message]:
        """A channel's messages (or the replies of one thread), the oldest first."""
        found = [message for message in self._state.messages.values() if message.channel == channel]
        if thread_ts is not None:
            return [message for message in found if message.thread_ts == thread_ts]
        return [message for message in found if message.thread_ts is None or message.broadcast]

    def replies(self, message: Message) -> list[Message]:
        return self.messages(message.channel, thread_ts=message.ts)

    def message(self, channel: str, ts: str) -> Message | None:
        """One message as it now stands; None when it was deleted or never there."""
        return self._state.messages.get((channel, ts))

    def ephemerals(self, user: str, channel: str | None = None) -> list[Message]:
        """What only this person sees, in one channel or everywhere."""
        found = [message for message in self._state.ephemerals.values() if message.ephemeral_to == user]
        return [message for message in found if channel in {None, message.channel}]

    def dms(self, user: str) -> list[Message]:
        """The bot's direct messages with this person."""
        return [message for message in self._state.messages.values() if message.channel == f"D{user[1:]}"]

    def views(self, user: str) -> list[View]:
        """The modals that a person has open, the topmost last."""
        return [self._state.views[view_id] for view_id in self._state.stacks.get(user, [])]

    def home(self, user: str) -> View | None:
        return self._state.homes.get(user)

    def calls(self, method: str | None = None) -> list[Call]:
        """Calls of the Web API, the oldest first."""
        return [call for call in self._state.calls if method in {None, call.method}]

    def wait_for(
        self, look: Callable[[], Found | None], timeout: float = WITHIN, *, what: str = ""
    ) -> Awaitable[Found]:
        """Whatever `look` returns once it returns something true; asked again at each change of the workspace."""
        return self._state.changes.wait_for(look, timeout, what or "what was waited for")

    def wait_for_message(
        self,
        channel: str,
        predicate: Callable[[Message], object] = anything,
        timeout: float = WITHIN,
        *,
        thread_ts: str | None = None,
    ) -> Awaitable[Message]:
        """The newest message of a channel (or thread) that fits."""
        return self.wait_for(
            lambda: newest(self.messages(channel, thread_ts=thread_ts), predicate),
            timeout,
            what=f"message in {channel}",
        )

    def wait_for_ephemeral(
        self,
        user: str,
        predicate: Callable[[Message], object] = anything,
        timeout: float = WITHIN,
        *,
        channel: str | None = None,
    ) -> Awaitable[Message]:
        return self.wait_for(
            lambda: newest(self.ephemerals(user, channel), predicate), timeout, what=f"ephemeral for {user}"
        )

    def wait_for_dm(
        self, user: str, predicate: Callable[[Message], object] = anything, timeout: float = WITHIN
    ) -> Awaitable[Message]:
        return self.wait_for(lambda: newest(self.dms(user), predicate), timeout, what=f"direct message to {user}")

    def wait_for_view(
        self, user: str, predicate: Callable[[View], object] = anything, timeout: float = WITHIN
    ) -> Awaitable[View]:
        """The topmost modal, once it fits."""

        def look() -> View | None:
            return next((view for view in self.views(user)[-1:] if predicate(view)), None)

        return self.wait_for(look, timeout, what=f"modal of {user}")

    def wait_for_home(
        self, user: str, predicate: Callable[[View], object] = anything, timeout: float = WITHIN
    ) -> Awaitable[View]:
        def look() -> View | None:
            home = self.home(user)
            return home if home is not None and predicate(home) else None

        return self.wait_for(look, timeout, what=f"Home of {user}")

    def snapshot(self) -> Json:
        """The whole workspace as JSON: what a page draws first, then it follows the changes from `seq` on."""
        state = self._state
        return {
            "seq": state.changes.seq,
            "team": {"id": state.identity.team_id, "name": state.identity.team_name, "bot": state.identity.bot_user},
            "users": [vars(user) for user in state.users.values()],
            "channels": [
                {**vars(channel), "members": None if channel.members is None else sorted(channel.members)}
                for channel in state.channels.values()
            ],
            "messages": [message.as_json() for message in state.messages.values()],
            "ephemerals": [message.as_json() for message in state.ephemerals.values()],
            "views": {user: [view.as_json() for view in self.views(user)] for user in state.stacks},
            "homes": {user: view.as_json() for user, view in state.homes.items()},
        }
