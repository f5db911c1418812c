from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.text import cut, flags, many_lines, moment, one_line, unmarked

ANY = st.text(st.characters())


def test_a_time_is_drawn_by_slack_and_falls_back_to_utc() -> None:
    element = moment(datetime(2026, 11, 16, 9, 30, tzinfo=UTC))
    assert (element["timestamp"], element["fallback"]) == (1794821400, "2026-11-16T09:30:00.000Z")


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("plain", "plain"),
        ("a\nb\r\nc\u2028d\te", "a b c d e"),
        ("\u202egnp.exe", "�gnp.exe"),
        ("zero\u200bwidth", "zero�width"),
        ("\x00\x1b[31m", "��[31m"),
        ("\ud800", "�"),
        ("\u3164", "�"),
        ("a\ufe00b", "a�b"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("  ", "�"),
        ("José", "José"),
    ],
)
def test_what_would_hide_or_reorder_is_made_visible(typed: str, seen: str) -> None:
    assert one_line(typed) == seen


def test_right_to_left_writing_is_kept_to_itself() -> None:
    assert one_line("\u05d0\u05d1") == "\u2068\u05d0\u05d1\u2069"


@given(ANY)
def test_one_line_is_one_line_never_empty_and_never_too_long(text: str) -> None:
    line = one_line(text, most=80)
    assert len(line.splitlines()) == 1
    assert 0 < len(line) <= 82
    line.encode()


@given(ANY)
def test_many_lines_has_no_control_but_the_line_break(text: str) -> None:
    lines = many_lines(text)
    assert all(c == "\n" or c.isprintable() or c == " " for c in lines)
    assert "\n\n\n" not in lines
    assert many_lines(lines) == lines


@pytest.mark.parametrize("text", ["president", "a_b", "A1", "x-y"])
def test_a_harmless_handle_may_stand_where_slack_parses(text: str) -> None:
    assert unmarked(text, "?") == text


@pytest.mark.parametrize("text", ["", "_a_", "<!here>", "a.com", "a b", "@here", "a\n", "*a*", "é", "x" * 81])
def test_all_else_may_not(text: str) -> None:
    assert unmarked(text, "?") == "?"


@pytest.mark.parametrize("name", ["president", "José", "山田太郎", "Ελλάδα", "❤\ufe0f love"])
def test_ordinary_names_raise_no_flag(name: str) -> None:
    assert flags(name) == []


@pytest.mark.parametrize("name", ["аdmin", "ad\u200bmin", "\u202eadmin", "admin\u05d0", "ａdmin"])
def test_names_that_may_deceive_do(name: str) -> None:
    assert flags(name)


def test_what_is_cut_says_so() -> None:
    assert cut("x" * 50, 40) == "x" * 39 + "…"
    assert cut("short", 40) == "short"
