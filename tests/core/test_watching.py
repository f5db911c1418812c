"""What a sample makes of an incident whose account is back: whole, fallen again, lost, or nothing new."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core.acknowledging import Acknowledging
from bot.core.counts import Figures, Finding, Where
from bot.core.incident import Baseline, Incident, IncidentState
from bot.core.refusal import Refusal, Why
from bot.core.tasks import watch
from bot.core.transition import Change, Kind, Sample, TaskKind, Transition
from bot.core.watching import (
    DOWN_AGAIN,
    MOST_FALLS,
    Look,
    asks_recount,
    down_again,
    looked,
    recounts,
    watch_on,
    watched,
)
from tests.core.build import ADA, AT, MINUTE, POLICY, SECOND, agrees, open_incident

DUE = tuple(timedelta(seconds=s) for s in (1, 2, 5, 10, 30, 60, 300, 900, 3600))
LAST = len(DUE) - 1
BEFORE = Figures(followers=1000, following=45, at=AT - MINUTE, source=Baseline.SAMPLE)
KNOWN: dict[str, Any] = {
    "followers_before": 1000,
    "following_before": 45,
    "baseline_at": AT - MINUTE,
    "baseline_from": Baseline.SAMPLE,
}


def back(state: IncidentState = IncidentState.RESTORED, **changed: Any) -> Incident:
    return open_incident(**{"state": state, "restored_at": AT, **KNOWN, **changed})


def look(where: Where, followers: int | None = 1000, *, n: int = 0, **changed: Any) -> Look:
    values: dict[str, Any] = {
        "sample": Sample(account="acct_1", at=AT + MINUTE, followers=followers, following=45),
        "finding": Finding(where=where, share=None, drifted=False),
        "before": BEFORE,
        "edges": None,
        "due": DUE,
        "n": n,
        "since": AT,
        "falls": 0,
    }
    return Look(**{**values, **changed})


def moved(change: Change) -> tuple[Incident, Kind]:
    (transition,) = change.transitions
    agrees(transition)
    assert isinstance(transition.after, Incident)
    return transition.after, transition.entry.kind


def filed(change: Change) -> list[str]:
    """The keys of what is left to do, but for the card's."""
    tasks = [*change.tasks, *(task for t in change.transitions for task in t.tasks)]
    return [task.key for task in tasks if task.kind is not TaskKind.DRAW]


def next_of(change: Change) -> datetime:
    return next(task.due for task in change.tasks if task.kind is TaskKind.SAMPLE)


# The samples


def test_the_first_sample_is_filed_and_none_where_the_policy_asks_for_none() -> None:
    (task,) = watch(back(), DUE, at=AT)
    assert (task.kind, task.due) == (TaskKind.SAMPLE, AT + SECOND)
    assert task.payload == {"incident": "INC-A", "since": "2026-11-16T09:00:00.000Z", "n": 0, "falls": 0}
    assert watch(back(), (), at=AT) == ()


def test_each_sample_is_kept_and_files_the_next_as_long_after_it_as_the_list_says() -> None:
    change = looked(back(), look(Where.SETTLING, n=5), at=AT + 2 * MINUTE)
    assert change.samples == (look(Where.SETTLING).sample,)
    assert filed(change) == ["sample:INC-A:2026-11-16T09:00:00.000Z:6"]
    assert next_of(change) == AT + 2 * MINUTE + timedelta(minutes=4)


@pytest.mark.parametrize(
    ("due", "places"),
    [
        (DUE, {4, 6}),
        (DUE[:6], {4}),
        (DUE[:2], {0}),
        (DUE[:1], set()),
        (tuple(timedelta(milliseconds=ms) for ms in (100, 300, 500, 700, 900, 1200)), {3, 4}),
    ],
)
def test_low_counts_are_recounted_after_thirty_seconds_and_five_minutes_in_a_short_list_before_its_end(
    due: tuple[timedelta, ...], places: set[int]
) -> None:
    assert recounts(due) == places


