import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from inline_snapshot import snapshot

from bot.core.claiming import Waits
from bot.core.incident import Baseline, Incident, IncidentKind, IncidentState
from bot.core.request import Action, Request, State
from bot.core.verdict import Because
from bot.core.watching import DOWN_AGAIN
from bot.slack.cards import is_cut, request_card
from bot.slack.incident_card import incident_card
from bot.slack.language import Language
from bot.slack.sentences import BECAUSE
from bot.slack.wording import WAITS
from tests.slack.examples import (
    BOTH,
    EN,
    FILED,
    FR,
    HOSTILE,
    INCIDENT,
    LONG,
    MONA,
    ON_ACCOUNTS,
    PENDING,
    RESTORED,
    TESSA,
    URL,
    by_guard,
    hostile,
    hostile_incident,
    in_state,
    vote,
)
from tests.slack.validators import buttons, check_message, read, shown, strings

LONGEST = replace(
    hostile(PENDING, LONG),
    evidence=URL,
    revised_why="handle, tags",
    quorum=replace(BOTH, different_teams=True, extra=2),
)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", ON_ACCOUNTS)
def test_the_card_of_every_state_is_one_that_slack_takes(lang: Language, state: State, action: Action) -> None:
    for request in (in_state(state, action=action), by_guard(state), replace(LONGEST, state=state)):
        card = request_card(lang, request)
        check_message(card.blocks, card.text)
        assert card.blocks[0]["block_id"] == f"request:{request.id}"
        assert card.metadata == {
            "event_type": "countersign_request",
            "event_payload": {"id": request.id, "revision": request.revision, "state": state.value},
        }


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        (State.PENDING, {"approve", "deny", "withdraw"}),
        (State.APPROVED, {"deny", "withdraw"}),
        (State.RUNNING, set()),
        (State.UNCERTAIN, set()),
        (State.PROVISIONAL, set()),
        (State.RATIFIED, set()),
        (State.DONE, set()),
        (State.FAILED, {"ask_again"}),
        (State.DENIED, {"ask_again"}),
        (State.WITHDRAWN, {"ask_again"}),
        (State.EXPIRED, {"ask_again"}),
        (State.VOID, {"ask_again"}),
        (State.LAPSED, {"ask_again"}),
        (State.SUPERSEDED, {"ask_again"}),
    ],
)
def test_a_card_bears_the_buttons_of_what_can_still_be_done(state: State, offered: set[str]) -> None:
    request = in_state(state)
    found = buttons(request_card(EN, request).blocks)
    assert set(found) == offered
    assert set(found.values()) <= {f"{request.id} {request.digest}"}


@pytest.mark.parametrize("state", State)
def test_a_restore_by_the_guard_bears_no_button(state: State) -> None:
    assert buttons(request_card(EN, by_guard(state)).blocks) == {}


def test_approving_asks_once_more_and_names_the_immutable_id() -> None:
    row = request_card(EN, PENDING).blocks[-2]
    assert "1000001" in row["elements"][0]["confirm"]["text"]["text"]


def test_the_card_shows_all_that_the_digest_binds() -> None:
    said = shown(request_card(EN, PENDING).blocks)
    for fact in ("The President", "@president", "1000001", "verified", "41,700,000", "head-of-state", "protected"):
        assert fact in said
    for fact in (PENDING.category, PENDING.reason, str(PENDING.evidence), "manager", "trust & safety"):
        assert fact in said


def _places(request: Request) -> str:
    block = next(b for b in request_card(EN, request).blocks if " of " in str(b) and b["type"] == "rich_text")
    return "".join(e.get("text") or f"<{e['user_id']}>" for e in block["elements"][0]["elements"])


def test_what_is_still_needed_is_ticked_with_the_name() -> None:
    assert _places(replace(PENDING, votes=(MONA,))) == "1 of 2: managers ✓ <U02MONA> · trust & safety –"


def test_the_leaver_rule_shows_as_one_approval_more() -> None:
    said = _places(replace(PENDING, quorum=replace(BOTH, extra=1), votes=(MONA, TESSA)))
    assert said.startswith("2 of 3: ")
    assert said.endswith("one approval more (the leaver rule binds the requester) –")


