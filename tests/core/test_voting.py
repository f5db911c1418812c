"""What people decide on a request. One case a check stands in `forbidden`."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from bot.core.policy import Delegate, Person
from bot.core.quorum import Quorum
from bot.core.refusal import Refusal, Why
from bot.core.request import Choice, Request, State, Subject
from bot.core.transition import Kind, TaskKind, Transition
from bot.core.voting import VOTE_CHECKS, VOTER_CHECKS, may_vote, missing, revise, standing_approvals, vote, withdraw
from tests.core import forbidden
from tests.core.build import (
    ADA,
    AT,
    DAY,
    DRAFT,
    HOUR,
    MINA,
    MINUTE,
    MONA,
    MS,
    OMAR,
    POLICY,
    REX,
    SAM,
    STANDING,
    TESSA,
    TODAY,
    TOM,
    YESTERDAY,
    account,
    approved,
    ballot,
    filing,
    leaving,
    moved,
    pending,
    policy,
    running,
    tasks_of,
)

BIG = account(followers=10_000)
PRESIDENT = account(tags=("head-of-state",))
SURE = replace(DRAFT, confirm_handle="maria")


def refusal(outcome: object) -> Refusal:
    assert isinstance(outcome, Refusal), outcome
    return outcome


def count(request: Request, *voters: Person, **changed: Any) -> Request:
    for voter in voters:
        request = moved(vote(ballot(request, voter, **changed)))
    return request


def deny(request: Request, voter: Person = OMAR) -> Request:
    return moved(vote(ballot(request, voter, choice=Choice.DENY, reason="not our case")))


# Asked to decide


@pytest.mark.parametrize("check", VOTER_CHECKS, ids=lambda check: check.__name__)
def test_who_may_not_vote_is_told_so_without_a_click(check: Any) -> None:
    case = forbidden.VOTES[check].case
    told = may_vote(case.request, case.person, case.policy, case.at, unacknowledged=case.unacknowledged)
    assert told == refusal(vote(case))


def test_who_may_vote_is_told_nothing_whatever_the_click_would_carry() -> None:
    case = ballot(approved(), MONA)
    assert may_vote(case.request, case.person, case.policy, case.at, unacknowledged=None) is None
    assert refusal(vote(case)).why is Why.ALREADY_APPROVED
    assert VOTE_CHECKS[: len(VOTER_CHECKS)] == VOTER_CHECKS


# Counted


def test_the_approval_that_fills_the_quorum_approves_and_starts_the_clock() -> None:
    at = AT + MINUTE
    request = count(pending(), OMAR)
    assert (request.state, request.quorate_at, request.not_before) == (State.APPROVED, at, at)
    assert request.execute_by == at + timedelta(minutes=10)


def test_a_vote_is_kept_with_all_that_it_was_cast_on() -> None:
    request = pending()
    cast = count(request, MONA).votes[0]
    assert (cast.person, cast.revision, cast.choice, cast.at) == ("mona", 1, Choice.APPROVE, AT + MINUTE)
    assert (cast.slack_user, cast.groups, cast.team) == ("U02MONA", ("manager",), "support")
    assert (cast.digest, cast.policy, cast.reason) == (request.digest, "p1", None)


def test_it_is_carried_out_at_once_and_expires_when_the_clock_runs_out() -> None:
    outcome = vote(ballot(pending()))
    assert isinstance(outcome, Transition)
    at = AT + MINUTE
    assert [(task.kind, task.due) for task in outcome.tasks] == [
        (TaskKind.CARRY_OUT, at),
        (TaskKind.DRAW, at),
        (TaskKind.EXPIRE, at + timedelta(minutes=10)),
    ]


def test_where_the_tier_cools_off_all_of_it_comes_so_much_later() -> None:
    at = AT + MINUTE
    request = count(pending(filing(of=BIG)), OMAR)
    outcome = vote(ballot(request, TESSA))
    assert isinstance(outcome, Transition)
    after = moved(outcome)
    assert (after.quorate_at, after.not_before) == (at, at + HOUR)
    assert after.execute_by == at + HOUR + timedelta(minutes=10)
    assert [task.due for task in outcome.tasks] == [at, at, at + HOUR + timedelta(minutes=10)], (
        "asked at once, so that the wait is said"
    )


def test_a_tier_that_the_policy_no_longer_knows_cools_nothing_off() -> None:
    """The claim finds the tier changed and shows the card anew."""
    request = count(pending(filing(of=BIG)), OMAR)
    without = policy(tiers=tuple(tier for tier in POLICY.tiers if tier.name != "high"))
    assert count(request, TESSA, policy=without).not_before == AT + MINUTE


def test_the_first_of_two_approvals_leaves_it_pending() -> None:
    outcome = vote(ballot(pending(filing(of=BIG))))
    assert moved(outcome).state is State.PENDING
    assert moved(outcome).quorate_at is None
    assert tasks_of(outcome) == ["draw:REQ-A:2"]


@pytest.mark.parametrize("voters", [*permutations((OMAR, TESSA))], ids=lambda pair: "-".join(p.id for p in pair))
def test_a_quorum_of_two_groups_is_filled_by_one_of_each_in_any_order(voters: tuple[Person, ...]) -> None:
    assert count(pending(filing(of=BIG)), *voters).state is State.APPROVED


def test_two_of_one_group_do_not_fill_a_quorum_of_two_groups() -> None:
    request = count(pending(filing(of=BIG)), OMAR, MONA)
    assert request.state is State.PENDING
    assert missing(request, policy=POLICY, at=AT) == ("trust-safety",)


def test_one_person_of_both_groups_fills_one_place() -> None:
    both = replace(OMAR, groups=frozenset({"manager", "trust-safety"}))
    request = count(pending(filing(of=BIG)), both, policy=policy(both))
    assert request.state is State.PENDING
    assert request.votes[0].groups == ("manager", "trust-safety")


def test_where_teams_must_differ_two_of_one_team_do_not_fill_it() -> None:
    request = count(pending(filing(of=PRESIDENT, draft=SURE)), MINA, TOM)
    assert request.state is State.PENDING
    assert count(request, TESSA).state is State.APPROVED


@pytest.mark.parametrize("second", [OMAR, MINA])
def test_the_place_more_for_a_leavers_request_is_filled_by_any_other_of_the_groups(second: Person) -> None:
    rex = leaving(REX)
    bound = policy(rex)
    request = pending(filing(person=rex, policy=bound))
    first = count(request, MONA, policy=bound)
    assert first.state is State.PENDING
    assert count(first, second, policy=bound).state is State.APPROVED


# Each check


@pytest.mark.parametrize("check", VOTE_CHECKS, ids=lambda check: check.__name__)
def test_one_thing_changed_is_refused_for_that_thing(check: Any) -> None:
    wanted = forbidden.VOTES[check]
    assert refusal(vote(wanted.case)).why is wanted.says


def test_nobody_decides_the_own_request_either_way() -> None:
    request = pending(by=MONA)
    for choice in Choice:
        assert refusal(vote(ballot(request, MONA, choice=choice))).why is Why.OWN_REQUEST
    assert count(request, OMAR).state is State.APPROVED


def test_a_second_slack_id_is_not_a_second_person() -> None:
    """The person is who votes; the Slack id is only where the click came from."""
    request = count(pending(filing(of=BIG)), OMAR)
    again = refusal(vote(ballot(request, OMAR, slack_user="U03OMARALT")))
    assert (again.why, again.facts) == (Why.ALREADY_VOTED, {"choice": "approve", "at": AT + MINUTE})


def test_who_is_in_no_group_of_the_quorum_is_told_which_they_are() -> None:
    assert refusal(vote(ballot(pending(), SAM))).facts == {"groups": ["manager"]}
    assert refusal(vote(ballot(pending(), TESSA, choice=Choice.DENY))).why is Why.NOT_AN_APPROVER


def test_the_clock_decides_over_a_vote_although_its_task_has_not_fired() -> None:
    request = pending()
    assert count(request, OMAR, at=AT + DAY - MS).state is State.APPROVED
    for choice in Choice:
        late = refusal(vote(ballot(request, OMAR, choice=choice, at=AT + DAY)))
        assert (late.why, late.facts) == (Why.EXPIRED, {"at": AT + DAY, "emergency": False})


def test_a_deny_after_that_clock_still_ends_what_was_approved_in_time() -> None:
    assert moved(vote(ballot(approved(), MINA, choice=Choice.DENY, at=AT + DAY))).state is State.DENIED


@pytest.mark.parametrize("choice", Choice)
def test_a_vote_on_another_card_than_the_one_that_stands_is_not_counted(choice: Choice) -> None:
    old = pending().digest
    shown_anew = revised(pending())
    assert refusal(vote(ballot(shown_anew, choice=choice, digest=old))).why is Why.CARD_CHANGED


@pytest.mark.parametrize("choice", Choice)
def test_after_the_end_one_is_told_who_ended_it(choice: Choice) -> None:
    found = refusal(vote(ballot(deny(pending()), MINA, choice=choice)))
    assert (found.why, found.facts) == (Why.ALREADY_DECIDED, {"state": "denied", "by": "omar"})


def test_while_it_is_carried_out_one_is_told_who_voted_last() -> None:
    assert refusal(vote(ballot(running(), MINA))).facts == {"state": "running", "by": "omar"}
    assert refusal(vote(ballot(replace(running(), votes=()), MINA))).facts == {"state": "running", "by": "ada"}


def test_an_approval_too_many_is_told_whose_was_enough() -> None:
    assert refusal(vote(ballot(approved(), MINA))).facts == {"by": "omar"}


def test_the_actor_of_an_open_incident_is_told_which() -> None:
    assert refusal(vote(ballot(pending(), unacknowledged="INC-A"))).facts == {"incident": "INC-A"}


# Leavers


def test_a_leaver_votes_on_a_standard_account_and_not_on_a_protected_one() -> None:
    omar = leaving(OMAR)
    bound = policy(omar)
    assert count(pending(), omar, policy=bound).state is State.APPROVED
    protected = pending(filing(of=PRESIDENT, draft=SURE))
    assert refusal(vote(ballot(protected, omar, policy=bound))).why is Why.RESTRICTED_ON_PROTECTED


def test_an_approval_counts_no_more_once_its_voter_has_left() -> None:
    request = count(pending(filing(of=BIG)), OMAR)
    left = policy(leaving(OMAR, YESTERDAY))
    assert standing_approvals(request, policy=left, at=AT) == ()
    after = count(request, TESSA, policy=left)
    assert after.state is State.PENDING
    assert missing(after, policy=left, at=AT) == ("manager",)


def test_an_approval_counts_no_more_once_its_voter_is_off_the_roster() -> None:
    request = count(pending(filing(of=BIG)), OMAR)
    assert count(request, TESSA, policy=policy(without="omar")).state is State.PENDING


# Standing in


def lent(person: Person, to: Person) -> Person:
    return replace(person, delegate=Delegate(to=to.id, since=TODAY, until=TODAY))


def test_who_stands_in_votes_with_the_lent_groups_as_one_person() -> None:
    away = policy(lent(OMAR, SAM))
    request = count(pending(), SAM, policy=away)
    assert (request.state, request.votes[0].person, request.votes[0].groups) == (State.APPROVED, "sam", ("manager",))


def test_who_stands_in_is_one_person_still_and_fills_one_place() -> None:
    away = policy(lent(OMAR, TESSA))
    request = count(pending(filing(of=BIG)), TESSA, policy=away)
    assert (request.state, request.votes[0].groups) == (State.PENDING, ("manager", "trust-safety"))
    assert count(request, MINA, policy=away).state is State.APPROVED


def test_nobody_stands_in_for_a_request_of_the_absent() -> None:
    away = policy(lent(MONA, SAM))
    assert refusal(vote(ballot(pending(by=MONA), SAM, policy=away))).why is Why.NOT_AN_APPROVER
    assert count(pending(by=ADA), SAM, policy=away).state is State.APPROVED


def test_who_stands_in_does_not_approve_the_own_request_by_it() -> None:
    away = policy(lent(OMAR, ADA))
    assert refusal(vote(ballot(pending(by=ADA), ADA, policy=away))).why is Why.OWN_REQUEST


# A deny is final


def test_a_deny_ends_it_with_its_reason() -> None:
    request = deny(pending())
    assert (request.state, request.ended_by, request.ended_at) == (State.DENIED, "omar", AT + MINUTE)
    assert (request.outcome, request.votes[0].reason) == ("not our case", "not our case")


def test_a_deny_is_told_to_the_requester_and_in_the_thread() -> None:
    outcome = vote(ballot(pending(), choice=Choice.DENY, reason="not so"))
    assert tasks_of(outcome) == ["draw:REQ-A:2", "tell:REQ-A:2:denied:U01ADA", "thread:REQ-A:2:denied"]


def test_a_deny_stops_what_was_already_approved() -> None:
    assert deny(approved(), MINA).state is State.DENIED


THREE = Quorum(groups=(("manager", 2), ("trust-safety", 1)))
CAST = ((OMAR, Choice.APPROVE), (MINA, Choice.DENY), (TESSA, Choice.APPROVE))


@pytest.mark.parametrize("order", [*permutations(CAST)], ids=lambda order: "-".join(p.id for p, _ in order))
def test_one_deny_among_three_votes_decides_in_every_order(order: tuple[tuple[Person, Choice], ...]) -> None:
    request = replace(pending(), quorum=THREE)
    for person, choice in order:
        outcome = vote(ballot(request, person, choice=choice, reason="not so"))
        if request.state is State.DENIED:
            assert refusal(outcome).why is Why.ALREADY_DECIDED
        else:
            request = moved(outcome)
    assert request.state is State.DENIED


# Revised


def revised(request: Request, **changed: Any) -> Request:
    return moved(_revised(request, **changed))


def _revised(request: Request, **changed: Any) -> Transition:
    values: dict[str, Any] = {
        "subject": Subject.of(account(handle="maria2")),
        "tier": request.tier,
        "quorum": request.quorum,
        "why": ["handle"],
        "policy": policy(digest="p2"),
        "at": AT + 2 * MINUTE,
    }
    return revise(request, **{**values, **changed})


def test_a_revised_request_shows_what_is_so_and_waits_for_approval_again() -> None:
    request = revised(approved())
    assert (request.state, request.revision, request.subject.handle) == (State.PENDING, 2, "maria2")
    assert (request.quorate_at, request.not_before, request.execute_by) == (None, None, None)
    assert (request.revised_why, request.policy, request.approvals) == ("handle", "p2", ())
    assert len(request.votes) == 1


def test_whoever_asked_and_whoever_approved_hear_of_it() -> None:
    outcome = _revised(approved(pending(filing(of=BIG)), OMAR, TESSA), why=["handle", "tier"])
    assert tasks_of(outcome) == [
        "draw:REQ-A:4",
        "tell:REQ-A:4:revised:U01ADA",
        "tell:REQ-A:4:vote_again:U03OMAR",
        "tell:REQ-A:4:vote_again:U05TESSA",
    ]
    assert [task.payload["facts"] for task in outcome.tasks[1:]] == [{"why": "handle, tier"}] * 3
    assert (outcome.entry.kind, outcome.entry.by, outcome.entry.facts["why"]) == (
        Kind.REVISED,
        "countersign",
        "handle, tier",
    )


def test_approvals_of_an_earlier_revision_do_not_count() -> None:
    request = revised(count(pending(filing(of=BIG)), OMAR))
    assert count(request, TESSA).state is State.PENDING
    assert count(request, TESSA, OMAR).state is State.APPROVED


def test_who_approved_the_revision_before_may_deny_this_one() -> None:
    assert deny(revised(approved())).state is State.DENIED


# Withdrawn


def test_the_requester_takes_it_back() -> None:
    for request in (pending(), approved()):
        after = moved(withdraw(request, person=ADA, policy=POLICY, at=AT + 2 * MINUTE))
        assert (after.state, after.ended_by) == (State.WITHDRAWN, "ada")


@pytest.mark.parametrize(
    ("person", "bound", "why"),
    [
        (None, POLICY, Why.NOT_ROSTERED),
        (leaving(ADA, YESTERDAY), policy(leaving(ADA, YESTERDAY)), Why.PAST_LAST_DAY),
        (MONA, POLICY, Why.NOT_THE_REQUESTER),
    ],
)
def test_nobody_else_does(person: Person | None, bound: Any, why: Why) -> None:
    assert refusal(withdraw(pending(), person=person, policy=bound, at=AT)).why is why


@pytest.mark.parametrize(
    ("state", "by"), [(State.RUNNING, "omar"), (State.EXPIRED, "countersign"), (State.DENIED, "omar")]
)
def test_not_once_it_is_claimed_or_ended(state: State, by: str) -> None:
    found = refusal(withdraw(STANDING[state](), person=ADA, policy=POLICY, at=AT))
    assert (found.why, found.facts) == (Why.ALREADY_DECIDED, {"state": state.value, "by": by})


def test_whose_request_nobody_voted_on_is_told_of_the_request_itself() -> None:
    request = replace(running(), votes=())
    assert refusal(withdraw(request, person=ADA, policy=POLICY, at=AT)).facts["by"] == "ada"


def test_who_approved_may_still_deny_with_that_one_vote_and_never_the_reverse() -> None:
    before = approved()
    counted = count(before, OMAR, choice=Choice.DENY, reason="on second thoughts")
    assert (counted.state, counted.outcome) == (State.DENIED, "on second thoughts")
    assert [(v.person, v.choice) for v in counted.votes] == [("omar", Choice.DENY)]
    assert len(before.votes) == len(counted.votes)
    again = replace(counted, state=State.PENDING)
    assert refusal(vote(ballot(again, OMAR))).why is Why.ALREADY_VOTED
