"""What the two databases spell differently inside a statement; how each is opened and locked is its own file's."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Table, bindparam, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

TAKEN = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID", "23505"})
"""A unique index refused it: SQLite's names of that, and PostgreSQL's."""
OVERTAKEN = frozenset({"40001", "40P01"})
"""PostgreSQL gave one of two that wait for each other up."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A transaction that may write: what the database calls it, and its time; None where it has neither."""

    mark: str | None = None
    at: datetime | None = None


def _insert(dialect: str, into: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT; both databases say it alike, SQLAlchemy keeps them apart."""
    return postgresql.insert(into) if dialect == "postgresql" else sqlite.insert(into)


# Built once a table and shape: building a statement takes longer than running it.


@cache
def inserting(into: Table) -> Insert:
    """Insert rows."""
    return insert(into)


@cache
def _new(dialect: str, into: Table) -> Insert:
    new = _insert(dialect, into).on_conflict_do_nothing()
    return new.execution_options(preserve_rowcount=True)  # how many were new is what is asked


def inserting_new(connection: Connection, into: Table) -> Insert:
    """Insert rows; those whose key is there are left as they are."""
    return _new(connection.dialect.name, into)


def put(dialect: str, into: Table, *, where: ColumnElement[bool] | None = None, **computed: Any) -> Insert:
    """Insert whole rows, or put them in the place of those with the same primary key, where that holds of the old one.

    What is `computed` is not of the rows but found by the database.
    """
    statement = _insert(dialect, into)
    key = [column.name for column in into.primary_key]
    others = {column.name: statement.excluded[column.name] for column in into.c if column.name not in key}
    rows: dict[str, Any] = {column.name: bindparam(column.name) for column in into.c if column.name not in computed}
    valued = statement.values(**rows, **computed)
    return valued.on_conflict_do_update(index_elements=key, set_=others, where=where)


@cache
def _put(dialect: str, into: Table) -> Insert:
    return put(dialect, into)


def putting(connection: Connection, into: Table) -> Insert:
    """Insert whole rows, or put them in the place of those with the same primary key."""
    return _put(connection.dialect.name, into)


def words(error: DBAPIError) -> str:
    """The first line of what the database says, without its full stop."""
    return str(error.orig).strip().partition("\n")[0].rstrip(".")


def is_conflict(error: DBAPIError) -> bool:
    """Whether another writer was first; a trigger's or a column's no is no conflict."""
    name = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    return name in TAKEN | OVERTAKEN
