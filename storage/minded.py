"""Cursors after whose statements PostgreSQL goes on minding how long their transaction is idle."""

from collections.abc import Sequence
from typing import Any

import psycopg

MINDED = b""
"""A pipeline's last word is a flush, after which the server no longer minds how long the transaction is idle: one that
stood still before its commit held up all others. After a statement, be it empty, it minds again; so no pipeline of ours
is the last word of a transaction."""


class Minded(psycopg.Cursor[Any]):
    """SQLAlchemy's. Many rows go through a pipeline."""

    def executemany(self, query: Any, params_seq: Sequence[Any], *, returning: bool = False) -> None:  # type: ignore[override]  # SQLAlchemy hands lists
        if len(params_seq) == 1 and not returning:
            self.execute(query, params_seq[0])
            return
        super().executemany(query, params_seq, returning=returning)
        _mind(self.connection)


class Numbered(psycopg.RawCursor[Any]):
    """For statements whose values are $1, $2 …: looking for others took the driver as long as all the rest."""

    def executemany(self, query: Any, params_seq: Sequence[Any], *, returning: bool = False) -> None:  # type: ignore[override]  # as above
        super().executemany(query, params_seq, returning=returning)
        _mind(self.connection)


def _mind(connection: psycopg.Connection[Any]) -> None:
    """Have the server mind the time again, unless a pipeline goes on."""
    if not connection.pgconn.pipeline_status:
        connection.execute(MINDED)
