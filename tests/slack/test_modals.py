import json
from dataclasses import replace
from typing import Any

import pytest

from bot.core.account import Account, Deactivation
from bot.core.policy import Policy, Tier
from bot.core.policy_file import parse_policy
from bot.core.quorum import Quorum
from bot.core.request import Action
from bot.slack.language import Language
from bot.slack.modals import deny_request, looking_up, submit_request
from tests.slack.examples import ACCOUNT, BOTH, EN, FILED, HOSTILE, LONG, ON_ACCOUNTS, PENDING, URL, hostile
from tests.slack.validators import check_view, shown

POLICY = parse_policy("""
version = 1
[people.ada]
slack = ["U01ADA"]
groups = ["agent"]
[people.mona]
slack = ["U02MONA"]
groups = ["manager"]
[people.tessa]
slack = ["U02TESSA"]
groups = ["trust-safety"]
[requests]
may_ask = ["agent"]
[[tier]]
name = "standard"
approvals = { manager = 1 }
""")
MANY = replace(POLICY, categories=tuple(f"{n:03}" + "c" * 72 for n in range(100)))
PROTECTED = Tier(name="protected", approvals=BOTH.groups, confirm_handle=True)
STANDARD = Tier(name="standard", approvals=(("manager", 1),))
DOWN = Deactivation(actor="staff:rex", at=FILED, operation=None, reason=None, purge_at=None)
TYPED = {"handle": "@president", "category": "spam", "reason": "A reason that is long enough.", "evidence": URL}


def form(
    account: Account | None = ACCOUNT,
    *,
    tier: Tier | None = PROTECTED,
    quorum: Quorum | None = BOTH,
    policy: Policy = POLICY,
    typed: dict[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    given = {"notice": None, "typed": typed or {}, **more}
    return submit_request(EN, Action.DEACTIVATE, policy=policy, account=account, tier=tier, quorum=quorum, **given)


def inputs(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    assert all(name == element["action_id"] for name, element in found.items())
    return found


@pytest.mark.parametrize("action", ON_ACCOUNTS)
@pytest.mark.parametrize("handle", ["", "president", LONG, *HOSTILE])
def test_the_first_quick_view_is_one_that_slack_takes(lang: Language, action: Action, handle: str) -> None:
    check_view(looking_up(lang, action, handle))


@pytest.mark.parametrize("action", ON_ACCOUNTS)
@pytest.mark.parametrize("text", ["plain", LONG, *HOSTILE])
def test_the_form_is_one_that_slack_takes_whatever_stands_in_it(lang: Language, action: Action, text: str) -> None:
    odd = replace(ACCOUNT, handle=text, display_name=text, tags=(text,) * 50, active=False, deactivation=DOWN)
    typed = dict.fromkeys(("handle", "category", "reason", "evidence", "confirm_handle"), text)
    view = submit_request(
        lang,
        action,
        policy=MANY,
        account=odd,
        tier=PROTECTED,
        quorum=BOTH,
        typed=typed,
        notice="Try again.",
        emergency=True,
    )
    check_view(view)
    assert "mrkdwn" not in str(view)


def test_the_forms_inputs_are_named_as_agreed() -> None:
    everything = form(emergency=True)
    assert list(inputs(everything)) == ["handle", "category", "reason", "evidence", "emergency", "confirm_handle"]
    assert list(inputs(form(tier=STANDARD))) == ["handle", "category", "reason", "evidence"]
    assert json.loads(everything["private_metadata"]) == {"action": "deactivate", "id": "1000001", "etag": ACCOUNT.etag}
    assert everything["callback_id"] == "submit_request"


def test_the_form_shows_who_the_account_really_is_and_who_must_approve() -> None:
    said = shown(form()["blocks"])
    for fact in ("The President", "@president", "1000001", "41,700,000", "verified", "head-of-state", "Active"):
        assert fact in said
    assert "Tier protected: needs 1 approval (managers) and 1 approval (trust & safety)." in said


def test_an_account_that_is_down_shows_since_when_and_by_whom() -> None:
    said = shown(form(replace(ACCOUNT, active=False, deactivation=DOWN))["blocks"])
    assert "Deactivated" in said
    assert "staff:rex" in said


def test_what_was_typed_is_kept() -> None:
    found = inputs(form(typed=TYPED))
    assert found["handle"]["initial_value"] == "@president"
    assert found["category"]["initial_option"]["value"] == "spam"
    assert found["reason"]["initial_value"] == TYPED["reason"]
    assert found["evidence"]["initial_value"] == URL
    assert "initial_value" not in found["confirm_handle"]


def test_what_slack_would_not_take_as_an_initial_value_is_left_out() -> None:
    found = inputs(form(typed={"category": "no such", "evidence": "no link", "reason": ""}))
    assert not [name for name, element in found.items() if "initial_value" in element or "initial_option" in element]


def test_a_reason_too_long_for_the_form_says_that_its_end_is_missing() -> None:
    view = form(typed={"reason": "x" * 3500})
    check_view(view)
    assert "its end is missing" in shown(view["blocks"])


def test_without_an_account_the_form_says_why_and_still_files() -> None:
    view = form(None, tier=None, quorum=None, typed=TYPED, notice="The platform does not answer.")
    check_view(view)
    assert view["blocks"][0]["text"]["text"] == "⚠ The platform does not answer."
    assert json.loads(view["private_metadata"])["id"] is None
    assert view["submit"]


@pytest.mark.parametrize("text", ["plain", LONG, *HOSTILE])
def test_a_deny_asks_for_its_reason_and_shows_what_is_denied(lang: Language, text: str) -> None:
    request = hostile(PENDING, text)
    view = deny_request(lang, request, digest="d" * 64, on_home=False)
    check_view(view)
    assert "mrkdwn" not in str(view)
    assert list(inputs(view)) == ["reason"]
    assert json.loads(view["private_metadata"]) == {
        "id": request.id,
        "digest": "d" * 64,
        "home": False,
    }
