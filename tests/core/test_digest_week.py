"""Which week is due when, in a time zone with two clocks; and its sums, equal to the log."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.claiming import expired
from bot.core.digest import COUNTED, TWITTER_2017, Pending, Week, due
from bot.core.emergency import file_emergency
from bot.core.guarding import joined, undo
from bot.core.incident import IncidentState
from bot.core.policy import DigestRules
from bot.core.ratifying import ratify
from bot.core.record import stamp
from bot.core.settling import done, failed, uncertain
from bot.core.tasks import digest as digest_task
from bot.core.tasks import digest_on_demand
from bot.core.transition import Entry, Kind, TaskKind
from bot.core.undoing import lapse, undone
from bot.core.voting import vote, withdraw
from tests.core.build import (
    ADA,
    AT,
    DAY,
    HOUR,
    MINUTE,
    MS,
    OMAR,
    ON_DUTY,
    POLICY,
    SECOND,
    TESSA,
    account,
    at_once,
    ballot,
    down,
    open_incident,
    pending,
    ratifying,
)
from tests.core.log import W47, Log

ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe")]
RULES = DigestRules()

# Weeks


@pytest.mark.parametrize(
    ("day", "week"),
    [
        (date(2026, 11, 16), "2026-W47"),
        (date(2026, 11, 22), "2026-W47"),
        (date(2026, 11, 23), "2026-W48"),
        (date(2021, 1, 1), "2020-W53"),
        (date(2024, 12, 30), "2025-W01"),
    ],
)
def test_a_day_is_in_the_iso_week(day: date, week: str) -> None:
    assert str(Week.of(day)) == week
    assert Week.parse(week) == Week.of(day)


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-46", "2026-W6", "2026-W466", "26-W46", "2026-w46", "2026-W4x", "x026-W46", " 2026-W46", "-W46"],
)
def test_anything_else_is_no_week(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 2026-W46"):
        Week.parse(text)


@pytest.mark.parametrize("text", ["2026-W00", "2026-W54", "2025-W53"])
def test_a_week_that_a_year_does_not_have_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="has no week"):
        Week.parse(text)


@pytest.mark.parametrize("text", ["0000-W01", "0001-W01", "9999-W52"])
def test_a_week_whose_neighbour_no_calendar_holds_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="edge of the calendar"):
        Week.parse(text)


@pytest.mark.parametrize("text", ["0002-W01", "9998-W52"])
@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_the_week_beside_it_can_be_told_of(text: str, zone: ZoneInfo) -> None:
    week = Week.parse(text)
    assert stamp(week.starts(zone)) < stamp(week.next().starts(zone)) <= stamp(due(week, RULES, zone))


def test_a_year_of_53_weeks_has_the_last_one() -> None:
    assert Week.parse("2026-W53").next() == Week(2027, 1)
    assert Week(2027, 1).before() == Week(2026, 53)


@given(st.dates(date(1990, 1, 1), date(2200, 1, 1)))
def test_next_and_before_undo_each_other_and_follow_in_order(day: date) -> None:
    week = Week.of(day)
    assert week.next().before() == week == week.before().next()
    assert week.before() < week < week.next()
    assert Week.of(day + timedelta(days=7)) == week.next()


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_every_moment_of_ten_years_is_in_exactly_one_week(zone: ZoneInfo) -> None:
    week = Week(2024, 1)
    for _ in range(520):
        starts, ends = week.starts(zone), week.next().starts(zone)
        assert starts.weekday() == 0
        assert Week.of(starts.date()) == week
        hours = (ends.astimezone(UTC) - starts.astimezone(UTC)) / timedelta(hours=1)
        assert abs(hours - 7 * 24) <= 1
        week = week.next()


# Due


def test_a_week_is_due_on_the_weekday_and_hour_after_it_ended() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert due(W47, RULES, berlin) == datetime(2026, 11, 23, 9, tzinfo=berlin)
    assert due(W47, DigestRules(weekday=4, hour=17), berlin) == datetime(2026, 11, 27, 17, tzinfo=berlin)


def test_the_hour_stays_what_the_wall_clock_says_over_daylight_saving() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert due(Week(2026, 12), RULES, berlin).astimezone(UTC).hour == 8
    assert due(Week(2026, 13), RULES, berlin).astimezone(UTC).hour == 7
    assert due(Week(2026, 42), RULES, berlin).astimezone(UTC).hour == 7
    assert due(Week(2026, 43), RULES, berlin).astimezone(UTC).hour == 8


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("rules", [RULES, DigestRules(weekday=6, hour=2), DigestRules(weekday=6, hour=0)])
def test_in_ten_years_each_week_has_exactly_one_digest(zone: ZoneInfo, rules: DigestRules) -> None:
    """Each posts about its own week and arms the next; also at the hour that a night of spring leaves out."""
    week, posted, keys = Week(2024, 1), [], set()
    for _ in range(520):
        at = due(week, rules, zone)
        task = digest_task(week, due=at)
        keys.add(task.key)
        posted.append(at.astimezone(UTC))
        assert at.astimezone(UTC) >= week.next().starts(zone).astimezone(UTC)
        assert at.astimezone(UTC) < week.next().next().starts(zone).astimezone(UTC) + HOUR
        week = week.next()
    assert len(keys) == 520
    assert posted == sorted(set(posted))
    assert len({(at.astimezone(zone) - timedelta(days=rules.weekday)).isocalendar()[:2] for at in posted}) == 520


def test_a_digest_is_one_task_a_week_and_one_asked_for_is_its_own() -> None:
    first, again = digest_task(W47, due=AT), digest_task(W47, due=AT + DAY)
    assert first.key == again.key == "digest:2026-W47"
    asked = digest_on_demand(W47, due=AT)
    assert (asked.key, asked.kind) == ("digest:2026-W47:2026-11-16T09:00:00.000Z", TaskKind.DIGEST)
    assert (first.payload["week"], asked.payload["week"]) == ("2026-W47", "2026-W47")
    assert (first.payload["once"], asked.payload["once"]) == (False, True)


# Sums


def test_an_empty_week_has_nothing_to_measure() -> None:
    digest = Log().sums(enforces=False)
    assert (digest.filed, digest.approved, digest.denied, digest.expired, digest.incidents) == (0, 0, 0, 0, 0)
    assert (digest.median_to_decision, digest.median_to_restore, digest.worst_to_restore) == (None, None, None)
    assert (digest.oldest_pending, digest.enforces) == (None, False)
    assert digest.ends - digest.starts == 7 * DAY


def test_each_way_a_request_goes_is_counted() -> None:
    log = Log()
    log.put(done(log.claim(log.vote(log.file(), AT + MINUTE), AT + 2 * MINUTE), at=AT + 2 * MINUTE, instance=None))
    log.put(failed(log.claim(log.vote(log.file(), AT + MINUTE), AT + 2 * MINUTE), at=AT + 2 * MINUTE, why="no"))
    log.deny(log.file(), AT + 3 * MINUTE)
    log.put(withdraw(log.file(), person=ADA, policy=POLICY, at=AT + MINUTE))
    log.put(expired(log.file(), at=AT + DAY))
    log.file()
    digest = log.sums()
    assert (digest.filed, digest.approved, digest.denied, digest.withdrawn, digest.expired) == (6, 2, 1, 1, 1)
    assert (digest.done, digest.failed) == (1, 1)
    assert digest.median_to_decision == MINUTE


def test_what_is_uncertain_is_neither_done_nor_failed() -> None:
    log = Log()
    running = log.claim(log.vote(log.file(), AT + MINUTE), AT + MINUTE)
    log.put(uncertain(running, at=AT + MINUTE, why="no answer"))
    assert (log.sums().done, log.sums().failed) == (0, 0)


def test_only_the_approval_that_decided_is_counted() -> None:
    log = Log()
    first = log.vote(log.file(of=account(followers=10_000)), AT + MINUTE, voter=OMAR)
    assert (log.sums().approved, log.sums().median_to_decision) == (0, None)
    log.vote(first, AT + 3 * MINUTE, voter=TESSA)
    assert (log.sums().approved, log.sums().median_to_decision) == (1, 3 * MINUTE)


def test_the_median_of_two_decisions_lies_between() -> None:
    log = Log()
    log.vote(log.file(), AT + MINUTE)
    log.deny(log.file(), AT + 4 * MINUTE)
    assert log.sums().median_to_decision == 2.5 * MINUTE


def test_a_decision_counts_in_the_week_it_was_made_from_a_filing_of_the_week_before() -> None:
    log = Log()
    sunday = datetime(2026, 11, 22, 23, tzinfo=UTC)
    log.vote(log.file(at=sunday), sunday + 2 * HOUR)
    assert (log.sums().filed, log.sums().approved) == (1, 0)
    after = log.sums(W47.next())
    assert (after.filed, after.approved, after.median_to_decision) == (0, 1, 2 * HOUR)


def test_the_week_begins_and_ends_on_monday_in_the_time_zone() -> None:
    log = Log()
    monday = datetime(2026, 11, 16, tzinfo=UTC)
    for at in (monday - MS, monday, monday + 7 * DAY - MS, monday + 7 * DAY):
        log.file(at=at)
    assert log.sums().filed == 2
    assert log.sums(zone=ZoneInfo("Europe/Berlin")).filed == 2
    assert log.sums(W47.before(), ZoneInfo("America/New_York")).filed == 2


def test_the_guards_own_restores_are_incidents_and_no_requests() -> None:
    log = Log()
    log.incident(AT, 3 * SECOND)
    tier = POLICY.tier_of(account(), at=AT)
    filed, claimed = undo(
        open_incident(), down(), id="REQ-G", operation="op", tier=tier, policy="p", lane_free=True, at=AT
    )
    log.put(filed)
    log.put(done(log.put(claimed), at=AT, instance=None))
    log.put(joined(open_incident(), "REQ-G", at=AT))
    digest = log.sums()
    assert (digest.incidents, digest.filed, digest.approved, digest.done) == (1, 0, 0, 0)


def test_times_to_restore_are_those_of_the_incidents_seen_that_week() -> None:
    log = Log()
    for seconds in (1, 2, 60):
        log.incident(AT, seconds * SECOND)
    log.incident(AT - 7 * DAY, 12 * MINUTE)
    digest = log.sums()
    assert (digest.incidents, digest.median_to_restore, digest.worst_to_restore) == (3, 2 * SECOND, 60 * SECOND)
    assert log.sums(W47.before()).worst_to_restore == 12 * MINUTE
    assert digest.worst_to_restore < TWITTER_2017 < 12 * MINUTE


def test_an_incident_belongs_to_the_week_it_was_seen_in_to_the_millisecond() -> None:
    starts = datetime(2026, 11, 16, tzinfo=UTC)
    for at, counted in ((starts - MS, 0), (starts, 1), (starts + 7 * DAY - MS, 1), (starts + 7 * DAY, 0)):
        restored, standing = Log(), Log()
        restored.incident(at, SECOND)
        standing.incident(at, None)
        assert restored.sums().worst_to_restore == (SECOND if counted else None)
        assert standing.sums().unrestored == counted


@pytest.mark.parametrize(
    ("state", "counted"),
    [
        (IncidentState.OPEN, 1),
        (IncidentState.STUCK, 1),
        (IncidentState.OBSERVED, 1),
        (IncidentState.LEFT, 0),
        (IncidentState.RESTORED, 0),
    ],
)
def test_what_is_still_down_is_counted_apart(state: IncidentState, counted: int) -> None:
    log = Log()
    log.incident(AT, None, state=state)
    assert log.sums().unrestored == counted
    assert log.sums(W47.next()).unrestored == 0


def test_refusals_count_with_those_that_were_only_counted() -> None:
    log = Log()
    log.entries.append(Entry(kind=Kind.REFUSED, at=AT, by="ada", facts={"why": "own_request"}))
    log.entries.append(Entry(kind=Kind.REFUSED, at=AT, by="ada", facts={"why": "own_request", "suppressed": 40}))
    log.entries.append(Entry(kind=Kind.REFUSED, at=AT - 7 * DAY, by="ada"))
    assert log.sums().refused == 42


def test_a_policy_that_replaces_another_is_a_change_and_the_first_is_none() -> None:
    log = Log()
    log.entries.append(Entry(kind=Kind.POLICY, at=AT, by="countersign", facts={"digest": "p1", "before": None}))
    log.entries.append(Entry(kind=Kind.POLICY, at=AT, by="countersign", facts={"digest": "p2", "before": "p1"}))
    log.entries.append(Entry(kind=Kind.POLICY, at=AT, by="countersign", facts={"digest": "p3", "before": "p2"}))
    assert log.sums().policy_changes == 2


def test_the_oldest_that_waits_is_shown() -> None:
    oldest = Pending(request="REQ-A", filed_at=AT)
    assert Log().sums(pending=oldest).oldest_pending == oldest


WALKS = ("open", "approved", "denied", "withdrawn", "expired", "done", "failed")


@given(st.lists(st.tuples(st.sampled_from(WALKS), st.integers(0, 3 * 7 * 24 * 60)), max_size=12))
def test_over_all_weeks_the_sums_are_those_of_the_log(walks: list[tuple[str, int]]) -> None:
    log = Log()
    for walk, minutes in walks:
        at = AT + minutes * MINUTE
        later = at + MINUTE
        request = log.file(at=at)
        if walk in {"approved", "done", "failed"}:
            request = log.vote(request, later)
        if walk in {"done", "failed"}:
            running = log.claim(request, later + MINUTE)
            log.put(done(running, at=later, instance=None) if walk == "done" else failed(running, at=later, why="no"))
        if walk == "denied":
            log.deny(request, later)
        elif walk == "withdrawn":
            log.put(withdraw(request, person=ADA, policy=POLICY, at=later))
        elif walk == "expired":
            log.put(expired(request, at=at + DAY))
    weeks = [Week(2026, 47), Week(2026, 48), Week(2026, 49), Week(2026, 50), Week(2026, 51)]
    sums = [log.sums(week, ZONES[1]) for week in weeks]
    names = [walk for walk, _ in walks]
    assert sum(s.filed for s in sums) == len(walks)
    assert sum(s.approved for s in sums) == sum(name in {"approved", "done", "failed"} for name in names)
    for name in ("denied", "withdrawn", "expired", "done", "failed"):
        assert sum(getattr(s, name) for s in sums) == names.count(name)
    for one in sums:
        assert sum(day.approved for day in one.days) == one.approved
        assert sum(day.denied for day in one.days) == one.denied
        assert sum(load.votes for load in one.approvers.load) == one.approved + one.denied


# Day by day


def test_a_week_has_seven_days_from_monday_on() -> None:
    days = Log().sums().days
    assert [day.date for day in days] == [date(2026, 11, 16) + timedelta(days=n) for n in range(7)]
    assert {(day.approved, day.denied) for day in days} == {(0, 0)}


def test_a_decision_is_counted_on_the_day_it_was_made_in_the_policys_zone() -> None:
    log = Log()
    late = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)
    log.vote(log.file(at=late - HOUR), late)
    log.deny(log.file(at=late - HOUR), late + HOUR)
    decided = {day.date.day: (day.approved, day.denied) for day in log.sums().days}
    assert (decided[18], decided[19]) == ((1, 0), (0, 1))
    berlin = {day.date.day: (day.approved, day.denied) for day in log.sums(zone=ZoneInfo("Europe/Berlin")).days}
    assert (berlin[18], berlin[19]) == ((0, 0), (1, 1))


def test_an_approval_that_completes_no_quorum_is_no_decision_of_its_day() -> None:
    log = Log()
    log.vote(log.file(of=account(followers=10_000)), AT + MINUTE, voter=OMAR)
    assert sum(day.approved for day in log.sums().days) == 0


def test_what_is_approved_again_after_a_revision_was_decided_twice() -> None:
    log = Log()
    request = log.vote(log.file(), AT + MINUTE)
    log.vote(log.revise(request, AT + 2 * MINUTE), AT + 16 * HOUR)
    digest = log.sums()
    assert [day.approved for day in digest.days] == [1, 1, 0, 0, 0, 0, 0]
    assert digest.approved == 1


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_the_days_of_a_week_hold_all_its_decisions_over_daylight_saving(zone: ZoneInfo) -> None:
    for week in (Week(2026, 13), Week(2026, 44), Week(2026, 45), Week(2026, 10), Week(2026, 40), Week(2026, 14)):
        log, at = Log(), week.starts(zone).astimezone(UTC)
        while at < week.next().starts(zone):
            log.deny(log.file(at=at), at)
            at += HOUR
        digest = log.sums(week, zone)
        assert sum(day.denied for day in digest.days) == digest.denied == len(log.records)
        assert all(day.denied in {23, 24, 25} for day in digest.days)


# What happened


def test_the_incidents_of_the_week_are_told_in_the_order_they_were_seen() -> None:
    log = Log()
    log.incident(AT + HOUR, None, id="INC-B")
    log.incident(AT, SECOND, id="INC-C")
    log.incident(AT, SECOND, id="INC-A")
    log.incident(AT - 7 * DAY, None, id="INC-Z")
    assert [i.id for i in log.sums().happened] == ["INC-A", "INC-C", "INC-B"]
    assert [i.id for i in log.sums(W47.before()).happened] == ["INC-Z"]


def test_the_requests_of_the_builders_fall_into_the_week_of_these_tests() -> None:
    assert Week.of(pending().filed_at.date()) == W47


# What is counted


def emergencies_of(log: Log) -> None:
    """One that was ratified, one that lapsed and was undone."""
    filed = log.put(file_emergency(at_once(), id="REQ-E", operation="op-e", slack_user="U08DORA"))
    provisional = log.put(done(filed, at=AT + SECOND, instance=None))
    log.put(ratify(ratifying(log.put(vote(ballot(provisional, policy=ON_DUTY))))))
    other = log.put(file_emergency(at_once(), id="REQ-F", operation="op-f", slack_user="U08DORA"))
    lapsed = log.put(lapse(other, policy=ON_DUTY, at=AT + HOUR))
    log.put(undone(lapsed, by="countersign", at=AT + HOUR))


def told_of_everything() -> Log:
    """A week in which something of every kind happened; what is not counted looks as if it were."""
    log = Log()
    log.incident(AT + SECOND, MINUTE)
    done_ = log.put_running(log.vote(log.file(), AT + 5 * SECOND), AT + MINUTE)
    log.put(done(done_, at=AT + MINUTE, instance=None))
    log.deny(log.file(), AT + MINUTE)
    log.put(withdraw(log.file(), person=ADA, policy=POLICY, at=AT + MINUTE))
    log.put(expired(log.file(), at=AT + DAY))
    log.vote(log.revise(log.file(), AT + HOUR), AT + HOUR + SECOND)
    emergencies_of(log)
    log.entries.append(Entry(kind=Kind.REFUSED, at=AT, by="rex"))
    log.entries.append(Entry(kind=Kind.POLICY, at=AT, by="file", facts={"before": "p0"}))
    looks = next(entry for entry in log.entries if entry.kind is Kind.APPROVED)
    log.entries += [replace(looks, kind=kind) for kind in Kind if kind not in COUNTED]
    return log


def test_nothing_but_the_kinds_that_are_counted_changes_a_sum() -> None:
    log = told_of_everything()
    sums = log.sums()
    assert {entry.kind for entry in log.entries} == set(Kind)
    log.entries = [entry for entry in log.entries if entry.kind in COUNTED]
    assert log.sums() == sums


@pytest.mark.parametrize("kind", COUNTED)
def test_each_kind_that_is_counted_changes_a_sum(kind: Kind) -> None:
    log = told_of_everything()
    sums = log.sums()
    log.entries = [entry for entry in log.entries if entry.kind is not kind]
    assert log.sums() != sums


def test_emergencies_are_a_class_of_their_own() -> None:
    log = Log()
    emergencies_of(log)
    found = log.sums()
    assert (found.emergencies, found.ratified, found.undone) == (2, 1, 1)
    assert (found.filed, found.approved, found.done) == (2, 1, 1)
    assert sum(day.approved for day in found.days) == 1
