"""PostgreSQL asked through libpq itself: psycopg's cursors take longer over a statement than the server does.

Statements are prepared once a connection, their values are $1, $2 … and go as text. What makes values of the server's
answers, and errors of its refusals, is psycopg's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import adapt
from psycopg.abc import PQGen, Transformer
from psycopg.adapt import PyFormat
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

Values = Sequence[Any]
REFUSED = frozenset({ExecStatus.FATAL_ERROR, ExecStatus.NONFATAL_ERROR, ExecStatus.BAD_RESPONSE})


@dataclass(frozen=True, slots=True)
class _Line:
    """What is known of one connection."""

    made: Transformer
    names: dict[str, bytes] = field(default_factory=dict)
    """Of the statements that are prepared there."""


_LINES: WeakKeyDictionary[psycopg.Connection[Any], _Line] = WeakKeyDictionary()


def ask(raw: psycopg.Connection[Any], text: str, values: Values) -> list[tuple[Any, ...]]:
    """All rows of one question. Raises psycopg.Error."""
    line = _line(raw)
    result = _held(raw.pgconn.exec_prepared(_prepared(raw, line, text), _sent(line, values)))
    line.made.set_pgresult(result)
    return line.made.load_rows(0, result.ntuples, tuple)


def tell(raw: psycopg.Connection[Any], statements: Sequence[tuple[str, Sequence[Values]]]) -> Iterator[int]:
    """Send statements, each with its rows, all at once; how many rows each wrote, until one was refused.

    The last word is a Sync, after which the server minds how long the transaction is idle; psycopg's own pipeline ends
    in a flush, after which it does not. Raises psycopg.Error.
    """
    line = _line(raw)
    orders = [(_prepared(raw, line, text), _sent(line, values)) for text, rows in statements for values in rows]
    results = iter(_together(raw, orders) if orders[1:] else [raw.pgconn.exec_prepared(*orders[0])])
    for _, rows in statements:
        yield sum(_held(next(results)).command_tuples or 0 for _ in rows)


def _together(raw: psycopg.Connection[Any], orders: Sequence[tuple[bytes, Sequence[Any]]]) -> list[PGresult]:
    """Send all, then read all."""
    pgconn, answers = raw.pgconn, list[PGresult]()
    pgconn.enter_pipeline_mode()
    try:
        for order in orders:
            pgconn.send_query_prepared(*order)
        pgconn.pipeline_sync()
        raw.wait(_answered(pgconn, answers, len(orders)))
        pgconn.exit_pipeline_mode()
    except psycopg.Error:
        raw.close()
        if not any(answer.status in REFUSED for answer in answers):  # the server's last words say more than this
            raise
    except BaseException:
        raw.close()  # what is still on its way would be taken for the next one's answer
        raise
    return answers


def _answered(pgconn: PGconn, answers: list[PGresult], many: int) -> PQGen[None]:
    """Wait for so many answers, and for the Sync's."""
    yield from send(pgconn)
    for _ in range(many):
        answers.extend((yield from fetch_many(pgconn)))
    yield from fetch_many(pgconn)


def _line(raw: psycopg.Connection[Any]) -> _Line:
    found = _LINES.get(raw)
    if found is None:
        found = _LINES[raw] = _Line(
            adapt.Transformer.from_context(raw.adapters)
        )  # which know no connection, nor keep one
    return found


def _prepared(raw: psycopg.Connection[Any], line: _Line, text: str) -> bytes:
    name = line.names.get(text)
    if name is None:
        name = f"countersign_{len(line.names)}".encode()
        _held(raw.pgconn.prepare(name, text.encode()))
        line.names[text] = name
    return name


def _sent(line: _Line, values: Values) -> Sequence[Any]:
    return line.made.dump_sequence(values, [PyFormat.TEXT] * len(values))


def _held(result: PGresult) -> PGresult:
    """Raises psycopg.Error where the server refused it."""
    if result.status in REFUSED or result.status == ExecStatus.PIPELINE_ABORTED:
        raise error_from_result(result)
    return result
