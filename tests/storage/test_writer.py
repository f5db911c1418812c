"""What waits for the thread that writes is written together, and nothing fails for another's sake."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from bot.core.errors import LedgerAway, Replayed
from bot.core.transition import Task
from storage.database import Database
from storage.tables import table
from storage.writer import ATTEMPTS, Work, Writer
from tests.databases import Databases

REPLAYS = table("replays")


class Counting(Database):
    """A database that counts what it committed, and may be away."""

    commits = 0
    away = False

    @contextmanager
    def transaction(self, **given: Any) -> Iterator[Connection]:
        with super().transaction(**given) as connection:
            yield connection
            if self.away:
                raise LedgerAway("The disk is full.")
        self.commits += 1


@pytest.fixture
def database(databases: Databases) -> Iterator[Counting]:
    opened = Counting(databases.migrated())
    yield opened
    opened.close()


@pytest.fixture
def writer(database: Counting) -> Iterator[Writer]:
    made = Writer(database)
    yield made
    made.close()


def keys(connection: Connection) -> list[str]:
    return list(connection.execute(select(REPLAYS.c.key).order_by(REPLAYS.c.at)).scalars())


def writing(key: str, *, seen: list[list[str]] | None = None) -> Work[str]:
    def work(connection: Connection) -> tuple[str, Sequence[Task]]:
        before = keys(connection)
        if seen is not None:
            seen.append(before)
        connection.execute(insert(REPLAYS), {"key": key, "at": f"{len(before):03}"})
        return key, ()

    return work


@contextmanager
def held_up(writer: Writer) -> Iterator[Callable[[], "asyncio.Future[None]"]]:
    """The thread is at work on something until the block's end; what is asked for meanwhile waits."""
    goes_on, is_there = threading.Event(), threading.Event()

    def hold(_: Connection) -> tuple[None, Sequence[Task]]:
        is_there.set()
        goes_on.wait(20)
        return None, ()

    first = asyncio.ensure_future(writer.write(hold))
    try:
        yield lambda: asyncio.ensure_future(asyncio.to_thread(is_there.wait, 20))  # type: ignore[arg-type, return-value]
    finally:
        goes_on.set()
        first.add_done_callback(lambda done: done.exception())


async def asked(*works: Any) -> list["asyncio.Future[Any]"]:
    """Asked for, in this order, and not done yet."""
    futures = [asyncio.ensure_future(work) for work in works]
    await asyncio.sleep(0)
    return futures


async def test_what_waits_is_committed_together_and_each_sees_what_was_written_before_it(
    writer: Writer, database: Counting
) -> None:
    seen: list[list[str]] = []
    with held_up(writer) as there:
        await there()
        waiting = await asked(*(writer.write(writing(key, seen=seen)) for key in "abc"))
    assert await asyncio.gather(*waiting) == ["a", "b", "c"]
    assert seen == [[], ["a"], ["a", "b"]]
    assert database.commits <= 2, "the others together, and what held them up perhaps before them"


async def test_one_that_fails_leaves_nothing_behind_and_takes_nobody_with_it(writer: Writer) -> None:
    def failing(connection: Connection) -> tuple[str, Sequence[Task]]:
        writing("no")(connection)
        raise Replayed("No.")

    with held_up(writer) as there:
        await there()
        waiting = await asked(writer.write(writing("a")), writer.write(failing), writer.write(writing("b")))
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [outcomes[0], outcomes[2]] == ["a", "b"]
    assert isinstance(outcomes[1], Replayed)
    assert await writer.write(lambda connection: (keys(connection), ())) == ["a", "b"]


async def test_what_the_database_refuses_of_one_is_no_outage_for_the_others(writer: Writer) -> None:
    def refused(connection: Connection) -> tuple[str, Sequence[Task]]:
        connection.execute(insert(REPLAYS), {"key": "no", "at": None})
        return "no", ()

    with held_up(writer) as there:
        await there()
        waiting = await asked(*(writer.write(work) for work in (writing("a"), refused, writing("b"))))
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [outcomes[0], outcomes[2]] == ["a", "b"]
    assert isinstance(outcomes[1], LedgerAway)
    assert await writer.write(lambda connection: (keys(connection), ())) == ["a", "b"]


async def test_what_says_that_a_process_is_at_work_goes_before_what_is_done_again(writer: Writer) -> None:
    asked_for: list[asyncio.Future[str]] = []
    loop = asyncio.get_running_loop()
    there_now = threading.Event()

    async def hold_the_lease() -> None:
        asked_for.append(asyncio.ensure_future(writer.write(writing("lease"), first=True)))
        await asyncio.sleep(0)
        there_now.set()

    def failing(_: Connection) -> tuple[str, Sequence[Task]]:
        if not asked_for:
            loop.call_soon_threadsafe(lambda: asyncio.ensure_future(hold_the_lease()))
            there_now.wait(20)
        raise Replayed("No.")

    with held_up(writer) as there:
        await there()
        waiting = await asked(*(writer.write(work) for work in (writing("a"), failing, writing("b"))))
    await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.gather(*asked_for)
    assert await writer.write(lambda connection: (keys(connection), ())) == ["lease", "a", "b"]


async def test_a_database_that_is_away_is_away_for_all_of_them(writer: Writer, database: Counting) -> None:
    with held_up(writer) as there:
        await there()
        waiting = await asked(*(writer.write(writing(key)) for key in "ab"))
        database.away = True
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [LedgerAway, LedgerAway]
    assert writer.failed == "The disk is full."
    database.away = False
    assert await writer.write(lambda connection: (keys(connection), ())) == []
    assert writer.failed is None


async def test_what_says_that_a_process_is_at_work_goes_before_all_that_waits(writer: Writer) -> None:
    with held_up(writer) as there:
        await there()
        waiting = await asked(writer.write(writing("people")), writer.write(writing("lease"), first=True))
    await asyncio.gather(*waiting)
    assert await writer.write(lambda connection: (keys(connection), ())) == ["lease", "people"]


async def test_what_nobody_waits_for_any_more_is_not_begun(writer: Writer) -> None:
    with held_up(writer) as there:
        await there()
        given_up, kept = await asked(writer.write(writing("given up")), writer.write(writing("kept")))
        given_up.cancel()
        await asyncio.sleep(0)
    await kept
    assert await writer.write(lambda connection: (keys(connection), ())) == ["kept"]


async def test_a_conflict_is_tried_so_often_and_then_told(writer: Writer) -> None:
    tries: list[int] = []

    def taken(connection: Connection) -> tuple[None, Sequence[Task]]:
        tries.append(1)
        connection.execute(insert(REPLAYS), {"key": "a", "at": "x"})
        return None, ()

    await writer.write(writing("a"))
    with pytest.raises(LedgerAway, match="five times"):
        await writer.write(taken)
    assert len(tries) == ATTEMPTS


async def test_what_is_asked_for_while_the_last_is_written_is_not_written_where_it_is_told_so(
    writer: Writer, database: Counting
) -> None:
    with held_up(writer) as there:
        await there()
        waiting = await asked(writer.write(writing("in time")))
        closing = asyncio.ensure_future(asyncio.to_thread(writer.close))
        await asyncio.sleep(0.05)
        with pytest.raises(LedgerAway, match="closed"):
            await writer.write(writing("late"))
    assert await asyncio.gather(*waiting) == ["in time"]
    await closing
    with database.reading() as connection:
        assert keys(connection) == ["in time"]


async def test_after_the_end_nothing_is_written(writer: Writer) -> None:
    writer.close()
    with pytest.raises(LedgerAway, match="closed"):
        await writer.write(writing("late"))
