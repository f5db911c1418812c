"""The ledger: requests, votes, incidents, tasks and the audit log, written together or not at all."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, Update, bindparam, delete, insert, select, update
from sqlmodel import SQLModel

from bot.core.account import Instance
from bot.core.errors import LedgerAway, Replayed
from bot.core.record import dump, stamp
from bot.core.refusal import Refusal
from bot.core.request import Choice, Request
from bot.core.transition import Change, Entry, Judged, Kind, Task, Transition
from bot.ports import CardAt, Clock, Propose
from storage import dialect
from storage.database import Database, Stale
from storage.rows import instance_key, request_row, vote_rows
from storage.samples import drop, thin
from storage.tasks import Tasks
from storage.view import FEED, ConnectionView

T = TypeVar("T")

ATTEMPTS = 5
"""How often a rule is asked again when another writer came first."""
REFUSALS_A_MINUTE = 10
"""Lines of `refused` that one person gets a minute (I6); the rest are counted in the next line."""
REPLAY_WINDOW = timedelta(minutes=15)
"""Longer than a signature can be valid (−300 s … +60 s)."""


def table(name: str) -> Table:
    return SQLModel.metadata.tables[name]


@cache
def _moving(into: Table) -> Update:
    """Built once: building a statement of forty columns takes longer than running it."""
    return update(into).where(into.c.id == bindparam("was_id"), into.c.version == bindparam("was_version"))


def _once_a_record(transitions: Sequence[Transition]) -> list[Transition]:
    """Moves of one record in one transaction are one row written: from before the first to after the last."""
    joined: dict[str, Transition] = {}
    for transition in transitions:
        first = joined.get(transition.after.id)
        joined[transition.after.id] = replace(transition, before=first.before) if first else transition
    return list(joined.values())


def _kept(change: Change) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """What a change puts in the place of an earlier fact: (table, key, values)."""
    for seen in change.sightings:
        yield "sightings", {"account": seen.account, "tier": seen.tier}, {"at": stamp(seen.at)}
    for account, at in change.restores:
        yield "restores", {"account": account}, {"at": stamp(at)}
    for name, keyed, facts in (
        ("samples", ("account", "at"), change.samples),
        ("actors", ("actor",), change.actors),
        ("latches", ("name",), change.latches),
    ):
        for fact in facts:
            row = dump(fact)
            yield name, {key: row.pop(key) for key in keyed}, row


class SqlLedger:
    """`bot.ports.Ledger` over SQL: one thread writes, another reads, a third reads what takes long.

    None of them ever waits for the outside.
    """

    def __init__(self, database: Database, *, clock: Clock, owner: str) -> None:
        self._database = database
        self._clock = clock
        self.tasks = Tasks(clock=clock, owner=owner)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-write")
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-read")
        self._long_reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-read-long")
        self._failed: str | None = None
        """Why the last change could not be recorded; None since one could."""
        self._committed: Callable[[Sequence[Task]], None] = lambda _: None

    def on_commit(self, take: Callable[[Sequence[Task]], None]) -> None:
        """Hand the tasks that a commit leased to this process to its worker at once."""
        self._committed = take

    async def decide(
        self, propose: Propose, *, finish: Task | None = None, replay: str | None = None
    ) -> Change | Refusal:
        def work(connection: Connection) -> tuple[Change | Refusal, Sequence[Task]]:
            outcome = propose(ConnectionView(connection))
            if isinstance(outcome, Refusal):
                return outcome, ()
            if replay is not None:
                self._replay(connection, replay, at=self._clock.now())
            leased = self._apply(connection, outcome)
            if finish is not None:
                self.tasks.finish(connection, finish)
            return outcome, leased

        return await self._write(work)

    def _apply(self, connection: Connection, change: Change) -> list[Task]:
        """Write one change, its transitions in their order: a later one may take the place that an earlier one left."""
        tasks = [*change.tasks]
        for transition in change.transitions:
            tasks.extend(transition.tasks)
        for moved in _once_a_record(change.transitions):
            self._store(connection, moved)
        self._log(connection, [*(t.entry for t in change.transitions), *change.entries])
        for verdict in change.verdicts:
            self._judge(connection, verdict)
        for name, key, values in _kept(change):
            self._upsert(connection, name, key, values)
        if change.cursor is not None:
            self._upsert(connection, "cursors", {"name": FEED}, {"value": change.cursor})
        if change.policy is not None:
            connection.execute(insert(table("policies")).values(**dump(change.policy)))
        return self.tasks.add(connection, tasks)

    def _store(self, connection: Connection, transition: Transition) -> None:
        before, after = transition.before, transition.after
        if isinstance(after, Request):
            earlier = before if isinstance(before, Request) else None
            self._versioned(connection, table("requests"), request_row(after), before)
            self._cast(connection, earlier, after)
        else:
            self._versioned(connection, table("incidents"), dump(after), before)

    def _cast(self, connection: Connection, before: Request | None, after: Request) -> None:
        """New votes are new rows; of one that stands only an approval can become something else."""
        votes, known = table("votes"), len(before.votes) if before else 0
        for row in vote_rows(before, after):
            if row["place"] >= known:
                connection.execute(insert(votes), row)
                continue
            key = {name: row[name] for name in ("request", "revision", "person")}
            approval = update(votes).filter_by(**key).where(votes.c.choice == Choice.APPROVE.value)
            if connection.execute(approval.values(**row)).rowcount != 1:
                raise Stale

    def _versioned(self, connection: Connection, into: Table, row: dict[str, Any], before: Any) -> None:
        if before is None:
            connection.execute(insert(into), row)
            return
        changed = connection.execute(_moving(into), {**row, "was_id": before.id, "was_version": before.version})
        if changed.rowcount != 1:
            raise Stale

    def _log(self, connection: Connection, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        head = table("audit_head")
        last = connection.execute(update(head).values(seq=head.c.seq + len(entries)).returning(head.c.seq)).scalar_one()
        first = last - len(entries) + 1
        rows = [{"seq": first + place, **dump(entry)} for place, entry in enumerate(entries)]
        connection.execute(insert(table("audit")), rows)

    def _judge(self, connection: Connection, verdict: Judged) -> None:
        instance = Instance(account=verdict.account, at=verdict.at, actor=verdict.actor, operation=verdict.operation)
        verdicts = table("verdicts")
        connection.execute(delete(verdicts).where(verdicts.c.key == instance_key(instance)))
        of_account = select(verdicts.c.place).where(verdicts.c.account == verdict.account)
        latest = of_account.order_by(verdicts.c.place.desc()).limit(1)
        place = (connection.execute(latest).scalar_one_or_none() or 0) + 1
        connection.execute(insert(verdicts).values(key=instance_key(instance), place=place, **dump(verdict)))

    def _upsert(self, connection: Connection, name: str, key: dict[str, Any], values: dict[str, Any]) -> None:
        into = dialect.insert(connection, table(name)).values(**key, **values)
        connection.execute(into.on_conflict_do_update(index_elements=list(key), set_=values))

    def _replay(self, connection: Connection, key: str, *, at: datetime) -> None:
        replays = table("replays")
        connection.execute(delete(replays).where(replays.c.at < stamp(at - REPLAY_WINDOW)))
        into = dialect.insert(connection, replays).values(key=key, at=stamp(at))
        if connection.execute(into.on_conflict_do_nothing()).rowcount != 1:
            raise Replayed("The same signed request came before.")

    async def read(self, query: Callable[[ConnectionView], T], *, long: bool = False) -> T:
        def run() -> T:
            with self._database.reading(long=long) as connection:
                return query(ConnectionView(connection))

        return await self._in(self._long_reader if long else self._reader, run)

    async def refused(
        self, refusal: Refusal, *, by: str, at: datetime, request: str | None, replay: str | None
    ) -> None:
        def work(connection: Connection) -> None:
            if replay is not None:
                self._replay(connection, replay, at=self._clock.now())
            self._log_refusal(connection, refusal, by=by, at=at, request=request)

        await self._transact(work)

    def _log_refusal(
        self, connection: Connection, refusal: Refusal, *, by: str, at: datetime, request: str | None
    ) -> None:
        audit, suppressed = table("audit"), table("suppressed")
        of_person = select(audit.c.seq).where(
            audit.c.kind == Kind.REFUSED.value, audit.c.at > stamp(at - timedelta(minutes=1)), audit.c.by == by
        )
        count = (
            connection.execute(select(suppressed.c.count).where(suppressed.c.person == by)).scalar_one_or_none() or 0
        )
        if len(connection.execute(of_person.limit(REFUSALS_A_MINUTE)).all()) >= REFUSALS_A_MINUTE:
            self._upsert(connection, "suppressed", {"person": by}, {"count": count + 1})
            return
        if count:
            self._upsert(connection, "suppressed", {"person": by}, {"count": 0})
        facts = {"why": refusal.why.value, **({"suppressed": count} if count else {})}
        self._log(connection, [Entry(kind=Kind.REFUSED, at=at, by=by, request=request, facts=facts)])

    async def remember(self, replay: str, *, at: datetime) -> None:
        await self._transact(lambda connection: self._replay(connection, replay, at=at))

    async def seen(self, replay: str) -> bool:
        def run() -> bool:
            with self._database.reading() as connection:
                replays = table("replays")
                found = connection.execute(select(replays.c.key).where(replays.c.key == replay))
                return found.first() is not None

        return await self._in(self._reader, run)

    async def add(self, *tasks: Task) -> None:
        await self._write(lambda connection: (None, self.tasks.add(connection, tasks)))

    async def put_card(self, record: str, card: CardAt, *, finish: Task | None = None) -> None:
        def run(connection: Connection) -> None:
            cards, values = table("cards"), {"channel": card.channel, "ts": card.ts, "drawn": card.drawn}
            into = dialect.insert(connection, cards).values(record=record, **values)
            newer = cards.c.drawn <= card.drawn
            connection.execute(into.on_conflict_do_update(index_elements=["record"], set_=values, where=newer))
            if finish is not None:
                self.tasks.finish(connection, finish)

        await self._transact(run)

    async def claim_due(self, *, limit: int) -> Sequence[Task]:
        return await self._transact(lambda connection: self.tasks.claim_due(connection, limit=limit))

    async def finish(self, task: Task) -> None:
        await self._transact(lambda connection: self.tasks.finish(connection, task))

    async def postpone(self, task: Task, *, due: datetime) -> None:
        await self._transact(lambda connection: self.tasks.postpone(connection, task, due=due))

    async def thin_samples(self, accounts: Collection[str], *, at: datetime) -> None:
        await self._transact(lambda connection: thin(connection, accounts, at=at))

    async def drop_samples(self, *, at: datetime) -> bool:
        return await self._transact(lambda connection: drop(connection, at=at))

    async def probe(self) -> None:
        head, failed = table("audit_head"), self._failed
        await self._transact(lambda connection: connection.execute(update(head).values(seq=head.c.seq)))
        # room for a byte is not room for a change: what failed last must have worked since
        self._failed = failed
        if failed is not None:
            raise LedgerAway(failed)

    async def next_due(self) -> datetime | None:
        def run() -> datetime | None:
            with self._database.reading() as connection:
                return self.tasks.next_due(connection)

        return await self._in(self._reader, run)

    async def reclaim(self) -> None:
        """Take back what a process that is gone held: only for the holder of the file's lock."""
        await self._transact(self.tasks.reclaim)

    async def hand_over(self, task: Task) -> None:
        """File a task for the process that runs the bot: this one only asks for it."""
        await self._transact(lambda connection: self.tasks.add(connection, [task], leasing=False))

    async def _transact(self, work: Callable[[Connection], T]) -> T:
        return await self._write(lambda connection: (work(connection), ()))

    async def _write(self, work: Callable[[Connection], tuple[T, Sequence[Task]]]) -> T:
        """Do it in one transaction, and hand the tasks that it leased to the worker.

        A caller who waits no longer (a listener's two seconds) undoes nothing that is under way: it is committed, and
        the thread itself hands its tasks over. What had not begun by then is dropped.
        """
        loop = asyncio.get_running_loop()

        def run() -> T:
            try:
                outcome, leased = self._attempt(work)
            except LedgerAway as away:
                self._failed = str(away)
                raise
            self._failed = None
            if leased:
                with contextlib.suppress(RuntimeError):  # the loop has ended: the next start takes them back
                    loop.call_soon_threadsafe(self._committed, leased)
            return outcome

        return await self._in(self._writer, run)

    def _attempt(self, work: Callable[[Connection], T]) -> T:
        """Run it in a transaction, again when another writer came first. Raises LedgerAway."""
        for _ in range(ATTEMPTS):
            try:
                with self._database.transaction() as connection:
                    return work(connection)
            except Stale:
                continue
        raise LedgerAway("Others changed the same record five times in a row; try again.")

    async def _in(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        try:
            running = pool.submit(work)
        except RuntimeError as error:  # the pool was shut down
            raise LedgerAway("The ledger is closed.") from error
        return await asyncio.wrap_future(running)

    def close(self) -> None:
        """Wait for what is being written, then let go of the database."""
        self._writer.shutdown(wait=True)
        self._reader.shutdown(wait=True)
        self._long_reader.shutdown(wait=True)
        self._database.close()
