"""The bot guards its own rules: stricter takes one rostered person, looser the quorum of the tier `rules`."""

from dataclasses import replace
from datetime import date

import pytest

from bot.core.claiming import Wait
from bot.core.outlook import changed, outlook
from bot.core.overlay import RuleChange, RuleVerb, parse_change
from bot.core.policy import RULES
from bot.core.policy_file import parse_policy
from bot.core.request import Action, Choice, State
from bot.core.ruling import claim_change, file_change
from bot.core.transition import Transition
from bot.core.voting import vote
from tests.core.build import AT, DAY, HOUR, MINUTE, agrees, ballot, moved, tasks_of
from tests.core.rules import (
    ADD_NINA,
    FILE,
    NOBODY,
    OBSERVE,
    PROTECT,
    REMOVE_REX,
    RULED,
    change_due,
    change_filing,
    filed_change,
)


def test_what_is_stricter_is_approved_as_it_is_filed_and_made_at_once() -> None:
    outcome = file_change(change_filing(REMOVE_REX), id="REQ-C", operation="op-c", slack_user="U01ADA")
    request = moved(outcome)
    assert (request.state, request.quorum.places, request.tier, request.of_the_rules) == (
        State.APPROVED,
        (),
        RULES,
        True,
    )
    assert (request.quorate_at, request.execute_by) == (AT, AT + 10 * MINUTE)
    assert [key.split(":")[0] for key in tasks_of(outcome)] == ["carry_out", "draw", "expire"]
    assert isinstance(outcome, Transition)
    agrees(outcome)
    assert moved(claim_change(change_due(request, REMOVE_REX))).state is State.RUNNING


def test_what_is_looser_waits_for_the_quorum() -> None:
    request = filed_change(OBSERVE)
    assert (request.state, request.quorum.places) == (State.PENDING, ("manager", "trust-safety"))
    assert (request.action, request.category) == (Action.GUARD, "rules")
    assert request.expires_at == AT + DAY


def test_the_digest_binds_the_whole_change() -> None:
    request = filed_change(ADD_NINA)
    assert parse_change(request.subject.id) == ADD_NINA
    other = replace(ADD_NINA, groups=("manager",))
    assert filed_change(other).digest != request.digest


def test_whom_the_leaver_rule_binds_needs_one_approval_more_even_for_what_is_stricter() -> None:
    leaving = parse_policy(FILE.replace('slack = ["U01ADA"]', 'slack = ["U01ADA"]\nlast_day = 2026-11-20'))
    case = change_filing(REMOVE_REX, policy=leaving, person=leaving.people["ada"])
    request = moved(file_change(case, id="REQ-C", operation="op-c", slack_user="U01ADA"))
    assert (request.state, len(request.quorum.places)) == (State.PENDING, 1)
    assert request.quorum.names == {"manager", "trust-safety"}


def test_its_members_may_deny_what_needs_nobody() -> None:
    request = moved(file_change(change_filing(REMOVE_REX), id="REQ-C", operation="op-c", slack_user="U01ADA"))
    omar = RULED.people["omar"]
    denied = moved(vote(ballot(request, omar, policy=RULED, choice=Choice.DENY, reason="she stays")))
    assert denied.state is State.DENIED


def test_a_change_that_demands_more_by_now_is_shown_anew() -> None:
    request = moved(file_change(change_filing(REMOVE_REX), id="REQ-C", operation="op-c", slack_user="U01ADA"))
    due = change_due(request, REMOVE_REX)
    outcome = claim_change(replace(due, outlook=replace(due.outlook, stricter=False)))
    after = moved(outcome)
    assert (after.state, after.revised_why, after.quorum.places) == (
        State.PENDING,
        "quorum",
        ("manager", "trust-safety"),
    )


def test_what_is_so_by_now_is_superseded() -> None:
    due = change_due(filed_change(REMOVE_REX), REMOVE_REX)
    assert moved(claim_change(replace(due, outlook=NOBODY))).state is State.SUPERSEDED


