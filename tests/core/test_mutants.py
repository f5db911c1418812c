"""No check is dead: a rule asked without one of them lets through what that one forbids."""

from typing import Any

import pytest

from bot.core import establishing
from bot.core.acknowledging import ACKNOWLEDGE_CHECKS, acknowledge, known
from bot.core.acknowledging import rostered as reader_rostered
from bot.core.asking import rostered
from bot.core.claiming import CLAIM_CHECKS, POLICY_CLAIM_CHECKS, Wait, claim
from bot.core.emergency import EMERGENCY_CHECKS, file_emergency
from bot.core.establishing import ESTABLISH_CHECKS, establish
from bot.core.filing import FILE_CHECKS, file
from bot.core.ratifying import RATIFY_CHECKS, ratify
from bot.core.refusal import Refusal
from bot.core.request import State
from bot.core.ruling import (
    RULE_CHECKS,
    RULE_CLAIM_CHECKS,
    claim_change,
    file_change,
    rules_in_slack,
    rules_still_in_slack,
)
from bot.core.transition import Transition
from bot.core.unlocking import UNLOCK_CHECKS, UNLOCK_CLAIM_CHECKS, claim_unlocking, file_unlocking
from bot.core.verdict import KEY_CHECKS, Verdict, judge
from bot.core.voting import VOTE_CHECKS, WITHDRAW_CHECKS, vote, withdraw
from bot.core.voting import rostered as voter_rostered
from bot.core.watching import WATCH_CHECKS, watch_on
from tests.core import forbidden
from tests.core.build import POLICY, at_once, claiming, down, filing, guards_restore, moved, pending, ratifying
from tests.core.build import ballot as ballot_of
from tests.core.rules import OBSERVE, REMOVE_REX, change_due, change_filing
from tests.core.unlocks import unlock_due, unlocking

RULES = {
    "file": (FILE_CHECKS, forbidden.FILING),
    "vote": (VOTE_CHECKS, forbidden.VOTES),
    "emergency": (EMERGENCY_CHECKS, forbidden.EMERGENCIES),
    "change": (RULE_CHECKS, forbidden.CHANGES),
    "change_claim": (RULE_CLAIM_CHECKS, forbidden.RULE_CLAIMS),
    "unlock": (UNLOCK_CHECKS, forbidden.UNLOCKINGS),
    "unlock_claim": (UNLOCK_CLAIM_CHECKS, forbidden.UNLOCK_CLAIMS),
    "claim": (CLAIM_CHECKS, forbidden.CLAIMS),
    "policy_claim": (POLICY_CLAIM_CHECKS, forbidden.POLICY_CLAIMS),
    "withdraw": (WITHDRAW_CHECKS, forbidden.WITHDRAWALS),
    "acknowledge": (ACKNOWLEDGE_CHECKS, forbidden.ACKNOWLEDGEMENTS),
    "watch_on": (WATCH_CHECKS, forbidden.WATCHES),
    "establish": (ESTABLISH_CHECKS, forbidden.CAUSES),
    "judge": (KEY_CHECKS, forbidden.KEYS),
}
EVERY = [
    pytest.param(name, checks, check, id=f"{name}-{check.__name__}")
    for name, (checks, _) in RULES.items()
    for check in checks
]
CRASHES = {
    rostered, voter_rostered, reader_rostered, known, rules_in_slack, rules_still_in_slack,
    establishing.rostered, establishing.known,
}  # fmt: skip
"""Without these there is nobody, or nothing, to be asked about: the rule stops at an assertion and lets nothing by."""


FILED: dict[str, tuple[Any, str, str]] = {
    "emergency": (file_emergency, "E", "U08DORA"),
    "change": (file_change, "C", "U01ADA"),
    "unlock": (file_unlocking, "U", "U01ADA"),
    "file": (file, "A", "U01ADA"),
}
"""Moves that file: each with its request's name and who asks."""


def ask(rule: str, case: Any, checks: tuple[Any, ...]) -> Any:
    if rule in FILED:
        move, name, slack_user = FILED[rule]
        return move(case, id=f"REQ-{name}", operation=f"op-{name.lower()}", slack_user=slack_user, checks=checks)
    if rule == "withdraw":
        return withdraw(case.request, person=case.person, policy=case.policy, at=case.at, checks=checks)
    if rule == "judge":
        return judge(*case, POLICY.guard, checks=checks)
    rules = {
        "vote": vote,
        "acknowledge": acknowledge,
        "change_claim": claim_change,
        "establish": establish,
        "watch_on": watched_on,
        "unlock_claim": claim_unlocking,
    }
    return rules.get(rule, claim)(case, checks=checks)


