"""What only a server is: shared by processes, away at times, ending connections, with a clock of its own."""

import asyncio
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from bot.clock import SystemClock
from bot.core.errors import LedgerAway, Misconfigured
from bot.core.transition import Change
from storage import postgres as server_side
from storage.database import Database, Schemas, check_may_be_made
from storage.dialect import inserting_new
from storage.ledger import SqlLedger
from storage.postgres import WRITES
from storage.tables import table
from storage.writes import Writes
from tests import postgres
from tests.databases import Databases, aged, migrated, query
from tests.postgres import Server
from tests.storage.scene import Hand, Shelf, disagreements, filing, log, request, takes_something_over, task, voting

ROOT = Path(__file__).parents[2]
OTHERS = (
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid()"
)
SOCKET = ".s.PGSQL.5432"


@pytest.fixture
def kind() -> str:
    """What only a server can be."""
    if postgres.is_off():
        pytest.skip(f"{postgres.OFF}=off")
    return "postgresql"


@pytest.fixture
def own() -> Iterator[Server]:
    """A server that the test may end."""
    if postgres.is_off():
        pytest.skip(f"{postgres.OFF}=off")
    server = postgres.started(settings=())
    yield server
    server.stop()


@contextmanager
def opened(url: str, *, writable: bool = True) -> Iterator[Database]:
    database = Database(url, writable=writable)
    try:
        yield database
    finally:
        database.close()


