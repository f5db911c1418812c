"""Requests that were, run again under another policy: what would have ended otherwise, and what nobody can know."""

from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import pytest

from bot.core.claiming import account_gone, claim, expired, supersede
from bot.core.past import Past
from bot.core.policy import Match, Person, Policy
from bot.core.request import Action, Choice, Request
from bot.core.settling import done
from bot.core.voting import revise, vote, withdraw
from bot.core.what_if import Compared, Difference, End, Outcome, compare, compared
from tests.core.build import (
    ADA,
    AT,
    DAY,
    HIGH,
    HOUR,
    LATER,
    MINA,
    MINUTE,
    OMAR,
    POLICY,
    PROTECTED,
    SECOND,
    STANDARD,
    TODAY,
    account,
    ballot,
    claiming,
    filing,
    leaving,
    limits,
    moved,
    pending,
    policy,
)


def past(*requests: Request, now: datetime = AT + 30 * DAY, of: Policy = POLICY) -> Past:
    return Past.of(requests, [(AT - 30 * DAY, of)], now=now)


def found(request: Request, new: Policy, *others: Request, **changed: Any) -> Difference | bool:
    return compared(request, new, past(request, *others, **changed))


def would(request: Request, new: Policy, *others: Request) -> Outcome:
    difference = found(request, new, *others)
    assert isinstance(difference, Difference), difference
    assert difference.request == request
    return difference.would


def voted(request: Request, *voters: Person, at: datetime = AT + MINUTE, **changed: Any) -> Request:
    for number, voter in enumerate(voters):
        request = moved(vote(ballot(request, voter, at=at + number * SECOND, **changed)))
    return request


def ended(request: Request, at: datetime | None = None) -> Request:
    """Claimed when it was approved, and done."""
    when = at or request.quorate_at
    assert when is not None
    running = moved(claim(claiming(request, at=when)))
    return moved(done(running, at=when + SECOND, instance=None))


def denied(request: Request, by: Person = OMAR, at: datetime = AT + MINUTE) -> Request:
    return voted(request, by, at=at, choice=Choice.DENY, reason="not so")


DONE = ended(voted(pending(), OMAR))
DENIED = denied(pending())
EXPIRED = moved(expired(pending(), at=AT + DAY))
WITHDRAWN = moved(withdraw(pending(), person=ADA, policy=POLICY, at=LATER))
SUPERSEDED = moved(supersede(pending(), by="owner:acct_1", at=LATER))
ENDED = (DONE, DENIED, EXPIRED, WITHDRAWN, SUPERSEDED, pending())


@pytest.mark.parametrize("request_", ENDED, ids=lambda request: request.state.value)
def test_under_the_same_policy_nothing_would_have_ended_otherwise(request_: Request) -> None:
    assert found(request_, POLICY, now=AT + HOUR) is True


MORE = policy(tiers=(PROTECTED, HIGH, replace(STANDARD, approvals=(("manager", 1), ("trust-safety", 1)))))


def test_approvals_that_were_enough_may_be_too_few() -> None:
    assert would(DONE, MORE) == Outcome(end=End.UNDECIDED, why="still needed: trust-safety")


def test_the_one_more_that_somebody_bound_needs_is_told() -> None:
    new = policy(leaving(ADA, TODAY + DAY))
    assert would(DONE, new) == Outcome(end=End.UNDECIDED, why="still needed: one more of any group")


def test_approvals_that_were_too_few_may_be_enough() -> None:
    half = moved(expired(voted(pending(filing(of=HEAVY)), OMAR), at=AT + DAY))
    assert would(half, policy(tiers=(STANDARD,))) == Outcome(end=End.CARRIED_OUT)


HEAVY = account(followers=20_000)


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (policy(without="ada"), "not rostered"),
        (policy(leaving(ADA, TODAY - DAY)), "past last day"),
        (policy(may_ask=frozenset({"trust-safety"})), "may not ask (trust-safety)"),
        (policy(categories=("other",)), "unknown category"),
        (
            policy(leaving(ADA), tiers=(replace(PROTECTED, any=Match(verified=False)), HIGH, STANDARD)),
            "restricted on protected",
        ),
        (policy(tiers=(replace(STANDARD, approvals=(("lawyer", 1),)),)), "nobody eligible (lawyer)"),
    ],
)
def test_a_request_may_not_even_have_been_filed(new: Policy, why: str) -> None:
    assert would(DONE, new) == Outcome(end=End.REFUSED, why=why)


def test_what_was_filed_in_the_hour_before_counts_for_the_limit() -> None:
    earlier = replace(DENIED, id="REQ-B", filed_at=AT - MINUTE)
    long_ago = replace(earlier, id="REQ-C", filed_at=AT - HOUR)
    one = policy(limits=limits(requests_per_person_hour=1))
    assert would(DONE, one, earlier) == Outcome(end=End.REFUSED, why="too many requests")
    assert found(DONE, one, long_ago) is True


def test_the_approval_of_somebody_who_may_not_vote_would_not_have_counted() -> None:
    outcome = would(DONE, policy(without="omar"))
    assert outcome.end is End.UNDECIDED
    assert outcome.why == "omar's vote would not have counted: not rostered; still needed: manager"


