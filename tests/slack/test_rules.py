"""Changes of the bot's own rules, as people see them: cards, messages and the forms that ask for them."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.overlay import RuleVerb, parse_change
from bot.core.policy_file import parse_policy
from bot.core.refusal import Refusal, Why
from bot.core.request import State
from bot.ports import Message, Notice
from bot.slack.acts import Submission
from bot.slack.cards import request_card
from bot.slack.language import Language
from bot.slack.modals import deny_request, looking_up_rules
from bot.slack.notices import words_of
from bot.slack.rule_forms import RuleForm, rule_form
from bot.slack.rules import change_asked, verb_of
from tests.core.rules import FILE
from tests.slack.examples import ACCOUNT, CHANGES, EN, HOSTILE, LONG, of_the_rules
from tests.slack.validators import buttons, check_message, check_view, shown

RULED = parse_policy(FILE)


@pytest.mark.parametrize("verb", RuleVerb)
@pytest.mark.parametrize("state", State)
def test_the_card_of_a_change_is_one_that_slack_takes_and_says_what_comes_of_it(
    lang: Language, verb: RuleVerb, state: State
) -> None:
    request = of_the_rules(verb, state)
    for drawn in (request, replace(request, quorum=replace(request.quorum, groups=()))):
        card = request_card(lang, drawn)
        check_message(card.blocks, card.text)
        assert not set("<>*`~") & set(card.text.replace("@", ""))
    check_view(deny_request(lang, request, digest=request.digest, on_home=False))


@pytest.mark.parametrize("verb", RuleVerb)
@pytest.mark.parametrize("notice", [Notice.FILED, Notice.DONE, Notice.DENIED, Notice.VOID, Notice.FAILED])
def test_what_is_told_of_a_change_is_what_slack_takes(lang: Language, verb: RuleVerb, notice: Notice) -> None:
    words = words_of(lang, Message(notice=notice, record=of_the_rules(verb, State.DONE)))
    check_message(words.blocks, words.text)


def test_the_card_says_that_nobody_more_is_needed_for_what_is_stricter() -> None:
    request = of_the_rules(RuleVerb.REMOVE, State.APPROVED)
    card = request_card(EN, replace(request, quorum=replace(request.quorum, groups=())))
    assert "it only makes the rules stricter" in shown(card.blocks)
    assert set(buttons(card.blocks)) == {"deny", "withdraw"}


@pytest.mark.parametrize("verb", RuleVerb)
@pytest.mark.parametrize("text", ["", "plain", LONG, *HOSTILE])
def test_the_form_is_one_that_slack_takes_whatever_stands_in_it(lang: Language, verb: RuleVerb, text: str) -> None:
    typed = dict.fromkeys(("handle", "reason", "evidence", "team", "last_day"), text)
    drawn = rule_form(
        lang,
        RuleForm(
            verb=verb,
            typed=typed,
            groups=[f"group-{n}" for n in range(150)],
            notice=text or None,
            account=ACCOUNT,
            demands="It needs one.",
            chosen=("group-3",),
            user="U02MONA",
        ),
    )
    check_view(drawn)
    check_view(looking_up_rules(lang))
    assert "mrkdwn" not in str(drawn)


def form(verb: RuleVerb, **typed: Any) -> Submission:
    """The form as Slack sends it."""
    kinds = {"slack_user": "selected_user", "groups": "selected_options"}
    values = {name: {name: {kinds.get(name, "value"): value}} for name, value in typed.items()}
    view = {"id": "V1", "private_metadata": f'{{"verb": "{verb}"}}', "state": {"values": values}}
    return Submission.parse({"user": {"id": "U01ADA", "team_id": "T1"}, "view": view})


def test_the_form_holds_the_change() -> None:
    added = form(RuleVerb.ADD, handle="@nina", slack_user="U09NINA", groups=[{"value": "agent"}, {"value": "manager"}])
    found = change_asked(RuleVerb.ADD, added, account=None, policy=RULED)
    assert found == parse_change("roster add nina U09NINA agent,manager")
    left = form(RuleVerb.LEAVE, handle="omar", last_day="2026-11-30")
    found = change_asked(RuleVerb.LEAVE, left, account=None, policy=RULED)
    assert found == parse_change("roster leave omar 2026-11-30")
    found = change_asked(RuleVerb.PROTECT, form(RuleVerb.PROTECT), account=ACCOUNT, policy=RULED)
    assert not isinstance(found, Refusal)
    assert (found.account, found.handle) == (ACCOUNT.id, ACCOUNT.handle)
    odd = change_asked(RuleVerb.PROTECT, form(RuleVerb.PROTECT), account=replace(ACCOUNT, handle="a b"), policy=RULED)
    assert not isinstance(odd, Refusal)
    assert odd.handle == ""


@pytest.mark.parametrize(
    ("verb", "typed", "why", "field"),
    [
        (RuleVerb.REMOVE, {"handle": "omer"}, Why.UNKNOWN_PERSON, "handle"),
        (RuleVerb.REMOVE, {}, Why.UNKNOWN_PERSON, "handle"),
        (RuleVerb.LEAVE, {"handle": "omar", "last_day": "soon"}, Why.NO_DATE, "last_day"),
        (RuleVerb.LEAVE, {"handle": "omar"}, Why.NO_DATE, "last_day"),
        (RuleVerb.ADD, {"handle": "two words"}, Why.RULES_IMPOSSIBLE, "handle"),
        (RuleVerb.ADD, {"handle": "nina"}, Why.RULES_IMPOSSIBLE, "handle"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(verb: RuleVerb, typed: dict[str, str], why: Why, field: str) -> None:
    found = change_asked(verb, form(verb, **typed), account=None, policy=RULED)
    assert isinstance(found, Refusal)
    assert (found.why, found.input) == (why, field)


def test_a_subcommand_begins_a_change_or_is_none() -> None:
    assert verb_of("roster leave @omar he goes") == (RuleVerb.LEAVE, "@omar he goes")
    assert verb_of("  Guard   observe maintenance ") == (RuleVerb.OBSERVE, "maintenance")
    assert verb_of("protect @maria_k") == (RuleVerb.PROTECT, "@maria_k")
    for none in ("guard", "roster", "roster rename @omar", "pending", ""):
        assert verb_of(none) is None
    assert set(CHANGES) == set(RuleVerb)
