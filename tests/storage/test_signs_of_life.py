"""Whose process is at work, as its lock on PostgreSQL tells, also after the server was away."""

import asyncio

import pytest

from bot.core.errors import LedgerAway
from storage.database import Database
from storage.ledger import SqlLedger
from storage.postgres import BACK_WITHIN
from tests import postgres
from tests.databases import occupied
from tests.storage.scene import Shelf, task

ENDED = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and pid <> pg_backend_pid()"
)


@pytest.fixture(scope="module")
def kind() -> str:
    if postgres.is_off():
        pytest.skip(f"{postgres.OFF}=off")
    return "postgresql"


async def back(ledger: SqlLedger) -> int:
    """The look at which the connection is missed, and the one that makes another."""
    with pytest.raises(LedgerAway):
        await ledger.take_over()
    return await ledger.take_over()


async def test_when_all_connections_were_lost_nobody_is_taken_for_gone_who_comes_back_within_a_second(
    shelf: Shelf,
) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    await one.take_over()
    await two.take_over()
    await one.add(task())
    shelf.sql(ENDED)

    assert await back(two) == 0
    assert await back(one) == 0
    await asyncio.sleep(BACK_WITHIN)
    assert await two.take_over() == 0
    assert shelf.sql("select owner, state from tasks") == [("one", "running")]


async def test_who_does_not_come_back_by_then_is_gone(shelf: Shelf) -> None:
    one, two = shelf.open("one"), shelf.open("two")
    await one.take_over()
    await two.take_over()
    await one.add(task())
    shelf.sql(ENDED)

    assert await back(two) == 0
    await asyncio.sleep(BACK_WITHIN)
    assert await two.take_over() == 1
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
