"""The database: its two engines, its transactions, its schema. What only SQLite has is in `storage.sqlite`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from bot.core.errors import LedgerAway, Misconfigured
from storage.dialect import is_conflict
from storage.sqlite import SqliteFile


class Stale(Exception):
    """Another writer came first: nothing was written, and the rule is asked again on what is so now."""


class Database:
    """One database. `writable` opens may migrate it; the others never change a byte and need it migrated."""

    def __init__(self, url: str, *, writable: bool = True) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise Misconfigured("DATABASE_URL: write it as sqlite:///countersign.db.") from None
        if parsed.get_backend_name() != "sqlite":
            raise Misconfigured("DATABASE_URL: only sqlite:/// is served by this version.")
        self._home = SqliteFile(parsed, writable=writable)
        self.engine = self._home.engine(writes=True)
        self._readers = {long: self._home.engine(writes=False) for long in (False, True)}
        if not writable:
            try:
                self._check_schema()
            except BaseException:
                self.close()
                raise

    @property
    def path(self) -> Path:
        return self._home.path

    def lock(self) -> None:
        """Take the database for this process. Raises Misconfigured when another has it."""
        self._home.lock()

    def migrate(self) -> None:
        """Bring the schema to this program's, under the lock: nobody's tables change while a bot runs on them.

        Raises Misconfigured for a database newer than the program, or in use by another process.
        """
        scripts = _scripts()
        try:
            with self.engine.begin() as connection:
                if self._schema(connection, scripts) == scripts.get_current_head():
                    return
            mine = not self._home.locked
            if mine:
                self.lock()
            try:
                self._upgrade()
            finally:
                if mine:
                    self._home.unlock()
        except DBAPIError as error:
            raise Misconfigured(f"The database {self.path} cannot be used: {error.orig}.") from error

    def _upgrade(self) -> None:
        """Every missing migration in one transaction: SQLite and PostgreSQL both roll tables back."""
        config = _config()
        with self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def _schema(self, connection: Connection, scripts: ScriptDirectory) -> str | None:
        """The schema found, None for an empty database. Raises Misconfigured for one this program does not know."""
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
            newer = f"The database {self.path} was made by a newer Countersign (schema {found})"
            raise Misconfigured(f"{newer}; upgrade the program.")
        return found

    def _check_schema(self) -> None:
        """Raises Misconfigured unless the schema is this program's; one who only reads cannot make it so."""
        scripts = _scripts()
        with self.reading() as connection:
            found = self._schema(connection, scripts)
        if found != scripts.get_current_head():
            older = f"of an older Countersign (schema {found})" if found else "empty"
            raise Misconfigured(f"The database {self.path} is {older}; start the bot once, which brings it up.")

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back by any exception. Raises LedgerAway, Stale."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            if is_conflict(error):
                raise Stale from error
            raise LedgerAway(f"The database cannot record: {error.orig}.") from error
        except NoConnection as error:
            raise LedgerAway("The database cannot record: its one connection is taken.") from error

    @contextmanager
    def reading(self, *, long: bool = False) -> Iterator[Connection]:
        """One consistent snapshot that writes nothing; `long` ones have their own connection. Raises LedgerAway."""
        try:
            with self._readers[long].begin() as connection:
                yield connection
        except DBAPIError as error:
            raise LedgerAway(f"The database cannot be read: {error.orig}.") from error
        except NoConnection as error:
            raise LedgerAway("The database cannot be read: its one connection is taken.") from error

    def close(self) -> None:
        self.engine.dispose()
        for reader in self._readers.values():
            reader.dispose()
        self._home.unlock()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
