"""The languages: every word there in each, and numbers, days and spans as each writes them."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import bot.slack
from bot.core.errors import Misconfigured
from bot.core.policy_file import parse_policy
from bot.sandbox.stage import sample_policy
from bot.slack.language import CATALOGUES, LANGUAGES, Language, spoken
from bot.slack.text import bold, user
from tests.slack.examples import EN, FR, HOSTILE

SOURCE = Path(bot.slack.__file__).parent
MARKS = {"say": None, "line": None, "N_": None, "count": (1, 2)}
TRANSLATED = [code for code in LANGUAGES if code != "en"]
PLACE = re.compile(r"\{(\w+)\}")

Said = str | tuple[str, ...]


def said_in_the_code() -> set[Said]:
    found = extract_from_dir(SOURCE, method_map=[("**.py", "python")], keywords=MARKS)
    return {message for _, _, message, _, _ in found}


def catalogue(code: str) -> Catalog:
    with (CATALOGUES / code / "LC_MESSAGES" / "countersign.po").open("rb") as text:
        return read_po(text, locale=code, abort_invalid=True)


def translations(code: str) -> Iterator[tuple[str, str]]:
    """Each text beside its translation; of plurals the one and the many."""
    for message in catalogue(code):
        if message.id and isinstance(message.id, tuple):
            yield from zip(message.id, message.string, strict=True)
        elif message.id:
            yield str(message.id), str(message.string)


@pytest.mark.parametrize("code", TRANSLATED)
def test_no_word_is_missing_and_none_is_left_over(code: str) -> None:
    there = {message.id for message in catalogue(code) if message.id}
    assert there == said_in_the_code()


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_word_is_translated_and_none_is_doubtful(code: str) -> None:
    assert not [message.id for message in catalogue(code) if message.fuzzy]
    assert not [text for text, translation in translations(code) if not translation.strip()]


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_has_the_places_of_its_text(code: str) -> None:
    for text, translation in translations(code):
        # a singular may name the number in words
        extra = {"n"} if "{n}" not in text or "{n}" not in translation else set()
        assert set(PLACE.findall(text)) - extra == set(PLACE.findall(translation)) - extra, text


@pytest.mark.parametrize("code", TRANSLATED)
def test_no_translation_is_markup(code: str) -> None:
    for _, translation in translations(code):
        assert not set("<>*`~|") & set(translation), translation


def test_the_extractor_finds_what_is_said() -> None:
    """The catalogues' test would hold for nothing if the code's marks were renamed."""
    found = said_in_the_code()
    assert {"Approve", "Waits for a decision", ("{n} request", "{n} requests"), "Expires {when}"} <= found
    assert len(found) > 300


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_policy_takes_each_language_for_the_channel(code: str) -> None:
    text = sample_policy().replace('channel_language = "en"', f'channel_language = "{code}"')
    assert parse_policy(text).channel_language == code


def test_the_policy_takes_no_language_that_the_bot_does_not_speak() -> None:
    with pytest.raises(Misconfigured, match="channel_language"):
        parse_policy(sample_policy().replace('channel_language = "en"', 'channel_language = "tlh"'))


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (timedelta(milliseconds=840), "840 ms", "840 ms"),
        (timedelta(seconds=12.3), "12.3 s", "12,3 s"),
        (timedelta(seconds=59.96), "1 min", "1 min"),
        (timedelta(minutes=11), "11 min", "11 min"),
        (timedelta(minutes=2, seconds=5), "2 min 5 s", "2 min 5 s"),
        (timedelta(hours=1, minutes=5), "1 h 5 min", "1 h 5 min"),
        (timedelta(hours=2), "2 h", "2 h"),
        (timedelta(days=3, hours=4), "3 d 4 h", "3 j 4 h"),
        (timedelta(0), "0 ms", "0 ms"),
    ],
)
def test_a_duration_has_the_two_units_that_matter(value: timedelta, english: str, french: str) -> None:
    assert (EN.span(value), FR.span(value)) == (english, french)


def test_followers_have_thousands_separators_and_may_be_hidden() -> None:
    assert (EN.number(41_700_000), EN.number(0), EN.number(None)) == ("41,700,000", "0", "hidden")
    assert (FR.number(41_700_000), FR.number(None)) == ("41\u202f700\u202f000", "masqué")


def test_days_times_shares_and_lists_are_written_as_the_language_does() -> None:
    at = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)
    assert (EN.time(at), FR.time(at)) == ("16 Nov 2026, 09:30 UTC", "16 nov. 2026, 09:30 UTC")
    assert (EN.minute(at), FR.minute(at)) == ("16 Nov, 09:30", "16 nov., 09:30")
    assert (EN.day(date(2026, 11, 16)), FR.day(date(2026, 11, 16))) == ("Mon 16", "lun. 16")
    assert (EN.percent(0.6), FR.percent(0.6)) == ("60%", "60\xa0%")
    assert (EN.list(["a", "b"]), FR.list(["a", "b"])) == ("a and b", "a et b")


def test_a_count_takes_the_form_that_fits() -> None:
    said = [lang.count("{n} request", "{n} requests", n) for lang in (EN, FR) for n in (0, 1, 2)]
    assert said == ["0 requests", "1 request", "2 requests", "0 demande", "1 demande", "2 demandes"]


@pytest.mark.parametrize("text", ["{reason}", "{0}", "{", "}", "{who.__class__}", "%s", *HOSTILE])
def test_what_fills_a_place_is_never_read_for_more_of_them(lang: Language, text: str) -> None:
    assert lang.say("Why: {why}", why=text).endswith(text)
    assert lang.line("By {who}.", who=text)[1] == {"type": "text", "text": text or "–"}


def test_a_line_takes_mentions_and_bold_words_in_its_places() -> None:
    parts = FR.line("{outcome} · asked by {who}", outcome=bold("Refusée"), who=[user("U01ADA"), user("U02MONA")])
    assert [part["type"] for part in parts] == ["text", "text", "user", "user"]
    assert parts[1]["text"] == " · déposée par "


@pytest.mark.parametrize(
    ("locale", "code"),
    [("en-US", "en"), ("en-GB", "en"), ("fr-FR", "fr"), ("fr_CA", "fr"), ("FR", "fr"), ("de-DE", None), ("", None)],
)
def test_a_slack_locale_is_read_for_its_language(locale: str, code: str | None) -> None:
    assert spoken(locale) == code
    assert spoken(None) is None
