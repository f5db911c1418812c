"""The payloads that Slack sends, built from the state. Pure: nothing here changes or sends anything."""

from bot.sandbox.slack.records import Channel, Json, Message, User, View
from bot.sandbox.slack.state import Identity

OPTION_KEYS = {"static_select", "radio_buttons", "external_select", "overflow"}
OPTIONS_KEYS = {"checkboxes", "multi_static_select", "multi_external_select"}
OTHER_KEYS = {
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "rich_text_input": "rich_text_value",
    "file_input": "files",
}


def value_key(kind: str) -> str:
    """Under which name Slack tells what a person chose in an element of this kind."""
    if kind in OPTION_KEYS:
        return "selected_option"
    return "selected_options" if kind in OPTIONS_KEYS else OTHER_KEYS.get(kind, "value")


def channel_name(channel: Channel) -> str:
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def common(who: Identity, kind: str, user: User) -> Json:
    """What every interaction carries."""
    return {
        "type": kind,
        "token": who.verification_token,
        "api_app_id": who.app_id,
        "team": {"id": who.team_id, "domain": who.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
        "user": {
            "id": user.id,
            "username": user.name,
            "name": user.name,
            "team_id": user.team_id or who.team_id,
        },
    }


def command(
    who: Identity, user: User, channel: Channel, *, name: str, text: str, trigger_id: str, response_url: str
) -> Json:
    return {
        "token": who.verification_token,
        "team_id": user.team_id or who.team_id,
        "team_domain": who.team_domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": name,
        "text": text,
        "api_app_id": who.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def drawn(who: Identity, thing: Message | View) -> Json:
    own = isinstance(thing, View) or thing.user == who.bot_user
    return thing.as_slack(bot_id=who.bot_id if own else "", app_id=who.app_id, team_id=who.team_id)


def action(block_id: str, element: Json, chosen: object, at: str) -> Json:
    kept = ("type", "action_id", "text", "value", "style", "placeholder", "confirm")
    done = {name: element[name] for name in kept if name in element}
    if element["type"] != "button":
        done.pop("text", None)
        done[value_key(element["type"])] = chosen
    return {**done, "block_id": block_id, "action_ts": at}


def where(who: Identity, source: Message | View, channel: Channel | None) -> Json:
    """From where the person acted: container, channel, message or view, state."""
    if isinstance(source, View):
        shown = drawn(who, source)
        return {"container": {"type": "view", "view_id": source.id}, "view": shown}
    found: Json = {
        "container": {
            "type": "message",
            "message_ts": source.ts,
            "channel_id": source.channel,
            "is_ephemeral": source.ephemeral_to is not None,
        },
        "channel": {"id": source.channel, "name": channel_name(channel) if channel else ""},
        "state": {"values": {}},
    }
    if source.thread_ts:
        found["container"]["thread_ts"] = source.thread_ts
    if source.ephemeral_to is None:  # Slack keeps no ephemeral message, so it cannot tell what it said
        found["message"] = drawn(who, source)
    return found


def event(who: Identity, inner: Json, *, event_id: str, at: int) -> Json:
    authorization = {
        "enterprise_id": None,
        "team_id": who.team_id,
        "user_id": who.bot_user,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": who.verification_token,
        "team_id": who.team_id,
        "api_app_id": who.app_id,
        "event": inner,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": at,
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
    }
