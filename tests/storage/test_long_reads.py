"""Who reads may take its time over what it has read; who writes, and holds up all others, may not."""

import time

import pytest

from bot.core.errors import LedgerAway
from storage.postgres import SESSION
from storage.view import ConnectionView
from tests import postgres
from tests.storage.scene import Shelf

LONGER = 2.3


@pytest.fixture(scope="module")
def kind() -> str:
    if postgres.is_off():
        pytest.skip(f"{postgres.OFF}=off")
    return "postgresql"


def slowly(view: ConnectionView) -> int:
    head = view.head()
    time.sleep(LONGER)
    return head + view.head()


async def test_a_reader_that_thinks_between_two_questions_keeps_its_snapshot(shelf: Shelf) -> None:
    assert SESSION["idle_in_transaction_session_timeout"] == "2s"
    ledger = shelf.open()
    assert await ledger.read(slowly, long=True) == 0


async def test_a_writer_that_does_so_has_lost_its_turn(shelf: Shelf) -> None:
    ledger = shelf.open()

    def slow(view: ConnectionView) -> object:
        slowly(view)
        raise AssertionError

    with pytest.raises(LedgerAway, match="idle-in-transaction"):
        await ledger.decide(slow)  # type: ignore[arg-type]
    assert await ledger.read(lambda view: view.head()) == 0
