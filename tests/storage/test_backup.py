"""`countersign backup`: whole, of one moment, while others write; or nothing at all."""

import asyncio
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

import storage.backup
from bot.core.errors import CountersignError
from storage.backup import BackupFailed, copy_of
from storage.database import Database
from storage.ledger import SqlLedger
from tests.commands import countersign, program
from tests.databases import migrated, query
from tests.storage.scene import Hand, Shelf, disagreements, filing, voting
from tests.stories.test_the_command_line import is_empty

ROOT = Path(__file__).parents[2]
ENTRIES = "select count(*) from audit"


@pytest.fixture
def kind() -> str:
    """PostgreSQL has a tool of its own for it."""
    return "sqlite"


@pytest.fixture
async def shelf_with_a_request(shelf: Shelf, ledger: SqlLedger) -> Shelf:
    await ledger.decide(lambda _: filing())
    await ledger.decide(voting)
    return shelf


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder / "backup.db"


def silently(_: int, __: int) -> None:
    pass


def count(file: Path) -> int:
    return int(query(f"sqlite:///{file}", ENTRIES)[0][0])


def there(file: Path) -> bool:
    return file.exists()


def mode_of(file: Path) -> int:
    return file.stat().st_mode & 0o777


@asynccontextmanager
async def writer(url: str) -> AsyncIterator[None]:
    """A process that writes as fast as it can."""
    async with program("tests.storage.load", url, "writer") as (_, said):
        for _ in range(200):
            await said.readline()
        yield


async def agrees(file: Path) -> bool:
    ledger = SqlLedger(Database(f"sqlite:///{file}", writable=False), clock=Hand(), owner="reader")
    try:
        return await disagreements(ledger) == []
    finally:
        ledger.close()


async def test_it_is_of_one_moment_however_much_is_written_meanwhile(
    shelf: Shelf, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.backup, "PAGES", 20)
    migrated(shelf.url)
    looked: list[int] = []

    def look(_: int, __: int) -> None:
        looked.append(count(shelf.path))
        time.sleep(0.02)  # in which the writer writes

    async with writer(shelf.url):
        before = count(shelf.path)
        with copy_of(shelf.path, target, look):
            pass
    assert len(looked) > 3
    assert looked[-1] > looked[0], "it was written to between two steps"
    assert before <= count(target) <= looked[0] + 200
    assert await agrees(target)
    assert [each.name for each in target.parent.iterdir()] == [target.name]


async def test_a_bot_starts_on_it_where_the_other_stood(shelf_with_a_request: Shelf, target: Path) -> None:
    with copy_of(shelf_with_a_request.path, target, silently):
        pass
    ledger = SqlLedger(Database(f"sqlite:///{target}"), clock=Hand(), owner="another")
    await ledger.decide(lambda _: filing("REQ-2", of="acct_2"))
    assert len(await disagreements(ledger)) == 0
    assert await ledger.read(lambda view: len(view.all_requests())) == 2
    ledger.close()


def test_it_overwrites_nothing(shelf_with_a_request: Shelf, target: Path) -> None:
    target.write_text("mine")
    with pytest.raises(BackupFailed, match="is there already"), copy_of(shelf_with_a_request.path, target, silently):
        pass
    assert target.read_text() == "mine"


def test_nor_what_came_there_meanwhile(shelf_with_a_request: Shelf, target: Path) -> None:
    with pytest.raises(BackupFailed, match="is there already"), copy_of(shelf_with_a_request.path, target, silently):
        target.write_text("mine")
    assert target.read_text() == "mine"
    assert [each.name for each in target.parent.iterdir()] == [target.name]


def test_what_somebody_finds_wrong_with_it_leaves_nothing(shelf_with_a_request: Shelf, target: Path) -> None:
    with (
        pytest.raises(CountersignError, match="no good"),
        copy_of(shelf_with_a_request.path, target, silently),
    ):
        raise CountersignError("no good")
    assert is_empty(target.parent)


def test_a_file_that_is_no_database_is_no_copy(shelf: Shelf, target: Path) -> None:
    shelf.path.write_text("no database" * 1000)
    with pytest.raises(BackupFailed, match="cannot be copied"), copy_of(shelf.path, target, silently):
        pass
    assert is_empty(target.parent)


async def test_who_is_killed_leaves_no_half_file_of_that_name(shelf_with_a_request: Shelf, target: Path) -> None:
    code = (
        "import sys, time, storage.backup as b; from pathlib import Path; b.PAGES = 1\n"
        "def slowly(left, all):\n    print('step', flush=True); time.sleep(60)\n"
        "with b.copy_of(Path(sys.argv[1]), Path(sys.argv[2]), slowly): pass"
    )
    command = [sys.executable, "-c", code, str(shelf_with_a_request.path), str(target)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"step\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert not there(target)
    with copy_of(shelf_with_a_request.path, target, silently):
        pass
    assert count(target) == count(shelf_with_a_request.path)


# As somebody types it


async def test_it_says_what_it_holds(shelf_with_a_request: Shelf, target: Path) -> None:
    said = await countersign("backup", "backup.db", cwd=target.parent, DATABASE_URL=shelf_with_a_request.url)
    assert (said.code, said.err) == (0, "")
    assert said.out == "backup.db: a whole copy; its 2 entries agree with its 1 records.\n"
    assert mode_of(target) == 0o600, "operation keys stand in it"


async def test_a_ledger_that_disagrees_with_its_log_is_not_backed_up(shelf_with_a_request: Shelf, target: Path) -> None:
    shelf_with_a_request.sql("update requests set reason = 'another'")
    said = await countersign("backup", "backup.db", cwd=target.parent, DATABASE_URL=shelf_with_a_request.url)
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "No backup was made: entry 2 of the log disagrees with the tables; see `countersign audit verify`.\n"
    )
    assert is_empty(target.parent)


async def test_of_another_schema_it_only_says_that_it_is_whole(shelf_with_a_request: Shelf, target: Path) -> None:
    shelf_with_a_request.sql("update alembic_version set version_num = '0003'")
    said = await countersign("backup", "backup.db", cwd=target.parent, DATABASE_URL=shelf_with_a_request.url)
    assert said.code == 0
    assert "of another schema (0003) than this program’s" in said.out


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite:///missing.db", "There is no database at"),
        ("postgresql://localhost/x", "pg_dump --format=custom --file=FILE"),
        ("sqlite:///other.db", "is no ledger of Countersign"),
    ],
)
async def test_what_cannot_be_copied_is_said_in_one_sentence(target: Path, url: str, sentence: str) -> None:
    with closing(sqlite3.connect(target.parent / "other.db")) as other:
        other.execute("create table a (b)")
    said = await countersign("backup", "backup.db", cwd=target.parent, DATABASE_URL=url)
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert sentence in said.err
    assert not there(target)


async def test_where_the_disk_is_full_there_is_no_copy(shelf_with_a_request: Shelf, target: Path) -> None:
    words = f"ulimit -f 64; exec {sys.executable} -m bot backup backup.db"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": shelf_with_a_request.url}
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", words, cwd=target.parent, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, error = await process.communicate()
    assert process.returncode == 1
    assert "cannot be copied" in error.decode()
    assert is_empty(target.parent)
