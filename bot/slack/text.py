"""Words as people read them, and typed text kept inert.

Text that a person typed or the platform gave stays theirs whatever is done to it here: it is shown as `plain_text` or
in `rich_text`, never as mrkdwn. `unmarked` says that a text could be no markup, `escaped` that it can mention and link
nothing.
"""

import re
import unicodedata
from datetime import datetime
from typing import Any

from bot.core.record import stamp
from bot.slack.look_alikes import reads_like

CUT = "…"
"""What a text ends with where something was left out."""
UNSEEN = "\N{REPLACEMENT CHARACTER}"
"""Stands for each character that would not be seen, or would move others."""
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that are drawn as nothing."""
COLOURFUL = "\ufe0f"
"""The variation selector that only makes an emoji colourful: it is in many a name."""
RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
LOOK_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH", "MATHEMATICAL"})

CHARACTERS_KEPT = 4096

Block = dict[str, Any]
Element = dict[str, Any]

_HARMLESS = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,78}[A-Za-z0-9])?")
_LINE_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_EMPTY_LINES = re.compile(r"\n\s*\n")


def one_line(text: str, *, most: int = 150) -> str:
    """Text for one line: what would reorder it or hide in it becomes visible as �, breaks become blanks.

    Right-to-left writing is kept to itself, so that it does not reorder what stands beside it. Never empty.
    """
    seen = " ".join(_seen(text[: 4 * most]).split()) or UNSEEN
    shown = seen if len(seen) <= most else seen[: most - 1] + "…"
    return f"\u2068{shown}\u2069" if _goes_left(shown) else shown


def many_lines(text: str) -> str:
    """Text with its line breaks, made visible like `one_line`; runs of empty lines become one. Never empty."""
    lines = (_seen(line).rstrip() for line in _LINE_BREAKS.sub("\n", text).split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip() or UNSEEN


def unmarked(text: str, otherwise: str) -> str:
    """The text where no character of it can be markup, for what Slack parses; else what is put in its place."""
    return text if _HARMLESS.fullmatch(text) else otherwise


def escaped(text: str) -> str:
    """Text for what Slack parses, as it asks for it: no mention, channel or link can begin."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def flags(text: str) -> list[str]:
    """What a reader cannot see in a name, as codes: unseen characters, writing that turns, letters that seem others."""
    found = []
    if any(_SEEN[ord(c)] == UNSEEN for c in set(text)):
        found.append("invisible")
    if _goes_left(text):
        found.append("right_to_left")
    letters = {unicodedata.name(c, "?").split(" ")[0] for c in set(text) if c.isalpha()}
    if len(letters & LOOK_ALIKE) > 1:
        found.append("look_alike")
    if reads_like(text):
        found.append("reads_like")
    return found


def _seen(text: str) -> str:
    return text if text.isascii() and text.isprintable() else text.translate(_SEEN)


class _Seen(dict[int, str]):
    """What each character is shown as, remembered within bounds: a text of 3,000 is looked at in microseconds."""

    def __missing__(self, code: int) -> str:
        if len(self) >= CHARACTERS_KEPT:
            self.clear()
        self[code] = shown = _character(chr(code))
        return shown


_SEEN = _Seen()


def _character(c: str) -> str:
    category = unicodedata.category(c)
    if c.isspace() or category in {"Zs", "Zl", "Zp"}:
        return " "
    picks = c != COLOURFUL and "VARIATION SELECTOR" in unicodedata.name(c, "")
    return UNSEEN if category[0] == "C" or c in BLANK or picks else c


def _goes_left(text: str) -> bool:
    return not text.isascii() and any(unicodedata.bidirectional(c) in RIGHT_TO_LEFT for c in set(text))


def cut(text: str, most: int, more: str = CUT) -> str:
    """At most `most` characters, `more` being the last of them where something was left out."""
    return text if len(text) <= most else text[: most - len(more)].rstrip() + more


def plain_text(text: str, *, most: int = 3000) -> dict[str, Any]:
    return {"type": "plain_text", "text": cut(text, most, "…") or "–", "emoji": False}


def rich(*elements: Element) -> Block:
    """One line of rich text."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def words(text: str) -> Element:
    """Text that is shown as it is, whatever stands in it."""
    return {"type": "text", "text": text or "–"}


def bold(text: str) -> Element:
    return {"type": "text", "text": text or "–", "style": {"bold": True}}


def code(text: str) -> Element:
    return {"type": "text", "text": text or "–", "style": {"code": True}}


def link(url: str, text: str) -> Element:
    return {"type": "link", "url": url, "text": text}


def user(id: str) -> Element:
    return {"type": "user", "user_id": id}


def moment(at: datetime) -> Element:
    """A time as rich text shows it in the reader's zone; Slack draws none before 1970."""
    if at.timestamp() < 1:
        return words(stamp(at))
    return {
        "type": "date",
        "timestamp": int(at.timestamp()),
        "format": "{date_short_pretty} {time_secs}",
        "fallback": stamp(at),
    }


def quote(text: str) -> Block:
    """Typed text, set apart: none of its lines can pass for one of the card's."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": [words(many_lines(text))]}]}


def header(text: str, **more: str) -> Block:
    return {"type": "header", "text": plain_text(text, most=150), **more}


def verbatim(text: str) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [words(text)]}]}


def button(action: str, label: str, value: str, *, style: str | None = None) -> dict[str, Any]:
    found = {"type": "button", "action_id": action, "text": plain_text(label), "value": value}
    return {**found, "style": style} if style else found


def context(text: str) -> Block:
    """A line in small print; plain text, so that nothing in it is markup."""
    return {"type": "context", "elements": [plain_text(text, most=2000)]}
