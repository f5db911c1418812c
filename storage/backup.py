"""A copy of a SQLite ledger as it stood at one moment, taken while others write."""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from bot.core.errors import CountersignError
from storage.sqlite import BUSY_TIMEOUT, quoted

PAGES = 1_000
"""Copied at a time; four megabytes."""
FIRST_READ = "select count(*) from sqlite_master"
SCHEMA = "select version_num from alembic_version"

Progress = Callable[[int, int], None]
"""Told how many pages are left, and of how many."""


class BackupFailed(CountersignError):
    """There is no copy. What the file's name stood for before, if anything, is untouched."""


@contextmanager
def copy_of(source: Path, target: Path, progress: Progress) -> Iterator[Path]:
    """A whole copy beside `target`, which becomes `target` where the caller finds nothing wrong with it.

    It is one moment's: a reader holds that moment, for which no writer waits, and without which the copy would begin
    anew with each of their changes. Nothing is ever overwritten, and no half file bears the name. Raises BackupFailed.
    """
    if not source.exists():
        raise BackupFailed(f"There is no database at {source}; start the bot once, or set DATABASE_URL.")
    if target.exists():
        raise BackupFailed(f"{target} is there already; nothing is overwritten.")
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".countersign-", suffix=".part")
    except OSError as error:
        raise BackupFailed(f"{target} cannot be written: {error.strerror}.") from error
    os.close(handle)
    part = Path(name)
    try:
        _copy(source, part, progress)
        yield part
        _keep(part, target)
    except sqlite3.Error as error:
        raise BackupFailed(f"{source} cannot be copied to {target}: {error}.") from error
    finally:
        for ending in ("", "-journal", "-wal", "-shm"):
            Path(f"{part}{ending}").unlink(missing_ok=True)


def _copy(source: Path, part: Path, progress: Progress) -> None:
    uri = f"file:{quoted(source)}?mode=ro"
    with (
        closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)) as from_,
        closing(sqlite3.connect(part, isolation_level=None)) as into,
    ):
        from_.execute("begin")
        from_.execute(FIRST_READ).fetchone()
        from_.backup(into, pages=PAGES, progress=lambda _, left, all_: progress(left, all_))
        into.execute("pragma journal_mode=delete").fetchone()  # a file that stands by itself; `run` turns it back
        if into.execute("pragma integrity_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the copy is damaged, and so may be what it was made of")


def schema_of(part: Path) -> str:
    """Which schema it has. Raises BackupFailed where it is no ledger at all."""
    with closing(sqlite3.connect(part)) as copy, suppress(sqlite3.Error):
        found = copy.execute(SCHEMA).fetchone()
        if found is not None:
            return str(found[0])
    raise BackupFailed("DATABASE_URL: that database is no ledger of Countersign.")


def _keep(part: Path, target: Path) -> None:
    """Durably, and only where nothing has the name by now."""
    with part.open("rb") as whole:
        os.fsync(whole.fileno())
    try:
        os.link(part, target)
    except FileExistsError:
        raise BackupFailed(f"{target} is there already; nothing is overwritten.") from None
    except OSError as error:
        raise BackupFailed(f"{target} cannot be written: {error.strerror}.") from error
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
