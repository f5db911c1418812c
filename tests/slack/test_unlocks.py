"""What Slack shows of who is locked out and of what is latched, and the forms that ask for the opposite."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.incident import IncidentState
from bot.core.request import Action, Request, State
from bot.core.transition import ActorStands, Standing
from bot.core.unlocking import subject_of
from bot.ports import Message, Notice
from bot.slack.acts import BUTTON
from bot.slack.cards import request_card
from bot.slack.incident_card import incident_card
from bot.slack.language import Language
from bot.slack.modals import deny_request
from bot.slack.notices import words_of
from bot.slack.status import STANDING, _actor_line
from bot.slack.unlocks import Asked, asked_before, asked_in, unlock_form
from tests.slack.examples import EN, FILED, HOSTILE, INCIDENT, LONG, RESTORED, hostile_incident, in_state
from tests.slack.validators import buttons, check_message, check_view, read, shown

LATER = FILED + timedelta(minutes=5)
BOTH = (Action.REINSTATE, Action.RELEASE)
LOCKED = replace(RESTORED, contained_at=FILED)
FREE = replace(LOCKED, reinstated_at=LATER)
LATCHED = {
    "unannounced": 900, "known": 4, "sampled": 20, "down": 0, "since": "2026-11-16T09:30:00.000Z",
}  # fmt: skip


def unlocking(action: Action, state: State = State.PENDING, *, name: str = "staff:rex") -> Request:
    """A request to let an actor in again, or to release the latch."""
    subject = subject_of(action, name)
    return replace(in_state(state), action=action, subject=subject, tier="rules", category="guard")


@pytest.mark.parametrize("action", BOTH)
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("name", ["staff:rex", f"staff:{LONG}", *HOSTILE])
def test_the_card_is_one_that_slack_takes(lang: Language, action: Action, state: State, name: str) -> None:
    request = unlocking(action, state, name=name)
    card = request_card(lang, request)
    check_message(card.blocks, card.text)
    assert "mrkdwn" not in str(card.blocks)
    assert not set("<>*`~@") & set(card.text)
    check_view(deny_request(lang, request, digest=request.digest, on_home=False))


@pytest.mark.parametrize("action", BOTH)
@pytest.mark.parametrize("notice", [Notice.FILED, Notice.DONE, Notice.DENIED, Notice.VOID, Notice.SUPERSEDED])
def test_what_is_told_of_it_is_what_slack_takes(lang: Language, action: Action, notice: Notice) -> None:
    said = words_of(lang, Message(notice=notice, record=unlocking(action, State.DONE)))
    check_message(said.blocks, said.text)


def test_the_card_names_the_actor_whole_and_what_comes_of_it() -> None:
    card = request_card(EN, unlocking(Action.REINSTATE))
    said = shown(card.blocks)
    assert "Reinstate staff:rex" in said
    assert "the guard counts from nothing" in said
    assert card.text.endswith("reinstate rex · Waits for a decision")
    assert "Release the sweep" in shown(request_card(EN, unlocking(Action.RELEASE, name="sweep")).blocks)


@pytest.mark.parametrize("action", BOTH)
@pytest.mark.parametrize("text", ["", "plain", LONG, *HOSTILE])
def test_the_form_is_one_that_slack_takes_whatever_stands_in_it(lang: Language, action: Action, text: str) -> None:
    name = text[:300]  # the ledger knows it, or there is no form
    asked = Asked(action=action, subject=name, reason=text, evidence=text)
    drawn = unlock_form(lang, asked, demands="It needs one.")
    check_view(drawn)
    assert "mrkdwn" not in str(drawn)
    assert json.loads(drawn["private_metadata"]) == {"action": action.value, "id": name}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("release", Asked(action=Action.RELEASE, subject="sweep", reason="")),
        (" Release the list is right ", Asked(action=Action.RELEASE, subject="sweep", reason="the list is right")),
        ("reinstate staff:rex  a script", Asked(action=Action.REINSTATE, subject="staff:rex", reason="a script")),
        ("reinstate", Asked(action=Action.REINSTATE, subject="", reason="")),
        ("released", None),
        ("", None),
    ],
)
def test_a_subcommand_names_whom_it_is_about(text: str, asked: Asked | None) -> None:
    assert asked_in(text) == asked


def test_what_ended_is_asked_for_again_with_what_it_held() -> None:
    request = replace(unlocking(Action.REINSTATE, State.DENIED), evidence=None)
    again = Asked(action=Action.REINSTATE, subject="staff:rex", reason=request.reason, evidence="")
    assert asked_before(request) == again


# The incident's card


def test_the_card_says_that_the_actor_is_locked_out_and_offers_to_ask_for_the_opposite() -> None:
    card = incident_card(EN, LOCKED)
    assert "staff:rex is locked out on the platform since <2026-11-16T09:30:00.000Z>" in read(card.blocks)
    assert "reinstate" in buttons(card.blocks)


def test_once_let_in_again_it_says_so_and_offers_nothing() -> None:
    card = incident_card(EN, FREE)
    assert any("let in again <2026-11-16T09:35:00.000Z>" in line for line in read(card.blocks))
    assert "reinstate" not in buttons(card.blocks)


def test_of_an_actor_who_was_never_locked_out_it_says_nothing() -> None:
    card = incident_card(EN, RESTORED)
    assert "locked out" not in shown(card.blocks)
    assert "reinstate" not in buttons(card.blocks)


@pytest.mark.parametrize("text", ["plain", LONG, *HOSTILE])
def test_whatever_the_actor_is_called_it_is_text(lang: Language, text: str) -> None:
    for base in (LOCKED, FREE, replace(LOCKED, actor=None, person=None)):
        incident = replace(hostile_incident(base, text), state=IncidentState.RESTORED)
        card = incident_card(lang, incident)
        check_message(card.blocks, card.text)
        said = words_of(lang, Message(notice=Notice.CONTAINED, record=incident))
        check_message(said.blocks, said.text)
        assert "mrkdwn" not in str([card.blocks, said.blocks])


def test_security_and_the_manager_hear_who_was_locked_out_and_why() -> None:
    said = shown(words_of(EN, Message(notice=Notice.CONTAINED, record=LOCKED)).blocks)
    for fact in ("staff:rex", "rex", "is locked out on the platform", "was deactivated", LOCKED.id):
        assert fact in said
    unknown = replace(INCIDENT, actor=None, person=None)
    assert "unknown" in shown(words_of(EN, Message(notice=Notice.CONTAINED, record=unknown)).blocks)


# The latch


def test_the_notice_of_a_latch_has_its_figures_and_the_button_that_asks_for_its_release(lang: Language) -> None:
    for facts in (LATCHED, {}):
        said = words_of(lang, Message(notice=Notice.LATCHED, facts=facts))
        check_message(said.blocks, said.text)
        assert BUTTON.fullmatch(said.blocks[-1]["elements"][0]["value"])
    told = shown(words_of(EN, Message(notice=Notice.LATCHED, facts=LATCHED)).blocks)
    for fact in ("900 inactive accounts", "of 20 looked at", "0 are down", "Release the sweep"):
        assert fact in told


# `/countersign guard`


@pytest.mark.parametrize("standing", STANDING)
def test_the_guards_answer_says_how_an_actor_stands(lang: Language, standing: Standing) -> None:
    stands = ActorStands(actor="staff:rex", standing=standing, since=FILED, why="war")
    line = _actor_line(lang, stands)
    assert any(part.get("text") == "staff:rex" for part in line)
    assert any(part["type"] == "date" for part in line)
