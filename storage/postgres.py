"""PostgreSQL as this program uses it: any number of processes, of which one writes at a time."""

import contextlib
import hashlib
import select
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from bot.core.errors import LedgerAway, Misconfigured
from storage.dialect import Begun, words
from storage.driver import directly

CONNECTED_WITHIN = 2
"""Seconds for a connection to be made."""
SESSION = {
    "synchronous_commit": "on",  # whatever the server is set to: what was acknowledged is on disk
    "lock_timeout": "1500ms",  # below the two seconds that a listener waits for the ledger
    "idle_in_transaction_session_timeout": "2s",  # a process that was stopped in mid-write holds up nobody for longer
    "client_connection_check_interval": "500ms",  # nobody waits for a lock on behalf of a process that is gone
    "tcp_keepalives_idle": "1s",  # of a machine that is gone, too, the server hears within some four seconds
    "tcp_keepalives_interval": "1s",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "4s",
}
READING = {"idle_in_transaction_session_timeout": "10min"}
"""Who only reads holds up nobody, and may take long over it: all of the log is replayed in one snapshot."""
LINE = {"keepalives_idle": 1, "keepalives_interval": 1, "keepalives_count": 3, "tcp_user_timeout": 4000}
"""The same, seen from here: seconds, and milliseconds."""
UNKNOWN_WITHIN = 20.0
"""Seconds for the database to come back and say whether a commit without an answer happened."""
ASKED_EVERY = 0.2
SURE_FOR = 0.25
"""Seconds for which a connection that answered, and said no more, is taken to be there."""
BACK_WITHIN = 1.0
"""Seconds that the others have, after the database was away, to be seen at work again."""
MISSED_FOR = 0.25
"""Seconds for which a process is missed before it is taken for gone: one that lives looks to its lock every 0.1."""


def number_of(name: str) -> int:
    """The number of an advisory lock: 63 bits of the name's hash, so that no two names meet."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) >> 1


WRITES = number_of("countersign writes")
AT_WORK = number_of("countersign is at work")
BEGUN = f"begin; select pg_advisory_xact_lock({WRITES}), pg_current_xact_id()::text as mark, clock_timestamp() as at"
"""One writer at a time, as in SQLite: what a rule read is what its change is written on. The log's numbers have no gap,
so writers would wait for each other at its head in any case."""
HAPPENED = text("select pg_xact_status(cast(cast(:mark as text) as xid8))")
PATIENT = "set local lock_timeout = '60s'; set local idle_in_transaction_session_timeout = '60s'"
"""For one who migrates: others may be at the same."""
LIVE = text("select pg_try_advisory_lock_shared(:at_work) as at_work, pg_try_advisory_lock(:process) as process")
STILL = 2
"""Seconds for which one may have the turn to write and say nothing."""
LIVES = text("""
    select pg_terminate_backend(held.pid) from pg_locks held join pg_stat_activity process on process.pid = held.pid
    where held.locktype = 'advisory' and held.granted and held.objsubid = 1
    and held.database = (select oid from pg_database where datname = current_database())
    and ((held.classid::bigint << 32) | held.objid::bigint) = :writes
    and process.state = 'idle in transaction'
    and process.state_change < clock_timestamp() - make_interval(secs => :still)
""").bindparams(writes=WRITES, still=STILL)
"""That this process lives; and one that does not go on, should the server not mind its time, loses its turn."""
HELD = text("""
    select (classid::bigint << 32) | objid::bigint from pg_locks
    where locktype = 'advisory' and granted and objsubid = 1
    and database = (select oid from pg_database where datname = current_database())
""")
GONE = text("select pg_try_advisory_xact_lock(:process)")
MIGRATE = "run `countersign migrate`"
STRANGERS = text("""
    select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname = current_schema() and not exists (
        select 1 from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e'
    ) order by relname limit 3
