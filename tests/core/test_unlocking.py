"""Whom the guard had locked out is let in, and what it had switched off is switched on, by a quorum alone."""

from dataclasses import replace

import pytest

from bot.core.claiming import Wait
from bot.core.policy_file import parse_policy
from bot.core.refusal import Refusal, Why
from bot.core.request import Action, Choice, State
from bot.core.transition import Kind
from bot.core.unlocking import claim_unlocking, file_unlocking, may_unlock
from bot.core.voting import missing, vote
from tests.core.build import AT, DAY, HOUR, MINUTE, ballot, moved, tasks_of
from tests.core.rules import FILE, RULED
from tests.core.unlocks import STAFF, agreed, owned_by, unlock_due, unlocking, wished

BOTH = pytest.mark.parametrize("action", [Action.REINSTATE, Action.RELEASE])


@BOTH
def test_it_waits_for_the_quorum_of_the_rules(action: Action) -> None:
    request = wished(action)
    assert (request.state, request.tier, request.category) == (State.PENDING, "rules", "guard")
    assert request.quorum.places == ("manager", "trust-safety")
    assert (request.of_the_rules, request.of_an_account) == (False, False)
    assert request.expires_at == AT + DAY
    outcome = file_unlocking(unlocking(action), id="REQ-U", operation="op-u", slack_user="U01ADA")
    assert [key.split(":")[0] for key in tasks_of(outcome)] == ["draw", "tell", "expire", "remind"]


def test_the_subject_is_the_actor_as_the_platform_names_it_or_the_latch() -> None:
    assert (wished().subject.id, wished().subject.handle, wished().lets_in) == (STAFF, "rex", STAFF)
    release = wished(Action.RELEASE)
    assert (release.subject.id, release.subject.handle, release.lets_in) == ("sweep", "sweep", None)
    assert wished(subject="odd").subject.handle == "odd"


def test_without_a_tier_of_the_rules_the_weightiest_there_is_decides() -> None:
    policy = parse_policy(FILE.split('[[tier]]\nname = "rules"', maxsplit=1)[0])
    assert wished(policy=policy).tier == "protected"


@BOTH
def test_what_the_quorum_has_approved_is_claimed(action: Action) -> None:
    request = agreed(action)
    outcome = claim_unlocking(unlock_due(request))
    after = moved(outcome)
    assert (after.state, after.claimed_at) == (State.RUNNING, AT + 2 * MINUTE)
    assert tasks_of(outcome) == [f"draw:REQ-U:{request.version + 1}"]


def test_only_what_is_approved_is_carried_out() -> None:
    with pytest.raises(AssertionError):
        claim_unlocking(unlock_due(wished()))


@pytest.mark.parametrize("choice", Choice)
def test_whose_principal_it_is_has_no_say_either_way(choice: Choice) -> None:
    policy = owned_by("omar")
    refused = vote(ballot(wished(policy=policy), policy.people["omar"], policy=policy, choice=choice, reason="no"))
    assert isinstance(refused, Refusal)
    assert refused.why is Why.ABOUT_YOURSELF


def test_an_approval_counts_no_more_once_the_roster_says_whose_principal_it_is() -> None:
    request, policy = agreed(), replace(owned_by("omar"), digest=RULED.digest)
    assert missing(request, policy=policy, at=AT) == ("manager",)
    assert moved(claim_unlocking(unlock_due(request, policy=policy))).outcome == "no_quorum"


def test_it_is_not_asked_for_where_only_whom_it_is_about_could_approve() -> None:
    policy = owned_by("tessa")
    refused = file_unlocking(unlocking(policy=policy), id="REQ-U", operation="op-u", slack_user="U01ADA")
    assert isinstance(refused, Refusal)
    assert (refused.why, refused.facts["groups"]) == (Why.NOBODY_ELIGIBLE, ["trust-safety"])


def test_nor_where_the_leaver_rule_asks_for_one_more_than_there_are() -> None:
    text = FILE.replace('slack = ["U01ADA"]', 'slack = ["U01ADA"]\nlast_day = 2026-11-20')
    policy = parse_policy(text.replace('groups = ["agent", "manager"]', 'groups = ["agent"]'))
    refused = file_unlocking(unlocking(policy=policy), id="REQ-U", operation="op-u", slack_user="U01ADA")
    assert isinstance(refused, Refusal)
    assert refused.facts["groups"] == ["manager", "trust-safety"]


def test_a_quorum_that_has_changed_is_asked_for_anew() -> None:
    more = parse_policy(FILE.replace("{ manager = 1, trust-safety = 1 }\n", "{ manager = 2 }\n"))
    after = moved(claim_unlocking(unlock_due(policy=more)))
    assert (after.state, after.revised_why) == (State.PENDING, "quorum")
    without = parse_policy(FILE.split('[[tier]]\nname = "rules"', maxsplit=1)[0])
    assert moved(claim_unlocking(unlock_due(policy=without))).revised_why == "tier"


def test_what_is_not_locked_any_more_is_superseded() -> None:
    after = moved(claim_unlocking(unlock_due(locked=False)))
    assert after.state is State.SUPERSEDED


def test_while_it_cools_off_it_waits() -> None:
    request = replace(agreed(), not_before=AT + HOUR, execute_by=AT + 2 * HOUR)
    assert isinstance(claim_unlocking(unlock_due(request)), Wait)


def test_whom_the_roster_does_not_know_is_shown_no_form() -> None:
    refused = may_unlock(RULED, None, AT)
    assert refused is not None
    assert refused.why is Why.NOT_ROSTERED
    assert may_unlock(RULED, RULED.people["rex"], AT) is None


def test_the_log_names_who_asked() -> None:
    filed = file_unlocking(unlocking(), id="REQ-U", operation="op-u", slack_user="U01ADA")
    assert not isinstance(filed, Refusal)
    assert (filed.entry.kind, filed.entry.by) == (Kind.FILED, "ada")
