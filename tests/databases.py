"""Fresh databases for tests, of both kinds: a file each, or a database each of one server."""

import itertools
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from storage.database import Database
from storage.postgres import WRITES
from tests import postgres

KINDS = ("sqlite", "postgresql")
_NUMBERS = itertools.count()


def migrated(url: str) -> None:
    database = Database(url)
    database.migrate()
    database.close()


def query(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """What somebody with the database and no program does; the rows of the last statement, whatever it was."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
            return [file.execute(statement).fetchall() for statement in statements][-1]
    with closing(psycopg.connect(url, autocommit=True)) as server:
        rows: list[tuple[Any, ...]] = []
        for statement in statements:
            found = server.execute(statement.encode())
            rows = found.fetchall() if found.description else []
        return rows


def aged(url: str) -> None:
    """Take the tables back to what the schema before was."""
    of_server = ("drop trigger audit_only_the_next on audit", "drop function audit_takes_only_the_next")
    query(
        url,
        "alter table leases drop column since",
        "alter table leases drop column facts",
        "drop index sightings_by_tier",
        *(() if url.startswith("sqlite") else of_server),
        "update alembic_version set version_num = '0003'",
    )


@contextmanager
def occupied(url: str) -> Iterator[None]:
    """Somebody else has the turn to write, and keeps it."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
            file.execute("begin immediate")
            yield
        return
    with closing(psycopg.connect(url, autocommit=True)) as server:
        server.execute("select pg_advisory_lock(%s)", [WRITES])
        yield


@dataclass
class Databases:
    """Makes databases of one kind. Migrated ones are copies of one, for a migration takes longer than most tests."""

    kind: str
    folder: Path
    _made: list[str] = field(default_factory=list)

    def new(self, name: str = "countersign") -> str:
        """The URL of a database with nothing in it."""
        if self.kind == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        self._made.append(_unique(name))
        return postgres.create(self._made[-1])

    def migrated(self, name: str = "countersign") -> str:
        """The URL of a database whose tables stand, empty."""
        if self.kind == "sqlite":
            shutil.copyfile(_file(self.folder), self.folder / f"{name}.db")
            return f"sqlite:///{self.folder / name}.db"
        self._made.append(_unique(name))
        return postgres.create(self._made[-1], template=_template())

    def drop(self) -> None:
        """The files go with their folder."""
        for name in self._made:
            postgres.drop(name)


def _unique(name: str) -> str:
    return f"{name}_{os.getpid()}_{next(_NUMBERS)}"


_TEMPLATES: dict[str, Any] = {}


def _file(folder: Path) -> Path:
    """A migrated file, made once a process beside the tests' folders."""
    found = _TEMPLATES.get("sqlite")
    if found is None or not found.exists():
        found = folder.parent / f"migrated-{os.getpid()}.db"
        migrated(f"sqlite:///{found}")
        _TEMPLATES["sqlite"] = found
    return Path(found)


def _template() -> str:
    """The name of a migrated database, made once a process."""
    if "postgresql" not in _TEMPLATES:
        name = _unique("migrated")
        migrated(postgres.create(name))
        _TEMPLATES["postgresql"] = name
    return str(_TEMPLATES["postgresql"])
