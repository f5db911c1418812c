"""What `/countersign` answers, in every state, language and length."""

from dataclasses import replace
from typing import Any, cast

import pytest

from bot.core.incident import IncidentKind, IncidentState
from bot.core.request import State
from bot.flows.world import World
from bot.ports import CardAt
from bot.slack.language import Language
from bot.slack.status import HELP, SHOWN, Asked, _answer
from tests.slack.examples import HOSTILE, INCIDENT, LONG, PENDING, RESTORED, hostile, hostile_incident, in_state
from tests.slack.validators import check_message, shown, strings

CARD = CardAt(channel="C0APPROVALS", ts="1700000000.000001", drawn=1)


def asked(lang: Language, address: str = "https://sandbox.slack.com/archives/C0APPROVALS/p1700000000000001") -> Asked:
    return Asked(world=cast("World", None), lang=lang, link_to=lambda _: address)


def history(lang: Language, text: str) -> list[dict[str, Any]]:
    """As long as an account's history gets."""
    who, cards = asked(lang), {PENDING.id: CARD, INCIDENT.id: CARD}
    states = [*State] * SHOWN
    requests = [hostile(replace(in_state(s), requester=text, requester_slack=None), text) for s in states[:SHOWN]]
    kinds = [(k, s) for k in IncidentKind for s in IncidentState] * SHOWN
    incidents = [replace(hostile_incident(RESTORED, text), kind=k, state=s) for k, s in kinds[:SHOWN]]
    lines = [who._request(r, cards) for r in requests] + [who._incident(i, cards) for i in incidents]
    return _answer("x" * 200, lines).blocks


@pytest.mark.parametrize("text", ["plain", LONG, *HOSTILE])
def test_a_history_is_a_message_that_slack_takes_however_long_it_is(lang: Language, text: str) -> None:
    blocks = history(lang, text)
    check_message(blocks, "text")
    assert "mrkdwn" not in str(blocks)
    for line in strings(blocks):
        assert not set("\u202e\u200b\u2066\x00\x1b\u2028\r") & set(line)


def test_the_list_of_subcommands_is_a_message_that_slack_takes(lang: Language) -> None:
    answer = _answer(lang.say("What Countersign understands"), asked(lang)._help())
    check_message(answer.blocks, answer.text)
    for line in HELP:
        assert lang.say(line) in shown(answer.blocks)


def test_a_record_leads_to_its_card_only_where_the_workspaces_address_is_known(lang: Language) -> None:
    cards = {PENDING.id: CARD}
    assert asked(lang)._name(PENDING.id, cards)[0]["type"] == "link"
    assert asked(lang, "")._name(PENDING.id, cards)[0]["type"] == "text"
    assert asked(lang)._name(INCIDENT.id, cards)[0]["type"] == "text"
