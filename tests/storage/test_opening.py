"""Opening a database: new, old, newer than the program, held by another, or only to be read."""

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import URL

from bot.core.errors import LedgerAway, Misconfigured
from storage.database import Database
from tests.storage.scene import Shelf, filing, request, voting

ROOT = Path(__file__).parents[2]


@pytest.fixture
def kind() -> str:
    """What only a file can be."""
    return "sqlite"


@pytest.fixture
def database(shelf: Shelf) -> Iterator[Database]:
    database = Database(shelf.url)
    yield database
    database.close()


def reader(shelf: Shelf) -> Database:
    return Database(shelf.url, writable=False)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def size(path: Path) -> int:
    return path.stat().st_size


def test_an_empty_file_is_brought_up(shelf: Shelf, database: Database) -> None:
    shelf.path.touch()
    database.migrate()
    assert shelf.sql("select seq from audit_head") == [(0,)]


def test_an_older_database_is_not_read_but_brought_up_by_the_bot(shelf: Shelf) -> None:
    shelf.path.touch()
    with pytest.raises(Misconfigured, match=r"is empty; run `countersign migrate`\.$"):
        reader(shelf)
    assert shelf.path.stat().st_size == 0


def test_a_file_that_is_no_database_is_refused_with_a_sentence(shelf: Shelf, database: Database) -> None:
    shelf.path.write_text("no database at all, " * 100)
    with pytest.raises(Misconfigured, match="file is not a database"):
        database.migrate()
    with pytest.raises(LedgerAway, match="file is not a database"):
        reader(shelf)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite:////nowhere/at/all.db", "the folder /nowhere/at does not exist"),
        ("sqlite://", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
        ("mysql://x/y", "only sqlite"),
        ("garbage", "write it as sqlite"),
    ],
)
def test_a_url_that_names_no_file_is_refused_with_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(Misconfigured, match=sentence):
        Database(url)


def test_to_read_there_must_be_a_database(shelf: Shelf) -> None:
    with pytest.raises(Misconfigured, match="There is no database at"):
        reader(shelf)
    assert not shelf.path.exists()


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "#1.db", "ünï.db", "%41.db"])
def test_any_name_names_that_file(tmp_path: Path, name: str) -> None:
    database = Database(URL.create("sqlite", database=str(tmp_path / name)).render_as_string())
    database.migrate()
    database.close()
    assert (tmp_path / name).exists()


def test_a_copy_made_by_hand_is_told_from_a_new_file(shelf: Shelf, tmp_path: Path, database: Database) -> None:
    with database.transaction():
        pass  # now a file is there, and nothing in it but its first page
    copy = tmp_path / "copy.db"
    copy.write_bytes(shelf.path.read_bytes())
    with pytest.raises(Misconfigured, match=r"is empty; a copy made by hand lacks .* `countersign backup`"):
        Database(f"sqlite:///{copy}", writable=False)


def test_a_second_run_on_the_same_database_is_refused_with_a_sentence(shelf: Shelf, database: Database) -> None:
    database.lock("one")
    link = shelf.path.with_name("other name.db")
    link.symlink_to(shelf.path)
    for url in (shelf.url, f"sqlite:///{link}"):
        second = Database(url)
        with pytest.raises(Misconfigured, match=r"^Another `countersign run` works on .*; stop it first"):
            second.lock("one")
        second.close()
    database.close()
    again = Database(shelf.url)
    again.lock("one")
    again.close()


def test_a_run_of_another_process_holds_the_database_until_it_dies(shelf: Shelf, database: Database) -> None:
    program = (
        "import sys, time; from storage.database import Database; d = Database(sys.argv[1]); d.lock('one');"
        "print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program, shelf.url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Misconfigured, match="Another `countersign run`"):
            database.lock("one")
        with pytest.raises(Misconfigured, match="Another `countersign run`"):
            database.migrate()
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
    database.lock("one")


async def test_who_only_reads_reads_on_after_the_bot_has_ended_and_started_again(shelf: Shelf) -> None:
    bot = shelf.open("bot")
    await bot.decide(lambda _: filing())
    bot.close()
    assert not shelf.beside("-wal").exists(), "a clean end leaves one file"
    beside = shelf.open_to_read()
    assert await request(beside) is not None
    again = shelf.open("again")
    await again.decide(voting)
    again.close()
    found = await request(beside)
    assert found is not None
    assert len(found.votes) == 1


def test_every_commit_is_on_the_disk_before_it_is_acknowledged(shelf: Shelf, database: Database) -> None:
    database.migrate()
    with database.transaction() as connection:
        assert connection.exec_driver_sql("pragma synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("pragma journal_mode").scalar_one() == "wal"
    with closing(sqlite3.connect(shelf.path)) as connection_of_others:
        assert connection_of_others.execute("pragma journal_mode").fetchone() == ("wal",)


def test_a_new_file_is_for_nobody_else_to_read(shelf: Shelf) -> None:
    """Operation keys stand in it, and in what SQLite keeps beside it."""
    url = shelf.url.replace("countersign", "new")
    made = Database(url)
    made.migrate()
    path = Path(url.removeprefix("sqlite:///"))
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.glob("new.db*")}
    del modes["new.db.lock"]  # it is empty
    assert set(modes.values()) == {0o600}, modes
    made.close()