def test_a_deny_of_somebody_who_may_not_vote_would_not_have_counted_and_no_more_is_known() -> None:
    outcome = would(DENIED, policy(replace(OMAR, groups=frozenset({"agent"}))))
    assert outcome.end is End.UNDECIDED
    assert "omar's vote would not have counted: not an approver (manager)" in outcome.why


def test_a_deny_after_what_would_have_been_the_quorum_comes_too_late() -> None:
    two = denied(voted(pending(filing(of=HEAVY)), OMAR), by=MINA, at=LATER)
    assert would(two, policy(tiers=(STANDARD,))) == Outcome(end=End.CARRIED_OUT)
    assert found(two, policy(tiers=(replace(STANDARD, cooling_off=HOUR),))) is True


def test_a_request_withdrawn_later_would_have_been_carried_out_before() -> None:
    half = moved(withdraw(voted(pending(filing(of=HEAVY)), OMAR), person=ADA, policy=POLICY, at=LATER))
    assert would(half, policy(tiers=(STANDARD,))) == Outcome(end=End.CARRIED_OUT)
    assert found(half, policy(tiers=(replace(STANDARD, cooling_off=HOUR),))) is True


def test_a_shorter_clock_would_have_expired_it() -> None:
    quick = policy(limits=limits(request_expires=30 * SECOND))
    outcome = would(DONE, quick)
    assert outcome.end is End.EXPIRED
    assert "omar's vote would not have counted: expired" in outcome.why


def test_a_longer_clock_might_have_brought_more_approvals() -> None:
    assert would(EXPIRED, policy(limits=limits(request_expires=2 * DAY))).end is End.UNDECIDED


def test_a_limit_only_makes_it_wait() -> None:
    other = replace(DONE, id="REQ-B", filed_at=AT - 2 * HOUR, claimed_at=AT - MINUTE)
    assert found(DONE, policy(limits=limits(deactivations_per_hour=1)), other) is True


def test_who_is_gone_by_the_claim_makes_it_void() -> None:
    """Filed in the evening, with a cooling off over midnight."""
    evening = AT.replace(hour=23)
    request = ended(voted(pending(filing(at=evening)), OMAR, at=evening + MINUTE))
    slow = replace(STANDARD, cooling_off=2 * HOUR)
    assert would(request, policy(leaving(OMAR), tiers=(slow,))) == Outcome(end=End.VOID, why="no quorum")


def test_a_quorum_that_changes_before_the_claim_is_asked_anew() -> None:
    """From midnight on the leaver rule binds the requester."""
    evening = AT.replace(hour=23)
    request = ended(voted(pending(filing(at=evening)), OMAR, at=evening + MINUTE))
    slow = replace(STANDARD, cooling_off=2 * HOUR)
    outcome = would(request, policy(leaving(ADA, TODAY + 15 * DAY), tiers=(slow,)))
    assert outcome == Outcome(end=End.UNDECIDED, why="asked anew: quorum changed")


def test_an_account_seen_before_in_a_weightier_tier_is_still_in_it() -> None:
    before = replace(DENIED, id="REQ-B", filed_at=AT - DAY, subject=replace(DENIED.subject, followers=20_000))
    early = replace(before, filed_at=AT - 31 * DAY)
    assert found(DONE, POLICY, before) is False
    assert found(DONE, POLICY, early) is True


def test_the_accounts_age_is_the_one_at_filing() -> None:
    young = replace(HIGH, any=Match(younger_than=30 * DAY), cooling_off=0 * HOUR)
    new = policy(tiers=(PROTECTED, young, STANDARD))
    request = ended(voted(pending(filing(of=account(created=AT - 29 * DAY))), OMAR))
    assert would(request, new).why == "still needed: trust-safety"
    older = ended(voted(pending(filing(of=account(created=AT - 30 * DAY))), OMAR))
    assert found(older, new) is True


# What cannot be known


def revised() -> Request:
    first = pending()
    asked = POLICY.quorum_of(STANDARD, requester=ADA, at=AT)
    shown = replace(first.subject, handle="other")
    again = revise(first, subject=shown, tier="standard", quorum=asked, why=["handle"], policy=POLICY, at=LATER)
    return moved(again)


@pytest.mark.parametrize(
    "unknown",
    [
        revised(),
        replace(DONE, emergency=True),
        moved(account_gone(voted(pending(), OMAR), at=LATER)),
        voted(pending(), OMAR),
        replace(DONE, action=cast("Action", "another")),
    ],
)
def test_what_no_policy_decided_is_not_spoken_of(unknown: Request) -> None:
    assert found(unknown, MORE) is False


def test_the_policy_that_was_in_force_at_each_moment_must_lead_to_what_was() -> None:
    strict = Past.of([DONE], [(AT - DAY, POLICY), (AT + 30 * SECOND, policy(without="omar"))], now=LATER)
    assert compared(DONE, MORE, strict) is False
    later = Past.of([DONE], [(AT + SECOND, POLICY), (AT + HOUR, policy(without="omar"))], now=LATER)
    assert isinstance(compared(DONE, MORE, later), Difference)


def test_each_request_is_counted_once() -> None:
    requests = [replace(one, id=f"REQ-{number}", filed_at=one.filed_at) for number, one in enumerate(ENDED)]
    told = compare([*requests, revised()], MORE, past(*requests, now=AT + HOUR))
    assert isinstance(told, Compared)
    assert [one.was for one in told.differ] == [End.CARRIED_OUT]
    assert (told.same, told.unknown) == (5, 1)
