"""The report's modal in every state, and the drafts: what they say and what they leave out."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from bot.core.incident import BACK, Baseline, Cause, Incident, IncidentKind, IncidentState
from bot.core.incident_report import Report, report
from bot.core.refusal import Refusal, Why
from bot.core.transition import ActorStands, Entry, Kind, Standing
from bot.slack.incident_card import incident_card
from bot.slack.incident_report import impact
from bot.slack.incident_report_form import SHOWN, cause_of, not_there, opening, report_form
from bot.slack.language import Language
from bot.slack.statements import correction, statement
from tests.slack.examples import EN, FILED, FR, HOSTILE, INCIDENT, LONG, RESTORED, hostile_incident
from tests.slack.validators import check_view, shown, strings

MINUTE = timedelta(minutes=1)
NO = Refusal(why=Why.MAY_NOT_ESTABLISH, facts={"groups": ["manager"]})
KNOWN: dict[str, Any] = {
    "decided_at": FILED, "sent_at": FILED, "baseline_at": FILED, "baseline_from": Baseline.SAMPLE,
    "following_before": 45, "followers_now": 5_400, "following_now": 45, "sampled_at": FILED + MINUTE,
    "contained_at": FILED, "acknowledged_by": "mona", "acknowledged_at": FILED + MINUTE,
}  # fmt: skip
CONTAINED = ActorStands(actor="staff:rex", standing=Standing.CONTAINED, since=FILED, why="twice")


def log(*causes: Cause | None) -> tuple[Entry, ...]:
    """The entries of a cause that was set, and changed, so many times."""
    return tuple(
        Entry(kind=Kind.ESTABLISHED, at=FILED, by="omar", facts={"earlier": earlier, "changes": {"established": now}})
        for earlier, now in zip((None, *causes), causes, strict=False)
    )


def of(found: Incident, *entries: Entry, actor: ActorStands | None = None) -> Report:
    return report(found, log=entries, samples=(), actor=actor)


def every() -> list[Report]:
    """Every kind in every state, barely known and known in full."""
    found = []
    for kind, state, cause in product(IncidentKind, IncidentState, (None, *Cause)):
        base = RESTORED if state in BACK else INCIDENT
        plain = replace(base, kind=kind, state=state, established=cause)
        whole = replace(plain, **KNOWN, cause="account_gone", whole_at=FILED if state is IncidentState.WHOLE else None)
        entries = (*log(Cause.HUMAN_ERROR, cause), *(Entry(kind=k, at=FILED, by="x") for k in CLOSING))
        found += [of(plain), of(replace(plain, at=None, actor=None)), of(whole, *entries, actor=CONTAINED)]
    return found


CLOSING = (Kind.FELL, Kind.LOST, Kind.CLOSED, Kind.OPENED, Kind.REINSTATED)


def test_every_report_is_a_view_that_slack_takes_and_keeps_its_drafts_short(lang: Language) -> None:
    for found in every():
        for against in (None, NO):
            view = report_form(lang, found, against=against)
            check_view(view)
            assert ("submit" in view) is (against is None)
        for text in (statement(lang, found), correction(lang, found) or ""):
            assert len(text) < 600
            assert "{" not in text


@pytest.mark.parametrize("text", [LONG, *HOSTILE])
def test_a_hostile_name_is_a_view_that_slack_takes_and_nothing_of_it_lives(lang: Language, text: str) -> None:
    found = of(replace(hostile_incident(RESTORED, text), **{**KNOWN, "acknowledged_by": text}))
    view = report_form(lang, found, against=None)
    check_view(view)
    assert "mrkdwn" not in str(view)
    for line in strings(view["blocks"]):
        assert not set("\u202e\u200b\u2066\x00\x1b\u2028\r") & set(line)


def test_a_life_of_a_thousand_falls_is_shortened(lang: Language) -> None:
    view = report_form(lang, of(RESTORED, *[Entry(kind=Kind.FELL, at=FILED, by="x")] * 1000), against=None)
    check_view(view)
    assert shown(view["blocks"]).count("·") < SHOWN * 6


def test_what_is_opened_first_or_instead_is_a_view_that_slack_takes(lang: Language) -> None:
    check_view(opening(lang))
    check_view(not_there(lang, Refusal(why=Why.UNKNOWN_INCIDENT)))


def test_a_time_shows_the_milliseconds_that_slack_does_not_draw() -> None:
    found = of(replace(INCIDENT, at=FILED + timedelta(milliseconds=7)))
    assert ".007" in strings(report_form(EN, found, against=None)["blocks"])


def test_what_is_chosen_is_one_of_the_causes() -> None:
    assert [cause_of(value) for value in ("under_investigation", "deliberate")] == [None, Cause.DELIBERATE]
    for value in (None, "", "rex"):
        with pytest.raises(ValueError, match="is not a valid Cause"):
            cause_of(value)


def test_the_card_shows_the_cause_once_somebody_has_set_one(lang: Language) -> None:
    there = replace(RESTORED, established=Cause.DELIBERATE, established_by="omar", established_at=FILED)
    assert "omar" in shown(incident_card(lang, there).blocks)
    assert "omar" not in shown(incident_card(lang, RESTORED).blocks)


# The drafts


def test_a_draft_says_when_how_long_and_that_the_cause_is_under_investigation() -> None:
    assert statement(EN, of(RESTORED)) == (
        "On 16 Nov 2026, 09:30 UTC, the account @president was deactivated without approval. It was active again "
        "after 840 ms. The cause is under investigation."
    )
    assert statement(FR, of(RESTORED)) == (
        "Le 16 nov. 2026, 09:30 UTC, le compte @president a été désactivé sans approbation. Il était de nouveau "
        "actif après 840 ms. La cause est en cours d’examen."
    )


def test_a_draft_of_what_the_platform_gives_no_time_for_says_when_it_was_found() -> None:
    said = statement(EN, of(replace(RESTORED, at=None)))
    assert said.startswith("On 16 Nov 2026, 09:30 UTC, we found the account @president deactivated without approval.")
    assert "It has been active again since 16 Nov 2026, 09:30 UTC." in said
    assert "after" not in said


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (IncidentState.OPEN, "It is being restored."),
        (IncidentState.STUCK, "We have not restored it."),
        (IncidentState.OBSERVED, "We have not restored it."),
        (IncidentState.LEFT, "We have not restored it."),
    ],
)
def test_a_draft_of_what_is_not_undone_does_not_say_that_it_is(state: IncidentState, says: str) -> None:
    said = statement(EN, of(replace(INCIDENT, state=state)))
    assert says in said
    assert "active again" not in said


@pytest.mark.parametrize("kind", [IncidentKind.RESTORED, IncidentKind.DELETED])
def test_a_draft_promises_no_restore_of_what_the_bot_does_not_undo(kind: IncidentKind) -> None:
    said = statement(EN, of(replace(INCIDENT, kind=kind, state=IncidentState.STUCK)))
    assert "restore" not in said.replace("reactivated", "")
    assert said.endswith("without approval. The cause is under investigation.")


def test_a_draft_speaks_of_followers_only_where_there_is_a_figure_of_before() -> None:
    text = "Of its 41,700,000 followers 5,400 are shown again so far."
    assert text in statement(EN, of(replace(RESTORED, **KNOWN)))
    assert text not in statement(EN, of(RESTORED))
    assert text not in statement(EN, of(replace(RESTORED, **{**KNOWN, "followers_now": None})))
    whole = replace(RESTORED, **{**KNOWN, "state": IncidentState.WHOLE, "whole_at": FILED, "followers_now": 41_700_000})
    drifted = statement(EN, of(replace(whole, followers_now=40_900_000)))
    assert "Of its 41,700,000 followers 40,900,000 are shown again so far." in drifted
    assert "Its follower counts are what they were before." in statement(EN, of(whole))
    by_edges = statement(EN, of(replace(whole, baseline_from=Baseline.EDGES)))
    assert "All of its followers that we have on record are shown again." in by_edges
    assert "before" not in by_edges


def test_a_draft_does_not_call_active_what_was_taken_down_again() -> None:
    later = report(RESTORED, log=(), samples=(), actor=None, again="INC-B")
    assert "It was deactivated again later, again without approval." in statement(EN, later)
    assert "Taken down again later: INC-B." in list(impact(EN, later))


def test_a_negative_count_is_none_in_public() -> None:
    assert "followers 0 are shown" in statement(EN, of(replace(RESTORED, **{**KNOWN, "followers_now": -7})))


def test_a_draft_says_that_the_access_is_locked_only_while_it_is() -> None:
    locked = "The access that was used has been locked."
    assert locked in statement(EN, of(RESTORED, actor=CONTAINED))
    free = replace(CONTAINED, standing=Standing.FREE)
    assert locked not in statement(EN, of(replace(RESTORED, contained_at=FILED), actor=free))


@pytest.mark.parametrize("cause", Cause)
def test_a_draft_names_the_cause_that_was_set_and_nobody(cause: Cause) -> None:
    said = {lang.code: statement(lang, of(replace(RESTORED, established=cause))) for lang in (EN, FR)}
    assert "under investigation" not in said["en"]
    assert "en cours d’examen" not in said["fr"]
    for name in ("rex", "staff", "omar"):
        assert name not in " ".join(said.values()).lower()


@pytest.mark.parametrize("lang", [EN, FR], ids=["en", "fr"])
@pytest.mark.parametrize(("first", "then"), [(a, b) for a in Cause for b in (None, *Cause) if a is not b])
def test_a_correction_takes_back_the_earlier_cause(first: Cause, then: Cause | None, lang: Language) -> None:
    found = of(replace(RESTORED, established=then), *log(first, then))
    said = correction(lang, found)
    assert said is not None
    assert said.endswith(statement(lang, found).split(". ")[-1])
    assert ("That was wrong." in said or "C’était inexact." in said) is (then is not None)


def test_a_cause_that_was_never_changed_needs_no_correction() -> None:
    assert correction(EN, of(replace(RESTORED, established=Cause.DELIBERATE), *log(Cause.DELIBERATE))) is None
    assert correction(EN, of(RESTORED)) is None


# The impact


def test_the_impact_names_what_is_not_back_only_against_a_figure_of_before() -> None:
    assert "Followers: 41,700,000 before, 5,400 now; 41,694,600 not back." in list(
        impact(EN, of(replace(RESTORED, **KNOWN)))
    )
    assert "Followers: 41,700,000 when it was found, 5,400 now." in list(impact(EN, of(RESTORED)))
    within = replace(RESTORED, **{**KNOWN, "followers_now": 41_699_998, "state": IncidentState.WHOLE})
    assert "Followers: 41,700,000 before, 41,699,998 now." in list(impact(EN, of(within)))


def test_the_impact_of_what_is_still_down_says_since_when() -> None:
    assert next(iter(impact(EN, of(INCIDENT)))).startswith("Down since 16 Nov 2026, 09:30 UTC; not active again")
    assert next(iter(impact(EN, of(replace(INCIDENT, at=None))))) == "Not active again, as far as is known."
    deleted = replace(INCIDENT, kind=IncidentKind.DELETED)
    assert list(impact(EN, of(deleted))) == ["Nothing was taken down that could come back."]
