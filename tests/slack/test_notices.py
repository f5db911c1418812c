from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.claiming import Waits
from bot.core.incident import Baseline, Incident, IncidentKind, IncidentState
from bot.core.request import Request, State, Undo
from bot.ports import Message, Notice
from bot.slack.cards import request_card
from bot.slack.language import Language
from bot.slack.notices import counted, offers, words_of
from bot.slack.wording import PAGED
from tests.slack.examples import (
    BOTH,
    EN,
    FILED,
    FR,
    HOSTILE,
    INCIDENT,
    LONG,
    MONA,
    PENDING,
    an_emergency,
    hostile,
    hostile_incident,
    in_state,
    vote,
)
from tests.slack.validators import buttons, check_message, shown

STATE = {
    Notice.DENIED: State.DENIED,
    Notice.WITHDRAWN: State.WITHDRAWN,
    Notice.EXPIRED: State.EXPIRED,
    Notice.VOID: State.VOID,
    Notice.SUPERSEDED: State.SUPERSEDED,
    Notice.DONE: State.DONE,
    Notice.FAILED: State.FAILED,
    Notice.UNCERTAIN: State.UNCERTAIN,
    Notice.WAITING: State.APPROVED,
    Notice.RATIFIED: State.RATIFIED,
    Notice.LAPSED: State.LAPSED,
}
WHILE_UNRATIFIED = {Notice.EMERGENCY, Notice.PROVISIONAL, Notice.NEAR_ITS_END}
UNDONE = {
    Notice.UNDONE: Undo.RESTORED,
    Notice.LEFT_DOWN: Undo.LEFT,
    Notice.NOT_UNDONE: Undo.STUCK,
    Notice.LAPSED: Undo.RESTORING,
}
FACTS: dict[Notice, dict[str, Any]] = {
    Notice.REVISED: {"why": "handle, quorum"},
    Notice.VOTE_AGAIN: {"why": "handle, quorum"},
    Notice.WAITING: {"waits_for": "lane", "until": FILED},
    Notice.REMINDER: {"missing": ("manager", "trust-safety")},
    Notice.ESCALATED: {"missing": ("manager", "trust-safety"), "to": ["U02BOSS"]},
    Notice.PAGE: {"why": "uncertain", "on_call": "S0ONCALL", "record": PENDING.id},
    Notice.TIER_FELL: {"now": "standard"},
    Notice.LIMIT: {"limit": 200, "until": "2026-11-16T10:00:00.000Z"},
    Notice.POLICY: {
        "by": "file",
        "digest": "d" * 64,
        "difference": ['-mode = "enforce"', '+mode = "observe"'],
        "looser": ["guard.mode"],
        "stricter": ["limits.request_expires", "people"],
    },
}


def message(notice: Notice, record: Request | Incident | None, **facts: Any) -> Message:
    return Message(notice=notice, record=record, facts=facts or FACTS.get(notice, {}))


def about(notice: Notice) -> Request:
    if notice in WHILE_UNRATIFIED:
        return an_emergency(State.PROVISIONAL)
    if notice in UNDONE:
        return replace(an_emergency(State.LAPSED), undo=UNDONE[notice], undone_by="countersign", undone_at=FILED)
    return in_state(STATE.get(notice, State.PENDING))


@pytest.mark.parametrize("notice", Notice)
def test_every_notice_is_a_message_that_slack_takes(lang: Language, notice: Notice) -> None:
    for record in (about(notice), hostile(about(notice), LONG), INCIDENT, hostile_incident(INCIDENT, LONG), None):
        said = message(notice, record)
        words = words_of(lang, said)
        check_message([*words.blocks, *offers(lang, said)], words.text)


@pytest.mark.parametrize("notice", Notice)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_a_notice_stays_text(lang: Language, notice: Notice, text: str) -> None:
    for record in (hostile(about(notice), text), hostile_incident(INCIDENT, text)):
        words = words_of(lang, message(notice, record))
        check_message(words.blocks, words.text)
        assert not set("<>&*`~\n\u202e\u200b\x00") & set(words.text)