def watched_on(case: Any, *, checks: tuple[Any, ...]) -> object:
    return watch_on(case, POLICY.guard.samples, checks=checks)


def let_through(rule: str, outcome: object) -> bool:
    if isinstance(outcome, Verdict):
        return outcome.explained
    if not isinstance(outcome, Transition):
        return False
    return not rule.endswith("claim") or moved(outcome).state is State.RUNNING


@pytest.mark.parametrize("rule", RULES)
def test_every_check_has_a_case_that_it_forbids(rule: str) -> None:
    checks, cases = RULES[rule]
    assert set(cases) == set(checks)
    assert len(set(checks)) == len(checks)


SUCCESS = {
    "file": filing(),
    "emergency": at_once(),
    "change": change_filing(REMOVE_REX),
    "change_claim": change_due(forbidden.VOTED, OBSERVE),
    "unlock": unlocking(),
    "unlock_claim": unlock_due(),
    "vote": ballot_of(pending()),
    "claim": claiming(),
    "policy_claim": claiming(guards_restore(), account=down()),
    "withdraw": forbidden.withdrawal(),
    "acknowledge": forbidden.reading(),
    "watch_on": forbidden.watching_on(),
    "establish": forbidden.saying(),
    "judge": forbidden.of_key(),
}


@pytest.mark.parametrize("rule", RULES)
def test_with_every_check_the_unchanged_case_is_let_through(rule: str) -> None:
    assert let_through(rule, ask(rule, SUCCESS[rule], RULES[rule][0]))


@pytest.mark.parametrize(("rule", "checks", "check"), EVERY)
def test_a_check_says_no_to_its_case_and_no_other_check_does(rule: str, checks: tuple[Any, ...], check: Any) -> None:
    wanted = RULES[rule][1][check]
    outcome = ask(rule, wanted.case, checks)
    assert not let_through(rule, outcome)
    if isinstance(outcome, Refusal):
        assert (outcome.why, outcome.input) == (wanted.says, wanted.input)
    elif isinstance(outcome, Wait):
        assert outcome.why is wanted.says
    elif isinstance(outcome, Verdict):
        assert outcome.because is wanted.says
    else:
        after = moved(outcome)
        assert (after.state, after.revised_why if after.state is State.PENDING else after.outcome) == wanted.says


@pytest.mark.parametrize(("rule", "checks", "check"), EVERY)
def test_without_a_check_its_case_is_let_through(rule: str, checks: tuple[Any, ...], check: Any) -> None:
    wanted = RULES[rule][1][check]
    without = tuple(other for other in checks if other not in {check, *wanted.also})
    if check in CRASHES:
        with pytest.raises(AssertionError):
            ask(rule, wanted.case, without)
    else:
        assert let_through(rule, ask(rule, wanted.case, without))


@pytest.mark.parametrize(("rule", "checks", "check"), EVERY)
def test_what_stands_behind_a_check_would_have_said_no_too(rule: str, checks: tuple[Any, ...], check: Any) -> None:
    """Those named as standing behind it do: none is named for nothing."""
    wanted = RULES[rule][1][check]
    if wanted.also:
        outcome = ask(rule, wanted.case, tuple(other for other in checks if other is not check))
        assert not let_through(rule, outcome)
        assert not isinstance(outcome, Refusal) or outcome.why is not wanted.says


def test_every_check_of_the_ratification_has_a_case_that_it_forbids() -> None:
    assert set(forbidden.RATIFICATIONS) == set(RATIFY_CHECKS)
    assert moved(ratify(ratifying())).state is State.RATIFIED


@pytest.mark.parametrize("check", RATIFY_CHECKS, ids=lambda check: check.__name__)
def test_a_check_of_the_ratification_says_no_and_no_other_does(check: Any) -> None:
    case = forbidden.RATIFICATIONS[check]
    assert ratify(case) is None
    assert ratify(case, checks=tuple(other for other in RATIFY_CHECKS if other is not check)) is not None
