"""What a transaction changes, sent together at its end: one way to a server and back, not one a statement."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Insert, Update

from storage.driver import Compiled, Row, compiled, cursor_of, directly

Expect = Callable[[int], None]
"""Told how many rows it was; raises where that is wrong."""


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
            as_sent = compiled(statement, tuple(rows[0]), self.connection.dialect.name)
            self._writes.append(_Write(as_sent, rows, expect))

    def send(self) -> None:
        """Write what was added since. Raises DBAPIError, and what the expectations raise.

        The last of it goes by itself: after a pipeline PostgreSQL minds no more how long the transaction is idle.
        """
        writes, self._writes = self._writes, []
        if not writes:
            return
        in_a_pipeline = self.connection.dialect.name == "postgresql"
        with directly(self.connection) as raw, ExitStack() as stack:
            # SQLite ends no transaction while a cursor stands in it
            sent = [(stack.enter_context(closing(cursor_of(raw))), write) for write in writes]
            *others, last = sent
            try:
                with raw.pipeline() if others and in_a_pipeline else nullcontext():
                    for cursor, write in others:
                        _execute(cursor, write)
                _execute(*last)
            finally:  # where one was refused, what was expected of those before it may say why
                for cursor, write in sent:
                    if write.expect is not None and cursor.rowcount >= 0:
                        write.expect(cursor.rowcount)


def _execute(cursor: Any, write: _Write) -> None:
    if len(write.rows) == 1:
        cursor.execute(write.compiled.text, write.compiled.values(write.rows[0]))
    else:
        cursor.executemany(write.compiled.text, [write.compiled.values(row) for row in write.rows])