@pytest.mark.parametrize(
    ("notice", "facts"),
    [
        (Notice.FILED, ("It is filed.", "1 approval (managers) and 1 approval (trust & safety)", "It expires")),
        (Notice.DENIED, ("It was denied.", "It is a parody account.")),
        (Notice.WITHDRAWN, ("It was withdrawn.", "By ")),
        (Notice.EXPIRED, ("It expired.", "nobody decided in time")),
        (Notice.VOID, ("It became void.", "no quorum")),
        (Notice.SUPERSEDED, ("It is not needed any more.", "owner:1000001")),
        (Notice.DONE, ("It is done and verified.", "shows the account deactivated", "Approved by ", "1 h 5 min")),
        (Notice.FAILED, ("It failed.", "The platform said yes and nothing happened.")),
        (Notice.UNCERTAIN, ("Its outcome is uncertain.", "read again")),
        (Notice.REVISED, ("the handle and who must approve", "void")),
        (Notice.VOTE_AGAIN, ("the handle and who must approve", "vote again")),
        (Notice.WAITING, ("another request for this account", "It expires")),
        (Notice.PAGE, ("Somebody has to look", "for a minute")),
    ],
)
def test_a_notice_says_what_happened_and_why(notice: Notice, facts: tuple[str, ...]) -> None:
    said = shown(words_of(EN, message(notice, about(notice))).blocks)
    for fact in ("REQ-ABCDEFGH23", "@president", "1000001", *facts):
        assert fact in said


@pytest.mark.parametrize("notice", [Notice.DENIED, Notice.WITHDRAWN])
def test_who_decided_is_mentioned(notice: Notice) -> None:
    user = "U02OMAR" if notice is Notice.DENIED else "U01ADA"
    assert f"'user_id': '{user}'" in str(words_of(EN, message(notice, about(notice))).blocks)


@pytest.mark.parametrize("waits", Waits)
def test_a_wait_says_for_what(waits: Waits) -> None:
    said = shown(words_of(EN, message(Notice.WAITING, about(Notice.WAITING), waits_for=waits.value, until=None)).blocks)
    assert "still waits. Approved; " in " ".join(said.split())


@pytest.mark.parametrize("notice", Notice)
def test_a_requester_may_withdraw_what_is_open_and_ask_again_for_what_has_ended(notice: Notice) -> None:
    offered = set(buttons(offers(EN, message(notice, about(notice)))))
    if notice in {Notice.FILED, Notice.REVISED, Notice.WAITING} | WHILE_UNRATIFIED:
        assert offered == {"withdraw"}
    elif notice in STATE and notice not in {Notice.DONE, Notice.UNCERTAIN, Notice.RATIFIED}:
        assert offered == {"ask_again"}
    else:
        assert offered == set()


@pytest.mark.parametrize("kind", IncidentKind)
@pytest.mark.parametrize("why", [*PAGED, "something new"])
def test_a_page_names_the_actor_and_what_to_do(kind: IncidentKind, why: str) -> None:
    said = shown(words_of(EN, message(Notice.PAGE, replace(INCIDENT, kind=kind), why=why, on_call="")).blocks)
    assert "By staff:rex (rex)." in said
    assert PAGED.get(why, "acknowledge it") in said


def test_the_on_call_is_mentioned_only_by_an_id_of_a_user_group() -> None:
    blocks = words_of(EN, message(Notice.PAGE, INCIDENT, why="stuck", on_call="S0ONCALL")).blocks
    assert blocks[0]["elements"][0]["elements"][0] == {"type": "usergroup", "usergroup_id": "S0ONCALL"}
    typed = words_of(EN, message(Notice.PAGE, INCIDENT, why="stuck", on_call="<!here>")).blocks
    assert "usergroup" not in str(typed)


def test_a_page_about_an_account_without_a_record_names_it() -> None:
    words = words_of(EN, message(Notice.PAGE, None, account="1000001", why="unreadable", on_call=""))
    assert "1000001" in shown(words.blocks)
    assert words.text == "Account 1000001 needs a person to look."


def test_a_changed_policy_shows_its_difference() -> None:
    said = shown(words_of(EN, message(Notice.POLICY, None)).blocks)
    assert '-mode = "enforce"\n+mode = "observe"' in said
    assert "dddddddddddd" in said


def test_a_changed_policy_says_where_it_is_looser_and_where_stricter() -> None:
    said = shown(words_of(EN, message(Notice.POLICY, None)).blocks)
    assert "⚠ It is looser in guard.mode.  It is stricter in limits.request_expires, people." in said
    neither = shown(words_of(EN, message(Notice.POLICY, None, looser=[], stricter=[])).blocks)
    assert "looser" not in neither
    assert "stricter" not in neither


def test_an_endless_difference_is_cut() -> None:
    words = words_of(EN, message(Notice.POLICY, None, by="file", digest="d", difference=["+" + "x" * 400] * 60))
    check_message(words.blocks, words.text)
    assert "the whole is in the log" in shown(words.blocks)


def test_an_approver_learns_what_the_click_did() -> None:
    one = replace(PENDING, votes=(MONA,))
    mona = MONA.slack_user
    assert counted(EN, one, ("trust-safety",), slack_user=mona) == "Counted; 1 more from trust & safety."
    two = ("manager", "manager", "*")
    said = counted(EN, one, two, slack_user=mona)
    assert said == "Counted; 2 more from managers and 1 more from any of these groups."
    done = replace(one, state=State.APPROVED, quorum=BOTH)
    assert counted(EN, done, (), slack_user=mona) == "Counted; the quorum is complete, it is being carried out."