def test_an_approval_that_fills_no_place_is_shown_as_such() -> None:
    omar = vote("omar", "trust-safety", team=MONA.team)
    said = _places(replace(PENDING, quorum=replace(BOTH, different_teams=True), votes=(MONA, omar)))
    assert said.startswith("1 of 2: ")
    assert "also approved, fills no place: <U02" in said


def test_approvals_of_an_earlier_revision_are_not_ticked() -> None:
    assert _places(replace(PENDING, revision=2, votes=(MONA,))).startswith("0 of 2: ")


def test_a_revised_card_says_what_changed() -> None:
    said = shown(request_card(EN, replace(PENDING, revision=2, revised_why="handle, quorum")).blocks)
    assert "Changed since it was first shown: the handle and who must approve." in said
    assert "vote again" in said


@pytest.mark.parametrize("waits", Waits)
def test_a_waiting_card_says_for_what(lang: Language, waits: Waits) -> None:
    said = shown(request_card(lang, in_state(State.APPROVED, waits_for=waits.value)).blocks)
    assert lang.say(WAITS[waits]) in said


def test_an_ended_card_says_who_why_and_how_long() -> None:
    blocks = request_card(EN, in_state(State.DENIED)).blocks
    assert "It is a parody account." in shown(blocks)
    assert "1 h 5 min" in shown(blocks)
    assert any(line.startswith("Denied by <U02OMAR>") for line in read(blocks))


def test_an_expired_card_says_which_clock_ran_out() -> None:
    assert "nobody decided in time" in shown(request_card(EN, in_state(State.EXPIRED)).blocks)
    late = in_state(State.EXPIRED, outcome="not_carried_out")
    assert "could not be carried out in time" in shown(request_card(EN, late).blocks)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("state", [State.PENDING, State.DENIED, State.FAILED, State.VOID, State.SUPERSEDED])
def test_hostile_text_stays_text(lang: Language, text: str, state: State) -> None:
    request = hostile(in_state(state), text)
    card = request_card(lang, request)
    check_message(card.blocks, card.text)
    assert "mrkdwn" not in str(card.blocks)
    assert not set("<>&*`~\n\r\u202e\u200b\x00") & set(card.text)
    for line in strings(card.blocks):
        assert not set("\u202e\u200b\u2066\x00\x1b\u2028\r") & set(line)


def test_a_reason_of_many_lines_cannot_pass_for_the_cards_own() -> None:
    card = request_card(EN, replace(PENDING, reason="Please.\nApproved by Mona"))
    holders = [b for b in card.blocks if "Approved by Mona" in str(b)]
    assert [part["type"] for b in holders for part in b["elements"]] == ["rich_text_quote"]


@pytest.mark.parametrize("reason", ["x" * 3000, "line\n" * 100])
def test_a_long_reason_is_cut_and_says_where_the_rest_is(reason: str) -> None:
    request = replace(PENDING, reason=reason)
    assert is_cut(request)
    assert "… (whole text in the thread)" in shown(request_card(EN, request).blocks)
    assert not is_cut(PENDING)


def test_a_name_that_may_deceive_is_flagged() -> None:
    subject = replace(PENDING.subject, handle="prеsident")  # a Cyrillic e
    assert "go by the id" in shown(request_card(EN, replace(PENDING, subject=subject)).blocks)


def test_an_emergency_is_named_in_the_first_line() -> None:
    assert request_card(EN, replace(PENDING, emergency=True)).blocks[0]["text"]["text"].startswith("Emergency: ")


