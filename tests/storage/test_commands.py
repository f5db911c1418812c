"""The commands that open a ledger, on both databases: one migrates, one asks for a post, the others only read."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.__main__ import main
from storage.ledger import SqlLedger
from tests.databases import aged
from tests.storage.scene import Shelf, filing, log, voting

POLICY = Path(__file__).parents[2] / "bot" / "sandbox" / "policy.toml"
READING = (
    "request",
    "request REQ-1",
    "request @Handle_acct_1 --json",
    "request --state approved",
    "incident",
    "digest --week 2026-W47",
    "digest --json",
    "audit verify",
    "audit export",
    "policy check",
    f"policy what-if {POLICY}",
)


@pytest.fixture
def told(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shelf:
    """A request, filed and approved, and nobody at work."""

    async def fill(ledger: SqlLedger) -> None:
        await ledger.decide(lambda _: filing())
        await ledger.decide(voting)

    ledger = shelf.open()
    asyncio.run(fill(ledger))
    ledger.close()
    set_up(shelf, monkeypatch, tmp_path)
    return shelf


def set_up(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DATABASE_URL", shelf.url)
    monkeypatch.setenv("POLICY_FILE", str(POLICY))


def countersign(words: str) -> Result:
    return CliRunner().invoke(main, words.split())


def test_commands_that_read_change_nothing(told: Shelf) -> None:
    before = told.everything()
    for words in READING:
        ran = countersign(words)
        assert (ran.exit_code, ran.stderr) == (0, ""), words
    assert told.everything() == before


@pytest.mark.usefixtures("told")
def test_what_is_read_is_what_is_there() -> None:
    assert "REQ-1" in countersign("request").stdout
    assert countersign("audit verify").stdout == "2 entries agree with 1 records.\n"
    assert countersign("audit export").stdout.count("\n") == 2
    assert "2 audit entries" in countersign("doctor").stdout


def test_a_digest_to_be_posted_is_left_for_the_bot(told: Shelf) -> None:
    assert countersign("digest --week 2026-W47 --post").exit_code == 0
    assert told.sql("select kind, state, owner from tasks where kind = 'digest'") == [("digest", "waiting", None)]
    assert len(asyncio.run(log(told.open()))) == 2


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("asked", ["REQ-\udcff", "@\udcff", "\udc80"])
def test_what_no_database_can_hold_is_not_found(asked: str) -> None:
    """So a shell hands over bytes that are no text."""
    for command in ("request", "incident"):
        ran = CliRunner().invoke(main, [command, asked])
        assert ran.exit_code == 1
        assert ran.stderr.startswith("There is no ")
        assert isinstance(ran.exception, SystemExit)


# migrate


def test_migrate_makes_the_tables_and_says_so_and_a_second_time_that_they_are_there(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_up(shelf, monkeypatch, tmp_path)
    first, second = countersign("migrate"), countersign("migrate")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout.startswith("The database ")
    assert first.stdout.endswith(" was empty and has its tables now (schema 0004).\n")
    assert second.stdout.endswith(" is up to date (schema 0004).\n")


def test_migrate_brings_an_older_database_up_and_it_reads_as_before(told: Shelf) -> None:
    aged(told.url)
    refused = countersign("request")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.endswith(" is of an older Countersign (schema 0003); run `countersign migrate`.\n")
    ran = countersign("migrate")
    assert ran.exit_code == 0
    assert ran.stdout.endswith(" was brought up from schema 0003 (schema 0004).\n")
    assert countersign("audit verify").stdout == "2 entries agree with 1 records.\n"


def test_migrate_is_refused_while_a_bot_works_on_the_database(told: Shelf) -> None:
    aged(told.url)
    bot = told.open_as_it_is()
    bot._database.lock("one")
    refused = countersign("migrate")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "`countersign run` works on " in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert told.sql("select version_num from alembic_version") == [("0003",)]
    bot.close()
    assert countersign("migrate").exit_code == 0


def test_migrate_refuses_a_newer_database_with_a_sentence(told: Shelf) -> None:
    told.sql("update alembic_version set version_num = '9999'")
    for words in ("migrate", "request"):
        refused = countersign(words)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert refused.stderr.endswith(" was made by a newer Countersign (schema 9999); upgrade the program.\n")
