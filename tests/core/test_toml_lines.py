"""Lines are found in every shape that TOML gives a key."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from bot.core.toml_lines import line_of, lines_of

TEXT = '''\
top = 1   # a comment
"quoted key" = { inner = { deep = 1 } }

[table]
dotted.key = 1
many = [
  "one",
  "[not a table]",
]
said = """
fake = 1
"""
[table.below]
key = 1
[[array]]
key = 1
[array.table]
key = 1
[[array]]
key = 1
[[array.array]]
key = 1
'''


def test_every_key_has_its_line() -> None:
    assert lines_of(TEXT) == {
        ("top",): 1,
        ("quoted key",): 2,
        ("quoted key", "inner"): 2,
        ("quoted key", "inner", "deep"): 2,
        ("table",): 4,
        ("table", "dotted"): 5,
        ("table", "dotted", "key"): 5,
        ("table", "many"): 6,
        ("table", "said"): 10,
        ("table", "below"): 13,
        ("table", "below", "key"): 14,
        ("array", 0): 15,
        ("array", 0, "key"): 16,
        ("array", 0, "table"): 17,
        ("array", 0, "table", "key"): 18,
        ("array", 1): 19,
        ("array", 1, "key"): 20,
        ("array", 1, "array", 0): 21,
        ("array", 1, "array", 0, "key"): 22,
    }


def test_a_missing_key_is_at_the_table_that_lacks_it() -> None:
    found = lines_of(TEXT)
    assert line_of(found, ("array", 1, "other")) == 19
    assert line_of(found, ("nowhere",)) == 1


def test_windows_lines_are_lines() -> None:
    assert lines_of("a = 1\r\n[b]\r\nc = 1\r\n") == {("a",): 1, ("b",): 2, ("b", "c"): 3}


@given(st.text(alphabet='[]{}=",.#\n a1', max_size=40))
def test_the_lines_of_every_valid_text_are_found(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert all(1 <= line <= text.count("\n") + 1 for line in lines_of(text).values())
