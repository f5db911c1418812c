"""The end of a request is the same for every move that ends one."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.core.claiming import Waits, account_gone, expired, supersede, wait
from bot.core.ending import requester_of
from bot.core.request import LIVE, Choice, State
from bot.core.settling import done, failed, uncertain
from bot.core.transition import Kind, Transition
from bot.core.voting import vote, withdraw
from tests.core.build import (
    ADA,
    AT,
    LATER,
    POLICY,
    SECOND,
    STANDING,
    approved,
    ballot,
    guards_restore,
    moved,
    pending,
    running,
    tasks_of,
)

EMERGENCIES = {State.PROVISIONAL, State.RATIFIED, State.LAPSED}
ENDS = sorted(set(State) - LIVE - EMERGENCIES)


@pytest.mark.parametrize("state", ENDS)
def test_every_end_says_when_and_by_whom_and_waits_for_nothing(state: State) -> None:
    request = STANDING[state]()
    assert request.ended_at is not None
    assert request.ended_by is not None
    assert (request.waits_for, request.waits_since) == (None, None)


@pytest.mark.parametrize("state", sorted(LIVE))
def test_what_is_live_has_no_end(state: State) -> None:
    request = STANDING[state]()
    assert (request.ended_at, request.ended_by) == (None, None)


def test_what_waited_waits_no_more_once_it_has_ended() -> None:
    waits = wait(approved(), Waits.LANE, until=LATER, at=LATER - SECOND).transition
    assert waits is not None
    after = moved(withdraw(moved(waits), person=ADA, policy=POLICY, at=LATER))
    assert (after.state, after.waits_for, after.waits_since) == (State.WITHDRAWN, None, None)


def test_the_requester_is_told_and_the_thread_answered_at_the_version_that_ended_it() -> None:
    outcome = expired(pending(), at=LATER)
    assert tasks_of(outcome) == ["draw:REQ-A:2", "tell:REQ-A:2:expired:U01ADA", "thread:REQ-A:2:expired"]
    assert [task.due for task in outcome.tasks] == [LATER] * 3
    assert outcome.tasks[1].payload["to"] == "U01ADA"


ENDINGS: dict[State, Callable[[], object]] = {
    State.DONE: lambda: done(running(), at=LATER, instance=None),
    State.FAILED: lambda: failed(running(), at=LATER, why="forbidden"),
    State.DENIED: lambda: vote(ballot(pending(), choice=Choice.DENY, reason="not so")),
    State.WITHDRAWN: lambda: withdraw(pending(), person=ADA, policy=POLICY, at=LATER),
    State.EXPIRED: lambda: expired(pending(), at=LATER),
    State.VOID: lambda: account_gone(approved(), at=LATER),
    State.SUPERSEDED: lambda: supersede(pending(), by="owner:acct_1", at=LATER),
}


@pytest.mark.parametrize("state", ENDS)
def test_every_end_is_told_in_the_thread_of_the_card(state: State) -> None:
    outcome = ENDINGS[state]()
    after = moved(outcome)
    assert after.state is state
    assert f"thread:REQ-A:{after.version}:{state.value}" in tasks_of(outcome)


def test_an_uncertain_outcome_is_noted_in_the_thread_too() -> None:
    outcome = uncertain(running(), at=LATER, why="no answer")
    assert "thread:REQ-A:4:uncertain" in tasks_of(outcome)


def test_nobody_is_told_of_the_end_of_the_guards_restore() -> None:
    assert tasks_of(supersede(guards_restore(), by=None, at=LATER)) == []
    assert requester_of(guards_restore()) == ()


def test_an_expired_one_says_which_clock_ran_out() -> None:
    for request, why in ((pending(), "not_decided"), (approved(), "not_carried_out")):
        outcome = expired(request, at=LATER)
        assert moved(outcome).outcome == why
        assert (outcome.entry.kind, outcome.entry.facts["why"]) == (Kind.EXPIRED, why)


def test_what_is_superseded_says_by_whom_and_by_the_bot_where_nobody_is_known() -> None:
    known = moved(supersede(pending(), by="owner:acct_1", at=LATER))
    assert (known.outcome, known.ended_by) == ("owner:acct_1", "owner:acct_1")
    unknown = moved(supersede(pending(), by=None, at=LATER))
    assert (unknown.outcome, unknown.ended_by) == (None, "countersign")


def test_a_deleted_account_makes_it_void() -> None:
    outcome = account_gone(approved(), at=LATER)
    assert (moved(outcome).state, moved(outcome).outcome) == (State.VOID, "account_gone")
    assert isinstance(outcome, Transition)
    assert outcome.entry.facts["why"] == "account_gone"


def test_an_entry_of_the_end_names_when_it_was_filed() -> None:
    """The digest measures from it without looking up another entry."""
    facts = expired(replace(pending(), filed_at=AT), at=LATER).entry.facts
    assert (facts["filed_at"], facts["by_policy"]) == ("2026-11-16T09:00:00.000Z", False)
