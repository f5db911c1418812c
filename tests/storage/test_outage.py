"""The database cannot record, or nobody waits for it any more: nothing is half-written and no task is lost."""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from bot.core.errors import LedgerAway
from bot.core.transition import Change, Task
from bot.outage import Outage
from bot.ports import View
from storage.ledger import SqlLedger
from tests.databases import occupied
from tests.storage.scene import Shelf, disagreements, filing, log, request, task, voting

ONLY_A_FILE = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
"""A process can be kept from writing more to its own files, not a server from writing to its."""


@contextmanager
def no_room(shelf: Shelf) -> Iterator[None]:
    """No file may grow beyond what the log of the database has now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (shelf.beside("-wal").stat().st_size + 100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@ONLY_A_FILE
async def test_a_full_disk_records_nothing_and_the_ledger_works_again_when_there_is_room(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    taken: list[Task] = []
    ledger.on_commit(taken.extend)
    await ledger.decide(lambda _: filing())
    known = len(taken)
    with no_room(shelf), pytest.raises(LedgerAway, match="The database cannot record: "):
        await ledger.decide(voting)
    assert len(taken) == known
    found = await request(ledger)
    assert found is not None
    assert (found.version, found.votes) == (1, ())
    await ledger.decide(voting)
    assert [line.seq for line in await log(ledger)] == [1, 2]
    assert await disagreements(ledger) == []


@ONLY_A_FILE
async def test_a_probe_says_no_until_what_failed_has_worked(ledger: SqlLedger, shelf: Shelf) -> None:
    await ledger.decide(lambda _: filing())
    await ledger.probe()
    with no_room(shelf), pytest.raises(LedgerAway):
        await ledger.decide(voting)
    with pytest.raises(LedgerAway, match="The database cannot record: "):
        await ledger.probe()
    await ledger.decide(voting)
    await ledger.probe()


@ONLY_A_FILE
async def test_a_lease_that_a_full_disk_still_takes_does_not_say_that_there_is_room(
    ledger: SqlLedger, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    ledger._database.watched_by(Outage("the ledger"))
    await ledger.hold("guard", seconds=1)
    ((pages,),) = shelf.sql("pragma page_count")
    with ledger._database.engine.connect() as connection:
        connection.exec_driver_sql(f"pragma max_page_count = {pages}")
    failed = 0
    for n in range(8):
        try:
            await ledger.add(replace(task(), key=f"sweep:{n}", payload={"much": "x" * 9000}))
        except LedgerAway:
            failed += 1
            assert await ledger.hold("guard", seconds=1) is not None
    assert failed > 2
    assert [record.getMessage() for record in caplog.records if "is back" in record.getMessage()] == []


async def test_what_nobody_waits_for_any_more_is_told_all_the_same(ledger: SqlLedger, shelf: Shelf) -> None:
    told, there = list[Change](), asyncio.Event()

    def tell(change: Change) -> None:
        told.append(change)
        there.set()

    ledger.on_change(tell)
    with occupied(shelf.url), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await ledger.decide(lambda _: filing())
    async with asyncio.timeout(20):
        await there.wait()
    assert [change.request().id for change in told] == ["REQ-1"]


async def test_a_database_that_another_holds_is_given_up_before_a_listener_does(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    loop = asyncio.get_running_loop()
    with occupied(shelf.url):
        began = loop.time()
        with pytest.raises(LedgerAway, match=r"database is locked|lock timeout"):
            await ledger.decide(lambda _: filing())
        assert loop.time() - began < 2.0
        assert await request(ledger) is None, "reading waits for nobody"
    await ledger.decide(lambda _: filing())


async def test_who_gives_up_waiting_undoes_nothing_and_its_tasks_reach_the_worker(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    handed, taken = asyncio.Event(), list[Task]()

    def take(tasks: list[Task]) -> None:
        taken.extend(tasks)
        handed.set()

    ledger.on_commit(take)
    with occupied(shelf.url), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await ledger.decide(lambda _: Change(transitions=filing().transitions, tasks=(task(),)))
    async with asyncio.timeout(20):
        await handed.wait()
    assert await request(ledger) is not None
    assert "sweep:1" in [t.key for t in taken]
    assert {t.owner for t in taken} == {"one"}


async def test_what_had_not_begun_when_its_caller_gave_up_is_never_done(ledger: SqlLedger, shelf: Shelf) -> None:
    with occupied(shelf.url):
        first = asyncio.create_task(ledger.decide(lambda _: filing("REQ-1")))
        await asyncio.sleep(0.05)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await ledger.decide(lambda _: filing("REQ-2", of="acct_2"))
    await first
    assert await request(ledger, "REQ-1") is not None
    assert await request(ledger, "REQ-2") is None


async def test_a_rules_own_failure_is_not_taken_for_the_databases(ledger: SqlLedger) -> None:
    """A closed pool raises RuntimeError too; a rule that does is a bug to be seen, not a ledger that is away."""

    def recurses(_: View) -> Change:
        raise RecursionError

    with pytest.raises(RecursionError):
        await ledger.decide(recurses)
    with pytest.raises(RecursionError):
        await ledger.read(recurses)
    await ledger.decide(lambda _: filing())


async def test_closing_waits_for_what_is_being_written(ledger: SqlLedger, shelf: Shelf) -> None:
    writing = [asyncio.create_task(ledger.decide(lambda _, n=n: filing(f"REQ-{n}", of=f"a{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    ledger.close()
    assert all(isinstance(change, Change) for change in await asyncio.gather(*writing))
    assert shelf.sql("select count(*), max(seq) from audit") == [(20, 20)]


async def test_a_closed_ledger_says_so(ledger: SqlLedger) -> None:
    ledger.close()
    ledger.close()
    for asked in (ledger.decide(lambda _: filing()), ledger.read(lambda view: view.cursor()), ledger.add(task())):
        with pytest.raises(LedgerAway, match=r"^The ledger is closed\.$"):
            await asked


async def test_who_watches_is_told_of_each_try_and_what_of_it(ledger: SqlLedger, shelf: Shelf) -> None:
    told: list[tuple[str, ...]] = []

    class Told:
        def failed(self, why: object, *, kind: str) -> None:
            told.append(("failed", kind, str(why).partition(":")[0]))

        def worked(self, *kinds: str) -> None:
            told.append(("worked", *kinds))

    ledger._database.watched_by(Told())
    await ledger.probe()
    with occupied(shelf.url), pytest.raises(LedgerAway):
        await ledger.probe()
    await request(ledger)
    assert told == [
        ("worked", "record", "be read"),
        ("failed", "record", "The database cannot record"),
        ("worked", "be read"),
    ]
