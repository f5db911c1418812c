"""The app's Home: a pure function of what it is given."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.core.digest import TWITTER_2017, Digest
from bot.core.request import Request
from bot.slack.cards import (
    Button,
    approve_button,
    buttons_of,
    cut_short,
    deny_button,
    expiry,
    places,
    who,
    withdraw_button,
)
from bot.slack.language import N_, Language
from bot.slack.subjects import subject_lines, verb
from bot.slack.text import Block, bold, button, context, header, moment, one_line, plain_text, quote, rich, words
from bot.slack.wording import OUTCOMES

SHOWN = 7
"""Requests of each list on a page: at six blocks apiece both together stay under Slack's hundred."""
REASON_SHOWN = 300
LISTS = ("waiting", "own")
"""What is paged, by the names that the buttons carry."""

Pages = dict[str, int]
"""The page, counted from 0, that each list is turned to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """What one person sees. `waiting` and `own` are the oldest first; `feed_lag` is in seconds."""

    rostered: bool
    waiting: tuple[Request, ...]
    own: tuple[Request, ...]
    enforces: bool
    feed_lag: float | None
    week: Digest
    more: bool = False
    """Whether there is more pending than was looked through."""
    pages: Pages = field(default_factory=dict)


def home(lang: Language, shown: Home) -> dict[str, Any]:
    """The view."""
    blocks: list[Block] = [*_guard(lang, shown), *_week(lang, shown.week), {"type": "divider"}]
    if not shown.rostered:
        blocks.append(
            context(lang.say("You are not on the roster of this bot; ask whoever owns its policy to add you."))
        )
        return {"type": "home", "blocks": blocks}
    waiting = _List(shown, "waiting", shown.waiting, (approve_button, deny_button))
    own = _List(shown, "own", shown.own, (withdraw_button,))
    blocks += [_title(lang.say("Waiting for you"), shown.waiting, more="+" if shown.more else "")]
    blocks += waiting.drawn(lang) or [context(lang.say("Nothing waits for you."))]
    blocks += [_title(lang.say("Your requests"), shown.own)]
    blocks += own.drawn(lang) or [context(lang.say("You have no live request."))]
    turned = json.dumps({"waiting": waiting.page, "own": own.page})
    return {"type": "home", "private_metadata": turned, "blocks": blocks}


def only(sentence: str) -> dict[str, Any]:
    """The view where there is nothing to see, with the reason."""
    return {"type": "home", "blocks": [context(sentence)]}


def _guard(lang: Language, shown: Home) -> list[Block]:
    mode = lang.say("The guard enforces") if shown.enforces else lang.say("⚠ The guard only observes")
    if shown.feed_lag is None:
        lag = lang.say("the platform's feed has not answered yet")
    else:
        ago = lang.span(timedelta(seconds=max(shown.feed_lag, 0)))
        lag = lang.say("the platform's feed answered {span} ago", span=ago)
    return [rich(bold(mode), words(f" · {lag}"))]


def _week(lang: Language, week: Digest) -> list[Block]:
    """The week in four figures."""
    decision, restored = "–", "–"
    if week.median_to_decision is not None:
        decision = lang.span(week.median_to_decision)
    if week.median_to_restore is not None:
        then = lang.say("({span} in 2017)", span=lang.span(TWITTER_2017))
        restored = f"{lang.span(week.median_to_restore)} {then}"
    figures = {
        lang.say("Asked this week"): lang.number(week.filed),
        lang.say("Median time to decision"): decision,
        lang.say("Incidents"): lang.number(week.incidents),
        lang.say("Median time to restore"): restored,
    }
    return [{"type": "section", "fields": [plain_text(f"{name}\n{figure}") for name, figure in figures.items()]}]


def _title(text: str, requests: Sequence[Request], *, more: str = "") -> Block:
    return header(f"{text} ({len(requests)}{more})" if requests else text)


class _List:
    """A list turned to one of its pages; a page that is no more is the last one."""

    def __init__(self, shown: Home, name: str, requests: Sequence[Request], buttons: tuple[Button, ...]) -> None:
        self.name = name
        self.requests = requests
        self.buttons = buttons
        self.last = max(0, (len(requests) - 1) // SHOWN)
        self.page = min(max(shown.pages.get(name, 0), 0), self.last)

    def drawn(self, lang: Language) -> list[Block]:
        first = self.page * SHOWN
        on_page = self.requests[first : first + SHOWN]
        return [
            block for request in on_page for block in _request(lang, request, self.name, self.buttons)
        ] + self._turn(lang)

    def _turn(self, lang: Language) -> list[Block]:
        if not self.last:
            return []
        buttons = []
        if self.page > 0:
            buttons.append(button("home_back", lang.say("← Back"), f"{self.name}:{self.page - 1}"))
        if self.page < self.last:
            buttons.append(button("home_on", lang.say("More →"), f"{self.name}:{self.page + 1}"))
        return [{"type": "actions", "block_id": f"turn:{self.name}", "elements": buttons}]


def _request(lang: Language, request: Request, row: str, buttons: tuple[Button, ...]) -> list[Block]:
    """One request in six blocks at most, the row of its buttons the last."""
    about = lang.line(
        "{what} · {category} · {state} · asked by {who}",
        what=bold(f"{verb(lang, request)} · {request.id}"),
        category=one_line(request.category),
        state=lang.say(OUTCOMES[request.state]),
        who=who(request, request.requester),
    )
    if ends := expiry(request):
        text = N_("undone {when} unless it is ratified") if request.emergency else N_("expires {when}")
        about += [words(" · "), *lang.line(text, when=moment(ends))]
    return [
        rich(*about),
        *subject_lines(lang, request),
        rich(*places(lang, request)),
        quote(cut_short(request.reason, lang.say("… (whole text on the card)"), REASON_SHOWN)),
        buttons_of(lang, request, *buttons, row=row),
    ]
