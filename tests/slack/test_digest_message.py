from inline_snapshot import snapshot

from bot.slack.digest_message import digest_words
from tests.slack.examples import QUIET_WEEK, WEEK
from tests.slack.validators import check_message, shown


def test_the_digest_stands_beside_the_eleven_minutes_of_2017() -> None:
    words = digest_words(WEEK)
    check_message(words.blocks, words.text)
    said = shown(words.blocks)
    for fact in ("in 840 ms (median), 12.3 s (worst). In 2017 it took 11 min.", "REQ-ABCDEFGH23", "changed once"):
        assert fact in said
    assert words.text == snapshot("Countersign in week 2026-W46: 12 asked, 2 incidents")


def test_a_quiet_week_says_what_there_is_to_say() -> None:
    words = digest_words(QUIET_WEEK)
    check_message(words.blocks, words.text)
    said = shown(words.blocks)
    for fact in ("nothing to measure. 1 not restored.", "Nothing waits for a decision.", "only observes"):
        assert fact in said
