"""Whose process is at work, as its lock on PostgreSQL tells, also after the server was away."""

import asyncio

import pytest

from storage.database import Database
from storage.ledger import SqlLedger
from storage.postgres import BACK_WITHIN, MISSED_FOR, number_of
from tests import postgres
from tests.databases import occupied
from tests.storage.scene import Shelf, takes_something_over, task

ENDED = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and pid <> pg_backend_pid()"
)
ENDED_OF = (
    "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' "
    "and database = (select oid from pg_database where datname = current_database()) "
    "and ((classid::bigint << 32) | objid::bigint) = {}"
)
"""The one connection that says of a process that it lives."""


@pytest.fixture(scope="module")
def kind() -> str:
    if postgres.is_off():
        pytest.skip(f"{postgres.OFF}=off")
    return "postgresql"


async def seen(shelf: Shelf) -> tuple[SqlLedger, SqlLedger]:
    """Two processes that have seen each other at work; the first holds a task."""
    one, two = shelf.open("one"), shelf.open("two")
    await one.take_over()
    await two.take_over()
    await one.add(task())
    return one, two


async def test_who_lost_only_the_connection_that_says_so_is_seen_at_work_again_before_a_second_look(
    shelf: Shelf,
) -> None:
    one, two = await seen(shelf)
    assert shelf.sql(ENDED_OF.format(number_of("one"))) == [(True,)]

    assert await two.take_over() == 0
    await one.live()
    await asyncio.sleep(MISSED_FOR)
    assert await two.take_over() == 0
    assert shelf.sql("select owner, state from tasks") == [("one", "running")]


async def test_who_is_not_seen_again_by_then_is_gone(shelf: Shelf) -> None:
    _, two = await seen(shelf)
    assert shelf.sql(ENDED_OF.format(number_of("one"))) == [(True,)]

    assert await two.take_over() == 0
    await asyncio.sleep(MISSED_FOR)
    assert await two.take_over() == 1
    assert shelf.sql("select owner, state from tasks") == [(None, "waiting")]


async def test_who_was_seen_again_is_missed_anew(shelf: Shelf) -> None:
    one, two = await seen(shelf)
    for _ in range(2):
        assert shelf.sql(ENDED_OF.format(number_of("one"))) == [(True,)]
        assert await two.take_over() == 0
        await one.live()
        assert await two.take_over() == 0
        await asyncio.sleep(MISSED_FOR)


async def test_when_all_connections_were_lost_nobody_is_taken_for_gone_who_comes_back_within_a_second(
    shelf: Shelf,
) -> None:
    one, two = await seen(shelf)
    shelf.sql(ENDED)

    assert await two.take_over() == 0
    await asyncio.sleep(MISSED_FOR)
    assert await two.take_over() == 0
    assert await one.take_over() == 0
    await asyncio.sleep(BACK_WITHIN)
    assert await two.take_over() == 0
    assert shelf.sql("select owner, state from tasks") == [("one", "running")]


async def test_who_does_not_come_back_by_then_is_gone(shelf: Shelf) -> None:
    _, two = await seen(shelf)
    shelf.sql(ENDED)

    assert await two.take_over() == 0
    await asyncio.sleep(BACK_WITHIN)
    await takes_something_over(two)
    assert shelf.sql("select owner, state from tasks") == [(None, "waiting")]


async def test_a_start_waits_while_another_process_has_the_turn_to_write(shelf: Shelf) -> None:
    """Three that start at once on an empty database: one makes the tables, and the others are not ended by that."""
    database = Database(shelf.url)
    with occupied(shelf.url):
        starting = asyncio.create_task(asyncio.to_thread(database.migrate))
        await asyncio.sleep(2)  # longer than a writer waits
        assert not starting.done()
    assert await starting
    database.close()
