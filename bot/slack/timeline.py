"""A request's life in the thread of its card: a line a move, from the audit log."""

from collections.abc import Sequence

from bot.core.request import Request
from bot.core.transition import Entry
from bot.slack.cards import who
from bot.slack.language import Language
from bot.slack.text import Block, Element, bold, moment, rich, words
from bot.slack.wording import TIMELINE

SHOWN = 60
"""Lines; who comes back a hundred times is in the log."""


def timeline(lang: Language, request: Request, entries: Sequence[Entry]) -> list[Block]:
    """One block, or none where there is nothing to tell; of a long life its beginning and its end."""
    told = [entry for entry in entries if entry.kind in TIMELINE]
    if not told:
        return []
    elements: list[Element] = [bold(lang.say("How it went"))]
    for entry in told if len(told) <= SHOWN else [*told[: SHOWN // 2], *told[-SHOWN // 2 :]]:
        by = who(request, entry.by)
        elements += [words("\n"), *lang.line(TIMELINE[entry.kind], when=moment(entry.at), who=by)]
    if len(told) > SHOWN:
        left = len(told) - SHOWN
        more = lang.count("{n} line in between is in the log", "{n} lines in between are in the log", left)
        elements += [words("\n"), words(more)]
    return [rich(*elements)]
