"""An emergency acts first; everything else about it is as strict as any request, and it undoes itself."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.claiming import claim, expire_due
from bot.core.emergency import file_emergency, may_act_first
from bot.core.ratifying import ratify
from bot.core.refusal import Refusal, Why
from bot.core.reminding import mentioned, reminder_after, reminder_due
from bot.core.request import Action, Choice, Request, State, Undo
from bot.core.settling import done
from bot.core.transition import Kind, Transition
from bot.core.undoing import lapse, left_down, not_undone, restore_of, undone
from bot.core.verdict import Because, Verdict
from bot.core.voting import revise, vote, withdraw
from tests.core.build import (
    AT,
    DAY,
    DORA,
    EXPLAINED,
    LATER,
    MINA,
    MINUTE,
    OMAR,
    ON_DUTY,
    SECOND,
    URGENT,
    agrees,
    at_once,
    ballot,
    claiming,
    down,
    down_by_us,
    emergency,
    leaving,
    limits,
    moved,
    policy,
    provisional,
    ratifiable,
    ratifying,
    tasks_of,
)

SECURED = replace(ON_DUTY, security_channel="C0SEC")


def keys(outcome: object) -> set[str]:
    return {key.split(":")[0] + ":" + key.split(":")[-1] for key in tasks_of(outcome)}


def test_it_is_filed_and_claimed_in_one_move_and_its_end_is_armed() -> None:
    outcome = file_emergency(at_once(), id="REQ-E", operation="op-e", slack_user="U08DORA")

    request = moved(outcome)
    assert (request.state, request.emergency, request.claimed_at) == (State.RUNNING, True, AT)
    assert (request.ratify_by, request.expires_at, request.if_match) == (AT + 15 * MINUTE, None, 'W/"1"')
    assert isinstance(outcome, Transition)
    agrees(outcome)
    assert outcome.entry.kind is Kind.EMERGENCY
    kinds = [task.kind.value for task in outcome.tasks]
    assert kinds == ["carry_out", "draw", "expire", "remind", "tell"]


def test_the_security_channel_is_told_at_once_and_again_when_it_lapses() -> None:
    filed = file_emergency(at_once(policy=SECURED), id="REQ-E", operation="op-e", slack_user="U08DORA")
    assert {"tell:U08DORA", "tell:C0SEC"} <= keys(filed)
    ended = lapse(provisional(), policy=SECURED, at=AT + 15 * MINUTE)
    assert {"tell:U08DORA", "tell:C0SEC"} <= keys(ended)
    assert any(key.startswith("page:REQ-E:lapsed") for key in tasks_of(ended))


def test_only_a_deactivation_by_a_group_of_the_tier_may_come_first() -> None:
    allowed = {"tier": URGENT, "at": AT}
    assert may_act_first(ON_DUTY, DORA, action=Action.DEACTIVATE, **allowed)
    assert not may_act_first(ON_DUTY, DORA, action=Action.RESTORE, **allowed)
    assert not may_act_first(ON_DUTY, OMAR, action=Action.DEACTIVATE, **allowed)
    assert not may_act_first(ON_DUTY, leaving(DORA), action=Action.DEACTIVATE, **allowed)
    just_added = replace(DORA, approves_from=AT + SECOND)
    assert not may_act_first(ON_DUTY, just_added, action=Action.DEACTIVATE, **allowed)


def test_over_a_limit_it_says_when_to_try_again() -> None:
    found = at_once(
        policy=replace(ON_DUTY, limits=limits(deactivations_per_hour=2)), claimed_in_hour=(AT - MINUTE, AT - SECOND)
    )
    outcome = file_emergency(found, id="REQ-E", operation="op-e", slack_user="U08DORA")
    assert isinstance(outcome, Refusal)
    assert outcome.facts["again_at"] == AT - MINUTE + timedelta(hours=1)
    day = file_emergency(at_once(emergencies_today=1), id="REQ-E", operation="op-e", slack_user="U08DORA")
    assert isinstance(day, Refusal)
    assert day.facts["again_at"] == AT.replace(hour=0) + DAY


# Provisional, ratified


def test_verified_it_is_provisional_which_is_no_end() -> None:
    request = provisional()
    assert (request.state, request.ended_at, request.explains) == (
        State.PROVISIONAL,
        None,
        down_by_us(request).instance,
    )


def test_approvals_are_counted_while_it_is_still_being_verified() -> None:
    counted = moved(vote(ballot(emergency(), policy=ON_DUTY)))
    assert (counted.state, len(counted.approvals)) == (State.RUNNING, 1)
    assert ratify(ratifying(counted)) is None
    verified = moved(done(counted, at=LATER, instance=None))
    assert moved(ratify(ratifying(verified))).state is State.RATIFIED


def test_ratified_it_has_ended_by_its_last_approver() -> None:
    request = moved(ratify(ratifying()))
    assert (request.state, request.ended_by, request.undo) == (State.RATIFIED, "omar", None)


def test_what_was_restored_before_it_was_done_does_not_stand_in_the_way() -> None:
    assert ratify(ratifying(restored_at=AT - DAY)) is not None


def test_an_approver_in_an_incident_does_not_count_for_it() -> None:
    assert ratify(ratifying(unacknowledged=frozenset({"omar"}))) is None


def test_its_author_has_no_vote() -> None:
    boss = replace(DORA, groups=frozenset({"agent", "duty", "manager"}))
    outcome = vote(ballot(provisional(), boss, policy=policy(boss, tiers=ON_DUTY.tiers)))
    assert isinstance(outcome, Refusal)
    assert outcome.why is Why.OWN_REQUEST


def test_after_its_deadline_a_vote_comes_too_late_though_the_task_has_not_fired() -> None:
    for choice in Choice:
        outcome = vote(ballot(provisional(), policy=ON_DUTY, choice=choice, at=AT + 15 * MINUTE, reason="late"))
        assert isinstance(outcome, Refusal)
        assert (outcome.why, outcome.facts["emergency"]) == (Why.EXPIRED, True)


def test_it_is_never_shown_anew() -> None:
    request = provisional()
    with pytest.raises(AssertionError):
        revise(
            request,
            subject=request.subject,
            tier="standard",
            quorum=request.quorum,
            why=["handle"],
            policy=ON_DUTY,
            at=LATER,
        )


# Undone


@pytest.mark.parametrize("unratified", [emergency(), provisional(), ratifiable()], ids=lambda r: r.state.value)
def test_a_deny_a_withdrawal_and_the_deadline_all_have_it_undone(unratified: Request) -> None:
    denied = moved(vote(ballot(unratified, MINA, policy=ON_DUTY, choice=Choice.DENY, reason="not so")))
    withdrawn = moved(withdraw(unratified, person=DORA, policy=ON_DUTY, at=LATER))
    lapsed = expire_due(unratified, policy=ON_DUTY, at=AT + 15 * MINUTE)
    ended = [denied, withdrawn, moved(lapsed)]
    assert [r.state for r in ended] == [State.DENIED, State.WITHDRAWN, State.LAPSED]
    assert {r.undo for r in ended} == {Undo.RESTORING}


def test_before_its_deadline_the_task_looks_again_then() -> None:
    assert expire_due(provisional(), policy=ON_DUTY, at=LATER) == AT + 15 * MINUTE


def test_what_undoes_it_is_a_restore_approved_by_policy() -> None:
    ended = moved(lapse(provisional(), policy=ON_DUTY, at=AT + DAY))
    filed = restore_of(ended, id="REQ-R", operation="op-r", policy="p1", at=AT + DAY)
    request = moved(filed)
    assert (request.action, request.state, request.by_policy) == (Action.RESTORE, State.APPROVED, True)
    assert (request.undoes, request.subject, request.expires_at) == ("REQ-E", ended.subject, None)
    assert tasks_of(filed) == ["carry_out:REQ-R:1"]


def test_how_its_undoing_ended_is_told() -> None:
    ended = moved(lapse(provisional(), policy=ON_DUTY, at=AT + DAY))
    restored = undone(ended, by="countersign", at=AT + DAY)
    assert (moved(restored).undo, moved(restored).undone_at) == (Undo.RESTORED, AT + DAY)
    owner = left_down(ended, by="owner:acct_1", at=AT + DAY)
    assert (moved(owner).undo, moved(owner).undone_by) == (Undo.LEFT, "owner:acct_1")
    stuck = not_undone(ended, at=AT + DAY)
    assert moved(stuck).undo is Undo.STUCK
    assert any(key.startswith("page:REQ-E:not_undone") for key in tasks_of(stuck))
    for outcome in (restored, owner, stuck):
        agrees(outcome)
        assert outcome.entry.kind is Kind.UNDONE


def test_that_a_system_relabelled_it_keeps_it_down_no_longer_than_its_own_right_did() -> None:
    ended = moved(lapse(provisional(), policy=ON_DUTY, at=AT + DAY))
    restore = moved(restore_of(ended, id="REQ-R", operation="op-r", policy="p1", at=AT + DAY))
    relabelled = Verdict(explained=True, because=Because.REPLACES_EXPLAINED)
    case = claiming(restore, account=down(actor="system:bulk"), verdict=relabelled)
    assert moved(claim(case)).state is State.RUNNING
    assert moved(claim(replace(case, verdict=EXPLAINED))).state is State.SUPERSEDED
    guards = replace(restore, undoes=None, incident="INC-A")
    assert moved(claim(replace(case, request=guards))).state is State.SUPERSEDED


# Brought up again


def test_it_is_brought_up_at_half_of_its_time_and_two_minutes_before_its_end() -> None:
    request, rules = provisional(), ON_DUTY.reminders
    (half,) = reminder_after(request, rules, step=1, at=AT)
    (last,) = reminder_after(request, rules, step=2, at=half.due)
    assert (half.due, last.due) == (AT + timedelta(minutes=7, seconds=30), AT + 13 * MINUTE)
    assert reminder_after(request, rules, step=3, at=last.due) == ()


def test_a_short_one_is_brought_up_once() -> None:
    short = replace(provisional(), ratify_by=AT + MINUTE)
    (half,) = reminder_after(short, ON_DUTY.reminders, step=1, at=AT)
    assert half.due == AT + 30 * SECOND
    assert reminder_after(short, ON_DUTY.reminders, step=2, at=half.due) == ()


def test_it_is_brought_before_those_who_can_ratify_it() -> None:
    request = provisional()
    assert set(mentioned(request, ON_DUTY, at=LATER)) == {"U02MONA", "U03OMAR", "U06MINA"}
    due = reminder_due(request, ON_DUTY, since=AT, at=AT + 8 * MINUTE)
    assert due is not None
    assert set(due.to) == {"U02MONA", "U03OMAR", "U06MINA"}
    unreachable = policy(DORA, replace(OMAR, slack=()), tiers=ON_DUTY.tiers)
    assert "U03OMAR" not in mentioned(request, unreachable, at=LATER)
