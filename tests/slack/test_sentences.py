from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.refusal import Refusal, Why
from bot.core.request import State
from bot.core.verdict import Because
from bot.slack.language import Language
from bot.slack.sentences import BECAUSE, SENTENCES, because, refusal_sentence
from bot.slack.wording import group
from tests.slack.examples import EN, HOSTILE, LONG

AT = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)
FACTS: dict[Why, dict[str, Any]] = {
    Why.MAY_NOT_ASK: {"groups": ["agent", "trust-safety"]},
    Why.OPEN_INCIDENT_OF_YOURS: {"incident": "INC-ABCDEFGH23"},
    Why.TOO_MANY_REQUESTS: {"limit": 20, "again_at": AT},
    Why.UNKNOWN_ACCOUNT: {"handle": "@nobody"},
    Why.REASON_LENGTH: {"length": 3, "min": 10, "max": 3000},
    Why.UNKNOWN_CATEGORY: {"categories": ["spam"]},
    Why.CONFIRM_HANDLE: {"handle": "president"},
    Why.ALREADY_SO: {"handle": "president", "active": False},
    Why.LIVE_REQUEST: {"request": "REQ-ABCDEFGH23", "state": "pending", "requester": "ada"},
    Why.NOBODY_ELIGIBLE: {"groups": ["trust-safety"], "tier": "protected"},
    Why.NOT_AN_APPROVER: {"groups": ["manager"]},
    Why.ALREADY_VOTED: {"choice": "approve", "at": AT},
    Why.ALREADY_DECIDED: {"state": "denied", "by": "omar"},
    Why.ALREADY_APPROVED: {"by": "tessa"},
    Why.EXPIRED: {"at": AT},
    Why.NOT_THE_REQUESTER: {"requester": "ada"},
    Why.ALREADY_ACKNOWLEDGED: {"by": "mona"},
    Why.MAY_NOT_ESTABLISH: {"groups": ["manager", "trust-safety"]},
    Why.CAUSE_CHANGED: {"by": "mona"},
}
"""What the rules of core give with each refusal; the others come without facts."""
PEOPLE = ("by", "requester", "handle")


def test_no_refusal_is_without_its_sentence() -> None:
    assert set(SENTENCES) == set(Why)


@pytest.mark.parametrize("why", Why)
def test_every_refusal_is_one_sentence_that_says_what_to_do(lang: Language, why: Why) -> None:
    sentence = refusal_sentence(lang, Refusal(why=why, facts=FACTS.get(why, {})))
    assert sentence.endswith(".")
    assert sentence[0].isupper() or sentence.startswith(("REQ-", "@", "mona"))
    assert "\n" not in sentence
    assert "None" not in sentence
    assert len(sentence) <= 200
    assert why.value not in sentence.split()


@pytest.mark.parametrize("why", Why)
def test_a_refusal_without_its_facts_still_has_a_sentence(lang: Language, why: Why) -> None:
    assert refusal_sentence(lang, Refusal(why=why)).endswith(".")


@pytest.mark.parametrize("text", [*HOSTILE, LONG])
@pytest.mark.parametrize("why", Why)
def test_nothing_typed_reaches_a_sentence_as_markup(lang: Language, why: Why, text: str) -> None:
    facts = {name: text if name in PEOPLE else fact for name, fact in FACTS.get(why, {}).items()}
    sentence = refusal_sentence(lang, Refusal(why=why, facts=facts))
    assert not set("<>&*~`|\n\r\u202e\u200b\x00") & set(sentence.replace(group(lang, "trust-safety"), ""))
    assert len(sentence) <= 300


@pytest.mark.parametrize("state", State)
def test_whoever_comes_second_learns_how_it_was_decided(state: State) -> None:
    refusal = Refusal(why=Why.ALREADY_DECIDED, facts={"state": state.value, "by": "countersign"})
    assert refusal_sentence(EN, refusal).startswith("Already decided by Countersign: it ")


def test_a_group_is_called_as_people_call_it() -> None:
    assert "trust & safety" in refusal_sentence(EN, Refusal(why=Why.NOBODY_ELIGIBLE, facts=FACTS[Why.NOBODY_ELIGIBLE]))


def test_no_verdict_is_without_its_clause() -> None:
    assert set(BECAUSE) == set(Because)
    assert because(EN, "late") == BECAUSE[Because.LATE]
    assert because(EN, "The platform's own words.") == "The platform's own words"
