"""The database: its engines, its transactions, its schema. What only one kind has is in its own file."""

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from bot.core.errors import LedgerAway, Misconfigured
from storage.dialect import Begun, is_conflict, words
from storage.postgres import PostgresServer
from storage.sqlite import SqliteFile

T = TypeVar("T")
RECORD, READ, LIVE = "record", "be read", "be held"
"""What is tried of the database."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Schemas:
    """Of which schema a database was, None where it was empty, and of which it is now."""

    before: str | None
    now: str


class Stale(Exception):
    """Another writer came first: nothing was written, and the rule is asked again on what is so now."""


class Watch(Protocol):
    """Who is told of each try whether the database answered; on any thread."""

    def failed(self, why: object, *, kind: str) -> None: ...
    def worked(self, *kinds: str) -> None: ...


class Unwatched:
    """Nobody is told: who asks once has the answer."""

    def failed(self, why: object, *, kind: str) -> None: ...
    def worked(self, *kinds: str) -> None: ...


class Home(Protocol):
    """Where the database is, and how one is alone there."""

    name: str

    def engine(self, *, writes: bool) -> Engine:
        """Connections, one at a time."""
        ...

    def begin(self, connection: Connection) -> Begun:
        """Have the turn to write, as the first thing in a transaction: nobody else writes until its end."""
        ...

    def begin_patiently(self, connection: Connection) -> Begun:
        """The same for one who may wait longer than a person does."""
        ...

    def happened(self, begun: Begun) -> bool:
        """Whether a transaction whose commit failed happened all the same. Raises LedgerAway where nobody knows."""
        ...

    def lock(self, owner: str) -> None:
        """Be at work here until `unlock` or this process's end. Raises Misconfigured, LedgerAway."""
        ...

    def unlock(self) -> None: ...

    def missing(self, connection: Connection, owners: Collection[str]) -> frozenset[str]:
        """Which of these processes have not been seen at work for long enough to be looked for in a transaction."""
        ...

    def gone(self, connection: Connection, owner: str) -> bool:
        """Whether the process of that name is at work no more, for as long as the transaction lasts."""
        ...

    def migrating(self, connection: Connection, *, new: bool) -> AbstractContextManager[None]:
        """While it lasts nobody is at work on the tables that change. Raises Misconfigured where somebody is."""
        ...

    def strangers(self, connection: Connection) -> list[str]:
        """Some tables that are there; to be asked where none of them can be ours."""
        ...

    def lacks(self, connection: Connection) -> str | None:
        """What keeps tables from being made, and the cure."""
        ...

    def of_empty(self) -> str:
        """What to say to one who found no table at all."""
        ...

    @property
    def is_ours(self) -> bool:
        """Whether a start may bring older tables up by itself, for nobody else could be at work on them."""
        ...


