from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from storage.ledger import SqlLedger
from tests.storage.scene import Shelf


@pytest.fixture(scope="session")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file with nothing in it."""
    path = tmp_path_factory.mktemp("new") / "new.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture
def shelf(tmp_path: Path, new: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path, new)
    yield shelf
    shelf.close()


@pytest.fixture
def ledger(shelf: Shelf) -> SqlLedger:
    return shelf.open()
