"""What JSON can carry and a database cannot hold is seen to be replaced; all else stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.characters import LONGEST, indexable, storable, storable_json

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=50)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("", ""),
        ("Straße ☕ 🎉", "Straße ☕ 🎉"),
        ("a\0b", "a�b"),
        ("\ud800", "�"),
        ("\udfff\ud83d", "��"),
        (json.loads('"\\ud83c\\udf89"'), "🎉"),
        ("\x1b[31m\n\u202e", "\x1b[31m\n\u202e"),
    ],
)
def test_only_what_cannot_be_held_is_replaced(text: str, held: str) -> None:
    assert storable(text) == held


@given(ANYTHING)
def test_whatever_came_can_be_held_and_is_as_long_as_before(text: str) -> None:
    held = storable(text)
    assert held.encode().decode() == held
    assert "\0" not in held
    assert len(held) == len(text)
    assert storable(held) == held


def test_of_json_every_text_is_looked_at_and_nothing_else_is_touched() -> None:
    came = {"a\0": ["\ud800", {"b": "c\0"}, 1, 2.5, True, None], "d": "e"}
    assert storable_json(came) == {"a�": ["�", {"b": "c�"}, 1, 2.5, True, None], "d": "e"}


@pytest.mark.parametrize("text", ["", "staff:rex", "x" * LONGEST])
def test_what_an_index_can_hold_stays_as_it_is(text: str) -> None:
    assert indexable(text) == text


def test_of_what_is_too_long_the_beginning_stays_and_two_that_differ_stay_two() -> None:
    one, other = ("x" * LONGEST + end for end in "ab")
    assert indexable(one) != indexable(other)
    assert indexable(one).startswith("x" * 100)
    assert len(indexable(one)) <= LONGEST
    assert indexable(indexable(one)) == indexable(one)