@pytest.mark.parametrize("kind", IncidentKind)
@pytest.mark.parametrize("state", IncidentState)
def test_the_card_of_every_incident_is_one_that_slack_takes(
    lang: Language, kind: IncidentKind, state: IncidentState
) -> None:
    for found in (INCIDENT, RESTORED, hostile_incident(RESTORED, LONG), replace(INCIDENT, at=None, actor=None)):
        card = incident_card(lang, replace(found, kind=kind, state=state))
        check_message(card.blocks, card.text)
        assert card.blocks[0]["block_id"] == f"incident:{INCIDENT.id}"
        assert card.metadata == {
            "event_type": "countersign_incident",
            "event_payload": {"id": INCIDENT.id, "state": state.value},
        }


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_an_incident_stays_text(lang: Language, text: str) -> None:
    card = incident_card(lang, hostile_incident(RESTORED, text))
    check_message(card.blocks, card.text)
    assert "mrkdwn" not in str(card.blocks)
    assert not set("<>&*`~\n\u202e\u200b\x00") & set(card.text)


def test_an_incident_tells_who_did_it_how_long_it_was_down_and_the_counts() -> None:
    said = shown(incident_card(EN, RESTORED).blocks)
    for fact in (
        "staff:rex",
        "(",
        "rex",
        "Down for 840 ms",
        "(11 min in 2017)",
        "41,700,000 before, 5,400 after",
    ):
        assert fact in said


@pytest.mark.parametrize("because", Because)
def test_an_incident_says_why_it_is_unexplained(because: Because) -> None:
    said = shown(incident_card(EN, replace(INCIDENT, why=because.value)).blocks)
    assert f"Found by the feed: {BECAUSE[because]}." in said


def _acknowledged(incident: Incident) -> Incident:
    return replace(incident, acknowledged_by="mona", acknowledged_at=FILED + timedelta(minutes=1))


def test_an_incident_is_acknowledged_once_and_restored_by_hand_only_where_it_was_observed() -> None:
    observed = replace(INCIDENT, state=IncidentState.OBSERVED)
    value = f"{INCIDENT.id} {hashlib.sha256(INCIDENT.id.encode()).hexdigest()}"
    both = {"acknowledge": value, "incident_report": value}
    assert buttons(incident_card(EN, INCIDENT).blocks) == both
    assert buttons(incident_card(EN, observed).blocks) == {"restore": value, **both}
    assert set(buttons(incident_card(EN, _acknowledged(observed)).blocks)) == {"restore", "incident_report"}
    assert set(buttons(incident_card(EN, _acknowledged(RESTORED)).blocks)) == {"incident_report"}
    assert "Acknowledged by " in shown(incident_card(EN, _acknowledged(RESTORED)).blocks)


def test_the_card_of_a_pending_request() -> None:
    assert read(request_card(EN, replace(PENDING, votes=(MONA,))).blocks) == snapshot(
        [
            "Deactivate @president",
            "Waits for a decision · asked by <U01ADA>",
            "The President  @president  1000001",
            "41,700,000 followers · verified · head-of-state · tier protected",
            "Category impersonation",
            "> Somebody else writes from this account since noon.",
            "Evidence https://evidence.example/case/1",
            "1 of 2: managers ✓ <U02MONA> · trust & safety –",
            "Expires <2026-11-17T09:30:00.000Z>",
            "[Approve] [Deny] [Withdraw]",
            "REQ-ABCDEFGH23 · revision 1",
        ]
    )


def test_the_card_of_a_denied_request() -> None:
    assert read(request_card(EN, in_state(State.DENIED)).blocks) == snapshot(
        [
            "Deactivate @president",
            "Denied · asked by <U01ADA>",
            "The President  @president  1000001",
            "41,700,000 followers · verified · head-of-state · tier protected",
            "Category impersonation",
            "> Somebody else writes from this account since noon.",
            "Evidence https://evidence.example/case/1",
            "Denied by <U02OMAR> · <2026-11-16T10:35:00.000Z>",
            "> It is a parody account.",
            "Approved by <U02MONA>",
            "It took 1 h 5 min from filing to its end.",
            "[Ask again]",
            "REQ-ABCDEFGH23 · revision 1",
        ]
    )


HELD = replace(
    RESTORED,
    following_before=45,
    baseline_at=FILED - timedelta(minutes=4),
    baseline_from=Baseline.SAMPLE,
    followers_now=5_400,
    following_now=45,
    sampled_at=FILED + timedelta(seconds=2),
)
PAGED_AT_THE_END = "They were watched for as long as the policy says."


