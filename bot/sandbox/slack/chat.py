"""`chat.…`: arguments in, answer out, or SlackError."""

from bot.sandbox.slack.arguments import flag, needed, parsed
from bot.sandbox.slack.limits import BLOCK_TEXT, POSTED_TEXT, UPDATED_TEXT, block_problems, text_length, view_problems
from bot.sandbox.slack.records import Channel, Json, Message, Version
from bot.sandbox.slack.state import SlackError, State


def checked_blocks(args: Json) -> list[Json] | None:
    blocks = parsed(args, "blocks", "invalid_blocks_format")
    if blocks is None:
        return None
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    if problems := block_problems(blocks):
        raise SlackError("invalid_blocks", *problems, errors=problems)
    if text_length(blocks) > BLOCK_TEXT:
        raise SlackError("msg_blocks_too_long")
    return blocks


def checked_metadata(args: Json) -> Json | None:
    metadata = parsed(args, "metadata", "invalid_metadata_format")
    if metadata in (None, {}):
        return metadata if metadata is None else {}
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_schema")
    return metadata


def content(state: State, args: Json) -> Version:
    blocks = checked_blocks(args)
    text = str(args.get("text") or "")[:POSTED_TEXT]
    if not text and not blocks:
        raise SlackError("no_text")
    return state.version(text, blocks or [], checked_metadata(args) or None)


def where(state: State, args: Json) -> Channel:
    """The channel that the bot may write to."""
    wanted = needed(args, "channel", "channel_not_found")
    if wanted in state.users:
        return state.dm(wanted)
    named = [channel.id for channel in state.channels.values() if channel.name and f"#{channel.name}" == wanted]
    channel = state.channel(named[0] if named else wanted)
    if not channel.has(state.identity.bot_user):
        raise SlackError("not_in_channel")
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel


def shown(state: State, message: Message) -> Json:
    own = message.user == state.identity.bot_user
    who = state.identity
    return message.as_slack(bot_id=who.bot_id if own else "", app_id=who.app_id if own else "", team_id=who.team_id)


def post_message(state: State, args: Json) -> Json:
    channel = where(state, args)
    version = content(state, args)
    thread = str(args["thread_ts"]) if args.get("thread_ts") else None
    if thread and (channel.id, thread) not in state.messages:
        raise SlackError("thread_not_found")
    message = state.post(
        channel.id,
        version,
        user=state.identity.bot_user,
        thread_ts=thread,
        broadcast=flag(args, "reply_broadcast"),
    )
    return {"channel": channel.id, "ts": message.ts, "message": shown(state, message)}


def own_message(state: State, args: Json, error: str) -> Message:
    channel = state.channel(needed(args, "channel", "channel_not_found"))
    message = state.messages.get((channel.id, needed(args, "ts", "message_not_found")))
    if message is None:
        raise SlackError("message_not_found")
    if message.user != state.identity.bot_user:
        raise SlackError(error)
    return message


def update_message(state: State, args: Json) -> Json:
    """Text without blocks removes the blocks; what is not given at all stays."""
    message = own_message(state, args, "cant_update_message")
    if state.channel(message.channel).is_archived:
        raise SlackError("is_inactive")
    if len(str(args.get("text") or "")) > UPDATED_TEXT:
        raise SlackError("msg_too_long")
    blocks = checked_blocks(args)
    metadata = checked_metadata(args)
    text = args.get("text")
    if text is None and blocks is None and metadata is None:
        raise SlackError("no_text")
    kept = [] if text is not None else message.blocks
    version = state.version(
        message.text if text is None else str(text),
        kept if blocks is None else blocks,
        message.metadata if metadata is None else (metadata or None),
    )
    edited = state.rewrite(message, version)
    return {"channel": edited.channel, "ts": edited.ts, "text": edited.text, "message": shown(state, edited)}


def delete_message(state: State, args: Json) -> Json:
    message = own_message(state, args, "cant_delete_message")
    state.remove(message)
    return {"channel": message.channel, "ts": message.ts}


def post_ephemeral(state: State, args: Json) -> Json:
    channel = where(state, args)
    user = needed(args, "user", "user_not_found")
    if user not in state.users or not channel.has(user):
        raise SlackError("user_not_in_channel")
    version = content(state, args)
    thread = str(args["thread_ts"]) if args.get("thread_ts") else None
    message = state.post(channel.id, version, user=state.identity.bot_user, thread_ts=thread, ephemeral_to=user)
    return {"message_ts": message.ts}


def permalink(state: State, args: Json) -> Json:
    channel = state.channel(needed(args, "channel", "channel_not_found"))
    ts = needed(args, "message_ts", "message_not_found")
    if (channel.id, ts) not in state.messages:
        raise SlackError("message_not_found")
    domain = state.identity.team_domain
    return {
        "channel": channel.id,
        "permalink": f"https://{domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}",
    }


def validate_blocks(state: State, args: Json) -> Json:  # noqa: ARG001  # as above
    if args.get("view") is not None:
        if problems := view_problems(parsed(args, "view")):
            raise SlackError("invalid_blocks", *problems, errors=problems)
        return {}
    if checked_blocks(args) is None:
        raise SlackError("invalid_arguments", "[ERROR] missing required field: blocks")
    return {}
