"""What is asked: the success, and the success with one thing changed. One case a check stands in `forbidden`."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.filing import ASK_CHECKS, FILE_CHECKS, Draft, Filing, file, may_ask
from bot.core.policy import Delegate
from bot.core.quorum import Quorum
from bot.core.refusal import Refusal, Why
from bot.core.request import Action, State, Subject
from bot.core.transition import Kind, Task, TaskKind, Transition
from tests.core import forbidden
from tests.core.build import (
    ADA,
    AT,
    DAY,
    DRAFT,
    HIGH,
    HOUR,
    MINA,
    MINUTE,
    MONA,
    MS,
    OMAR,
    POLICY,
    REX,
    SAM,
    TESSA,
    TODAY,
    TOM,
    YESTERDAY,
    account,
    down,
    drafted,
    filing,
    leaving,
    limits,
    moved,
    pending,
    policy,
)

PRESIDENT = account(handle="President", tags=("head-of-state",))


def filed(case: Filing) -> Transition | Refusal:
    return file(case, id="REQ-A", operation="op-a", slack_user="U01ADA")


def refusal(case: Filing) -> Refusal:
    outcome = filed(case)
    assert isinstance(outcome, Refusal), outcome
    return outcome


# Filed


def test_what_passes_every_check_is_pending_with_all_that_was_typed_and_read() -> None:
    request = moved(filed(drafted(evidence="https://example.org/1")))
    assert (request.state, request.version, request.revision) == (State.PENDING, 1, 1)
    assert (request.action, request.subject, request.tier) == (Action.DEACTIVATE, Subject.of(account()), "standard")
    assert request.quorum == Quorum(groups=(("manager", 1),))
    assert (request.category, request.reason, request.evidence) == ("spam", "sells pills", "https://example.org/1")
    assert (request.requester, request.requester_slack, request.operation) == ("ada", "U01ADA", "op-a")
    assert (request.filed_at, request.expires_at, request.policy) == (AT, AT + DAY, POLICY.digest)
    assert not request.emergency
    assert not request.by_policy
    assert (request.votes, request.approvals) == ((), ())


def test_it_leaves_its_card_its_expiry_its_first_reminder_and_a_message_behind() -> None:
    outcome = filed(filing())
    assert isinstance(outcome, Transition)
    assert outcome.tasks == (
        Task(key="draw:REQ-A:1", kind=TaskKind.DRAW, payload={"record": "REQ-A", "version": 1}, due=AT),
        Task(
            key=f"expire:REQ-A:{int((AT + DAY).timestamp() * 1000)}",
            kind=TaskKind.EXPIRE,
            payload={"request": "REQ-A"},
            due=AT + DAY,
        ),
        Task(
            key="remind:REQ-A:1",
            kind=TaskKind.REMIND,
            payload={"request": "REQ-A", "step": 1, "since": "2026-11-16T09:00:00.000Z"},
            due=AT + HOUR,
        ),
        Task(
            key="tell:REQ-A:1:filed:U01ADA",
            kind=TaskKind.TELL,
            payload={"record": "REQ-A", "notice": "filed", "to": "U01ADA", "facts": {}},
            due=AT,
        ),
    )


def test_its_entry_names_who_asked() -> None:
    outcome = filed(filing())
    assert isinstance(outcome, Transition)
    assert (outcome.entry.kind, outcome.entry.by, outcome.entry.at) == (Kind.FILED, "ada", AT)


def test_a_restore_is_filed_of_an_account_that_is_down() -> None:
    request = moved(filed(filing(of=down(), draft=replace(DRAFT, action=Action.RESTORE))))
    assert (request.action, request.rule.makes_active) == (Action.RESTORE, True)


def test_tags_are_shown_in_one_order() -> None:
    assert pending(filing(of=account(tags=("b", "a")))).subject.tags == ("a", "b")


def test_nothing_is_an_emergency_unless_it_is_said() -> None:
    draft = Draft(action=Action.DEACTIVATE, category="spam", reason="sells pills", evidence=None, confirm_handle=None)
    assert moved(filed(filing(draft=draft))).emergency is False


# Each check


@pytest.mark.parametrize("check", FILE_CHECKS, ids=lambda check: check.__name__)
def test_one_thing_changed_is_refused_for_that_thing_at_its_field(check: Any) -> None:
    wanted = forbidden.FILING[check]
    found = refusal(wanted.case)
    assert (found.why, found.input) == (wanted.says, wanted.input)


@pytest.mark.parametrize("check", ASK_CHECKS, ids=lambda check: check.__name__)
def test_whom_the_first_checks_refuse_is_refused_before_an_account_is_named(check: Any) -> None:
    case = forbidden.FILING[check].case
    assert may_ask(case.policy, case.person, case.at) == refusal(case)


def test_who_may_ask_is_told_nothing_before_an_account_is_named() -> None:
    case = filing()
    assert may_ask(case.policy, case.person, case.at) is None
    assert FILE_CHECKS[: len(ASK_CHECKS)] == ASK_CHECKS


def test_on_the_last_day_one_still_asks_with_one_approval_more() -> None:
    request = moved(filed(filing(person=leaving(ADA), policy=policy(leaving(ADA)))))
    assert request.quorum == Quorum(groups=(("manager", 1),), extra=1)


@pytest.mark.parametrize(("days", "extra"), [(14, 1), (15, 0)])
def test_the_approval_more_is_asked_from_the_first_day_of_the_window(days: int, extra: int) -> None:
    soon = leaving(ADA, TODAY + timedelta(days=days))
    assert moved(filed(filing(person=soon, policy=policy(soon)))).quorum.extra == extra


def test_a_leaver_does_not_ask_about_a_protected_account_and_anybody_else_does() -> None:
    rex = leaving(REX)
    case = filing(of=PRESIDENT, draft=replace(DRAFT, confirm_handle="@president"), policy=policy(rex))
    assert refusal(replace(case, person=rex)).why is Why.RESTRICTED_ON_PROTECTED
    assert moved(filed(replace(case, person=ADA))).tier == "protected"


def test_who_may_not_ask_is_told_which_groups_may() -> None:
    assert refusal(filing(person=SAM)).facts == {"groups": ["agent"]}


def test_who_stands_in_for_an_agent_may_ask() -> None:
    away = replace(ADA, delegate=Delegate(to="sam", since=TODAY, until=TODAY))
    assert moved(filed(filing(person=SAM, policy=policy(away)))).requester == "sam"
    over = replace(ADA, delegate=Delegate(to="sam", since=YESTERDAY, until=YESTERDAY))
    assert refusal(filing(person=SAM, policy=policy(over))).why is Why.MAY_NOT_ASK


def test_the_actor_of_an_open_incident_is_told_which() -> None:
    assert refusal(filing(unacknowledged="INC-A")).facts == {"incident": "INC-A"}


@pytest.mark.parametrize(
    ("action", "of"), [(Action.DEACTIVATE, down()), (Action.RESTORE, account())], ids=["down", "up"]
)
def test_what_is_already_so_is_not_asked_for(action: Action, of: Any) -> None:
    found = refusal(filing(of=of, draft=replace(DRAFT, action=action)))
    assert (found.why, found.facts) == (Why.ALREADY_SO, {"handle": "maria", "active": of.active})


def test_a_second_live_request_names_the_first() -> None:
    found = refusal(filing(live=pending(by=MONA)))
    assert found.facts == {"request": "REQ-A", "state": "pending", "requester": "mona"}


def test_an_unknown_category_is_told_the_known_ones() -> None:
    assert refusal(drafted(category="boredom")).facts == {"categories": ["spam", "other"]}


@pytest.mark.parametrize("length", [10, 3000])
def test_a_reason_of_10_to_3000_characters_fits(length: int) -> None:
    assert moved(filed(drafted(reason="é" * length))).reason == "é" * length


@pytest.mark.parametrize("length", [0, 9, 3001])
def test_a_shorter_or_longer_reason_does_not_fit(length: int) -> None:
    found = refusal(drafted(reason="é" * length))
    assert (found.why, found.input) == (Why.REASON_LENGTH, "reason")
    assert found.facts == {"length": length, "min": 10, "max": 3000}


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "http://example.org/a?b=c#d",
        "HTTPS://Example.org/ä",
        "https://127.0.0.1:8000/x",
        "https://[::1]/x",
        "https://example.org/" + "a" * 2980,
    ],
)
def test_a_web_address_is_evidence(url: str) -> None:
    assert moved(filed(drafted(evidence=url))).evidence == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://:443/",
        "https://exa mple.org",
        "https://example.org/\n",
        "https://example.org/\u202e",
        "https://example.org/a|b",
        "https://example.org/<!channel>",
        "https://[::1",
        "https://example.org/" + "a" * 2981,
    ],
)
def test_anything_else_is_no_evidence(url: str) -> None:
    found = refusal(drafted(evidence=url))
    assert (found.why, found.input) == (Why.EVIDENCE_NO_URL, "evidence")


@pytest.mark.parametrize("typed", ["President", "@president", "PRESIDENT"])
def test_where_the_tier_demands_it_the_handle_is_typed_again(typed: str) -> None:
    case = filing(of=PRESIDENT, draft=replace(DRAFT, confirm_handle=typed))
    assert moved(filed(case)).subject.handle == "President"


@pytest.mark.parametrize("typed", [None, "", "@", "presidents", "@@president", "Рresident"])
def test_another_handle_confirms_nothing(typed: str | None) -> None:
    found = refusal(filing(of=PRESIDENT, draft=replace(DRAFT, confirm_handle=typed)))
    assert (found.why, found.input, found.facts) == (Why.CONFIRM_HANDLE, "confirm_handle", {"handle": "President"})


def test_where_the_tier_demands_none_nothing_has_to_be_typed_again() -> None:
    assert moved(filed(drafted(confirm_handle="nonsense"))).tier == "standard"


THREE = policy(limits=limits(requests_per_person_hour=3))


def test_below_the_limit_of_an_hour_one_more_is_taken() -> None:
    assert moved(filed(filing(policy=THREE, filed_in_hour=(AT - 2 * MINUTE, AT - MINUTE))))


def test_at_the_limit_one_is_told_when_the_first_is_an_hour_old() -> None:
    times = (AT - 30 * MINUTE, AT - 2 * MINUTE, AT - MINUTE)
    found = refusal(filing(policy=THREE, filed_in_hour=times))
    assert (found.why, found.facts) == (Why.TOO_MANY_REQUESTS, {"limit": 3, "again_at": AT + 30 * MINUTE})


def test_over_a_limit_lowered_meanwhile_as_many_must_grow_old_as_are_too_many() -> None:
    times = (AT - 50 * MINUTE, AT - 40 * MINUTE, AT - 30 * MINUTE, AT - MINUTE)
    assert refusal(filing(policy=THREE, filed_in_hour=times)).facts["again_at"] == AT + 20 * MINUTE


def test_at_a_limit_of_none_the_time_to_try_again_is_an_hour_away() -> None:
    none = policy(limits=limits(requests_per_person_hour=0))
    assert refusal(filing(policy=none)).facts == {"limit": 0, "again_at": AT + HOUR}


# Nobody eligible


def test_nobody_left_who_could_approve_names_the_group() -> None:
    gone = policy(*(leaving(p, YESTERDAY) for p in (MONA, OMAR, MINA)))
    found = refusal(filing(policy=gone))
    assert (found.why, found.input) == (Why.NOBODY_ELIGIBLE, "handle")
    assert found.facts == {"groups": ["manager"], "tier": "standard"}


def test_of_two_groups_the_empty_one_is_named() -> None:
    gone = policy(*(leaving(p, YESTERDAY) for p in (TESSA, TOM)))
    of = account(followers=10_000)
    assert refusal(filing(of=of, policy=gone)).facts == {"groups": ["trust-safety"], "tier": "high"}


def test_the_requester_does_not_count_as_one_who_could_approve() -> None:
    gone = policy(*(leaving(p, YESTERDAY) for p in (OMAR, MINA)))
    assert refusal(filing(person=MONA, policy=gone)).facts["groups"] == ["manager"]
    assert moved(filed(filing(person=ADA, policy=gone))).state is State.PENDING


def test_a_place_for_any_group_that_nobody_fills_names_them_all() -> None:
    rex = leaving(REX)
    few = policy(rex, *(leaving(p, YESTERDAY) for p in (MINA, OMAR, TOM)))
    of = account(followers=10_000)
    found = refusal(filing(of=of, person=rex, policy=few))
    assert found.facts == {"groups": ["manager", "trust-safety"], "tier": "high"}
    assert moved(filed(filing(of=of, person=ADA, policy=few))).quorum == Quorum(groups=HIGH.approvals)


def test_approvers_of_one_team_do_not_fill_a_quorum_of_different_teams() -> None:
    few = policy(*(leaving(p, YESTERDAY) for p in (OMAR, TESSA)))
    case = filing(of=PRESIDENT, draft=replace(DRAFT, confirm_handle="president"), policy=few)
    assert refusal(case).why is Why.NOBODY_ELIGIBLE
    apart = replace(case, tier=replace(case.tier, from_different_teams=False))
    assert moved(filed(apart)).state is State.PENDING


def test_the_first_check_that_says_no_is_the_one_that_is_told() -> None:
    assert refusal(replace(drafted(reason="", category="boredom"), person=SAM)).why is Why.MAY_NOT_ASK


def test_the_last_millisecond_of_the_last_day_is_still_of_it() -> None:
    ada = leaving(ADA)
    case = filing(person=ada, policy=policy(ada))
    midnight = AT.replace(hour=0) + DAY
    assert moved(filed(replace(case, at=midnight - MS))).state is State.PENDING
    assert refusal(replace(case, at=midnight)).why is Why.PAST_LAST_DAY
