"""`views.…`: arguments in, answer out, or SlackError."""

from bot.sandbox.slack.arguments import needed, parsed
from bot.sandbox.slack.limits import view_problems, view_too_large
from bot.sandbox.slack.records import Json, View
from bot.sandbox.slack.state import SlackError, State, Trigger


def checked_view(args: Json, kind: str) -> Json:
    view = parsed(args, "view")
    if problems := view_problems(view, kind=kind):
        raise SlackError("invalid_arguments", *problems)
    if view_too_large(view):
        raise SlackError("view_too_large")
    return dict(view)


def view_answer(state: State, view: View) -> Json:
    who = state.identity
    return {"view": view.as_slack(bot_id=who.bot_id, app_id=who.app_id, team_id=who.team_id)}


def exchanged(state: State, args: Json) -> Trigger:
    return state.trigger(needed(args, "trigger_id"))


def open_view(state: State, args: Json) -> Json:
    view = checked_view(args, "modal")
    trigger = exchanged(state, args)
    opened = state.open_view(trigger.user, view, push=False)
    trigger.used = True
    return view_answer(state, opened)


def push_view(state: State, args: Json) -> Json:
    view = checked_view(args, "modal")
    trigger = exchanged(state, args)
    if trigger.view is None or trigger.view not in state.views:
        raise SlackError("not_found")
    pushed = state.open_view(trigger.user, view, push=True)
    trigger.used = True
    return view_answer(state, pushed)


def update_view(state: State, args: Json) -> Json:
    view = checked_view(args, "modal")
    if not args.get("view_id") and not args.get("external_id"):
        raise SlackError("invalid_arguments", "[ERROR] either view_id or external_id is needed")
    known = state.views.get(str(args.get("view_id") or ""))
    if known is None and args.get("external_id"):
        known = next((one for one in state.views.values() if one.external_id == args["external_id"]), None)
    if known is None:
        raise SlackError("not_found")
    if args.get("hash") and args["hash"] != known.hash:
        raise SlackError("hash_conflict")
    return view_answer(state, state.change_view(known, view))


def publish_view(state: State, args: Json) -> Json:
    user = state.user(needed(args, "user_id")).id
    view = checked_view(args, "home")
    known = state.homes.get(user)
    if args.get("hash") and known is not None and args["hash"] != known.hash:
        raise SlackError("hash_conflict")
    return view_answer(state, state.publish(user, view))
