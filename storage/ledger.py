"""The ledger: requests, votes, incidents, tasks and the audit log, written together or not at all."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Connection, Insert, Table, Update, bindparam, delete, func, insert, select, update

from bot.core.errors import LedgerAway, Replayed
from bot.core.incident import Incident
from bot.core.record import dump, stamp
from bot.core.refusal import Refusal
from bot.core.request import Choice, Request
from bot.core.transition import Change, Entry, Judged, Kind, Task, TaskKind, Transition
from bot.ports import CardAt, Clock, Fence, Place, Propose
from storage import dialect
from storage.about import LedgerView
from storage.cards import Cards
from storage.database import Database, Stale
from storage.leases import Leases
from storage.pruning import prune
from storage.questions import FEED
from storage.rows import judged_key, request_row, vote_rows
from storage.samples import drop, thin
from storage.tables import table
from storage.tasks import Filed, Tasks
from storage.writer import Work, Writer
from storage.writes import Writes

T = TypeVar("T")
NOTHING: Mapping[str, Any] = {}
HEAD = table("audit_head")
VOTE_KEY = ("request", "revision", "person")
NUMBERS = update(HEAD).values(seq=HEAD.c.seq + bindparam("many"))
"""Gives out the next numbers of the log; the head is the last of them."""
NUMBERED = (
    insert(table("audit"))
    .values(
        seq=select(HEAD.c.seq - bindparam("behind", type_=BigInteger)).scalar_subquery(),
        **{name: bindparam(name) for name in ("at", "kind", "by", "request", "facts")},
    )
    .inline()
)
REVOTED = update(table("votes")).where(
    *(table("votes").c[name] == bindparam(f"of_{name}") for name in VOTE_KEY),
    table("votes").c.choice == Choice.APPROVE.value,
)
"""Of a vote that stands only an approval can become something else."""

REFUSALS_A_MINUTE = 10
"""Lines of `refused` that one person gets a minute (I6); the rest are counted in the next line."""
REPLAY_WINDOW = timedelta(minutes=15)
"""Longer than a signature can be valid (−300 s … +60 s)."""
REPLAYS_DROPPED_EVERY = timedelta(minutes=1)


@cache
def _moving(into: Table) -> Update:
    """Built once: building a statement of forty columns takes longer than running it."""
    return update(into).where(into.c.id == bindparam("was_id"), into.c.version == bindparam("was_version"))


def _once_a_record(transitions: Sequence[Transition]) -> list[Transition]:
    """Moves of one record in one transaction are one row written: from before the first to after the last."""
    joined: dict[str, Transition] = {}
    for transition in transitions:
        first = joined.get(transition.after.id)
        assert first is None or transition.before == first.after, f"two moves of {transition.after.id} side by side"
        joined[transition.after.id] = replace(transition, before=first.before) if first else transition
    return list(joined.values())


def _kept(change: Change) -> dict[str, list[dict[str, Any]]]:
    """What a change puts in the place of an earlier fact: rows by table."""
    rows = {
        "sightings": [{"account": s.account, "tier": s.tier, "at": stamp(s.at)} for s in change.sightings],
        "restores": [{"account": account, "at": stamp(at)} for account, at in change.restores],
        "samples": [dump(sample) for sample in change.samples],
        "actors": [dump(actor) for actor in change.actors],
        "latches": [dump(latch) for latch in change.latches],
        "cursors": [] if change.cursor is None else [{"name": FEED, "value": change.cursor}],
    }
    return {name: facts for name, facts in rows.items() if facts}


def _one(rows: int) -> None:
    if rows != 1:
        raise Stale


def _not_replayed(rows: int) -> None:
    if rows != 1:
        raise Replayed("The same signed request came before.")


def _written_as(transition: Transition) -> tuple[str, bool]:
    return "requests" if isinstance(transition.after, Request) else "incidents", transition.before is None


def _record_row(record: Request | Incident) -> dict[str, Any]:
    return request_row(record) if isinstance(record, Request) else dump(record)


def _verdict_row(verdict: Judged) -> dict[str, Any]:
    return {"key": judged_key(verdict), **dump(verdict)}


@cache
def _judging(database: str) -> Insert:
    """One row an instance; its place is behind all that were judged of the account before."""
    verdicts = table("verdicts")
    others = verdicts.alias()
    last = select(func.coalesce(func.max(others.c.place), 0) + 1).where(others.c.account == bindparam("account"))
    return dialect.put(database, verdicts, place=last.scalar_subquery())


class SqlLedger:
    """`bot.ports.Ledger` over SQL: one thread writes, another reads, a third reads what takes long.

    A fourth says that this process lives. None of them ever waits for the outside.
    """

    def __init__(self, database: Database, *, clock: Clock, owner: str) -> None:
        self._database = database
        self._clock = clock
        self.owner = owner
        self.tasks = Tasks(clock=clock, owner=owner)
        self._leases = Leases(clock=clock, owner=owner)
        self._cards = Cards()
        self._replays_dropped = datetime.min.replace(tzinfo=UTC)
        self._writer = Writer(database)
        self._writer.committed = self._committed
        self._take: Callable[[Sequence[Task]], None] = lambda _: None
        self._changed: Callable[[Change], None] = lambda _: None
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-read")
        self._long_reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-read-long")
        self._life = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-life")

    def on_commit(self, take: Callable[[Sequence[Task]], None]) -> None:
        """Hand the tasks that a commit leased to this process to its worker at once."""
        self._take = take

    def on_change(self, tell: Callable[[Change], None]) -> None:
        """Tell of every change, once it is there."""
        self._changed = tell

    async def decide(
        self, propose: Propose, *, finish: Task | None = None, replay: str | None = None, fence: Fence | None = None
    ) -> Change | Refusal:
        def work(connection: Connection) -> tuple[Change | Refusal, Sequence[Task]]:
            if fence is not None:
                self._leases.check(connection, fence)
            outcome = propose(LedgerView(connection))
            if isinstance(outcome, Refusal):
                return outcome, ()
            writes = Writes(connection)
            if replay is not None:
                self._replay(writes, replay, at=self._clock.now())
                writes.send()  # first of all: a repeat is one, whatever else would be refused of it
            filed = self._apply(writes, outcome)
            if finish is not None:
                self.tasks.end(writes, finish)
            writes.send()
            return outcome, filed.leased(connection)

        return await self._write(work)

    def _committed(self, answer: object, leased: Sequence[Task]) -> None:
        """Also of what a caller waits for no longer."""
        if isinstance(answer, Change):
            self._changed(answer)
        if leased:
            self._take(leased)

    def _apply(self, writes: Writes, change: Change) -> Filed:
        """Write one change, its transitions in their order: a later one may take the place that an earlier one left."""
        tasks = [*change.tasks]
        for transition in change.transitions:
            tasks.extend(transition.tasks)
        self._store(writes, _once_a_record(change.transitions))
        self._log(writes, [*(t.entry for t in change.transitions), *change.entries])
        for name, rows in _kept(change).items():
            self._put(writes, name, rows)
        judging = _judging(writes.connection.dialect.name)
        writes.add(judging, [_verdict_row(verdict) for verdict in change.verdicts])
        if change.policy is not None:
            writes.add(dialect.inserting(table("policies")), [dump(change.policy)])
        return self.tasks.file(writes, tasks)

    def _store(self, writes: Writes, transitions: Iterable[Transition]) -> None:
        """Records in their order; neighbours that are new and of one kind are written together."""
        for (into, new), moves in groupby(transitions, key=_written_as):
            if new:
                writes.add(dialect.inserting(table(into)), [_record_row(t.after) for t in moves])
                continue
            for moved in moves:
                self._move(writes, table(into), moved)

    def _move(self, writes: Writes, into: Table, moved: Transition) -> None:
        before, after = moved.before, moved.after
        assert before is not None
        row = {**_record_row(after), "was_id": before.id, "was_version": before.version}
        writes.add(_moving(into), [row], expect=_one)
        if isinstance(after, Request):
            self._cast(writes, before if isinstance(before, Request) else None, after)

    def _cast(self, writes: Writes, before: Request | None, after: Request) -> None:
        """New votes are new rows."""
        votes, known = table("votes"), len(before.votes) if before else 0
        for row in vote_rows(before, after):
            if row["place"] >= known:
                writes.add(dialect.inserting(votes), [row])
            else:
                writes.add(REVOTED, [{**row, **{f"of_{name}": row[name] for name in VOTE_KEY}}], expect=_one)

    def _log(self, writes: Writes, entries: Sequence[Entry]) -> None:
        if entries:
            writes.add(NUMBERS, [{"many": len(entries)}])
            behind = reversed(range(len(entries)))
            writes.add(NUMBERED, [{**dump(entry), "behind": n} for entry, n in zip(entries, behind, strict=True)])

    def _put(self, writes: Writes, name: str, rows: Sequence[dict[str, Any]]) -> None:
        writes.add(dialect.putting(writes.connection, table(name)), rows)

    def _replay(self, writes: Writes, key: str, *, at: datetime) -> None:
        """Remember a signed request; Replayed is raised when that is sent. Now and then the old ones are forgotten."""
        replays = table("replays")
        if at - self._replays_dropped > REPLAYS_DROPPED_EVERY:
            writes.connection.execute(delete(replays).where(replays.c.at < stamp(at - REPLAY_WINDOW)))
            self._replays_dropped = at
        new = dialect.inserting_new(writes.connection, replays)
        writes.add(new, [{"key": key, "at": stamp(at)}], expect=_not_replayed)

    async def hold(self, name: str, *, seconds: float, facts: Mapping[str, Any] = NOTHING) -> Fence | None:
        def work(connection: Connection) -> tuple[Fence | None, Sequence[Task]]:
            fence, before = self._leases.hold(connection, name, seconds=seconds, facts=facts)
            if before is not None:
                self.tasks.take_back(connection, before)
            return fence, ()

        # a guard that is busy is no guard that is gone
        return await self._write(work, first=True, counts=False)

    async def read(self, query: Callable[[LedgerView], T], *, long: bool = False) -> T:
        def run() -> T:
            with self._database.reading(long=long) as connection:
                return query(LedgerView(connection))

        return await self._in(self._long_reader if long else self._reader, run)

    async def refused(
        self, refusal: Refusal, *, by: str, at: datetime, request: str | None, replay: str | None
    ) -> None:
        def work(connection: Connection) -> None:
            writes = Writes(connection)
            if replay is not None:
                self._replay(writes, replay, at=self._clock.now())
            self._log_refusal(writes, refusal, by=by, at=at, request=request)
            writes.send()

        await self._transact(work)

    def _log_refusal(self, writes: Writes, refusal: Refusal, *, by: str, at: datetime, request: str | None) -> None:
        audit, suppressed, connection = table("audit"), table("suppressed"), writes.connection
        of_person = select(audit.c.seq).where(
            audit.c.kind == Kind.REFUSED.value, audit.c.at > stamp(at - timedelta(minutes=1)), audit.c.by == by
        )
        count = (
            connection.execute(select(suppressed.c.count).where(suppressed.c.person == by)).scalar_one_or_none() or 0
        )
        if len(connection.execute(of_person.limit(REFUSALS_A_MINUTE)).all()) >= REFUSALS_A_MINUTE:
            self._put(writes, "suppressed", [{"person": by, "count": count + 1}])
            return
        if count:
            self._put(writes, "suppressed", [{"person": by, "count": 0}])
        facts = {"why": refusal.why.value, **({"suppressed": count} if count else {})}
        self._log(writes, [Entry(kind=Kind.REFUSED, at=at, by=by, request=request, facts=facts)])

    async def remember(self, replay: str, *, at: datetime) -> None:
        def work(connection: Connection) -> None:
            writes = Writes(connection)
            self._replay(writes, replay, at=at)
            writes.send()

        await self._transact(work)

    async def seen(self, replay: str) -> bool:
        def run() -> bool:
            with self._database.reading() as connection:
                replays = table("replays")
                found = connection.execute(select(replays.c.key).where(replays.c.key == replay))
                return found.first() is not None

        return await self._in(self._reader, run)

    async def add(self, *tasks: Task) -> None:
        await self._write(lambda connection: (Change(tasks=tasks), self.tasks.add(connection, tasks)))

    async def put_card(
        self,
        record: str,
        card: CardAt,
        *,
        was: CardAt | None = None,
        finish: Task | None = None,
        then: Sequence[Task] = (),
    ) -> None:
        def work(connection: Connection) -> tuple[None, Sequence[Task]]:
            stands, writes = self._cards.put(connection, record, card, was=was), Writes(connection)
            filed = self.tasks.file(writes, then)
            if finish is not None:
                self.tasks.end(writes, finish)
            writes.send()
            if finish is not None and not stands:
                self.tasks.do_again(connection, finish)
            return None, filed.leased(connection)

        await self._write(work)

    async def redraw(self, record: str, task: Task, *, card: CardAt | None, was: CardAt) -> None:
        def work(connection: Connection) -> None:
            if self._cards.replace(connection, record, card, was=was):
                self.tasks.do_again(connection, task)

        await self._transact(work)

    async def slot(self, channel: str, *, every: float, task: Task) -> float:
        def work(connection: Connection) -> float:
            now = self._clock.now()
            left = self._cards.slot(connection, channel, every=every, at=now)
            self.tasks.keep(connection, task, until=now + timedelta(seconds=left))
            return left

        return await self._transact(work)

    async def still(self, task: Task) -> None:
        def run() -> None:
            with self._database.reading() as connection:
                self.tasks.check(connection, task)

        await self._in(self._reader, run)

    async def claim_due(self, *, limit: int, without: Collection[TaskKind] = ()) -> Sequence[Task]:
        return await self._transact(lambda connection: self.tasks.claim_due(connection, limit=limit, without=without))

    async def finish(self, task: Task) -> None:
        await self._transact(lambda connection: self.tasks.finish(connection, task))

    async def postpone(self, task: Task, *, due: datetime) -> None:
        await self._transact(lambda connection: self.tasks.postpone(connection, task, due=due))

    async def thin_samples(self, accounts: Collection[str], *, at: datetime) -> None:
        await self._transact(lambda connection: thin(connection, accounts, at=at))

    async def drop_samples(self, *, at: datetime) -> bool:
        return await self._transact(lambda connection: drop(connection, at=at))

    async def prune(self, place: Place | None, *, at: datetime) -> Place | None:
        return await self._transact(lambda connection: prune(connection, place, at=at))

    async def probe(self) -> None:
        head = table("audit_head")

        def work(connection: Connection) -> tuple[None, Sequence[Task]]:
            connection.execute(update(head).values(seq=head.c.seq))
            return None, ()

        await self._write(work, counts=False)
        if (failed := self._writer.failed) is not None:  # room for a byte is not room for a change
            raise LedgerAway(failed)

    async def next_due(self) -> datetime | None:
        return await self._in(self._reader, lambda: self._database.glance(self.tasks.next_due))

    async def live(self) -> None:
        await self._in(self._life, lambda: self._database.lock(self.owner))

    async def take_over(self) -> int:
        await self.live()
        missing = await self._in(self._reader, self._missing)

        def work(connection: Connection) -> int:
            gone = [owner for owner in missing if self._database.gone(connection, owner)]
            for owner in gone:
                self.tasks.take_back(connection, owner)
                self._leases.take_back(connection, owner)
            return len(gone)

        return await self._transact(work) if missing else 0

    async def step_down(self) -> None:
        await self._transact(lambda connection: self._leases.take_back(connection, self.owner))

    async def leave(self) -> None:
        def work(connection: Connection) -> None:
            self.tasks.take_back(connection, self.owner)
            self._leases.take_back(connection, self.owner)

        await self._transact(work)

    def _missing(self) -> frozenset[str]:
        """The other processes that hold something and seem to be gone."""
        with self._database.reading() as connection:
            others = (self.tasks.holders(connection) | self._leases.holders(connection)) - {self.owner}
            return self._database.missing(connection, others)

    async def hand_over(self, task: Task) -> None:
        """File a task for the process that runs the bot: this one only asks for it."""
        await self._transact(lambda connection: self.tasks.add(connection, [task], leasing=False))

    async def _transact(self, work: Callable[[Connection], T]) -> T:
        return await self._write(lambda connection: (work(connection), ()))

    async def _write(self, work: Work[T], *, first: bool = False, counts: bool = True) -> T:
        return await self._writer.write(work, first=first, counts=counts)

    async def _in(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        try:
            running = pool.submit(work)
        except RuntimeError as error:  # the pool was shut down
            raise LedgerAway("The ledger is closed.") from error
        return await asyncio.wrap_future(running)

    def close(self) -> None:
        """Wait for what is being written, then let go of the database."""
        self._writer.close()
        self._reader.shutdown(wait=True)
        self._long_reader.shutdown(wait=True)
        self._life.shutdown(wait=True)
        self._database.close()
