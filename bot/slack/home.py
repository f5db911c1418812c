"""The app's Home: a pure function of what it is given."""

from dataclasses import dataclass
from typing import Any

from bot.core.digest import Digest
from bot.core.request import Request
from bot.slack.cards import VERBS
from bot.slack.text import Block, bold, context, one_line, plain_text, rich, words

SHOWN = 20
"""Requests of each list; four blocks apiece stay under Slack's hundred."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """What one person sees."""

    rostered: bool
    waiting: tuple[Request, ...]
    own: tuple[Request, ...]
    enforces: bool
    feed_lag: float | None
    week: Digest


def home(shown: Home) -> dict[str, Any]:
    """The view."""
    blocks: list[Block] = [*_guard(shown), {"type": "divider"}]
    if not shown.rostered:
        blocks.append(context("You are not on the roster of this bot; ask whoever owns its policy to add you."))
        return {"type": "home", "blocks": blocks}
    blocks += [_header("Waiting for you"), *_list(shown.waiting, ("approve", "deny"), "Nothing waits for you.")]
    blocks += [_header("Your requests"), *_list(shown.own, ("withdraw",), "You have no live request.")]
    return {"type": "home", "blocks": blocks}


def _guard(shown: Home) -> list[Block]:
    week = shown.week
    mode = "enforces" if shown.enforces else "only observes: what nobody approved is not put back"
    lag = f"; the platform's feed answered {shown.feed_lag:.0f} s ago" if shown.feed_lag is not None else ""
    figures = f"This week: {week.filed} asked, {week.done} done, {week.denied} denied, {week.incidents} incidents"
    return [rich(bold(f"The guard {mode}"), words(lag)), context(figures)]


def _header(text: str) -> Block:
    return {"type": "header", "text": plain_text(text)}


def _list(requests: tuple[Request, ...], actions: tuple[str, ...], empty: str) -> list[Block]:
    if not requests:
        return [context(empty)]
    blocks = [block for request in requests[:SHOWN] for block in _request(request, actions)]
    if len(requests) > SHOWN:
        blocks.append(context(f"… and {len(requests) - SHOWN} more; these are shown as the first are decided."))
    return blocks


def _request(request: Request, actions: tuple[str, ...]) -> list[Block]:
    who = f"@{one_line(request.subject.handle, most=80)} ({request.subject.id})"
    buttons = [_button(action, f"{request.id} {request.digest}") for action in actions]
    return [
        rich(bold(f"{VERBS[request.action]} {who}"), words(f" · {request.id} · tier {request.tier}")),
        context(one_line(request.reason, most=300)),
        {"type": "actions", "block_id": f"home:{actions[0]}:{request.id}", "elements": buttons},
    ]


def _button(action: str, value: str) -> dict[str, Any]:
    style = {"approve": "primary", "deny": "danger"}.get(action)
    found = {"type": "button", "action_id": action, "text": plain_text(action.capitalize()), "value": value}
    return {**found, "style": style} if style else found
