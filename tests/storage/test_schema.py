"""Whatever the database is: the schema it is brought to, and who only reads."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlmodel import SQLModel

from bot.core.errors import LedgerAway, Misconfigured
from storage.database import Database, Schemas, check_may_be_made, is_made
from storage.ledger import SqlLedger
from tests.storage.scene import Shelf, disagreements, filing, request, task, voting

HEAD = "0004"
TABLES = {
    "sqlite": "select name from sqlite_master where type = 'table'",
    "postgresql": "select tablename from pg_tables where schemaname = 'public'",
}
READ_ONLY = r"readonly database|in a read-only transaction"


@pytest.fixture
def database(shelf: Shelf) -> Iterator[Database]:
    database = Database(shelf.url)
    yield database
    database.close()


def reader(shelf: Shelf) -> Database:
    return Database(shelf.url, writable=False)


def test_the_migrations_make_what_the_tables_say(database: Database) -> None:
    database.migrate()
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_an_empty_database_is_brought_up_and_a_second_time_nothing_changes(shelf: Shelf, database: Database) -> None:
    assert database.migrate() == Schemas(before=None, now=HEAD)
    assert shelf.sql("select seq from audit_head") == [(0,)]
    before = shelf.everything()
    assert database.migrate() == database.migrate(asked=True) == Schemas(before=HEAD, now=HEAD)
    assert shelf.everything() == before


def test_a_migration_that_fails_leaves_nothing(shelf: Shelf, database: Database) -> None:
    shelf.sql("create table votes (x integer)")
    with pytest.raises(Misconfigured, match="already exists"):
        database.migrate()
    assert shelf.sql(TABLES[shelf.kind]) == [("votes",)]
    database.lock("one")


def test_a_database_newer_than_the_program_is_refused_with_a_sentence(shelf: Shelf, database: Database) -> None:
    database.migrate()
    shelf.sql("update alembic_version set version_num = '9999'")
    for refused in (database.migrate, lambda: database.migrate(asked=True), lambda: reader(shelf)):
        with pytest.raises(Misconfigured, match=r"made by a newer Countersign \(schema 9999\); upgrade the program\.$"):
            refused()


def test_an_older_or_empty_database_is_not_read_but_brought_up(shelf: Shelf, database: Database) -> None:
    with database.transaction():
        pass  # now a file is there
    with pytest.raises(Misconfigured, match=r"is empty; run `countersign migrate`\.$"):
        reader(shelf)
    database.migrate()
    shelf.sql("update alembic_version set version_num = '0001'")
    with pytest.raises(Misconfigured, match=r"of an older Countersign \(schema 0001\); run `countersign migrate`\.$"):
        reader(shelf)


async def test_who_only_reads_sees_what_a_running_bot_commits(shelf: Shelf, ledger: SqlLedger) -> None:
    beside = shelf.open_to_read()
    assert await request(beside) is None
    await ledger.decide(lambda _: filing())
    found = await request(beside)
    assert found is not None
    assert found == await request(ledger)


async def test_who_only_reads_never_writes(shelf: Shelf) -> None:
    bot = shelf.open("bot")
    await bot.decide(lambda _: filing())
    bot.close()
    before = shelf.everything()
    beside = shelf.open_to_read()
    assert await disagreements(beside) == []
    for write in (beside.decide(voting), beside.add(task()), beside.remember("x", at=shelf.clock.at)):
        with pytest.raises(LedgerAway, match=READ_ONLY):
            await write
    beside.close()
    assert shelf.everything() == before


def test_a_reading_transaction_of_the_bot_cannot_write(database: Database) -> None:
    database.migrate()
    with pytest.raises(LedgerAway, match=READ_ONLY), database.reading() as connection:
        connection.exec_driver_sql("update audit_head set seq = 7")


@pytest.mark.parametrize("word", ["migrate", "check_may_be_made"])
def test_where_the_tables_are_somebody_elses_none_are_made_beside_them(
    shelf: Shelf, database: Database, word: str
) -> None:
    shelf.sql("create table customers (x integer)")
    with pytest.raises(Misconfigured, match=r"something else already exists \(customers\) and no ledger"):
        getattr(database, word)()
    with pytest.raises(Misconfigured, match="customers"):
        reader(shelf)
    assert shelf.sql(TABLES[shelf.kind]) == [("customers",)]


def test_where_tables_can_be_made_nothing_is_wrong(shelf: Shelf) -> None:
    check_may_be_made(shelf.url)
    assert not is_made(shelf.url)
