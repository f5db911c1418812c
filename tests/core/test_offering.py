"""A file that is offered, and what was changed in Slack: who has the last word on what."""

from datetime import date, timedelta

import pytest

from bot.core.offering import on_file
from bot.core.outlook import changed
from bot.core.overlay import RuleChange, RuleVerb, overlay_of
from bot.core.policy_values import Wrong, day
from bot.core.refusal import Why
from bot.core.ruling import may_change
from bot.core.tasks import tell_of_limit
from tests.core.build import AT
from tests.core.rules import FILE, OBSERVE, RULED

LEAVES = RuleChange(verb=RuleVerb.LEAVE, person="omar", last_day=date(2026, 12, 1))


def test_a_new_file_that_states_a_last_day_has_the_last_word_on_it() -> None:
    overlay = overlay_of(changed(RULED, LEAVES, at=AT, request="REQ-1").text)
    stated = FILE.replace('slack = ["U03OMAR"]', 'slack = ["U03OMAR"]\nlast_day = 2027-01-31')
    assert overlay_of(on_file(stated, overlay)) == overlay
    assert overlay_of(on_file(stated, overlay, new=True)) == ()
    assert overlay_of(on_file(FILE, overlay, new=True)) == overlay


def test_a_new_file_that_observes_has_the_last_word_on_the_guards_mode() -> None:
    file = FILE + '\n[guard]\nmode = "observe"\n'
    overlay = overlay_of(
        FILE + '\n[[overlay]]\nchange = "guard enforce"\nat = 2026-11-16T09:00:00.000Z\nrequest = "R"\n'
    )
    assert overlay_of(on_file(file, overlay)) == overlay
    assert overlay_of(on_file(file, overlay, new=True)) == ()


def test_observing_that_is_over_is_not_taken_up_again() -> None:
    overlay = overlay_of(changed(RULED, OBSERVE, at=AT, request="REQ-1").text)
    assert overlay_of(on_file(FILE, overlay)) == overlay
    assert overlay_of(on_file(FILE, overlay, observes=False)) == ()


def test_a_name_in_a_change_is_one_that_a_card_shows_whole() -> None:
    with pytest.raises(ValueError, match="no longer than 40 characters"):
        RuleChange(verb=RuleVerb.REMOVE, person="n" * 41)
    assert RuleChange(verb=RuleVerb.REMOVE, person="n" * 40).person == "n" * 40


def test_a_day_is_one_that_windows_can_be_counted_from() -> None:
    with pytest.raises(Wrong, match="between 1970-01-01 and 2999-12-31"):
        day(date(1, 1, 1))


def test_who_may_not_ask_for_any_change_is_told_before_a_form_is_opened() -> None:
    assert may_change(RULED, RULED.people["rex"], AT) is None
    refusal = may_change(RULED, None, AT)
    assert refusal is not None
    assert refusal.why is Why.NOT_ROSTERED


def test_the_limit_of_all_is_told_to_one_place_with_its_end() -> None:
    (told,) = tell_of_limit(200, until=AT + timedelta(hours=1), to="C0SEC", at=AT)
    assert told.payload == {
        "notice": "limit",
        "facts": {"limit": 200, "until": "2026-11-16T10:00:00.000Z"},
        "to": "C0SEC",
    }