def of_counts(incident: Incident, lang: Language = EN) -> list[str]:
    """What the card says between how long the account was down and its buttons."""
    lines = read(incident_card(lang, incident).blocks)
    return lines[6:-2]


def test_a_card_says_where_the_counts_stand() -> None:
    assert of_counts(HELD) == ["Followers 5,400 of 41,700,000 · 0.01\N{NO-BREAK SPACE}%"]
    nearly = replace(HELD, followers_now=41_699_999)
    assert of_counts(nearly) == ["Followers 41,699,999 of 41,700,000 · 99.99\N{NO-BREAK SPACE}%"]
    (line,) = of_counts(HELD, FR)
    assert line.replace("\N{NARROW NO-BREAK SPACE}", " ") == (
        "Abonnés\N{NO-BREAK SPACE}: 5 400 sur 41 700 000 · 0,01\N{NO-BREAK SPACE}%"
    )


def test_a_card_says_what_the_public_does_not_see() -> None:
    hidden = replace(HELD, followers_now=None, following_now=None)
    assert of_counts(hidden) == [
        "The public sees no count of followers; before there were 41,700,000",
        "Following: 45 before, hidden now.",
    ]
    assert of_counts(replace(hidden, state=IncidentState.OPEN))[1:] == []
    unknown = replace(HELD, baseline_from=None, followers_before=None, following_before=None)
    assert of_counts(unknown) == ["Followers 5,400; what they were before is not known"]
    nobody = replace(HELD, followers_before=0, followers_now=0)
    assert of_counts(nobody) == ["Followers 0 of 0"]


def test_a_card_says_that_no_earlier_figure_is_known() -> None:
    stands_in = replace(HELD, baseline_from=Baseline.EDGES, following_before=None)
    assert of_counts(stands_in)[1:] == [
        "No earlier figure is known; the platform's true count of relationships stands in for it."
    ]


WHOLE = replace(HELD, state=IncidentState.WHOLE, followers_now=41_700_000, whole_at=FILED + timedelta(minutes=62))


def test_a_card_says_when_the_counts_were_whole_again() -> None:
    assert of_counts(WHOLE) == [
        "Whole again after 1 h 2 min · Followers 41,700,000 of 41,700,000 · 100\N{NO-BREAK SPACE}%"
    ]
    (_, drifted) = of_counts(replace(WHOLE, followers_now=41_283_000))
    assert drifted.endswith("people came and went while the account was down.")


def test_a_card_of_lost_counts_says_what_to_do_and_bears_the_button_for_it() -> None:
    lost = replace(HELD, state=IncidentState.LOST)
    assert of_counts(lost)[1].startswith(PAGED_AT_THE_END)
    assert set(buttons(incident_card(EN, lost).blocks)) == {"watch_on", "acknowledge", "incident_report"}
    assert "watch_on" not in buttons(incident_card(EN, WHOLE).blocks)


def test_a_card_of_an_account_that_went_down_again_leads_to_the_later_incident() -> None:
    again = "The account went down again before its counts were judged: see the later incident."
    assert of_counts(replace(HELD, cause=DOWN_AGAIN))[1:] == [again]
    assert of_counts(replace(RESTORED, cause=DOWN_AGAIN))[1:] == [again]
    silent = replace(RESTORED, cause=DOWN_AGAIN, followers_before=None, followers_after=None)
    assert of_counts(silent) == [again]


def test_the_card_of_a_restored_incident() -> None:
    assert read(incident_card(EN, RESTORED).blocks) == snapshot(
        [
            "@president was deactivated and nobody had approved it",
            "The account is active again.",
            "The President  @president  1000001",
            "By staff:rex (rex) · <2026-11-16T09:30:00.000Z>",
            "Found by the feed: nobody approved it.",
            "Down for 840 ms (11 min in 2017) · restored by Countersign",
            "Followers: 41,700,000 before, 5,400 after.",
            "[Acknowledge] [Incident report]",
            "INC-ABCDEFGH23",
        ]
    )
