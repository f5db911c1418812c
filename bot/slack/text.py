"""Text that a person typed or the platform gave, made fit to be shown; figures and times as people read them.

What is returned here is still somebody's text: it belongs into `plain_text` or `rich_text`, never into mrkdwn.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta

HIDDEN = "\N{REPLACEMENT CHARACTER}"
"""Stands for each character that would not be seen, or would move others."""
BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that are drawn as nothing."""
EMOJI_STYLE = "\ufe0f"
RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC"})
"""Alphabets that are rightly mixed."""
CUT = "… (whole text in the thread)"

_HARMLESS = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,78}[A-Za-z0-9])?")
_LINE_BREAKS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_EMPTY_LINES = re.compile(r"\n\s*\n")


def one_line(text: str, most: int = 150) -> str:
    """The text on one line, the unseen made visible, cut after `most` characters; never empty.

    Right-to-left writing is kept to itself, so that it cannot reorder what stands beside it.
    """
    line = cut(" ".join(_seen(text).split()), most) or HIDDEN
    return f"\u2068{line}\u2069" if _goes_left(line) else line


def many_lines(text: str) -> str:
    """The text with its line breaks, the unseen made visible and runs of empty lines made one."""
    lines = (_seen(line).rstrip() for line in _LINE_BREAKS.sub("\n", text).split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip() or HIDDEN


def cut(text: str, most: int, more: str = "…") -> str:
    """At most `most` characters, the last of them `more` where something was left out."""
    return text if len(text) <= most else text[: most - len(more)].rstrip() + more


def unmarked(text: str, otherwise: str) -> str:
    """The text where no character of it could be markup, for places that Slack parses; else `otherwise`."""
    return text if _HARMLESS.fullmatch(text) else otherwise


def flags(text: str) -> tuple[str, ...]:
    """What about a handle or a name should make its reader look twice; empty for ordinary ones."""
    found = []
    if HIDDEN in _seen(text):
        found.append("characters that are not seen")
    if _goes_left(text):
        found.append("letters written from right to left")
    if len(_alphabets(text)) > 1:
        found.append("letters of several alphabets")
    return tuple(found)


def number(value: int | None) -> str:
    """With thousands separators: 41,700,000."""
    return "hidden" if value is None else f"{value:,}"


def duration(value: timedelta) -> str:
    """As people say it: 840 ms, 12.3 s, 2 min 5 s, 11 min, 1 h 5 min, 3 d 4 h."""
    milliseconds = round(value / timedelta(milliseconds=1))
    if milliseconds < 1000:  # noqa: PLR2004 - a second
        return f"{milliseconds} ms"
    if milliseconds < 59_950:  # noqa: PLR2004 - rounds to less than 60.0 s
        return f"{milliseconds / 1000:.1f} s".replace(".0 s", " s")
    seconds = round(milliseconds / 1000)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if days:
        return _two(days, "d", hours % 24, "h")
    if hours:
        return _two(hours, "h", minutes % 60, "min")
    return _two(minutes, "min", seconds % 60 if minutes < 10 else 0, "s")  # noqa: PLR2004 - then nobody counts seconds


def utc(at: datetime) -> str:
    """A time where Slack cannot show the reader's own: 2026-11-21 14:05 UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def listed(words: list[str], last: str = "and") -> str:
    """a, b and c."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def _two(large: int, unit: str, small: int, under: str) -> str:
    return f"{large} {unit} {small} {under}" if small else f"{large} {unit}"


def _seen(text: str) -> str:
    return "".join(map(_character, text))


def _character(character: str) -> str:
    if character.isascii():
        return character if character.isprintable() else " " if character.isspace() else HIDDEN
    category = unicodedata.category(character)
    if category in {"Zs", "Zl", "Zp"}:
        return " "
    if category[0] == "C" or character in BLANK_LETTERS or _picks_a_variant(character):
        return HIDDEN
    return character


def _picks_a_variant(character: str) -> bool:
    """A variation selector; the one that only makes an emoji colourful is in everybody's name."""
    return "VARIATION SELECTOR" in unicodedata.name(character, "") and character != EMOJI_STYLE


def _goes_left(text: str) -> bool:
    return not text.isascii() and any(unicodedata.bidirectional(character) in RIGHT_TO_LEFT for character in text)


def _alphabets(text: str) -> set[str]:
    """The first word of each letter's Unicode name, which is its alphabet's but for a few."""
    if text.isascii():
        return set()
    names = {unicodedata.name(character, "UNNAMED").split()[0] for character in text if character.isalpha()}
    return (names - EAST_ASIAN) | ({"CJK"} if names & EAST_ASIAN else set())