""")
MAY_MAKE = text("select coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)")
ALONE = text("select pg_try_advisory_xact_lock(:at_work)")


class PostgresServer:
    """One database of a server. One not `writable` is never changed through it."""

    def __init__(self, url: URL, *, writable: bool = True) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        self.name = f"{url.database} on {url.host or 'this machine'}"
        self._session = SESSION if writable else {**SESSION, "default_transaction_read_only": "on"}
        self._life: Connection | None = None
        self._judges_from: float | None = None
        """When, by the monotonic clock, it is to be known of the others whether they live; None before the first lock.
        """
        self._asked_at = 0.0
        """When, by the same clock, that connection answered last."""
        self._missed: dict[str, float] = {}
        """Since when, by the same clock, nobody holds the lock of a process."""
        self._life_line = self._engine(NullPool)

    def engine(self, *, writes: bool) -> Engine:
        """One connection; those that do not write see one moment for as long as a transaction lasts."""
        engine = self._engine(QueuePool, writes=writes, pool_size=1, max_overflow=0)
        if not writes:
            event.listen(engine, "begin", _begin_reading)
        return engine

    def _engine(self, pool: type, *, writes: bool = True, **more: int) -> Engine:
        session = self._session if writes else self._session | READING
        options = " ".join(f"-c {name}={value}" for name, value in session.items())
        given = {
            "autocommit": True,
            "connect_timeout": CONNECTED_WITHIN,
            "application_name": "countersign",
            "client_encoding": "utf8",  # whatever the database's is
            "prepare_threshold": None,  # with a rollback psycopg deallocates all, what libpq.py prepared too
            **LINE,
        }
        of_url = {name: value for name, value in self._url.query.items() if name in {*given, "options"}}
        options = f"{options} {of_url.pop('options', '')}".strip()
        return create_engine(
            self._url.difference_update_query([*of_url, "options"]),
            connect_args={**given, **of_url, "options": options},
            poolclass=pool,
            hide_parameters=True,  # reasons and operation keys have no place in a traceback
            **more,
        )

    def begin(self, connection: Connection) -> Begun:
        """Wait for the turn to write; there and back once."""
        return self._begun(connection, BEGUN)

    def _begun(self, connection: Connection, words: str) -> Begun:
        connection.begin()  # says nothing to the server: its words are all here
        with directly(connection) as raw, raw.cursor() as cursor:
            cursor.execute(words, prepare=False)  # several statements are prepared by no server
            while cursor.nextset():
                pass
            _, mark, at = cursor.fetchone()
        return Begun(mark=mark, at=at.astimezone(UTC))

    def begin_patiently(self, connection: Connection) -> Begun:
        """Wait for the turn to write, for as long as another may take to migrate."""
        return self._begun(connection, f"begin; {PATIENT}; {BEGUN.removeprefix('begin; ')}")

    def happened(self, begun: Begun) -> bool:
        """Whether a commit whose answer was lost happened. Raises LedgerAway where that cannot be known in time."""
        until = time.monotonic() + UNKNOWN_WITHIN
        while time.monotonic() < until:
            with contextlib.suppress(DBAPIError), self._life_line.connect() as connection:
                said = connection.execute(HAPPENED, {"mark": begun.mark}).scalar_one()
                if said in {"committed", "aborted"}:
                    return bool(said == "committed")
            time.sleep(ASKED_EVERY)
        raise LedgerAway("The database does not say whether it recorded the last change.")

    def strangers(self, connection: Connection) -> list[str]:
        """Those of an extension are nobody's."""
        return list(connection.execute(STRANGERS).scalars())

    def lacks(self, connection: Connection) -> str | None:
        if connection.execute(MAY_MAKE).scalar_one():
            return None
        whom = self._url.username or "the bot's user"
        return f"permission denied to make tables; have its owner GRANT CREATE ON SCHEMA public TO {whom}"

    def of_empty(self) -> str:
        return MIGRATE

    # signs of life

    is_ours = False
    """Other processes may be at work on the same tables."""

    def lock(self, owner: str) -> None:
        """Hold the lock that says this process lives; where the connection it hung on has ended, take it again.

        Raises LedgerAway where that cannot be done now: others then take this process for gone.
        """
        try:
            self._hold(owner)
        except DBAPIError as error:
            self.unlock()
            raise LedgerAway(f"The database {self.name} cannot be reached: {words(error)}.") from error

    def _hold(self, owner: str) -> None:
        if self._life is not None and (self._is_quiet(self._life) or self._answers(self._life)):
            return
        self._life, self._asked_at = self._life_line.connect(), time.monotonic()
        held = self._life.execute(LIVE, {"at_work": AT_WORK, "process": number_of(owner)}).one()
        if not (held.at_work and held.process):
            self.unlock()
            why = "the connection that this process had before has not ended yet" if held.at_work else "it is migrated"
            raise LedgerAway(f"The database {self.name} is not to be worked on now: {why}.")
        # where this lock was lost, all were
        self._judges_from = time.monotonic() + (BACK_WITHIN if self._judges_from is not None else 0)

    def _is_quiet(self, life: Connection) -> bool:
        """Whether it was asked just now, and nothing has come since: its end would have, unless the machine is gone."""
        line = life.connection.driver_connection
        if line is None or time.monotonic() - self._asked_at >= SURE_FOR:
            return False
        come = select.poll()
        come.register(line, select.POLLIN)
        return not come.poll(0)

    def _answers(self, life: Connection) -> bool:
        """Whether the connection is there still; else it is let go of, for another is made at once."""
        try:
            life.execute(LIVES)
            self._asked_at = time.monotonic()
        except DBAPIError:
            self.unlock()
            return False
        return True

    def unlock(self) -> None:
        if self._life is not None:
            self._life.invalidate()
            self._life.close()
            self._life = None

    def missing(self, connection: Connection, owners: Collection[str]) -> frozenset[str]:
        """Whose lock nobody held in two looks: one who lost no more than the connection has it again by the second."""
        now = time.monotonic()
        if self._judges_from is not None and now < self._judges_from:
            self._missed = {}
            return frozenset()
        held = frozenset(connection.execute(HELD).scalars())
        self._missed = {owner: self._missed.get(owner, now) for owner in owners if number_of(owner) not in held}
        return frozenset(owner for owner, since in self._missed.items() if now - since >= MISSED_FOR)

    def gone(self, connection: Connection, owner: str) -> bool:
        """Nobody holds the lock of that process, nor can anybody take it until the transaction ends."""
        return bool(connection.execute(GONE, {"process": number_of(owner)}).scalar_one())

    @contextmanager
    def migrating(self, connection: Connection, *, new: bool) -> Iterator[None]:
        """Until the transaction ends; of an empty database no table can be in use."""
        if not new and not connection.execute(ALONE, {"at_work": AT_WORK}).scalar_one():
            raise Misconfigured(f"A `countersign run` works on the database {self.name}; stop them all first.")
        yield


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("begin isolation level repeatable read read only")
