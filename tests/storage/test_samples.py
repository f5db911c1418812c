"""Counts that were sampled: whose turn it is, what is kept, and which of them an account is held against."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

import storage.samples
from bot.core.counts import Figures
from bot.core.guarding import opened
from bot.core.incident import Baseline, IncidentState
from bot.core.transition import Change, Sample, Sighting
from bot.flows.baseline import baseline_of
from storage.ledger import SqlLedger
from tests.core.build import open_incident
from tests.storage.scene import AT

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WATCHED = ("protected", "high")


def taken(at: datetime, followers: int | None = 1000, account: str = "acct_1") -> Sample:
    return Sample(account=account, at=at, followers=followers, following=3)


async def put(ledger: SqlLedger, **change: Any) -> None:
    await ledger.decide(lambda _: Change(**change))


async def kept(ledger: SqlLedger, account: str = "acct_1") -> list[datetime]:
    found = await ledger.read(lambda view: view.samples(account, since=AT - 99 * DAY, until=AT + 99 * DAY))
    return [sample.at for sample in found]


# Whose turn it is


async def turns(ledger: SqlLedger, *, limit: int = 10) -> list[str]:
    return list(
        await ledger.read(
            lambda view: view.to_sample(WATCHED, seen_since=AT - 30 * DAY, sampled_before=AT - 10 * MINUTE, limit=limit)
        )
    )


async def test_never_sampled_come_first_then_those_sampled_longest_ago(ledger: SqlLedger) -> None:
    seen = [("new", "high"), ("old", "protected"), ("older", "high"), ("fresh", "high"), ("light", "standard")]
    await put(
        ledger,
        sightings=tuple(Sighting(account=id, tier=tier, at=AT - DAY) for id, tier in seen),
        samples=(
            taken(AT - 20 * MINUTE, account="old"),
            taken(AT - 3 * DAY, account="older"),
            taken(AT - HOUR, account="older"),
            taken(AT - 9 * MINUTE, account="fresh"),
            taken(AT - HOUR, account="light"),
        ),
    )
    assert await turns(ledger) == ["new", "older", "old"]
    assert await turns(ledger, limit=1) == ["new"]


async def test_an_account_seen_in_both_tiers_is_named_once_and_one_seen_long_ago_not_at_all(ledger: SqlLedger) -> None:
    await put(
        ledger,
        sightings=(
            *(Sighting(account="acct_1", tier=tier, at=AT) for tier in WATCHED),
            Sighting(account="acct_2", tier="high", at=AT - 31 * DAY),
        ),
    )
    assert await turns(ledger) == ["acct_1"]


# What is kept


async def test_all_of_the_last_hour_stay_and_the_last_of_each_day(ledger: SqlLedger) -> None:
    midnight = AT.replace(hour=0, minute=0)
    times = [midnight - 2 * DAY - 3 * HOUR, midnight - 2 * DAY - HOUR, midnight - 2 * DAY - MINUTE]
    today = [midnight + HOUR, AT - 2 * HOUR, AT - 59 * MINUTE, AT]
    await put(ledger, samples=tuple(taken(at) for at in [*times, *today]))

    await ledger.thin_samples(["acct_1"], at=AT)

    assert await kept(ledger) == [times[-1], *today[1:]]


async def test_of_others_nothing_is_thinned_out(ledger: SqlLedger) -> None:
    await put(ledger, samples=tuple(taken(AT - n * HOUR, account="acct_2") for n in (3, 2)))

    await ledger.thin_samples(["acct_1"], at=AT)

    assert await kept(ledger, "acct_2") == [AT - 3 * HOUR, AT - 2 * HOUR]


async def test_what_is_too_old_goes_whoevers_it_is(ledger: SqlLedger) -> None:
    await put(ledger, samples=tuple(taken(AT - n * DAY) for n in (32, 31, 29)))

    assert not await ledger.drop_samples(at=AT)

    assert await kept(ledger) == [AT - 29 * DAY]


async def test_of_too_many_the_oldest_go_a_few_at_a_time(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.samples, "MOST", 3)
    monkeypatch.setattr(storage.samples, "AT_ONCE", 2)
    times = [AT - n * MINUTE for n in reversed(range(5))]
    await put(ledger, samples=tuple(taken(at) for at in times))

    assert await ledger.drop_samples(at=AT)
    assert await kept(ledger) == times[2:]
    assert not await ledger.drop_samples(at=AT)
    assert await kept(ledger) == times[2:]


# What an account is held against


async def baseline(ledger: SqlLedger, *, at: datetime = AT) -> Figures | None:
    return await ledger.read(lambda view: baseline_of(view, "acct_1", at=at))


async def test_it_is_the_last_sample_before_the_account_went_down(ledger: SqlLedger) -> None:
    await put(ledger, samples=(taken(AT - HOUR, 900), taken(AT - MINUTE), taken(AT, 5), taken(AT + MINUTE, 6)))
    assert await baseline(ledger) == Figures(followers=1000, following=3, at=AT - MINUTE, source=Baseline.SAMPLE)


async def test_nothing_sampled_or_too_long_ago_is_none(ledger: SqlLedger) -> None:
    assert await baseline(ledger) is None
    await put(ledger, samples=(taken(AT - 31 * DAY),))
    assert await baseline(ledger) is None


async def test_nothing_of_the_hour_after_a_restore_is_one_unless_it_became_whole(ledger: SqlLedger) -> None:
    restored = AT - 2 * HOUR
    await put(ledger, samples=(taken(restored - MINUTE), taken(restored + MINUTE, 5)), restores=(("acct_1", restored),))
    found = await baseline(ledger)
    assert found is not None
    assert found.followers == 1000

    await put(ledger, samples=(taken(restored + 61 * MINUTE, 999),))
    found = await baseline(ledger)
    assert found is not None
    assert found.followers == 999


async def earlier(ledger: SqlLedger, state: IncidentState, **changed: Any) -> None:
    """An incident of before, which the account was restored from half an hour ago."""
    values: dict[str, Any] = {
        "seen_at": AT - HOUR, "at": AT - HOUR, "state": state, "followers_before": 1000, "following_before": 3,
        "baseline_at": AT - DAY, "baseline_from": Baseline.SAMPLE, **changed,
    }  # fmt: skip
    new = replace(open_incident(), version=0, **values)
    await put(ledger, transitions=(opened(new, at=AT - HOUR),), restores=(("acct_1", AT - HOUR / 2),))


@pytest.mark.parametrize("state", [IncidentState.RESTORED, IncidentState.LOST])
async def test_while_an_earlier_incident_is_not_whole_its_baseline_stands(
    ledger: SqlLedger, state: IncidentState
) -> None:
    await earlier(ledger, state)
    await put(ledger, samples=(taken(AT - MINUTE, 5),))
    found = await baseline(ledger)
    assert found == Figures(followers=1000, following=3, at=AT - DAY, source=Baseline.SAMPLE)


async def test_an_inherited_baseline_does_not_last_for_ever(ledger: SqlLedger) -> None:
    await earlier(ledger, IncidentState.LOST, baseline_at=AT - 31 * DAY)
    await put(ledger, samples=(taken(AT - 2 * HOUR, 500),))
    found = await baseline(ledger)
    assert found is not None
    assert found.followers == 500


async def test_what_was_sampled_since_it_was_whole_is_one_and_no_low_sample_before_that(ledger: SqlLedger) -> None:
    await earlier(ledger, IncidentState.WHOLE, whole_at=AT - 10 * MINUTE)
    await put(ledger, samples=(taken(AT - 20 * MINUTE, 5), taken(AT - 10 * MINUTE, 998)))
    found = await baseline(ledger)
    assert found is not None
    assert found.followers == 998


async def test_of_a_restore_that_is_told_late_what_was_before_stays(ledger: SqlLedger) -> None:
    await put(ledger, samples=(taken(AT - MINUTE),), restores=(("acct_1", AT + MINUTE),))
    assert await baseline(ledger) is not None
