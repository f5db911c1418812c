"""The wall clock that never goes back, and the database's clock that it goes by where there is one."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import SystemClock

HOUR = timedelta(hours=1)


def wall() -> datetime:
    return datetime.now(UTC)


def near(one: datetime, other: datetime) -> bool:
    return abs(one - other) < timedelta(seconds=2)


def test_until_it_is_told_another_it_shows_this_machines_time_in_whole_milliseconds() -> None:
    now = SystemClock().now()
    assert near(now, wall())
    assert now.microsecond % 1000 == 0


@pytest.mark.parametrize("away", [-HOUR, HOUR, timedelta(days=-400)])
def test_told_another_time_it_shows_that_however_wrong_this_machine_is(away: timedelta) -> None:
    clock = SystemClock()
    clock.steer(wall() + away)
    assert near(clock.now(), wall() + away)


def test_told_a_time_it_goes_on_as_time_passes() -> None:
    clock = SystemClock()
    told = wall() - HOUR
    clock.steer(told)
    time.sleep(0.05)
    assert told + timedelta(milliseconds=49) <= clock.now() < told + timedelta(seconds=2)


def test_told_an_earlier_time_it_does_not_go_back_and_does_not_stand_still() -> None:
    clock = SystemClock()
    before = clock.now()
    clock.steer(wall() - HOUR)
    first = clock.now()
    time.sleep(0.05)
    second = clock.now()
    assert before <= first < second
    assert second - before >= timedelta(milliseconds=49)
    assert near(second, wall())


def test_told_a_later_time_it_shows_it_at_once_and_keeps_it() -> None:
    clock = SystemClock()
    clock.now()
    clock.steer(wall() + HOUR)
    assert near(clock.now(), wall() + HOUR)
    clock.steer(wall())
    assert near(clock.now(), wall() + HOUR)


def test_the_last_time_on_record_holds_against_an_earlier_one_that_it_is_told() -> None:
    clock = SystemClock()
    floor = wall() + HOUR
    clock.hold(floor)
    clock.steer(wall())
    assert clock.now() >= floor
    assert near(clock.now(), floor)
