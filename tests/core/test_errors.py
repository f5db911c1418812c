"""Failures carry what the next step needs, and one sentence for a person."""

import pytest

from bot.core import errors


def test_everything_that_is_misconfigured_is_said_at_once() -> None:
    error = errors.Misconfigured("One.", "Two.")
    assert (str(error), error.sentences) == ("One.\nTwo.", ("One.", "Two."))


@pytest.mark.parametrize("kind", [errors.PlatformAway, errors.SlackAway])
def test_who_is_away_may_say_when_to_come_again(kind: type[errors.PlatformAway | errors.SlackAway]) -> None:
    assert kind("Away.").retry_after is None
    error = kind("Away.", retry_after=1.5)
    assert (str(error), error.retry_after) == ("Away.", 1.5)


def test_a_refusal_of_the_platform_tells_its_status() -> None:
    error = errors.PlatformRefused("No.", status=403)
    assert (str(error), error.status) == ("No.", 403)


def test_a_refusal_of_slack_tells_its_word() -> None:
    error = errors.SlackRefused("invalid_blocks")
    assert (str(error), error.error) == ("Slack answered “invalid_blocks”.", "invalid_blocks")


@pytest.mark.parametrize(
    "kind",
    [kind for kind in vars(errors).values() if isinstance(kind, type) and kind is not errors.CountersignError],
)
def test_every_failure_is_ours_and_says_in_a_sentence_what_it_means(kind: type[Exception]) -> None:
    assert issubclass(kind, errors.CountersignError)
    assert kind.__doc__
    assert kind.__doc__.strip().endswith(".")
