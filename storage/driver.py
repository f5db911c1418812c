"""The database's driver asked directly, with SQLAlchemy's statements compiled once.

What stands between costs more than SQLite itself, and some of what PostgreSQL's driver can do only the driver knows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import Connection, Insert, Select, Update
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from storage import libpq

Row = Mapping[str, Any]
Values = Sequence[Any]
Make = Callable[[Any], Any]


@contextmanager
def directly(connection: Connection) -> Iterator[Any]:
    """The driver's own connection; its errors as SQLAlchemy would have raised them. Raises DBAPIError."""
    raw, dialect = connection.connection.driver_connection, connection.dialect
    try:
        yield raw
    except dialect.loaded_dbapi.Error as error:
        lost = dialect.is_disconnect(error, raw, None)
        if lost:
            connection.invalidate()
        raise DBAPIError.instance(
            None, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=lost
        ) from error


def ask(raw: Any, text: str, values: Values) -> Sequence[Any]:
    """All rows of one question, in the driver's words. Raises the driver's errors, as `tell` does."""
    if isinstance(raw, psycopg.Connection):
        return libpq.ask(raw, text, values)
    with closing(raw.cursor()) as cursor:
        found: Sequence[Any] = cursor.execute(text, values).fetchall()
        return found


def tell(raw: Any, statements: Sequence[tuple[str, Sequence[Values]]]) -> Iterator[int]:
    """Run statements, each with its rows; how many rows each wrote, until one is refused."""
    return libpq.tell(raw, statements) if isinstance(raw, psycopg.Connection) else _in_turn(raw, statements)


def _in_turn(raw: Any, statements: Sequence[tuple[str, Sequence[Values]]]) -> Iterator[int]:
    """SQLite ends no transaction while a cursor stands in it."""
    for text, rows in statements:
        with closing(raw.cursor()) as cursor:
            if len(rows) == 1:
                cursor.execute(text, rows[0])
            else:
                cursor.executemany(text, rows)
            yield cursor.rowcount


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement in a database's own words, and what makes its values the driver's."""

    text: str
    names: tuple[str, ...]
    """Of its values, in their order."""
    constants: Row
    """Those that the statement brings with it."""
    makes: Mapping[str, Make]

    def values(self, row: Row) -> Values:
        whole, makes = {**self.constants, **row}, self.makes
        return [makes[name](whole[name]) if name in makes else whole[name] for name in self.names]


DIALECTS: Mapping[str, Dialect] = {
    "sqlite": SQLiteDialect_pysqlite(),
    "postgresql": PGDialect_psycopg(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]  # it has no types
}
"""Each engine has a dialect of its own; what is compiled is compiled once for all engines."""


@cache
def compiled(statement: Insert | Update | Select[Any], keys: tuple[str, ...], database: str) -> Compiled:
    """Once a statement and kind of database: it takes longer than writing a row."""
    dialect = DIALECTS[database]
    built: Any = statement.compile(dialect=dialect, column_keys=list(keys) or None)
    makes = {
        name: make
        for bind, name in built.bind_names.items()
        if (make := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
    }
    given = {name for bind, name in built.bind_names.items() if bind.required or name in keys}
    constants = {name: value for name, value in built.params.items() if name not in given}
    return Compiled(text=str(built), names=tuple(built.positiontup), constants=constants, makes=makes)


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A query that is asked again and again, its values by name. It knows no lists of values."""

    query: Select[Any]

    def rows(self, connection: Connection, **values: Any) -> list[dict[str, Any]]:
        """Raises DBAPIError."""
        names, makes = _answered(self, connection.dialect.name)
        dictionaries = [dict(zip(names, row, strict=True)) for row in self._ask(connection, values)]
        for name, make in makes:
            for row in dictionaries:
                row[name] = make(row[name])
        return dictionaries

    def firsts(self, connection: Connection, **values: Any) -> list[Any]:
        """The first column alone."""
        (name, *_), makes = _answered(self, connection.dialect.name)
        found = [row[0] for row in self._ask(connection, values)]
        make = dict(makes).get(name)
        return found if make is None else [make(value) for value in found]

    def _ask(self, connection: Connection, values: Row) -> Sequence[Any]:
        asked = compiled(self.query, (), connection.dialect.name)
        with directly(connection) as raw:
            return ask(raw, asked.text, asked.values(values))


@cache
def _answered(question: Question, database: str) -> tuple[tuple[str, ...], tuple[tuple[str, Make], ...]]:
    """The columns' names, and what makes values of those that are not the driver's own."""
    dialect = DIALECTS[database]
    columns = {column.name: column.type for column in question.query.selected_columns}
    makes = {name: kind.dialect_impl(dialect).result_processor(dialect, None) for name, kind in columns.items()}
    return tuple(columns), tuple((name, make) for name, make in makes.items() if make is not None)
