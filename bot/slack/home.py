"""The app's Home: a pure function of what it is given."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.core.digest import TWITTER_2017, Digest
from bot.core.request import Request
from bot.slack.cards import account_lines, approve_button, deny_button, shown_reason, who, withdraw_button
from bot.slack.text import Block, bold, context, cut, moment, one_line, plain_text, quote, rich, span, words
from bot.slack.wording import OUTCOMES, VERBS

SHOWN = 7
"""Requests of each list: at six blocks apiece both together stay under Slack's hundred."""
REASON_SHOWN = 300

Button = Callable[[Request], dict[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """What one person sees. `waiting` and `own` are the oldest first; `feed_lag` is in seconds."""

    rostered: bool
    waiting: tuple[Request, ...]
    own: tuple[Request, ...]
    enforces: bool
    feed_lag: float | None
    week: Digest


def home(shown: Home) -> dict[str, Any]:
    """The view."""
    blocks: list[Block] = [*_guard(shown), *_week(shown.week), {"type": "divider"}]
    if not shown.rostered:
        blocks.append(context("You are not on the roster of this bot; ask whoever owns its policy to add you."))
        return {"type": "home", "blocks": blocks}
    blocks += [_title("Waiting for you", shown.waiting)]
    blocks += _list(shown.waiting, (approve_button, deny_button), "Nothing waits for you.")
    blocks += [_title("Your requests", shown.own), *_list(shown.own, (withdraw_button,), "You have no live request.")]
    return {"type": "home", "blocks": blocks}


def _guard(shown: Home) -> list[Block]:
    mode = "The guard enforces" if shown.enforces else "⚠ The guard only observes: nothing is put back"
    lag = " · the platform's feed has not answered yet"
    if shown.feed_lag is not None:
        lag = f" · the platform's feed answered {span(timedelta(seconds=max(shown.feed_lag, 0)))} ago"
    return [rich(bold(mode), words(lag))]


def _week(week: Digest) -> list[Block]:
    """The week in four figures."""
    restored = f"{span(week.median_to_restore)} ({span(TWITTER_2017)} in 2017)" if week.median_to_restore else "–"
    fields = [
        f"Asked this week\n{week.filed}",
        f"Median time to decision\n{span(week.median_to_decision) if week.median_to_decision else '–'}",
        f"Incidents\n{week.incidents}",
        f"Median time to restore\n{restored}",
    ]
    return [{"type": "section", "fields": [plain_text(field) for field in fields]}]


def _title(text: str, requests: tuple[Request, ...]) -> Block:
    return {"type": "header", "text": plain_text(f"{text} ({len(requests)})" if requests else text)}


def _list(requests: tuple[Request, ...], buttons: tuple[Button, ...], empty: str) -> list[Block]:
    if not requests:
        return [context(empty)]
    blocks = [block for request in requests[:SHOWN] for block in _request(request, buttons)]
    if len(requests) > SHOWN:
        blocks.append(context(f"{len(requests) - SHOWN} more follow as these are decided; /countersign pending lists."))
    return blocks


def _request(request: Request, buttons: tuple[Button, ...]) -> list[Block]:
    """One request in six blocks at most, the row of its buttons the last."""
    ends = [words(" · expires "), moment(request.expires_at)] if request.expires_at else []
    asked = [words(" · asked by "), who(request, request.requester)]
    state = f" · {OUTCOMES[request.state]}"
    return [
        rich(bold(f"{VERBS[request.action]} · {request.id}"), words(state), *asked, *ends),
        *account_lines(request),
        context(f"Category {one_line(request.category, most=75)}"),
        quote(cut(shown_reason(request), REASON_SHOWN, "… (whole text on the card)")),
        {"type": "actions", "elements": [make(request) for make in buttons]},
    ]
