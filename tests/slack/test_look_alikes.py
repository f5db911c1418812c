"""Which names are taken for others: letters that are doubles of plain ones, whatever alphabet they are of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.look_alikes import DOUBLES, reads_like
from bot.slack.subjects import name_warning
from bot.slack.text import flags
from tests.slack.examples import EN, FR
from tests.slack.validators import shown

TAKEN_FOR = {
    "ргеѕіԁепт": "president",  # all of it Cyrillic
    "рrеsіdеnt": "president",  # a part of it
    "presіdent": "president",
    "ѕсоре": "scope",
    "ѕсоре🌸": "scope🌸",
    "νονο": "vovo",  # Greek
    "ΑΝΝΑ": "ANNA",
    "ոօո": "non",  # Armenian
    "Ꭰonald": "Donald",  # Cherokee
    "ІВМ": "IBM",
    "ⅿona": "mona",  # a Roman numeral
    "Ⅰvan": "Ivan",
    "𝐚𝐝𝐦𝐢𝐧": "admin",  # mathematical
    "𝕂ing": "King",
    "ＡＤＭＩＮ": "ADMIN",  # wide
    "ﬁona": "fiona",  # a ligature
    "⍺dmin": "admin",  # of the language APL
    "g००gle": "google",  # Devanagari's zeros
    "vıctor": "victor",  # Turkish
    "МОСКВА": "MOCKBA",  # honest, and can be read as nothing else in plain letters
    "Роса": "Poca",
}
HONEST = (
    "president", "presid3nt", "0_l1_I", "rnona", "A|B", "",
    "Привет", "президент", "Анна", "Марта", "Москва", "Ольга", "Никита", "Јована", "суперстар",
    "Ελένη", "Γιώργος", "Νικος", "Ζωή", "Նարե", "山田", "山田太郎", "ノハ", "오빠", "नमस्ते",
    "José", "Müller", "Łukasz", "Nguyễn", "Kjær", "Straße", "Søren", "Đorđe", "Şükrü", "Cœur",
    "O’Brien", "SPY×FAMILY", "❤\ufe0f love", "👩‍🚀", "Foo™", "№1", "m²", "…",
)  # fmt: skip


@pytest.mark.parametrize(("name", "plain"), TAKEN_FOR.items())
def test_a_name_is_flagged_with_what_it_is_taken_for(name: str, plain: str) -> None:
    assert reads_like(name) == plain
    assert "reads_like" in flags(name)


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_name_is_not(name: str) -> None:
    assert reads_like(name) is None
    assert "reads_like" not in flags(name)


@given(st.text(st.characters(max_codepoint=127)))
def test_what_is_plain_is_never_flagged(name: str) -> None:
    assert reads_like(name) is None
    assert "look_alike" not in flags(name)


@given(st.text(st.characters()))
def test_whatever_is_typed_is_read_without_a_fault_and_differs_from_what_it_is_taken_for(name: str) -> None:
    assert reads_like(name) != name


@pytest.mark.parametrize("letter", "abcdefghijopqrsuvwxyABCEHIJKMOPSTXY")
def test_the_table_knows_a_double_of_this_letter_outside_the_latin_alphabet(letter: str) -> None:
    others = {c for c, double in DOUBLES.items() if double == ("l" if letter == "I" else letter) and not c.isascii()}
    assert others


def test_the_table_goes_one_way() -> None:
    assert len(DOUBLES) > 6000
    assert not [c for c, double in DOUBLES.items() if double in DOUBLES and not c.isascii()]
    assert all(len(c) == 1 for c in DOUBLES)


def account(handle: str, name: str = "The President") -> list[dict[str, object]]:
    return name_warning(EN, handle, name)


def test_the_card_says_what_the_name_is_taken_for() -> None:
    assert shown(account("ргеѕіԁепт")).endswith("⚠ The name reads like “president”: go by the id.")
    assert "mixes alphabets that look alike and reads like “president”" in shown(account("presіdent"))
    assert shown(account("president", "Тһе")).endswith("⚠ The name reads like “The”: go by the id.")
    assert "se lit «\u00a0president\u00a0»" in shown(name_warning(FR, "ргеѕіԁепт", "x"))
    assert account("president") == []


def test_what_it_is_taken_for_is_plain_text_in_one_line() -> None:
    (block,) = account("<!сһаnnеl>\n*b*")
    (element,) = block["elements"]  # type: ignore[misc]
    assert element["type"] == "plain_text"
    assert "“<!channel> *b*”" in element["text"]


@pytest.mark.parametrize("name", ["ad\u200bmin", "\u202eadmin", "admin\u2066", "\ufeffadmin"])
def test_what_is_not_seen_stays_flagged(name: str) -> None:
    assert "invisible" in flags(name)
