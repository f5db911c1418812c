"""The engine: pragmas, the file lock, migrations, and the threads in which a database is spoken to."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from bot.core.errors import LedgerAway, Misconfigured

BUSY_TIMEOUT_MS = 1500
"""Below the two seconds that a listener waits for the database."""


class Database:
    """One database. `writable` opens take part in migrations; the others never change a byte."""

    def __init__(self, url: str, *, writable: bool = True) -> None:
        self.url = make_url(url)
        self.writable = writable
        self._lock: IO[str] | None = None
        if self.url.get_backend_name() != "sqlite":
            raise Misconfigured("DATABASE_URL: only sqlite:/// is served by this version.")
        self.path = Path(self.url.database or "countersign.db")
        self._check_path()
        self.engine = self._open(_begin_immediate if writable else _begin)
        self._reader = self._open(_begin)

    def _check_path(self) -> None:
        if not self.writable and not self.path.exists():
            raise Misconfigured(f"There is no database at {self.path}; start the bot once, or set DATABASE_URL.")
        if not self.path.parent.is_dir():
            raise Misconfigured(f"DATABASE_URL: the folder {self.path.parent} does not exist.")

    def _open(self, begin: Callable[[Connection], None]) -> Engine:
        engine = create_engine("sqlite://", creator=self._connect, poolclass=QueuePool, pool_size=1, max_overflow=0)
        event.listen(engine, "begin", begin)
        return engine

    def _connect(self) -> Any:
        import sqlite3  # noqa: PLC0415 - only this dialect needs it

        mode = "rwc" if self.writable else "ro"
        connection = sqlite3.connect(
            f"file:{_quoted(self.path)}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
        )
        pragmas = [f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=on"]
        if self.writable:
            pragmas = ["journal_mode=wal", "synchronous=full", *pragmas]
        for pragma in pragmas:
            connection.execute(f"pragma {pragma}")
        return connection

    def lock(self) -> None:
        """Take the file for this process as long as it lives. Raises Misconfigured when another has it."""
        held = Path(f"{self.path}.lock").open("w")  # noqa: SIM115 - held until `close`
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held.close()
            raise Misconfigured(
                f"Another `countersign run` works on {self.path}; stop it first, or give this one its own DATABASE_URL."
            ) from None
        self._lock = held

    def migrate(self) -> None:
        """Bring the schema to this program's. Raises Misconfigured for a database newer than the program."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        try:
            with self.engine.begin() as connection:
                known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
                found = MigrationContext.configure(connection).get_current_revision()
                if found is not None and found not in known:
                    newer = f"The database {self.path} was made by a newer Countersign (schema {found})"
                    raise Misconfigured(f"{newer}; upgrade the program.")
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except DBAPIError as error:
            raise Misconfigured(f"The database {self.path} cannot be used: {error.orig}.") from error

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back by any exception. Raises LedgerAway."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            if _is_conflict(error):
                raise
            raise LedgerAway(f"The database cannot record: {error.orig}.") from error
        except SQLAlchemyError as error:
            raise LedgerAway("The database cannot record.") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent snapshot that writes nothing. Raises LedgerAway."""
        try:
            with self._reader.connect() as connection, connection.begin():
                yield connection
        except SQLAlchemyError as error:
            raise LedgerAway("The database cannot be read.") from error

    def close(self) -> None:
        self.engine.dispose()
        self._reader.dispose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _is_conflict(error: DBAPIError) -> bool:
    """A unique key or a version that another writer took first: asked again, no failure."""
    return type(error).__name__ == "IntegrityError"


def _begin_immediate(connection: Connection) -> None:
    """Take SQLite's write lock at the start, so that what a rule read is what its change is written on."""
    connection.exec_driver_sql("begin immediate")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("begin")


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