class Database:
    """One database. `writable` opens may migrate it; the others never change a byte and need it migrated."""

    def __init__(self, url: str, *, writable: bool = True) -> None:
        self._home = _home(url, writable=writable)
        self.engine = self._home.engine(writes=True)
        self._readers = {long: self._home.engine(writes=False) for long in (False, True)}
        self._steer: Callable[[datetime], None] = lambda _: None
        self._watch: Watch = Unwatched()
        if not writable:
            try:
                self._check_schema()
            except BaseException:
                self.close()
                raise

    @property
    def name(self) -> str:
        """What people call it; no password."""
        return self._home.name

    def on_time(self, steer: Callable[[datetime], None]) -> None:
        """Tell of the database's time, where it has a clock of its own, with every transaction."""
        self._steer = steer

    def watched_by(self, watch: Watch) -> None:
        """Tell of each try from now on."""
        self._watch = watch

    def lock(self, owner: str) -> None:
        """Be at work on the database. Raises Misconfigured when another is who cannot share it, LedgerAway."""
        try:
            self._home.lock(owner)
        except LedgerAway as away:
            self._watch.failed(away, kind=LIVE)
            raise
        self._watch.worked(LIVE)

    def missing(self, connection: Connection, owners: Collection[str]) -> frozenset[str]:
        """Which of these processes seem to be at work no more."""
        return self._home.missing(connection, owners)

    def gone(self, connection: Connection, owner: str) -> bool:
        """Whether the process of that name is at work no more: what it held may be taken."""
        return self._home.gone(connection, owner)

    def migrate(self, *, asked: bool = False) -> Schemas:
        """Bring the schema to this program's.

        Nobody's tables change while a bot runs on them. Those of a server, which other processes may share, are made
        where there are none, and changed only where somebody `asked`.

        Raises Misconfigured: the database is newer than the program, older and nobody asked, in use, or out of reach.
        """
        head = newest_schema()
        try:
            with self._writing(self._home.begin_patiently) as (connection, _):
                found = self._schema(connection)
                if found == head:
                    return Schemas(before=found, now=head)
                if found is None:
                    self._check_alone(connection)
                elif not (asked or self._home.is_ours):
                    older = f"The database {self._home.name} is of an older Countersign (schema {found})"
                    raise Misconfigured(f"{older}: stop every `countersign run` on it, then run `countersign migrate`.")
                with self._home.migrating(connection, new=found is None):
                    _upgrade(connection)
                    connection.commit()
        except DBAPIError as error:
            raise Misconfigured(f"The database {self._home.name} cannot be used: {words(error)}.") from error
        return Schemas(before=found, now=head)

    def _schema(self, connection: Connection) -> str | None:
        """The schema found, None for an empty database. Raises Misconfigured for one this program does not know."""
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in _known_schemas():
            newer = f"The database {self._home.name} was made by a newer Countersign (schema {found})"
            raise Misconfigured(f"{newer}; upgrade the program.")
        return found

    def _check_alone(self, connection: Connection) -> None:
        """Raises Misconfigured where the tables are somebody else's: a wrong name, most likely."""
        if others := self._home.strangers(connection):
            said = f"In the database {self._home.name} something else already exists ({', '.join(others)})"
            raise Misconfigured(f"{said} and no ledger: check DATABASE_URL, or give the ledger a database of its own.")

    def check_may_be_made(self) -> None:
        """Raises Misconfigured where a start could not make the tables of this empty database."""
        with self.reading() as connection:
            self._check_alone(connection)
            lacks = self._home.lacks(connection)
        if lacks is not None:
            raise Misconfigured(f"The database {self._home.name} cannot be used: {lacks}.")

    def _check_schema(self) -> None:
        """Raises Misconfigured unless the schema is this program's; one who only reads cannot make it so."""
        with self.reading() as connection:
            found = self._schema(connection)
            if found is None:
                self._check_alone(connection)
        if found is None:
            raise Misconfigured(f"The database {self._home.name} is empty; {self._home.of_empty()}.")
        if found != newest_schema():
            older = f"of an older Countersign (schema {found})"
            raise Misconfigured(f"The database {self._home.name} is {older}; run `countersign migrate`.")

    @contextmanager
    def transaction(self, *, records: Callable[[], bool] = lambda: True) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back by any exception. Raises LedgerAway, Stale.

        That it worked says that any change can be recorded where `records` says so, asked at the end.
        """
        with (
            self._sorted(RECORD, works=lambda: (RECORD, READ) if records() else (READ,)),
            self._writing(self._home.begin) as (connection, begun),
        ):
            yield connection
            try:
                connection.commit()
            except DBAPIError:
                if not self._home.happened(begun):
                    raise

    @contextmanager
    def _writing(self, begin: Callable[[Connection], Begun]) -> Iterator[tuple[Connection, Begun]]:
        with _begun(self.engine, begin) as (connection, begun):
            if begun.at is not None:
                self._steer(begun.at)
            yield connection, begun

    @contextmanager
    def reading(self, *, long: bool = False) -> Iterator[Connection]:
        """One consistent snapshot that writes nothing; `long` ones have their own connection. Raises LedgerAway."""
        with self._sorted(READ), _begun(self._readers[long], Connection.begin) as (connection, _):
            yield connection

    def glance(self, ask: Callable[[Connection], T]) -> T:
        """Prepared questions that need no snapshot in common, and so no transaction around them. Raises LedgerAway."""
        with self._sorted(READ), contextlib.ExitStack() as stack:
            try:
                return ask(stack.enter_context(self._readers[False].connect()))
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                stack.close()  # it had ended while nobody asked
                return ask(stack.enter_context(self._readers[False].connect()))

    @contextmanager
    def _sorted(self, what: str, *, works: Callable[[], Sequence[str]] | None = None) -> Iterator[None]:
        """Sort the database's errors by what to do next, and tell who watches, also what `works` where that did."""
        try:
            with _named(what):
                yield
        except LedgerAway as away:
            self._watch.failed(away, kind=what)
            raise
        self._watch.worked(*(works() if works is not None else (what,)))

    def close(self) -> None:
        self.engine.dispose()
        for reader in self._readers.values():
            reader.dispose()
        self._home.unlock()


def is_made(url: str) -> bool:
    """Whether there are tables of any Countersign. Raises Misconfigured, LedgerAway."""
    database = Database(url)
    try:
        with database.reading() as connection:
            return MigrationContext.configure(connection).get_current_revision() is not None
    finally:
        database.close()


def check_may_be_made(url: str) -> None:
    """Raises Misconfigured, LedgerAway where a start could not make the tables."""
    database = Database(url)
    try:
        database.check_may_be_made()
    finally:
        database.close()


def _home(url: str, *, writable: bool) -> Home:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Misconfigured("DATABASE_URL: write it as sqlite:///countersign.db or postgresql://….") from None
    match parsed.get_backend_name():
        case "sqlite":
            return SqliteFile(parsed, writable=writable)
        case "postgresql":
            return PostgresServer(parsed, writable=writable)
        case _:
            raise Misconfigured("DATABASE_URL: only sqlite:///… and postgresql://… are served.")


@contextmanager
def _named(what: str) -> Iterator[None]:
    """A value that no row can hold is no trouble of the database."""
    try:
        yield
    except DataError:
        raise
    except DBAPIError as error:
        if is_conflict(error):
            raise Stale from error
        raise LedgerAway(f"The database cannot {what}: {words(error)}.") from error
    except NoConnection as error:
        raise LedgerAway(f"The database cannot {what}: its one connection is taken.") from error


@contextmanager
def _begun(engine: Engine, first: Callable[[Connection], T]) -> Iterator[tuple[Connection, T]]:
    """A transaction with what its first statement answered.

    The connection that is at hand may be one that the database has ended since: then a new one is made, once.
    """
    connection = engine.connect()
    try:
        try:
            begun = first(connection)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            connection.close()
            connection = engine.connect()
            begun = first(connection)
        yield connection, begun
    finally:
        connection.close()


def _upgrade(connection: Connection) -> None:
    """Every missing migration in one transaction: SQLite and PostgreSQL both roll tables back."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def newest_schema() -> str:
    """That of this program."""
    return _known_schemas()[0]


@cache
def _known_schemas() -> tuple[str, ...]:
    """Those of this program and of all before it, the newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())
