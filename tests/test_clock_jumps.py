"""R10: clocks jump. The bot's never goes back, and on PostgreSQL it is the database's, whatever this machine's says."""

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import SystemClock
from bot.core.transition import Change
from storage.database import Database
from storage.ledger import SqlLedger
from tests.databases import Databases, query

HOUR, SOON = timedelta(hours=1), timedelta(milliseconds=500)


@pytest.mark.parametrize("seed", range(6))
def test_a_wall_that_jumps_never_turns_the_clock_back_nor_stops_it(seed: int) -> None:
    dice, clock = random.Random(seed), SystemClock()
    before = clock.now()
    for _ in range(200):
        clock.steer(datetime.now(UTC) + timedelta(seconds=dice.uniform(-7200, 60)))
        began, first = time.monotonic(), clock.now()
        time.sleep(0.002)
        now, passed = clock.now(), timedelta(seconds=time.monotonic() - began)
        assert before <= first < now
        assert now - first <= passed + timedelta(milliseconds=2), "it runs as time passes, and no faster"
        before = now


def test_what_was_given_before_a_jump_back_stays_the_earliest() -> None:
    clock = SystemClock()
    ahead = clock.now() + HOUR
    clock.steer(ahead)
    assert abs(clock.now() - ahead) < SOON
    clock.steer(ahead - HOUR)
    assert timedelta(0) <= clock.now() - ahead < SOON


async def test_a_deadline_is_the_databases_where_it_has_a_clock(databases: Databases) -> None:
    """This machine's wall is an hour slow: on a server the next transaction says so, a file has no other clock."""
    url, clock = databases.migrated(), SystemClock()
    clock.steer(datetime.now(UTC) - HOUR)
    database = Database(url)
    database.on_time(clock.steer)
    ledger = SqlLedger(database, clock=clock, owner="one")
    try:
        await ledger.decide(lambda _: Change(cursor=1))
        await asyncio.sleep(0.05)
        off = clock.now() - _time_of(url)
    finally:
        ledger.close()
    assert abs(off) < SOON if databases.kind == "postgresql" else abs(off + HOUR) < SOON


def _time_of(url: str) -> datetime:
    if url.startswith("sqlite"):
        return datetime.now(UTC)
    ((at,),) = query(url, "select clock_timestamp()")
    assert isinstance(at, datetime)
    return at
