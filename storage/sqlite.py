"""SQLite as this program uses it: one file that one process writes and any number of others only read."""

import fcntl
import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from bot.core.errors import Misconfigured
from storage.dialect import Begun

BUSY_TIMEOUT = 1.5
"""Seconds to wait for another process's transaction; below the two that a listener waits for the ledger."""

STRANGERS = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name limit 3"
MIGRATE = "run `countersign migrate`"


class SqliteFile:
    """The database file. One not `writable` is never changed through it, not even by a migration."""

    def __init__(self, url: URL, *, writable: bool) -> None:
        if url.database in {None, "", ":memory:"}:
            raise Misconfigured("DATABASE_URL: a ledger must be a file, as in sqlite:///countersign.db.")
        self.path = Path(str(url.database)).resolve()
        self.name = str(self.path)
        self._writable = writable
        self._lock: IO[str] | None = None
        self._alone = not Path(f"{self.path}-wal").exists()
        """Nothing stood beside it before it was opened."""
        if not writable and not self.path.exists():
            raise Misconfigured(f"There is no database at {self.path}; start the bot once, or set DATABASE_URL.")
        if not self.path.parent.is_dir():
            raise Misconfigured(f"DATABASE_URL: the folder {self.path.parent} does not exist.")

    def engine(self, *, writes: bool) -> Engine:
        """One connection; `writes` ones begin with the write lock, the others could not write if they tried."""
        engine = create_engine(
            "sqlite://",
            creator=lambda: self._connect(writes=writes),
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,  # reasons and operation keys have no place in a traceback
        )
        event.listen(engine, "begin", _begin_immediate if writes else _begin)
        return engine

    def _connect(self, *, writes: bool) -> sqlite3.Connection:
        mode = "rwc" if self._writable else "ro"
        if self._writable and not self.path.exists():  # it will hold operation keys: nobody else reads it
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            f"file:{quoted(self.path)}?mode={mode}",
            uri=True,
            timeout=BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
        )
        setup = ("journal_mode=wal", "synchronous=full") if self._writable and writes else ("query_only=on",)
        try:
            for pragma in setup:
                connection.execute(f"pragma {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    def strangers(self, connection: Connection) -> list[str]:
        return list(connection.exec_driver_sql(STRANGERS).scalars())

    def lacks(self, connection: Connection) -> str | None:  # noqa: ARG002 - another home asks the database
        """Whoever could open the file can write it."""
        return None

    def of_empty(self) -> str:
        """One that was copied by hand from under a running bot is, too: what was newest stood beside it."""
        if self.path.stat().st_size == 0 or not self._alone:
            return MIGRATE
        return "a copy made by hand lacks what stood in the file -wal beside it: make one by `countersign backup`"

    is_ours = True
    """Whoever migrates holds the file's lock."""

    def begin(self, connection: Connection) -> Begun:
        """The transaction has taken SQLite's write lock already, and the machine has the one clock."""
        connection.begin()
        return Begun()

    begin_patiently = begin

    def happened(self, _: Begun) -> bool:
        """A commit that SQLite refuses did not happen."""
        return False

    def lock(self, _: str) -> None:
        """Take the file for this process until `unlock` or its end. Raises Misconfigured when another has it."""
        if self._lock is not None:
            return
        name = f"{self.path}.lock"
        try:
            held = Path(name).open("w")  # noqa: SIM115 - held until `unlock`
        except OSError as error:
            raise Misconfigured(f"DATABASE_URL: {name} cannot be written ({error.strerror}).") from None
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held.close()
            raise Misconfigured(
                f"Another `countersign run` works on {self.path}; stop it first, or give this one its own DATABASE_URL."
            ) from None
        self._lock = held

    def unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def missing(self, connection: Connection, owners: Collection[str]) -> frozenset[str]:  # noqa: ARG002 - another home asks the database
        """Who holds the file is alone."""
        return frozenset(owners) if self._lock is not None else frozenset()

    def gone(self, connection: Connection, owner: str) -> bool:  # noqa: ARG002 - as above
        return self._lock is not None

    @contextmanager
    def migrating(self, connection: Connection, *, new: bool) -> Iterator[None]:  # noqa: ARG002 - as above
        mine = self._lock is None
        if mine:
            self.lock("")
        try:
            yield
        finally:
            if mine:
                self.unlock()


def _begin_immediate(connection: Connection) -> None:
    """Take SQLite's write lock at the start, so that what a rule read is what its change is written on."""
    connection.exec_driver_sql("begin immediate")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("begin")


def quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
