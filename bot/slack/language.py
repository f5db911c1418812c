"""The languages that people read: words from the catalogues, and each language's forms of numbers, times and spans.

English is what the code says; the others are gettext catalogues beside this file, `locale/<code>/LC_MESSAGES/`. They
are read as they are written (`.po`): nothing has to be built to install the bot. What the extractor looks for is
`say`, `count`, `line` and `N_`; a test holds the catalogues against what it finds.
"""

import gettext
import string
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from bot.slack.text import Element, words

LANGUAGES = ("en", "fr")
"""The policy's `channel_language` is one of these."""
CATALOGUES = Path(__file__).parent / "locale"
_FORMATTER = string.Formatter()


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for “marked here, translated where it is said”
    """Mark a text of a table for the catalogues."""
    return text


class Language:
    """One language. Placeholders are filled after translation, and what fills them is never read for more of them."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.locale = Locale.parse(code)
        self._words = _catalogue(code)
        self._units = {name: self._words.gettext(unit) for name, unit in UNITS.items()}

    def say(self, text: str, /, **facts: object) -> str:
        """A text with its facts; numbers come as this language writes them."""
        return self._words.gettext(text).format_map({name: self._fact(fact) for name, fact in facts.items()})

    def count(self, one: str, many: str, n: int, /, **facts: object) -> str:
        """The form that fits `n`, which fills `{n}`."""
        return self._words.ngettext(one, many, n).format_map(
            {"n": self.number(n), **{name: self._fact(fact) for name, fact in facts.items()}}
        )

    def line(self, text: str, /, **parts: str | Element | list[Element]) -> list[Element]:
        """A text whose placeholders are filled with parts of rich text: mentions, times, bold words."""
        found: list[Element] = []
        for before, name, _, _ in _FORMATTER.parse(self._words.gettext(text)):
            if before:
                found.append(words(before))
            if name is not None:
                part = parts[name]
                found += part if isinstance(part, list) else [words(part) if isinstance(part, str) else part]
        return found

    def _fact(self, fact: object) -> object:
        return self.number(fact) if isinstance(fact, int) and not isinstance(fact, bool) else fact

    def number(self, value: int | None) -> str:
        """A count; what the platform hides has none."""
        return self.say(N_("hidden")) if value is None else format_decimal(value, locale=self.locale)

    def percent(self, ratio: float) -> str:
        return format_percent(ratio, locale=self.locale)

    def per_cent(self, part: float) -> str:
        """So many of a hundred, to two places."""
        return f"{format_decimal(part, '#,##0.##', locale=self.locale)}\N{NO-BREAK SPACE}%"

    def list(self, items: Iterable[str]) -> str:
        """“a, b and c”."""
        return format_list(list(items), locale=self.locale)

    def day(self, value: date) -> str:
        """A short weekday, as an axis bears it."""
        return format_date(value, "EEE d", locale=self.locale)

    def minute(self, value: datetime) -> str:
        """A time in a table that says elsewhere which year and zone it speaks of."""
        return format_datetime(value, "d MMM, HH:mm", locale=self.locale)

    def time(self, value: datetime) -> str:
        """A time where Slack cannot draw it in the reader's zone; it names its own."""
        return f"{format_datetime(value, 'd MMM y, HH:mm', locale=self.locale)} {value.tzname()}"

    def span(self, value: timedelta) -> str:
        """A duration with the two units that matter: 840 ms, 12.3 s, 2 min 5 s, 11 min, 1 h 5 min, 3 d 4 h."""
        milliseconds = round(value / timedelta(milliseconds=1))
        if milliseconds < 1000:  # noqa: PLR2004 - a second
            return self._units["ms"].format(n=milliseconds)
        if milliseconds < 59_950:  # noqa: PLR2004 - what rounds to less than 60.0 s
            return self._units["s"].format(n=format_decimal(milliseconds / 1000, "0.#", locale=self.locale))
        seconds = round(milliseconds / 1000)
        minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
        if days:
            return self._two(days, "d", hours % 24, "h")
        return self._two(hours, "h", minutes % 60, "min") if hours else self._two(minutes, "min", seconds % 60, "s")

    def _two(self, large: int, unit: str, small: int, under: str) -> str:
        shown = self._units[unit].format(n=large)
        return f"{shown} {self._units[under].format(n=small)}" if small else shown


UNITS = {"ms": N_("{n} ms"), "s": N_("{n} s"), "min": N_("{n} min"), "h": N_("{n} h"), "d": N_("{n} d")}


def _catalogue(code: str) -> gettext.NullTranslations:
    file = CATALOGUES / code / "LC_MESSAGES" / "countersign.po"
    if not file.exists():
        return gettext.NullTranslations()
    compiled = BytesIO()
    with file.open("rb") as text:
        write_mo(compiled, read_po(text, locale=code, abort_invalid=True))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@cache
def language(code: str) -> Language:
    """The language of a code of `LANGUAGES`."""
    return Language(code)


def spoken(locale: str | None) -> str | None:
    """The code of the language of a Slack locale (`fr-FR`), where it is one that the bot speaks."""
    code = (locale or "").replace("_", "-").split("-")[0].lower()
    return code if code in LANGUAGES else None
