"""Whether counts are what they were: the tolerance, the run of right samples, real people who come and go."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.counts import (
    DRIFT,
    Figures,
    Finding,
    Settling,
    Where,
    figures_of,
    figures_seen,
    judge,
    may_have_drifted,
    seen_active,
    settling,
    share,
    within,
)
from bot.core.incident import Baseline
from bot.core.transition import Sample
from tests.core.build import AT, MINUTE, SECOND, account, down, open_incident

BEFORE = Figures(followers=41_700_000, following=45, at=AT - MINUTE, source=Baseline.SAMPLE)
BY = Settling(in_a_row=3, over=30 * SECOND)
COUNTS = st.integers(min_value=0, max_value=10**9)


def at(seconds: float, followers: int | None = 41_700_000, following: int | None = 45) -> Sample:
    return Sample(account="acct_1", at=AT + seconds * SECOND, followers=followers, following=following)


def found(*samples: Sample, before: Figures | None = BEFORE, by: Settling = BY, edges: int | None = None) -> Finding:
    return judge(before, samples, by, edges=edges)


RIGHT = (at(1), at(10), at(31))


def test_three_in_a_row_over_thirty_seconds_are_whole() -> None:
    assert found(*RIGHT) == Finding(where=Where.WHOLE, share=100, drifted=False)


@pytest.mark.parametrize(
    "samples",
    [
        RIGHT[1:],
        (at(1), at(10), at(30.9)),
        (*RIGHT[:2], at(20, 5_400), RIGHT[2]),
        (at(0, 5_400), *RIGHT[1:]),
    ],
    ids=["two", "29.9 s", "one between", "the first was low"],
)
def test_right_ones_that_are_too_few_or_too_close_are_settling(samples: tuple[Sample, ...]) -> None:
    assert found(*samples).where is Where.SETTLING


@pytest.mark.parametrize("last", [at(32, 5_400), at(32, None), at(32, following=None), at(32, following=20)])
def test_what_the_last_sample_shows_low_or_hides_is_low_whatever_was_before(last: Sample) -> None:
    assert found(*RIGHT, last).where is Where.LOW


def test_the_share_is_of_the_followers_and_none_where_they_are_hidden() -> None:
    assert found(at(1, 5_400)).share == pytest.approx(0.0129, abs=0.0001)
    assert found(at(1, None)).share is None
    assert found().share is None
    assert (share(3, 0), share(3, None)) == (None, None)


def test_nothing_is_whole_that_can_be_held_against_nothing() -> None:
    assert found(*RIGHT, before=None) == Finding(where=Where.LOW, share=None, drifted=False)


@pytest.mark.parametrize(
    ("before", "now", "right"),
    [
        (1000, 995, True),
        (1000, 994, False),
        (1000, 1005, True),
        (1000, 1006, False),
        (120, 117, True),
        (120, 116, False),
        (0, 3, True),
        (0, 4, False),
    ],
)
def test_the_tolerance_is_half_a_per_cent_and_three_at_least(before: int, now: int, right: bool) -> None:  # noqa: FBT001
    assert within(now, before) is right


def test_an_owner_who_is_back_may_follow_others_but_loses_nobody_followed() -> None:
    assert found(*(replace(sample, following=900) for sample in RIGHT)).where is Where.WHOLE
    assert found(*(replace(sample, following=42) for sample in RIGHT)).where is Where.WHOLE
    assert found(*(replace(sample, following=41) for sample in RIGHT)).where is Where.LOW
    alone = replace(BEFORE, following=None)
    assert found(*(replace(sample, following=None) for sample in RIGHT), before=alone).where is Where.WHOLE


# Real people come and go


@pytest.mark.parametrize(
    ("now", "edges", "where"),
    [
        (41_283_000, 41_283_000, Where.WHOLE),
        (62_550_000, 62_550_000, Where.WHOLE),
        (40_866_000, 40_866_000, Where.WHOLE),
        (40_865_999, 40_865_999, Where.LOW),
        (20_850_000, 20_850_000, Where.LOW),
        (20_850_000, 41_700_000, Where.LOW),
        (41_283_000, 41_700_000, Where.LOW),
        (41_283_000, None, Where.LOW),
        (62_550_000, 41_700_000, Where.LOW),
    ],
    ids=[
        "1 % went", "many came", "2 % went", "more than that went", "half is really gone", "half is not shown",
        "1 % is not shown", "nobody knows", "too many are shown",
    ],
)  # fmt: skip
def test_away_from_the_baseline_the_true_count_decides_within_reason(now: int, edges: int | None, where: Where) -> None:
    judged = found(*(replace(sample, followers=now) for sample in RIGHT), edges=edges)
    assert judged.where is where
    assert judged.drifted is (where is Where.WHOLE)


def test_the_true_count_is_asked_for_only_where_it_can_decide() -> None:
    assert may_have_drifted(41_283_000, 41_700_000)
    assert may_have_drifted(50_000_000, 41_700_000)
    assert not may_have_drifted(41_699_000, 41_700_000)
    assert not may_have_drifted(5_400, 41_700_000)
    assert not may_have_drifted(None, 41_700_000)


# The window


DEFAULT = tuple(timedelta(seconds=s) for s in (1, 2, 5, 10, 30, 60, 300, 900, 3600))


@pytest.mark.parametrize(
    ("due", "in_a_row", "over"),
    [(DEFAULT, 3, 30), (DEFAULT[:4], 3, 8), (DEFAULT[:2], 2, 1), (DEFAULT[:1], 1, 0)],
)
def test_a_short_list_is_settled_over_what_it_can_span(due: tuple[timedelta, ...], in_a_row: int, over: int) -> None:
    assert settling(due) == Settling(in_a_row=in_a_row, over=over * SECOND)


@given(st.lists(st.integers(min_value=0, max_value=10**7), min_size=1, max_size=12).map(sorted))
def test_counts_that_are_right_from_the_first_sample_are_whole_by_the_last_whatever_the_list(due: list[int]) -> None:
    after = tuple(timedelta(milliseconds=ms) for ms in due)
    samples = [at(span.total_seconds()) for span in after]
    assert found(*samples, by=settling(after)).where is Where.WHOLE


@given(before=COUNTS, shown=st.lists(st.none() | COUNTS, max_size=12), edges=st.none() | COUNTS)
def test_whole_counts_were_right_three_times_and_hidden_or_much_lower_ones_never_are(
    before: int, shown: list[int | None], edges: int | None
) -> None:
    baseline = replace(BEFORE, followers=before, following=None)
    samples = [at(12 * n, followers, None) for n, followers in enumerate(shown)]
    judged = found(*samples, before=baseline, edges=edges)
    right = [
        now is not None and (within(now, before) or (edges is not None and within(now, edges) and now >= before))
        for now in shown
    ]
    fair = [now is not None and now >= before - max(before // DRIFT, 3) for now in shown]
    if judged.where is Where.WHOLE:
        assert len(shown) >= 4  # 12 s apart, three of them span 24 s
        assert all(fair[-4:])
    if len(right) >= 4 and all(right[-4:]):
        assert judged.where is Where.WHOLE
    if shown and not fair[-1]:
        assert judged.where is Where.LOW


# From and to records


def test_an_account_that_is_up_and_shows_its_counts_gives_a_sample() -> None:
    up = account(followers=7, following=3)
    assert seen_active(up, at=AT) == (Sample(account="acct_1", at=AT, followers=7, following=3),)
    assert seen_active(replace(up, followers=None), at=AT) == ()
    assert seen_active(down(up), at=AT) == ()


def test_a_sample_that_shows_followers_is_a_baseline() -> None:
    assert figures_seen(at(0)) == replace(BEFORE, at=AT)
    assert figures_seen(at(0, None)) is None
    assert figures_seen(None) is None


def test_an_incident_has_a_baseline_once_all_of_it_is_known() -> None:
    known: dict[str, Any] = {
        "followers_before": 41_700_000,
        "following_before": 45,
        "baseline_at": AT - MINUTE,
        "baseline_from": Baseline.SAMPLE,
    }
    assert figures_of(open_incident(**known)) == BEFORE
    for name in ("followers_before", "baseline_at", "baseline_from"):
        assert figures_of(open_incident(**{**known, name: None})) is None