def test_while_it_cools_off_it_waits() -> None:
    request = replace(filed_change(REMOVE_REX), not_before=AT + HOUR, execute_by=AT + 2 * HOUR)
    assert isinstance(claim_change(change_due(request, REMOVE_REX)), Wait)


def test_only_what_is_approved_is_made() -> None:
    with pytest.raises(AssertionError):
        claim_change(change_due(filed_change(OBSERVE), OBSERVE))


# What a change would do


def test_an_outlook_says_whether_anything_changes_and_whether_it_is_stricter() -> None:
    leave = RuleChange(verb=RuleVerb.LEAVE, person="omar", last_day=date(2026, 11, 20))
    for change, stricter in ((REMOVE_REX, True), (leave, True), (ADD_NINA, False), (OBSERVE, False)):
        found = outlook(RULED, change, at=AT, tier=None)
        assert (found.changes, found.stricter, found.problems) == (True, stricter, ()), change
    assert outlook(RULED, RuleChange(verb=RuleVerb.ENFORCE), at=AT, tier=None).changes is False


def test_protecting_is_stricter_where_the_tier_asks_for_all_that_the_accounts_own_does() -> None:
    assert outlook(RULED, PROTECT, at=AT, tier="standard").stricter
    assert not outlook(RULED, PROTECT, at=AT, tier=None).stricter


def test_what_would_leave_a_quorum_unfillable_cannot_be() -> None:
    found = outlook(RULED, RuleChange(verb=RuleVerb.REMOVE, person="tessa"), at=AT, tier=None)
    assert any("trust-safety" in problem for problem in found.problems)


def test_the_change_that_is_made_names_its_request_in_the_text() -> None:
    after = changed(RULED, REMOVE_REX, at=AT, request="REQ-C")
    assert "rex" not in after.people
    assert 'request = "REQ-C"' in after.text
    assert after.digest != RULED.digest


def test_what_a_leaver_asked_for_is_void() -> None:
    left = parse_policy(FILE.replace('slack = ["U01ADA"]', 'slack = ["U01ADA"]\nlast_day = 2026-11-15'))
    due = change_due(filed_change(REMOVE_REX), REMOVE_REX, policy=left)
    assert moved(claim_change(due)).outcome == "requester_left"


def leave(name: str) -> RuleChange:
    return RuleChange(verb=RuleVerb.LEAVE, person=name, last_day=date(2026, 11, 20))


def test_that_the_last_of_a_group_leaves_is_not_for_one_person_to_say() -> None:
    assert not outlook(RULED, leave("tessa"), at=AT, tier=None).stricter
    assert outlook(RULED, leave("mona"), at=AT, tier=None).stricter
    one_left = changed(RULED, leave("mona"), at=AT, request="REQ-1")
    assert not outlook(one_left, leave("omar"), at=AT, tier=None).stricter
    assert not outlook(one_left, RuleChange(verb=RuleVerb.REMOVE, person="omar"), at=AT, tier=None).stricter


def test_nor_that_nobody_is_left_who_may_ask() -> None:
    policy = RULED
    for nth, name in enumerate(("rex", "ada")):
        policy = changed(policy, leave(name), at=AT, request=f"REQ-{nth}")
    assert not outlook(policy, leave("mona"), at=AT, tier=None).stricter


def test_nobody_is_added_who_is_there_unless_their_leaving_was_noted_in_slack() -> None:
    back = RuleChange(verb=RuleVerb.ADD, person="omar", slack="U03OMAR", groups=("manager",))
    assert outlook(RULED, back, at=AT, tier=None).problems == ("omar is on the roster already",)
    leaves = changed(RULED, leave("omar"), at=AT, request="REQ-1")
    assert outlook(leaves, back, at=AT, tier=None).problems == ()