def program(text: str, *arguments: str) -> "subprocess.Popen[str]":
    """A process of its own that says how far it is, and goes on when it is told a line."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", text, *arguments],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def heard(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


# the schema

MIGRATES = """
import sys
from storage.database import Database
database = Database(sys.argv[1])
database.lock(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
print(database.migrate().before, flush=True)
"""


def test_where_no_tables_can_be_made_the_doctor_would_know_it_before_a_start_does(shelf: Shelf) -> None:
    check_may_be_made(shelf.url)
    nowhere = f"{shelf.url}{'&' if '?' in shelf.url else '?'}options=-c%20search_path%3Dnowhere"
    with pytest.raises(Misconfigured, match="cannot be used: permission denied to make tables"):
        check_may_be_made(nowhere)
    with opened(nowhere) as database, pytest.raises(Misconfigured, match="cannot be used: no schema"):
        database.migrate()


def test_of_three_processes_that_start_at_once_on_an_empty_database_one_makes_the_tables(databases: Databases) -> None:
    url = databases.new()
    starts = [program(MIGRATES, url, f"p{n}") for n in range(3)]
    assert [heard(start) for start in starts] == ["ready\n"] * 3
    for start in starts:
        assert start.stdin is not None
        start.stdin.write("\n")
        start.stdin.flush()
    assert sorted(start.communicate(timeout=60)[0] for start in starts) == ["0004\n", "0004\n", "None\n"]


def test_an_older_one_is_refused_until_somebody_asks_for_its_migration(databases: Databases) -> None:
    url = databases.migrated()
    aged(url)
    with opened(url) as database:
        sentence = r"is of an older Countersign \(schema 0003\): stop every `countersign run` on it, then run `count"
        with pytest.raises(Misconfigured, match=sentence):
            database.migrate()
        assert database.migrate(asked=True) == Schemas(before="0003", now="0004")
        assert database.migrate() == Schemas(before="0004", now="0004")


def test_tables_that_a_bot_is_at_work_on_are_not_migrated(databases: Databases) -> None:
    url = databases.migrated()
    with opened(url) as bot, opened(url) as other:
        bot.lock("bot")
        aged(url)
        with pytest.raises(Misconfigured, match=r"^A `countersign run` works on the database .*; stop them all first"):
            other.migrate(asked=True)
        assert query(url, "select version_num from alembic_version") == [("0003",)]
        bot.close()
        assert other.migrate(asked=True) == Schemas(before="0003", now="0004")


def test_nobody_begins_to_work_on_tables_that_are_being_migrated(databases: Databases) -> None:
    url = databases.migrated()
    with opened(url) as bot, closing(psycopg.connect(url)) as migrating:
        migrating.execute("select pg_advisory_xact_lock(%s)", [server_side.AT_WORK])
        with pytest.raises(LedgerAway, match="is not to be worked on now: it is migrated"):
            bot.lock("bot")
        migrating.rollback()
        bot.lock("bot")


def test_who_migrates_waits_for_another_longer_than_a_person_would(databases: Databases) -> None:
    url = databases.new()
    with opened(url) as database, closing(psycopg.connect(url)) as first:
        first.execute("select pg_advisory_xact_lock(%s)", [server_side.WRITES])
        ending = threading.Timer(2.2, first.rollback)  # lock_timeout is 1.5 s
        ending.start()
        assert database.migrate() == Schemas(before=None, now="0004")
        ending.join()


def test_a_commit_is_on_disk_whatever_the_server_is_set_to(shelf: Shelf) -> None:
    """Here to lose, where its power is cut, what it has just acknowledged."""
    shelf.open()
    asked = "show synchronous_commit"
    shelf.sql(
        "do $$ begin execute format('alter database %I set synchronous_commit = off', current_database()); end $$"
    )
    assert shelf.sql(asked) == [("off",)]
    with opened(shelf.url) as database, database.transaction() as connection:
        assert connection.exec_driver_sql(asked).scalar_one() == "on"


# away

SECRET = "hunter2"


WAYS_IN: tuple[Callable[[Database], object], ...] = (
    lambda database: database.lock("one"),
    lambda database: database.migrate(),
    lambda database: database.reading().__enter__(),
)


def refusals(url: str) -> list[str]:
    """What each way in says of a database that cannot be had."""
    said = []
    for attempt in WAYS_IN:
        with opened(url) as database, pytest.raises((LedgerAway, Misconfigured)) as refused:
            attempt(database)
        said.append(str(refused.value))
    with pytest.raises((LedgerAway, Misconfigured)) as refused:
        Database(url, writable=False)
    return [*said, str(refused.value)]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (f"postgresql://me:{SECRET}@127.0.0.1:1/none", "Connection refused"),
        (f"postgresql://me:{SECRET}@/none?host=/nowhere", "No such file or directory"),
        (f"postgresql://me:{SECRET}@127.0.0.1:1/none?nonsense=1", "invalid connection option"),
    ],
)
@pytest.mark.usefixtures("kind")
def test_a_server_that_is_away_is_one_sentence_without_the_password(url: str, sentence: str) -> None:
    for said in refusals(url):
        assert sentence in said
        assert said.startswith("The database ")
        assert said.endswith(".")
        assert "\n" not in said
        assert SECRET not in said


def test_a_password_that_is_refused_and_a_database_that_is_not_there_are_sentences(own: Server) -> None:
    query(own.url, f"create role me login password '{SECRET}'")
    hba = own.folder / "data" / "pg_hba.conf"
    hba.write_text("local all me scram-sha-256\nlocal all all trust\n")
    query(own.url, "select pg_reload_conf()")
    wrong = own.url.replace("postgres@", f"me:not-{SECRET}@")
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            psycopg.connect(wrong).close()
        except psycopg.OperationalError:
            break
    for said in refusals(wrong):
        assert 'password authentication failed for user "me"' in said
        assert SECRET not in said
    for said in refusals(own.url.replace("/postgres?", "/elsewhere?")):
        assert 'database "elsewhere" does not exist' in said


# a commit without an answer


class Between(threading.Thread):
    """Stands between the program and the server, and keeps the answer to one COMMIT to itself."""

    def __init__(self, folder: Path, server: str) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / SOCKET))
        self._listening.listen()
        self._open: list[socket.socket] = [self._listening]
        self.cut: bool | None = None
        """Whether the next COMMIT reaches the server; None where its answer is handed on like all others."""

    def run(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                self._open += [client, server]
                server.connect(self._server)
                threading.Thread(target=self._hear, args=(client, server), daemon=True).start()
                threading.Thread(target=_hand_on, args=(server, client), daemon=True).start()

    def _hear(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if b"COMMIT" in data and self.cut is not None:
                    client.shutdown(socket.SHUT_RDWR)  # from now on nothing of the answer gets through
                    if self.cut:
                        server.sendall(data)
                    self.cut = None
                    return  # the server hears nothing more and waits for it
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.join()
        for one in self._open:
            one.close()


def _hand_on(server: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while data := server.recv(65536):
            client.sendall(data)
    with suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def between(shelf: Shelf) -> Iterator[tuple[Between, str]]:
    """The one who stands between, and the way through it to the shelf's database."""
    shelf.open().close()
    with tempfile.TemporaryDirectory() as folder, closing(psycopg.connect(shelf.url)) as asked:
        server = asked.info.host if asked.info.host.startswith("/") else "/tmp"  # noqa: S108 - its default
        found = Between(Path(folder), f"{server}/{SOCKET}")
        found.start()
        yield found, f"postgresql://{asked.info.user}@/{asked.info.dbname}?host={folder}"
        found.close()


@pytest.mark.parametrize("reached", [True, False])
async def test_a_commit_whose_answer_is_lost_is_told_as_it_was(
    between: tuple[Between, str], shelf: Shelf, *, reached: bool
) -> None:
    cutting, url = between
    ledger = SqlLedger(Database(url), clock=shelf.clock, owner="one")
    try:
        await ledger.decide(lambda _: filing())
        cutting.cut = reached
        if reached:
            await ledger.decide(voting)
        else:
            with pytest.raises(LedgerAway, match="The database cannot record: "):
                await ledger.decide(voting)
        found = await request(ledger)
        assert found is not None
        assert len(found.votes) == (1 if reached else 0)
        assert [line.seq for line in await log(ledger)] == ([1, 2] if reached else [1])
        assert await disagreements(ledger) == []
    finally:
        ledger.close()


async def test_a_connection_that_the_server_ended_while_idle_costs_nothing(ledger: SqlLedger, shelf: Shelf) -> None:
    await ledger.decide(lambda _: filing())
    for _ in range(3):
        shelf.sql(OTHERS)
        await ledger.decide(lambda _: Change(cursor=1))
        shelf.sql(OTHERS)
        assert await request(ledger) is not None


# who stands still, who is gone


@pytest.mark.parametrize("rows", [1, 500])
async def test_who_stands_still_inside_a_transaction_holds_the_others_up_two_seconds_at_most(
    ledger: SqlLedger, shelf: Shelf, rows: int
) -> None:
    """What is written goes together, in a way of its own, after which the server is to mind the time all the same."""
    values = [{"key": str(n), "at": "x"} for n in range(rows)]
    still = Database(shelf.url)
    with (  # noqa: PT012 - it is its end that fails
        closing(still),
        pytest.raises(LedgerAway, match="idle-in-transaction"),
        still.transaction() as connection,
    ):
        writes = Writes(connection)
        writes.add(inserting_new(connection, table("replays")), [{"key": "first", "at": "x"}])
        writes.add(inserting_new(connection, table("replays")), values)
        writes.send()
        began = time.monotonic()
        while await is_held_up(ledger):
            assert time.monotonic() - began < 4.0, "two, and what a busy machine adds"
    assert shelf.sql("select count(*) from replays") == [(0,)]


async def test_who_stands_still_where_the_server_minds_no_time_loses_the_turn_to_a_peer(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    """As one does that is stopped between a pipeline and its next statement."""
    await ledger.take_over()
    with closing(psycopg.connect(shelf.url)) as still:
        still.execute("set idle_in_transaction_session_timeout = 0")
        still.execute("select pg_advisory_xact_lock(%s)", [WRITES])
        async with asyncio.timeout(20):
            while await is_held_up(ledger):
                with suppress(LedgerAway):
                    await ledger.take_over()


def test_who_reads_may_take_longer_for_that_holds_nobody_up(shelf: Shelf) -> None:
    shelf.open()
    with opened(shelf.url) as database, database.reading() as connection:
        connection.exec_driver_sql("select 1")
        time.sleep(2.5)
        assert connection.exec_driver_sql("select 1").scalar_one() == 1


async def is_held_up(ledger: SqlLedger) -> bool:
    try:
        await ledger.decide(lambda _: Change(cursor=1))
    except LedgerAway:
        return True
    return False


LIVES = """
import sys
from storage.database import Database
Database(sys.argv[1]).lock(sys.argv[2])
print("lives", flush=True)
sys.stdin.readline()
"""


async def test_what_a_killed_process_held_is_taken_over_and_of_one_that_lives_nothing(shelf: Shelf) -> None:
    one, dead = shelf.open("one"), shelf.open("dead")
    await dead.add(task())
    with program(LIVES, shelf.url, "dead") as process:
        assert heard(process) == "lives\n"
        assert await one.take_over() == 0
        process.kill()
        await takes_something_over(one)
    assert [found.key for found in await one.claim_due(limit=9)] == ["sweep:1"]


async def test_the_lock_that_says_a_process_lives_comes_back_after_the_servers_restart(own: Server) -> None:
    migrated(own.url)
    clock = Hand()
    one, two = (SqlLedger(Database(own.url), clock=clock, owner=name) for name in ("one", "two"))
    try:
        await two.take_over()
        await two.add(task())
        assert await one.take_over() == 0
        own.kill()
        for ledger in (one, two):
            with pytest.raises(LedgerAway, match=r"^The database postgres on .* cannot be reached: "):
                await ledger.take_over()
        own.start()
        await two.take_over()
        assert await one.take_over() == 0, "two lives, and keeps what it holds"
        two.close()
        await takes_something_over(one)
    finally:
        one.close()
        two.close()


# the clock


def test_the_time_is_the_databases_from_the_first_thing_a_process_does_there(databases: Databases) -> None:
    url = databases.new()
    with opened(url) as database:
        clock = SystemClock()
        clock.steer(datetime.now(UTC) + timedelta(hours=1))  # as a machine that is ahead
        database.on_time(clock.steer)
        database.migrate()
        assert near(clock.now(), datetime.now(UTC))
        clock.steer(datetime.now(UTC) - timedelta(hours=1))
        with database.transaction():
            assert near(clock.now(), datetime.now(UTC))


def near(one: datetime, other: datetime) -> bool:
    return abs(one - other) < timedelta(seconds=5)
