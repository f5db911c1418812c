"""What an approved request must still satisfy when it is carried out. One case a check stands in `forbidden`."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.account import Account
from bot.core.claiming import (
    CLAIM_CHECKS,
    PAUSES_CLOCK,
    POLICY_CLAIM_CHECKS,
    TOLD_AFTER,
    Claim,
    Wait,
    Waits,
    claim,
    execution_ends,
    expire_due,
    wait,
)
from bot.core.policy import Delegate, Policy
from bot.core.record import stamp
from bot.core.request import Action, Choice, Request, State
from bot.core.settling import release
from bot.core.transition import Kind, Transition
from bot.core.voting import vote
from tests.core import forbidden
from tests.core.build import (
    ADA,
    AT,
    DAY,
    DRAFT,
    EXPLAINED,
    HOUR,
    MINUTE,
    MONA,
    MS,
    OMAR,
    POLICY,
    PROTECTED,
    SAM,
    SECOND,
    STANDARD,
    TESSA,
    TODAY,
    UNEXPLAINED,
    YESTERDAY,
    account,
    approved,
    ballot,
    claiming,
    digest_with,
    down,
    filing,
    guards_restore,
    leaving,
    limits,
    moved,
    pending,
    policy,
    running,
    tasks_of,
)

QUORATE = AT + MINUTE
NOW = AT + 2 * MINUTE


def waits(outcome: object) -> Wait:
    assert isinstance(outcome, Wait), outcome
    return outcome


def said(outcome: object) -> Request:
    """The request as a wait that is news leaves it."""
    return moved(waits(outcome).transition)


def persons_restore() -> Request:
    """A restore that ada asked for and omar approved, of an account rightly down."""
    return approved(pending(filing(of=down(), draft=replace(DRAFT, action=Action.RESTORE))))


# Claimed


def test_what_passes_every_check_runs_with_the_etag_of_the_read() -> None:
    request = moved(claim(claiming(account=account(etag='W/"9"'), policy=policy(digest="p2"))))
    assert (request.state, request.claimed_at, request.if_match) == (State.RUNNING, NOW, 'W/"9"')
    assert request.policy == "p2"


def test_the_entry_names_the_policy_that_the_claim_used() -> None:
    outcome = claim(claiming(policy=policy(digest="p2")))
    assert isinstance(outcome, Transition)
    assert (outcome.entry.kind, outcome.entry.by, outcome.entry.facts["policy"]) == (
        Kind.CLAIMED,
        "countersign",
        "p2",
    )
    assert tasks_of(outcome) == ["draw:REQ-A:3"]


def test_a_count_that_grew_within_the_tier_changes_nothing() -> None:
    """The digest binds no counts."""
    assert moved(claim(claiming(account=account(followers=9_999)))).state is State.RUNNING


def test_only_what_is_approved_is_claimed() -> None:
    with pytest.raises(AssertionError):
        claim(claiming(pending()))


@pytest.mark.parametrize("check", CLAIM_CHECKS, ids=lambda check: check.__name__)
def test_one_thing_changed_and_it_does_not_run(check: Any) -> None:
    outcome = claim(forbidden.CLAIMS[check].case)
    assert isinstance(outcome, Wait) or moved(outcome).state is not State.RUNNING


@pytest.mark.parametrize("check", POLICY_CLAIM_CHECKS, ids=lambda check: check.__name__)
def test_one_thing_changed_and_the_guards_restore_does_not_run(check: Any) -> None:
    outcome = claim(forbidden.POLICY_CLAIMS[check].case)
    assert isinstance(outcome, Wait) or moved(outcome).state is not State.RUNNING


# From the votes, never from the column


def test_an_approved_column_without_approvals_carries_nothing_out() -> None:
    request = moved(claim(claiming(replace(approved(), votes=()))))
    assert (request.state, request.outcome) == (State.VOID, "no_quorum")


def test_a_deny_of_an_earlier_revision_still_stands_against_it() -> None:
    old = replace(approved().votes[0], person="mina", revision=0, choice=Choice.DENY)
    request = approved()
    request = moved(claim(claiming(replace(request, votes=(old, *request.votes)))))
    assert (request.state, request.outcome, request.ended_by) == (State.VOID, "denied", "countersign")


def test_approvals_of_an_earlier_revision_carry_nothing_out() -> None:
    request = approved()
    old = tuple(replace(vote, revision=0) for vote in request.votes)
    assert moved(claim(claiming(replace(request, votes=old)))).outcome == "no_quorum"


def test_an_approval_by_the_requester_put_into_the_table_counts_for_nothing() -> None:
    request = approved(pending(by=MONA))
    assert moved(claim(claiming(request))).state is State.RUNNING
    forged = tuple(replace(vote, person="mona") for vote in request.votes)
    assert moved(claim(claiming(replace(request, votes=forged)))).outcome == "no_quorum"


# What the card showed


TWO_MANAGERS = replace(STANDARD, approvals=(("manager", 2),))
APART = replace(STANDARD, from_different_teams=True)
SHOWN: dict[str, tuple[dict[str, Any], str]] = {
    "renamed": ({"account": account(handle="maria2")}, "handle"),
    "display name": ({"account": account(display_name="M.")}, "display_name"),
    "verified": ({"account": account(verified=True)}, "verified"),
    "tags": ({"account": account(tags=("press",))}, "tags"),
    "another id": ({"account": account(id="acct_2")}, "id"),
    "tier by followers": ({"account": account(followers=10_000)}, "tier, quorum"),
    "tier by tag": ({"account": account(tags=("staff",))}, "tags, tier, quorum"),
    "tier by what was seen": ({"tier": PROTECTED}, "tier, quorum"),
    "tier of the same quorum": ({"tier": replace(STANDARD, name="high")}, "tier"),
    "quorum by the policy": ({"tier": TWO_MANAGERS}, "quorum"),
    "teams by the policy": ({"tier": APART}, "quorum"),
    "requester now leaves": ({"policy": policy(leaving(ADA))}, "quorum"),
}


@pytest.mark.parametrize(("changed", "why"), SHOWN.values(), ids=SHOWN)
def test_what_the_card_no_longer_shows_rightly_is_shown_anew(changed: dict[str, Any], why: str) -> None:
    case = claiming(**changed)
    request = moved(claim(case))
    assert (request.state, request.revision, request.revised_why) == (State.PENDING, 2, why)
    assert request.approvals == ()
    assert request.digest == digest_with(request, of=case.account, tier=case.tier, quorum=request.quorum)
    assert (request.tier, request.subject.handle) == (case.tier.name, case.account.handle)


def test_what_was_shown_anew_and_approved_again_is_carried_out() -> None:
    renamed = account(handle="maria2")
    request = moved(claim(claiming(account=renamed)))
    request = moved(vote(ballot(request, OMAR, at=NOW + SECOND)))
    assert moved(claim(claiming(request, account=renamed, at=NOW + 2 * SECOND))).state is State.RUNNING


@pytest.mark.parametrize(
    "changed",
    [
        {"reason": "something else"},
        {"category": "other"},
        {"evidence": "https://x.org"},
        {"emergency": True},
        {"action": Action.RESTORE},
    ],
    ids=lambda c: next(iter(c)),
)
def test_a_field_changed_in_the_table_is_not_what_was_signed(changed: dict[str, Any]) -> None:
    """Nothing differs from the read, but every signature does."""
    request = moved(claim(claiming(replace(approved(), **changed))))
    assert (request.state, request.revised_why) == (State.PENDING, "digest")


def test_one_approval_of_another_card_is_enough_to_show_it_anew() -> None:
    request = approved(pending(filing(of=account(followers=10_000))), OMAR, TESSA)
    forged = (replace(request.votes[0], digest="0" * 64), request.votes[1])
    case = claiming(replace(request, votes=forged, not_before=None), account=account(followers=10_000))
    assert moved(claim(case)).revised_why == "digest"


def test_tags_in_another_order_are_the_same_tags() -> None:
    request = approved(pending(filing(of=account(tags=("a", "b")))))
    assert moved(claim(claiming(request, account=account(tags=("b", "a"))))).state is State.RUNNING


# The right of those who asked and voted


@pytest.mark.parametrize(
    ("bound", "why"),
    [
        (policy(leaving(ADA, YESTERDAY)), "requester_left"),
        (policy(without="ada"), "requester_left"),
        (policy(replace(ADA, groups=frozenset({"manager"}))), "requester_may_not_ask"),
    ],
    ids=["past the last day", "off the roster", "no agent any more"],
)
def test_a_requester_who_lost_the_right_makes_it_void(bound: Policy, why: str) -> None:
    request = moved(claim(claiming(policy=bound)))
    assert (request.state, request.outcome) == (State.VOID, why)


def test_a_requester_who_asked_standing_in_asks_no_more_once_that_is_over() -> None:
    away = policy(replace(ADA, delegate=Delegate(to="sam", since=TODAY, until=TODAY)))
    request = approved(pending(filing(person=SAM, policy=away)), policy=away)
    case = claiming(request, policy=away)
    assert moved(claim(case)).state is State.RUNNING
    over = policy(replace(ADA, delegate=Delegate(to="sam", since=YESTERDAY, until=YESTERDAY)))
    assert moved(claim(replace(case, policy=over))).outcome == "requester_may_not_ask"


def test_a_requester_about_to_leave_makes_a_protected_request_void() -> None:
    president = account(tags=("head-of-state",))
    draft = replace(DRAFT, confirm_handle="maria")
    request = approved(pending(filing(of=president, draft=draft)), OMAR, TESSA)
    case = claiming(request, account=president)
    assert moved(claim(case)).state is State.RUNNING
    assert moved(claim(replace(case, policy=policy(leaving(ADA))))).outcome == "requester_restricted"


@pytest.mark.parametrize(
    "bound",
    [
        policy(leaving(OMAR, YESTERDAY)),
        policy(without="omar"),
        policy(replace(OMAR, groups=frozenset({"trust-safety"}))),
    ],
    ids=["past the last day", "off the roster", "no manager any more"],
)
def test_a_voter_who_lost_the_right_makes_it_void(bound: Policy) -> None:
    request = moved(claim(claiming(policy=bound)))
    assert (request.state, request.outcome) == (State.VOID, "no_quorum")


def test_a_voter_about_to_leave_makes_a_protected_request_void() -> None:
    president = account(tags=("head-of-state",))
    request = approved(pending(filing(of=president, draft=replace(DRAFT, confirm_handle="maria"))), OMAR, TESSA)
    case = claiming(request, account=president, policy=policy(leaving(TESSA)))
    assert moved(claim(case)).outcome == "no_quorum"


def test_what_is_void_is_told_with_the_reason() -> None:
    outcome = claim(claiming(policy=policy(without="omar")))
    assert isinstance(outcome, Transition)
    assert (outcome.entry.kind, outcome.entry.facts["why"]) == (Kind.VOIDED, "no_quorum")
    assert tasks_of(outcome) == ["draw:REQ-A:3", "tell:REQ-A:3:void:U01ADA", "thread:REQ-A:3:void"]


# The clocks


def test_it_runs_until_the_last_millisecond_of_the_execution_clock() -> None:
    ends = QUORATE + 10 * MINUTE
    assert moved(claim(claiming(at=ends - MS))).state is State.RUNNING
    late = moved(claim(claiming(at=ends)))
    assert (late.state, late.outcome) == (State.EXPIRED, "not_carried_out")


@pytest.mark.parametrize("changed", [{"quorate_at": AT + DAY}, {"quorate_at": None}, {"execute_by": None}])
def test_a_quorum_that_came_too_late_or_never_is_none(changed: dict[str, Any]) -> None:
    assert moved(claim(claiming(replace(approved(), **changed)))).state is State.EXPIRED


def test_a_quorum_before_the_first_clock_ended_holds_after_it() -> None:
    last = AT + DAY - MS
    request = approved(at=last)
    assert moved(claim(claiming(request, at=last + MINUTE))).state is State.RUNNING


def test_while_it_cools_off_it_waits_until_that_is_over() -> None:
    big = account(followers=10_000)
    request = approved(pending(filing(of=big)), OMAR, TESSA)
    outcome = waits(claim(claiming(request, account=big)))
    assert (outcome.why, outcome.until) == (Waits.COOLING_OFF, QUORATE + HOUR)
    assert moved(claim(claiming(request, account=big, at=QUORATE + HOUR))).state is State.RUNNING


BRAKES: dict[Waits, dict[str, Any]] = {
    Waits.INCIDENT: {"incident": "INC-A"},
    Waits.LIMIT: {"policy": policy(limits=limits(deactivations_per_hour=1)), "claimed_in_hour": (AT,)},
}


@pytest.mark.parametrize("why", BRAKES)
def test_while_it_waits_for_an_incident_or_the_limit_its_clock_stands_still(why: Waits) -> None:
    first = said(claim(claiming(**BRAKES[why])))
    assert (first.waits_for, first.waits_since, first.execute_by) == (why, NOW, QUORATE + 10 * MINUTE)
    much_later = NOW + 5 * HOUR
    assert execution_ends(first, at=much_later) == QUORATE + 10 * MINUTE + 5 * HOUR
    assert expire_due(first, policy=POLICY, at=much_later) == QUORATE + 10 * MINUTE + 5 * HOUR
    request = moved(claim(claiming(first, at=much_later)))
    assert (request.state, request.execute_by) == (State.RUNNING, QUORATE + 10 * MINUTE + 5 * HOUR)
    assert (request.waits_for, request.waits_since) == (None, None)


@pytest.mark.parametrize("why", [Waits.LANE, Waits.PLATFORM, Waits.COOLING_OFF])
def test_while_it_waits_for_anything_else_its_clock_goes_on(why: Waits) -> None:
    first = said(wait(approved(), why, until=NOW, at=NOW))
    ends = QUORATE + 10 * MINUTE
    assert execution_ends(first, at=NOW + HOUR) == ends
    assert moved(claim(claiming(first, at=ends))).state is State.EXPIRED


def test_time_that_stood_still_is_kept_when_it_waits_for_something_else() -> None:
    first = said(claim(claiming(incident="INC-A")))
    second = said(claim(claiming(first, at=NOW + HOUR, lane=running())))
    assert (second.waits_for, second.execute_by) == (Waits.LANE, QUORATE + 10 * MINUTE + HOUR)
    third = said(claim(claiming(second, at=NOW + HOUR + MINUTE, incident="INC-B")))
    assert execution_ends(third, at=NOW + 2 * HOUR) == QUORATE + 10 * MINUTE + HOUR + 59 * MINUTE


def test_a_clock_put_back_takes_nothing_from_it() -> None:
    first = said(claim(claiming(incident="INC-A")))
    assert execution_ends(first, at=AT) == QUORATE + 10 * MINUTE


# Waiting


@pytest.mark.parametrize("changed", [{"incident": "INC-A"}, {"lane": running()}], ids=["incident", "lane"])
def test_what_waits_for_another_to_end_looks_again_within_a_second(changed: dict[str, Any]) -> None:
    assert NOW < waits(claim(claiming(**changed))).until <= NOW + SECOND


def test_a_wait_is_said_once() -> None:
    first = waits(claim(claiming(lane=running())))
    assert first.until > NOW
    assert first.transition is not None
    request = moved(first.transition)
    assert first.transition.entry.kind is Kind.WAITED
    again = waits(claim(claiming(request, lane=running(), at=NOW + SECOND)))
    assert (again.why, again.transition) == (Waits.LANE, None)
    assert waits(claim(claiming(request, incident="INC-A", at=NOW + SECOND))).transition is not None


def test_the_requester_is_told_after_half_a_minute() -> None:
    transition = waits(claim(claiming(lane=running()))).transition
    assert transition is not None
    assert [(task.key, task.due) for task in transition.tasks] == [
        ("draw:REQ-A:3", NOW),
        (f"waiting:REQ-A:{stamp(NOW)}", NOW + TOLD_AFTER),
    ]


def test_nobody_is_told_of_the_guards_restore() -> None:
    transition = waits(claim(claiming(guards_restore(), account=down(), lane=running()))).transition
    assert tasks_of(transition) == []


def test_the_limit_frees_when_the_oldest_claim_that_is_too_many_is_an_hour_old() -> None:
    two = policy(limits=limits(deactivations_per_hour=2))
    claimed = (AT - 30 * MINUTE, AT - 20 * MINUTE, AT)
    outcome = waits(claim(claiming(policy=two, claimed_in_hour=claimed)))
    assert outcome.until == AT + 40 * MINUTE
    assert moved(claim(claiming(policy=two, claimed_in_hour=(AT,)))).state is State.RUNNING
    none = policy(limits=limits(deactivations_per_hour=0))
    assert waits(claim(claiming(policy=none))).until == NOW + HOUR


# The world


def test_already_so_by_an_explained_cause_is_superseded_and_says_by_whom() -> None:
    outcome = claim(claiming(account=down(actor="owner:acct_1"), verdict=EXPLAINED))
    request = moved(outcome)
    assert (request.state, request.outcome, request.ended_by) == (State.SUPERSEDED, "owner:acct_1", "owner:acct_1")
    assert isinstance(outcome, Transition)
    assert (outcome.entry.kind, outcome.entry.by) == (Kind.SUPERSEDED, "owner:acct_1")


@pytest.mark.parametrize("verdict", [UNEXPLAINED, None])
def test_already_so_for_no_reason_we_know_waits_for_the_incident(verdict: Any) -> None:
    outcome = waits(claim(claiming(account=down(), verdict=verdict, incident="INC-A")))
    assert (outcome.why, outcome.until) == (Waits.INCIDENT, NOW + SECOND)


def test_already_so_with_nobody_at_it_waits_with_its_clock_running() -> None:
    outcome = waits(claim(claiming(account=down(), verdict=UNEXPLAINED)))
    assert (outcome.why, outcome.until) == (Waits.UNEXPLAINED, NOW + SECOND)
    assert Waits.UNEXPLAINED not in PAUSES_CLOCK


def test_already_so_with_nobody_named_is_superseded_by_the_bots_word() -> None:
    bare = replace(down(), deactivation=None)
    outcome = claim(claiming(account=bare, verdict=EXPLAINED))
    request = moved(outcome)
    assert (request.state, request.outcome, request.ended_by) == (State.SUPERSEDED, None, "countersign")
    assert isinstance(outcome, Transition)
    assert outcome.entry.by == "countersign"


# Restores


def test_a_persons_restore_is_claimed_whatever_took_the_account_down() -> None:
    for verdict in (EXPLAINED, UNEXPLAINED):
        case = claiming(persons_restore(), account=down(), verdict=verdict, incident="INC-A")
        assert moved(claim(case)).state is State.RUNNING


def test_no_limit_on_deactivations_binds_a_restore() -> None:
    one = policy(limits=limits(deactivations_per_hour=1))
    case = claiming(persons_restore(), account=down(), policy=one, claimed_in_hour=(AT, AT))
    assert moved(claim(case)).state is State.RUNNING


def test_a_persons_restore_of_an_account_that_is_back_is_superseded() -> None:
    request = moved(claim(claiming(persons_restore(), account=account())))
    assert (request.state, request.outcome) == (State.SUPERSEDED, None)


def test_a_persons_restore_needs_its_quorum_like_a_deactivation() -> None:
    assert moved(claim(claiming(persons_restore(), account=down(), policy=policy(without="omar")))).outcome == (
        "no_quorum"
    )


def guards(account: Account, **changed: Any) -> Claim:
    return claiming(guards_restore(), account=account, **changed)


def test_the_guards_restore_needs_nobody_and_has_no_clock() -> None:
    nobody = policy(limits=limits(deactivations_per_hour=0), people={})
    case = guards(down(), policy=nobody, at=AT + 365 * DAY, verdict=UNEXPLAINED, incident="INC-A")
    assert moved(claim(case)).state is State.RUNNING


def test_the_guards_restore_does_not_mind_another_name_or_tier() -> None:
    assert moved(claim(guards(down(account(handle="m", followers=9_999_999))))).state is State.RUNNING


@pytest.mark.parametrize(
    ("account", "verdict"), [(account(), None), (down(actor="owner:acct_1"), EXPLAINED)], ids=["back", "explained"]
)
def test_the_guards_restore_is_dropped_where_nothing_unexplained_stands(account: Account, verdict: Any) -> None:
    outcome = claim(guards(account, verdict=verdict))
    assert moved(outcome).state is State.SUPERSEDED
    assert tasks_of(outcome) == []


# Expiry


def test_the_expiry_task_finds_the_end_or_when_to_look_again() -> None:
    assert expire_due(pending(), policy=POLICY, at=AT + DAY - MS) == AT + DAY
    outcome = expire_due(pending(), policy=POLICY, at=AT + DAY)
    assert isinstance(outcome, Transition)
    assert moved(outcome).outcome == "not_decided"
    ends = QUORATE + 10 * MINUTE
    assert expire_due(approved(), policy=POLICY, at=ends - MS) == ends
    outcome = expire_due(approved(), policy=POLICY, at=ends)
    assert isinstance(outcome, Transition)
    assert moved(outcome).outcome == "not_carried_out"


def test_what_has_no_clock_is_not_looked_at_again() -> None:
    assert expire_due(replace(pending(), expires_at=None), policy=POLICY, at=AT + DAY) is None
    assert expire_due(guards_restore(), policy=POLICY, at=AT + DAY) is None


def test_a_request_released_and_shown_anew_still_has_a_task_that_ends_it() -> None:
    """Both expiry tasks came while it ran and found nothing to do; what stands then must not stand for ever."""
    waited = said(claim(claiming(incident="INC-A")))
    request = moved(claim(claiming(waited, at=NOW + DAY)))
    at = NOW + DAY + SECOND
    assert expire_due(request, policy=POLICY, at=at) is None
    outcome = release(request, at=at)
    released = moved(outcome)
    assert request.execute_by is not None
    assert f"expire:REQ-A:{int(request.execute_by.timestamp() * 1000)}" in tasks_of(outcome)
    ended = moved(claim(claiming(released, account=account(handle="maria2"), at=at)))
    assert (ended.state, ended.revision) == (State.EXPIRED, 1), "nobody could vote on it any more"


def test_the_actor_of_an_unacknowledged_incident_is_no_requester_and_no_voter_at_the_claim() -> None:
    assert moved(claim(claiming(unacknowledged=frozenset({"ada"})))).outcome == "requester_in_incident"
    voters = frozenset(vote.person for vote in approved().approvals)
    assert moved(claim(claiming(unacknowledged=voters))).outcome == "no_quorum"
    assert moved(claim(claiming(unacknowledged=frozenset({"rex"})))).state is State.RUNNING