@pytest.mark.parametrize(
    ("where", "state", "n", "asks"),
    [
        (Where.LOW, IncidentState.RESTORED, 4, True),
        (Where.LOW, IncidentState.RESTORED, 5, False),
        (Where.SETTLING, IncidentState.RESTORED, 4, False),
        (Where.LOW, IncidentState.WHOLE, 5, True),
        (Where.WHOLE, IncidentState.WHOLE, 4, False),
    ],
)
def test_a_recount_is_asked_for_where_counts_are_low_for_long_or_have_fallen(
    where: Where,
    state: IncidentState,
    n: int,
    asks: bool,  # noqa: FBT001
) -> None:
    assert asks_recount(back(state), look(where, n=n)) is asks


# What is news


def test_low_counts_are_on_record_with_where_they_stand() -> None:
    after, kind = moved(looked(back(), look(Where.LOW, 5), at=AT))
    assert kind is Kind.SAMPLED
    assert (after.state, after.followers_now, after.following_now) == (IncidentState.RESTORED, 5, 45)
    assert (after.sampled_at, after.whole_at) == (AT + MINUTE, None)


def test_low_counts_that_do_not_move_are_no_news_but_a_recount_is() -> None:
    before = back(followers_now=5, following_now=45, sampled_at=AT)
    assert looked(before, look(Where.LOW, 5), at=AT).transitions == ()
    assert looked(before, look(Where.LOW, 6), at=AT).transitions != ()
    (transition,) = looked(before, look(Where.LOW, 5, n=4), at=AT).transitions
    assert transition.entry.facts["recount"] is True


def test_hidden_counts_are_news_the_first_time() -> None:
    assert looked(back(), look(Where.LOW, None), at=AT).transitions != ()


def test_counts_that_have_come_back_are_news_once_and_not_when_they_are_whole_any_more() -> None:
    low = back(followers_now=5, following_now=45, sampled_at=AT)
    after, kind = moved(looked(low, look(Where.SETTLING), at=AT))
    assert (after.followers_now, after.state, kind) == (1000, IncidentState.RESTORED, Kind.SAMPLED)
    assert looked(after, look(Where.SETTLING), at=AT).transitions == ()
    assert looked(back(IncidentState.WHOLE), look(Where.WHOLE, n=4), at=AT).transitions == ()


def test_a_baseline_that_stands_in_is_on_record_at_once() -> None:
    unknown = back(**dict.fromkeys(KNOWN))
    stands_in = replace(BEFORE, following=None, source=Baseline.EDGES)
    after, kind = moved(looked(unknown, look(Where.SETTLING, before=stands_in), at=AT))
    assert (kind, after.state) == (Kind.SAMPLED, IncidentState.RESTORED)
    assert (after.followers_before, after.baseline_from) == (1000, Baseline.EDGES)
    assert looked(unknown, look(Where.LOW, before=None), at=AT).transitions[0].after.baseline_from is None  # type: ignore[union-attr]


# Verdicts


def test_counts_that_are_back_are_whole_and_watched_to_the_end() -> None:
    change = looked(back(), look(Where.WHOLE, n=5), at=AT)
    after, kind = moved(change)
    assert (after.state, kind, after.whole_at) == (IncidentState.WHOLE, Kind.WHOLE, AT + MINUTE)
    assert after.whole_after == MINUTE + SECOND
    assert filed(change) == ["sample:INC-A:2026-11-16T09:00:00.000Z:6"]


def test_that_people_came_and_went_is_on_record() -> None:
    drifted = Finding(where=Where.WHOLE, share=99, drifted=True)
    (transition,) = looked(back(), look(Where.WHOLE, 990, finding=drifted, edges=990), at=AT).transitions
    facts = transition.entry.facts
    assert (facts["drifted"], facts["followers"], facts["baseline"], facts["edges"]) == (True, 990, 1000, 990)


