"""What a read after the call makes of a running request."""

from dataclasses import replace

import pytest

from bot.core.account import OWN_PRINCIPAL, Deactivation
from bot.core.claiming import claim
from bot.core.request import Action, Request, State
from bot.core.settling import PAGED_AFTER, Failed, done, explained, failed, release, uncertain
from bot.core.transition import Kind, TaskKind, Transition
from tests.core.build import (
    AT,
    DRAFT,
    LATER,
    MINUTE,
    STANDING,
    account,
    approved,
    claiming,
    down,
    down_by_us,
    filing,
    guards_restore,
    instance,
    moved,
    pending,
    running,
    tasks_of,
)

LANE = [State.RUNNING, State.UNCERTAIN]


def entry_of(outcome: object) -> tuple[Kind, str, object]:
    assert isinstance(outcome, Transition)
    return outcome.entry.kind, outcome.entry.by, outcome.entry.facts.get("why")


# What shows


def test_a_deactivation_is_ours_only_with_our_key_on_it() -> None:
    request = running()
    assert request.carried_out(down_by_us(request))
    for other in (account(), down(), down(actor=OWN_PRINCIPAL, operation="op-b"), replace(down(), deactivation=None)):
        assert not request.carried_out(other)


def test_a_restore_is_carried_out_when_the_account_is_active_by_whatever_hand() -> None:
    request = pending(filing(of=down(), draft=replace(DRAFT, action=Action.RESTORE)))
    assert request.carried_out(account())
    assert not request.carried_out(down())


def test_what_is_down_by_another_hand_shows_as_asked_all_the_same() -> None:
    assert running().shows_as_asked(down())
    assert not running().shows_as_asked(account())


def test_a_deactivation_that_the_platform_tells_nothing_of_is_an_instance_still() -> None:
    bare = replace(down(), deactivation=None).instance
    assert bare == instance(at=None, actor=None)
    assert account().instance is None
    why = Deactivation(actor="staff:rex", at=AT, operation="op", reason="x", purge_at=None)
    assert replace(down(), deactivation=why).instance == instance(at=AT, operation="op")


# Done


@pytest.mark.parametrize("state", LANE)
def test_done_ends_it_and_stores_what_it_explains(state: State) -> None:
    outcome = done(STANDING[state](), at=LATER, instance=instance())
    request = moved(outcome)
    assert (request.state, request.ended_at, request.ended_by) == (State.DONE, LATER, "countersign")
    assert request.explains == instance()
    assert entry_of(outcome)[:2] == (Kind.SETTLED, "countersign")


def test_the_first_instance_that_was_stored_stays() -> None:
    first = moved(explained(running(), instance(), at=LATER))
    assert first.explains == instance()
    assert moved(done(first, at=LATER, instance=instance(at=LATER))).explains == instance()


def test_done_is_told_to_the_requester_and_in_the_thread() -> None:
    assert tasks_of(done(running(), at=LATER, instance=None)) == [
        "draw:REQ-A:4",
        "tell:REQ-A:4:done:U01ADA",
        "thread:REQ-A:4:done",
    ]


def test_the_guards_restore_is_shown_on_its_incidents_card_alone() -> None:
    outcome = done(guards_restore(State.RUNNING), at=LATER, instance=None)
    assert moved(outcome).explains is None
    assert tasks_of(outcome) == []


# Failed


@pytest.mark.parametrize("state", LANE)
def test_failed_ends_it_with_the_platforms_words(state: State) -> None:
    outcome = failed(STANDING[state](), at=LATER, why="Forbidden.")
    request = moved(outcome)
    assert (request.state, request.outcome, request.ended_at) == (State.FAILED, "Forbidden.", LATER)
    assert entry_of(outcome) == (Kind.SETTLED, "countersign", "Forbidden.")
    assert tasks_of(outcome)[1:] == [
        f"tell:REQ-A:{request.version}:failed:U01ADA",
        f"thread:REQ-A:{request.version}:failed",
    ]


def test_the_platforms_own_word_stands_behind_our_code() -> None:
    assert Failed.REFUSED.saying(403) == "refused: 403"


# Uncertain


def test_uncertain_is_no_end_and_wakes_the_on_call_after_a_minute() -> None:
    outcome = uncertain(running(), at=LATER, why="no answer")
    assert outcome is not None
    request = moved(outcome)
    assert (request.state, request.outcome, request.ended_at) == (State.UNCERTAIN, "no answer", None)
    assert [(task.key, task.due) for task in outcome.tasks] == [
        ("draw:REQ-A:4", LATER),
        ("tell:REQ-A:4:uncertain:U01ADA", LATER),
        ("thread:REQ-A:4:uncertain", LATER),
        ("page:REQ-A:uncertain:3", LATER + MINUTE),
        ("call:REQ-A:uncertain:3", LATER + MINUTE),
    ]
    assert PAGED_AFTER == MINUTE


def test_uncertain_twice_is_said_once() -> None:
    assert uncertain(STANDING[State.UNCERTAIN](), at=LATER, why="again") is None


def test_of_the_guards_restore_nobody_is_told_but_the_on_call() -> None:
    outcome = uncertain(guards_restore(State.RUNNING), at=LATER, why="no answer")
    assert outcome is not None
    assert [task.kind for task in outcome.tasks] == [TaskKind.PAGE, TaskKind.CALL]


# Released


@pytest.mark.parametrize("state", LANE)
def test_released_is_approved_as_before_the_claim(state: State) -> None:
    before = approved()
    request = moved(release(STANDING[state](), at=LATER))
    assert replace(request, version=before.version, policy=before.policy) == before


def test_released_is_carried_out_again_at_once_and_its_clock_still_ends_it() -> None:
    outcome = release(running(), at=LATER)
    ends = AT + 11 * MINUTE
    assert [(task.key, task.due) for task in outcome.tasks] == [
        ("draw:REQ-A:4", LATER),
        ("carry_out:REQ-A:1", LATER),
        (f"expire:REQ-A:{int(ends.timestamp() * 1000)}", ends),
    ]


def test_the_guards_restore_has_no_clock_to_end_it() -> None:
    assert tasks_of(release(guards_restore(State.RUNNING), at=LATER)) == ["carry_out:REQ-G:1"]


def test_what_was_released_is_judged_by_what_is_read_then() -> None:
    """412: the world moved; the claim asks everything again."""
    released = moved(release(running(), at=LATER))
    again: Request = moved(claim(claiming(released, account=account(handle="maria2"), at=LATER)))
    assert (again.state, again.revised_why) == (State.PENDING, "handle")
