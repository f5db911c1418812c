"""Who and where: `auth.test`, `users.…`, `conversations.…`, `usergroups.…`."""

from dataclasses import replace

from bot.sandbox.slack.arguments import flag, needed
from bot.sandbox.slack.records import Json
from bot.sandbox.slack.state import SlackError, State


def auth_test(state: State, args: Json) -> Json:  # noqa: ARG001  # every method has one signature
    who = state.identity
    return {
        "url": f"https://{who.team_domain}.slack.com/",
        "team": who.team_name,
        "user": who.bot_name,
        "team_id": who.team_id,
        "user_id": who.bot_user,
        "bot_id": who.bot_id,
        "is_enterprise_install": False,
    }


def api_test(state: State, args: Json) -> Json:  # noqa: ARG001  # as above
    if args.get("error"):
        raise SlackError(str(args["error"]), args=args)
    return {"args": args}


def users_info(state: State, args: Json) -> Json:
    user = state.user(needed(args, "user", "user_not_found"))
    return {"user": user.as_slack(team_id=state.identity.team_id, with_locale=flag(args, "include_locale"))}


def users_list(state: State, args: Json) -> Json:
    with_locale = flag(args, "include_locale")
    members = [user.as_slack(team_id=state.identity.team_id, with_locale=with_locale) for user in state.users.values()]
    return {"members": members, "cache_ts": int(state.clock()), "response_metadata": {"next_cursor": ""}}


def conversations_open(state: State, args: Json) -> Json:
    if args.get("channel"):
        channel = state.channel(str(args["channel"]))
        return {"channel": {"id": channel.id}}
    users = [user for user in str(args.get("users") or "").split(",") if user]
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > 1:
        raise SlackError("method_not_supported_for_channel_type")
    if state.user(users[0]).deleted:
        raise SlackError("user_disabled")
    already = f"D{users[0][1:]}" in state.channels
    channel = state.dm(users[0])
    answer: Json = {"channel": {"id": channel.id}}
    if flag(args, "return_im"):
        answer["channel"] = channel.as_slack(bot_user=state.identity.bot_user, team_id=state.identity.team_id)
    return {**answer, "already_open": True, "no_op": True} if already else answer


def conversations_info(state: State, args: Json) -> Json:
    channel = state.channel(needed(args, "channel", "channel_not_found"))
    found = channel.as_slack(bot_user=state.identity.bot_user, team_id=state.identity.team_id)
    if flag(args, "include_num_members"):
        found["num_members"] = len(state.users if channel.members is None else channel.members)
    return {"channel": found}


def conversations_join(state: State, args: Json) -> Json:
    channel = state.channel(needed(args, "channel", "channel_not_found"))
    if channel.is_private or channel.is_im:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    if channel.members is not None:
        bot = frozenset({state.identity.bot_user})
        state.put_channel(replace(channel, members=channel.members | bot))
    joined = state.channels[channel.id]
    return {"channel": joined.as_slack(bot_user=state.identity.bot_user, team_id=state.identity.team_id)}


def usergroups_list(state: State, args: Json) -> Json:  # noqa: ARG001  # as above; the sandbox has no paid plan's groups
    return {"usergroups": []}


def usergroup_members(state: State, args: Json) -> Json:  # noqa: ARG001  # as above
    raise SlackError("no_such_subteam")
