"""The table of the Web API: each method, what does it and the scope it asks for."""

from collections.abc import Callable
from typing import NamedTuple

from bot.sandbox.slack import chat, directory, modals
from bot.sandbox.slack.records import Json
from bot.sandbox.slack.state import State


class Method(NamedTuple):
    """What a method does and the scope it asks for ("" is none)."""

    do: Callable[[State, Json], Json]
    scope: str = ""


METHODS: dict[str, Method] = {
    "api.test": Method(directory.api_test),
    "auth.test": Method(directory.auth_test),
    "blocks.validate": Method(chat.validate_blocks),
    "chat.delete": Method(chat.delete_message, "chat:write"),
    "chat.getPermalink": Method(chat.permalink),
    "chat.postEphemeral": Method(chat.post_ephemeral, "chat:write"),
    "chat.postMessage": Method(chat.post_message, "chat:write"),
    "chat.update": Method(chat.update_message, "chat:write"),
    "conversations.info": Method(directory.conversations_info, "channels:read"),
    "conversations.join": Method(directory.conversations_join, "channels:join"),
    "conversations.open": Method(directory.conversations_open, "im:write"),
    "usergroups.list": Method(directory.usergroups_list, "usergroups:read"),
    "usergroups.users.list": Method(directory.usergroup_members, "usergroups:read"),
    "users.info": Method(directory.users_info, "users:read"),
    "users.list": Method(directory.users_list, "users:read"),
    "views.open": Method(modals.open_view),
    "views.publish": Method(modals.publish_view),
    "views.push": Method(modals.push_view),
    "views.update": Method(modals.update_view),
}


def scope_for(state: State, method: str, args: Json) -> str:
    """The scope that this very call needs: private channels and direct messages ask for their own."""
    if method == "conversations.info" and (channel := state.channels.get(str(args.get("channel")))):
        return "im:read" if channel.is_im else ("groups:read" if channel.is_private else "channels:read")
    return METHODS[method].scope
