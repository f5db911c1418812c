"""What a transaction changes, sent together at its end: one way to a server and back, not one a statement.

The statements are SQLAlchemy's, compiled once; the driver is asked directly, for what stands between costs more than
SQLite itself, and a pipeline of statements PostgreSQL's driver alone knows.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

Row = Mapping[str, Any]
MINDED = ""
"""A pipeline's last word is a flush, after which the server no longer minds how long the transaction is idle: one that
stood still before its commit held up all others. After a statement, be it empty, it minds again."""
Expect = Callable[[int], None]
"""Told how many rows it was; raises where that is wrong."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement in a database's own words, and what makes its values the driver's."""

    text: str
    names: tuple[str, ...]
    """Of its values, in their order."""
    constants: Row
    """Those that the statement brings with it."""
    makes: Mapping[str, Callable[[Any], Any]]
    by_place: bool

    def values(self, row: Row) -> Any:
        whole, makes = {**self.constants, **row}, self.makes
        made = [makes[name](whole[name]) if name in makes else whole[name] for name in self.names]
        return tuple(made) if self.by_place else dict(zip(self.names, made, strict=True))


@dataclass(frozen=True, slots=True)
class _Write:
    compiled: Compiled
    rows: Sequence[Row]
    expect: Expect | None


class Writes:
    """The writes of one transaction, in their order. Nothing is written before `send`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._writes: list[_Write] = []

    def add(self, statement: Insert | Update, rows: Sequence[Row], *, expect: Expect | None = None) -> None:
        """Write rows, all with the same keys; `expect` is told how many were written."""
        if rows:
            compiled = _compiled(statement, tuple(rows[0]), self.connection.dialect)
            self._writes.append(_Write(compiled, rows, expect))

    def send(self) -> None:
        """Write what was added since. Raises DBAPIError, and what the expectations raise."""
        writes, self._writes = self._writes, []
        if not writes:
            return
        raw: Any = self.connection.connection.driver_connection
        dialect, cursors = self.connection.dialect, [raw.cursor() for _ in writes]
        try:
            with raw.pipeline() if dialect.name == "postgresql" else nullcontext():
                for cursor, write in zip(cursors, writes, strict=True):
                    _execute(cursor, write)
            if dialect.name == "postgresql":
                raw.execute(MINDED)
            counts = [cursor.rowcount for cursor in cursors]
        except dialect.loaded_dbapi.Error as error:
            raise self._sorted(error) from error
        finally:
            for cursor in cursors:
                cursor.close()  # SQLite ends no transaction while a cursor stands in it
        for write, count in zip(writes, counts, strict=True):
            if write.expect is not None:
                write.expect(count)

    def _sorted(self, error: Exception) -> BaseException:
        """The driver's error as SQLAlchemy would have raised it."""
        dialect = self.connection.dialect
        lost = dialect.is_disconnect(error, self.connection.connection.driver_connection, None)  # type: ignore[arg-type]
        if lost:
            self.connection.invalidate()
        return DBAPIError.instance(
            None, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=lost
        )


def _execute(cursor: Any, write: _Write) -> None:
    if len(write.rows) == 1:
        cursor.execute(write.compiled.text, write.compiled.values(write.rows[0]))
    else:
        cursor.executemany(write.compiled.text, [write.compiled.values(row) for row in write.rows])


@cache
def _compiled(statement: Insert | Update, keys: tuple[str, ...], dialect: Dialect) -> Compiled:
    """Once a statement and database: it takes longer than writing a row."""
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(keys))
    names = tuple(compiled.positiontup) if compiled.positional else tuple(dict.fromkeys(compiled.bind_names.values()))
    makes = {
        name: make
        for bind, name in compiled.bind_names.items()
        if (make := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
    }
    constants = {name: value for name, value in compiled.params.items() if name not in keys}
    return Compiled(
        text=str(compiled), names=names, constants=constants, makes=makes, by_place=bool(compiled.positional)
    )
