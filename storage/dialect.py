"""What the two databases spell differently."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, RowMapping, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT; both databases say it alike, SQLAlchemy keeps them apart."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def plain(rows: Iterable[RowMapping]) -> list[dict[str, Any]]:
    """Rows as plain dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in rows]
