"""What the two databases spell differently inside a statement; how each is opened and locked is its own file's."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

TAKEN = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID"})


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT; both databases say it alike, SQLAlchemy keeps them apart."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def is_conflict(error: DBAPIError) -> bool:
    """Whether a unique index refused what another writer has taken; a trigger's or a column's no is none."""
    return getattr(error.orig, "sqlite_errorname", None) in TAKEN