def test_an_approver_whose_vote_fills_no_place_learns_that() -> None:
    omar = vote("omar", "manager")
    both = replace(PENDING, votes=(MONA, omar))
    said = {counted(EN, both, ("trust-safety",), slack_user=v.slack_user) for v in (MONA, omar)}
    assert said == {
        "Counted; 1 more from trust & safety.",
        "Counted, but it fills no place that is left; 1 more from trust & safety.",
    }


def test_an_approver_of_what_cools_off_learns_from_when_it_is_carried_out() -> None:
    cooling = in_state(State.APPROVED, not_before=FILED + timedelta(hours=1))
    said = counted(EN, cooling, (), slack_user=MONA.slack_user)
    assert said == "Counted; the quorum is complete, it is carried out from 16 Nov 2026, 10:30 UTC."


@pytest.mark.parametrize("notice", [Notice.REMINDER, Notice.ESCALATED])
def test_a_reminder_says_what_is_missing_and_until_when(notice: Notice) -> None:
    blocks = words_of(EN, message(notice, PENDING)).blocks
    assert "Still needed: 1 more from managers and 1 more from trust & safety." in shown(blocks)
    assert "'type': 'date'" in str(blocks)
    assert ("'user_id': 'U02BOSS'" in str(blocks)) is (notice is Notice.ESCALATED)


@pytest.mark.parametrize("id", ["S0GROUP", "<!channel>", "u02boss", ""])
def test_an_escalation_mentions_users_alone(id: str) -> None:
    blocks = words_of(EN, message(Notice.ESCALATED, PENDING, to=[id], missing=())).blocks
    assert "user_id" not in str(blocks)


def test_a_clock_that_stands_still_shows_no_end() -> None:
    waiting = in_state(State.APPROVED, waits_for=Waits.LIMIT.value, waits_since=FILED)
    assert "expires" not in shown(words_of(EN, message(Notice.WAITING, waiting)).blocks)
    assert "Expires" not in shown(request_card(EN, waiting).blocks)
    going_on = in_state(State.APPROVED, waits_for=Waits.LANE.value, waits_since=FILED)
    assert "expires" in shown(words_of(EN, message(Notice.WAITING, going_on)).blocks)
    assert "Expires" in shown(request_card(EN, going_on).blocks)


def test_the_silence_of_the_feed_is_about_no_account(lang: Language) -> None:
    words = words_of(lang, message(Notice.PAGE, None, why="feed_silent", account=None, on_call=""))
    check_message(words.blocks, words.text)
    assert "None" not in shown(words.blocks)
    assert lang.say(PAGED["feed_silent"]) in shown(words.blocks)


@pytest.mark.parametrize(
    ("outcome", "english", "french"),
    [
        ("no_effect", "the platform said yes and nothing happened.", "la plateforme a dit oui et rien ne s’est passé."),
        ("refused: 403", "the platform refused with 403.", "la plateforme a refusé avec 403."),
        ("Their own words.", "Their own words.", "Their own words."),
    ],
)
def test_a_failure_is_told_in_the_readers_language(outcome: str, english: str, french: str) -> None:
    failed = message(Notice.FAILED, in_state(State.FAILED, outcome=outcome))
    assert shown(words_of(EN, failed).blocks).endswith(f"Why: {english}")
    assert shown(words_of(FR, failed).blocks).endswith(f"Motif\N{NO-BREAK SPACE}: {french}")


def test_who_is_woken_about_counts_is_told_the_figures() -> None:
    back = {"baseline_from": Baseline.SAMPLE, "followers_now": 20_850_000, "state": IncidentState.LOST}
    facts = {"why": "counts_lost", "record": INCIDENT.id, "edges": 41_700_000}
    said = shown(words_of(EN, Message(notice=Notice.PAGE, record=replace(INCIDENT, **back), facts=facts)).blocks)
    assert "Followers 20,850,000 of 41,700,000 · 50\N{NO-BREAK SPACE}%" in said
    assert "the platform's true count of relationships says 41,700,000" in said
    unknown = {**facts, "edges": None}
    said = shown(words_of(EN, Message(notice=Notice.PAGE, record=replace(INCIDENT, **back), facts=unknown)).blocks)
    assert "true count" not in said
    other = {**facts, "why": "staff"}
    said = shown(words_of(EN, Message(notice=Notice.PAGE, record=replace(INCIDENT, **back), facts=other)).blocks)
    assert "Followers" not in said
