from collections.abc import Iterator

import pytest

from storage.ledger import SqlLedger
from tests.databases import Databases
from tests.storage.scene import Shelf


@pytest.fixture
def shelf(databases: Databases) -> Iterator[Shelf]:
    shelf = Shelf(databases)
    yield shelf
    shelf.close()


@pytest.fixture
def ledger(shelf: Shelf) -> SqlLedger:
    return shelf.open()