def test_what_is_low_at_the_last_sample_is_lost_and_wakes_a_person_with_the_figures() -> None:
    change = looked(back(), look(Where.LOW, 500, n=LAST, edges=1000), at=AT)
    after, kind = moved(change)
    assert (after.state, kind) == (IncidentState.LOST, Kind.LOST)
    assert filed(change) == ["page:INC-A:counts_lost:1", "call:INC-A:counts_lost:1"]
    assert change.tasks[0].payload == {
        "record": "INC-A", "why": "counts_lost", "followers": 500, "baseline": 1000, "edges": 1000,
    }  # fmt: skip


def test_what_is_whole_at_the_last_sample_is_watched_no_more() -> None:
    assert filed(looked(back(), look(Where.WHOLE, n=LAST), at=AT)) == []
    assert filed(looked(back(IncidentState.WHOLE), look(Where.WHOLE, n=LAST), at=AT)) == []


def test_what_is_settling_at_the_last_sample_gets_the_time_it_needs() -> None:
    for n in (LAST, LAST + 1):
        shown = back(followers_now=1000, following_now=45, sampled_at=AT)
        change = looked(shown, look(Where.SETTLING, n=n), at=AT)
        assert change.transitions == ()
        assert next_of(change) == AT + 15 * SECOND


def test_what_falls_after_it_was_whole_is_reopened_paged_once_and_watched_from_the_start() -> None:
    whole = back(IncidentState.WHOLE, whole_at=AT)
    change = looked(whole, look(Where.LOW, 5, n=6), at=AT + MINUTE)
    after, kind = moved(change)
    assert (after.state, kind, after.whole_at) == (IncidentState.RESTORED, Kind.FELL, None)
    assert filed(change) == [
        "page:INC-A:counts_fell", "call:INC-A:counts_fell", "sample:INC-A:2026-11-16T09:01:00.000Z:0",
    ]  # fmt: skip
    assert change.tasks[-1].payload["falls"] == 1


def test_what_falls_again_and_again_is_for_a_person() -> None:
    whole = back(IncidentState.WHOLE, whole_at=AT)
    change = looked(whole, look(Where.LOW, 5, n=2, falls=MOST_FALLS), at=AT)
    assert moved(change) == (moved(change)[0], Kind.LOST)
    assert filed(change)[0] == "page:INC-A:counts_lost:1"


def test_what_goes_down_again_is_watched_no_more() -> None:
    after, _ = moved(down_again(back(), at=AT))
    assert after.cause == DOWN_AGAIN
    assert not watched(after)
    assert down_again(back(IncidentState.WHOLE), at=AT) == Change()
    assert watched(back())
    assert not watched(back(IncidentState.LOST))


# A person has it watched again


def pressed(**changed: Any) -> Acknowledging:
    values = {"incident": back(IncidentState.LOST), "person": ADA, "policy": POLICY, "at": AT + MINUTE}
    return Acknowledging(**{**values, "unacknowledged": None, **changed})


def test_whoever_is_on_the_roster_may_have_lost_counts_watched_again() -> None:
    outcome = watch_on(pressed(), DUE)
    assert isinstance(outcome, Transition)
    agrees(outcome)
    assert isinstance(outcome.after, Incident)
    assert (outcome.after.state, outcome.entry.kind, outcome.entry.by) == (IncidentState.RESTORED, Kind.SAMPLED, "ada")
    assert [t.key for t in outcome.tasks] == ["draw:INC-A:2", "sample:INC-A:2026-11-16T09:01:00.000Z:0"]


def test_who_acted_in_it_may_not_though_it_was_acknowledged() -> None:
    outcome = watch_on(pressed(incident=back(IncidentState.LOST, person="ada", acknowledged_by="mona")), DUE)
    assert outcome == Refusal(why=Why.OPEN_INCIDENT_OF_YOURS, facts={"incident": "INC-A"})


@pytest.mark.parametrize(
    ("at", "whole_at", "after"),
    [(AT, AT + MINUTE, MINUTE), (None, AT + MINUTE, MINUTE), (AT + MINUTE, AT, timedelta(0)), (AT, None, None)],
)
def test_how_long_it_was_not_whole(at: Any, whole_at: Any, after: timedelta | None) -> None:
    assert back(at=at, whole_at=whole_at, seen_at=AT).whole_after == after
