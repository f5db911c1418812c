"""No string from a person, a platform or a token reaches what Slack parses: ten thousand of them through every message.

Strings are made of the pieces that Slack's markup, terminals, readers of screens and right-to-left writing give a
meaning to, joined at random from a fixed seed.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.core.incident import IncidentKind, IncidentState
from bot.core.refusal import Refusal, Why
from bot.core.request import Action, State
from bot.ports import Message, Notice
from bot.slack.call import inert
from bot.slack.cards import request_card
from bot.slack.digest_message import digest_words
from bot.slack.home import Home, home
from bot.slack.incident_card import incident_card
from bot.slack.language import LANGUAGES, language
from bot.slack.modals import deny_request, submit_request
from bot.slack.notices import words_of
from bot.slack.sentences import refusal_sentence
from tests.slack.examples import (
    INCIDENT,
    ON_ACCOUNTS,
    PENDING,
    RESTORED,
    WEEK,
    endless_week,
    hostile,
    hostile_incident,
    in_state,
    life,
)
from tests.slack.test_modals import ACCOUNT, BOTH, POLICY, PROTECTED
from tests.slack.validators import strings

STRINGS, ROUNDS = 10_000, 20
EACH_TIME = 5
"""Of the rounds those that run with every test; the campaign `hostile` runs them all."""
PIECES = (
    "<!channel>", "<!here|x>", "<!everyone>", "<@U01ADA>", "<#C0APPROVALS>", "<!subteam^S0ONCALL>",
    "<!date^1^{date}|x>", "<https://evil.example|Approve>", "https://evil.example", "*", "_", "~", "`", "```", ">",
    "&gt;", "&lt;!channel&gt;", ":tada:", "@here", "@channel", "\n", "\r\n", "\u2028", "\u202e", "\u2066", "\u2069",
    "\u200b", "\ufeff", "\x00", "\x1b[31m", "\x07", "\u0430", "א", "{handle}", "{0.__class__}", "%s", "=1+1",
    "'; --", "\\", "|", " ", "a", "president", "\ud83d", "🎉",
)  # fmt: skip
UNSEEN = frozenset("\x00\x07\x1b\r\u2028\u202e\u2066\u200b\ufeff")


def texts(part: int) -> Iterator[str]:
    dice = random.Random(part)
    for _ in range(STRINGS // ROUNDS):
        text = "".join(dice.choice(PIECES) for _ in range(dice.randint(1, 12)))
        yield text.encode("utf-8", "replace").decode()  # as the door lets it in


def check(blocks: list[dict[str, Any]], parsed: str) -> None:
    """Nothing in mrkdwn, nothing unseen, and no markup in what Slack parses."""
    assert "mrkdwn" not in str(blocks)
    assert not set("<>*`~\r") & set(parsed)
    assert not UNSEEN & set(parsed)
    for line in strings(blocks):
        assert not UNSEEN & set(line)


@pytest.mark.parametrize("part", range(EACH_TIME))
def test_no_string_from_a_person_reaches_mrkdwn(part: int) -> None:
    lang, dice = language(LANGUAGES[part % len(LANGUAGES)]), random.Random(part)
    for text in texts(part):
        request = hostile(in_state(dice.choice(list(State)), action=dice.choice(ON_ACCOUNTS)), text, tags=2)
        request = replace(request, requester=text, requester_slack=None, revised_why=text, waits_for=text)
        incident = replace(
            hostile_incident(dice.choice([INCIDENT, RESTORED]), text),
            kind=dice.choice(list(IncidentKind)),
            state=dice.choice(list(IncidentState)),
            why=text,
        )
        for card in (request_card(lang, request), incident_card(lang, incident)):
            check(card.blocks, card.text)
        facts = {"why": text, "account": text, "by": text, "difference": [text], "on_call": text, "missing": (text,)}
        for record in (request, incident, None):
            said = Message(notice=dice.choice(list(Notice)), record=record, facts=facts, timeline=life(text))
            words = words_of(lang, said)
            check(words.blocks, words.text)


@pytest.mark.parametrize("part", range(EACH_TIME))
def test_nor_a_form_a_home_a_digest_or_a_refusal(part: int) -> None:
    lang, dice = language(LANGUAGES[part % len(LANGUAGES)]), random.Random(part)
    policy = replace(POLICY, categories=("spam",))
    for nth, text in enumerate(texts(part)):
        account = replace(ACCOUNT, handle=text, display_name=text, id=text, tags=(text,))
        typed = {"handle": text, "reason": text, "category": text, "evidence": text}
        form = submit_request(
            lang, Action.RESTORE, policy=policy, account=account, tier=PROTECTED, quorum=BOTH, typed=typed, notice=None
        )
        request = hostile(PENDING, text, tags=2)
        seen = Home(rostered=True, waiting=(request,), own=(request,), enforces=True, feed_lag=None, week=WEEK)
        for view in (form, deny_request(lang, request, digest="d", on_home=False), home(lang, seen)):
            assert "mrkdwn" not in str(view)
        facts = {"by": text, "requester": text, "handle": text, "groups": [text], "incident": "INC-1"}
        sentence = inert(refusal_sentence(lang, Refusal(why=dice.choice(list(Why)), facts=facts)))
        assert "mrkdwn" not in str(sentence["blocks"])
        assert not set("<>") & set(sentence["text"])
        if nth % 100 == 0:
            words = digest_words(lang, endless_week(text))
            check(words.blocks, words.text)
