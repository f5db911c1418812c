"""A request's life in the thread of its card: a line a move, from the audit log."""

from collections.abc import Mapping, Sequence

from bot.core.request import Request, State, Undo
from bot.core.transition import Entry, Kind
from bot.slack.cards import who
from bot.slack.language import Language
from bot.slack.text import Block, Element, bold, moment, one_line, rich, words
from bot.slack.wording import OUTCOMES, TIMELINES, UNDONE, changed, waits

SHOWN = 60
"""Lines; who comes back a hundred times is in the log."""


def timeline(lang: Language, request: Request, entries: Sequence[Entry]) -> list[Block]:
    """One block, or none where there is nothing to tell; of a long life its beginning and its end."""
    lines = TIMELINES[request.rule.about]
    told = [
        _line(lang, request, entry, lines[entry.kind])
        for entry in entries
        if entry.kind in lines and not _ran_out(entry)
    ]
    if not told:
        return []
    left = len(told) - SHOWN
    if left > 0:
        gap = lang.count("{n} line in between is in the log", "{n} lines in between are in the log", left)
        told[SHOWN // 2 : -SHOWN // 2] = [[words(gap)]]
    return [rich(bold(lang.say("How it went")), *(part for line in told for part in (words("\n"), *line)))]


def _line(lang: Language, request: Request, entry: Entry, text: str) -> list[Element]:
    made = entry.facts.get("changes", {})
    by = made.get("ended_by", entry.by) if entry.kind is Kind.SUPERSEDED else entry.by
    what = _what(lang, entry.kind, made)
    return lang.line(text, when=moment(entry.at), who=who(request, by), what=what)


def _what(lang: Language, kind: Kind, made: Mapping[str, object]) -> str:
    """What the move made of the request, where its line says so."""
    match kind:
        case Kind.SETTLED:
            state = str(made.get("state"))
            return lang.say(OUTCOMES[State(state)]) if state in set(State) else one_line(state)
        case Kind.UNDONE:
            return one_line(lang.say(UNDONE[Undo(str(made.get("undo")))]) if made.get("undo") in set(Undo) else "")
        case Kind.WAITED:
            return waits(lang, str(made.get("waits_for")))
        case Kind.REVISED:
            return one_line(changed(lang, str(made.get("revised_why"))))
        case _:
            return ""


def _ran_out(entry: Entry) -> bool:
    """The end of a wait is no move worth a line: what follows it is."""
    return entry.kind is Kind.WAITED and not entry.facts.get("changes", {}).get("waits_for")
