"""What a transaction changes, sent together at its end: one way to a server and back, not one a statement."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Insert, Update

from storage.driver import Row, Values, compiled, directly, tell

Expect = Callable[[int], None]
"""Told how many rows it was; raises where that is wrong."""


@dataclass(frozen=True, slots=True)
class _Write:
    text: str
    rows: Sequence[Values]
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
            self._writes.append(_Write(as_sent.text, [as_sent.values(row) for row in rows], expect))

    def send(self) -> None:
        """Write what was added since. Raises DBAPIError, and what the expectations raise."""
        writes, self._writes = self._writes, []
        if not writes:
            return
        counts: list[int] = []
        with directly(self.connection) as raw:
            try:
                counts.extend(tell(raw, [(write.text, write.rows) for write in writes]))
            finally:  # where one was refused, what was expected of those before it may say why
                for write, count in zip(writes, counts, strict=False):
                    if write.expect is not None:
                        write.expect(count)
