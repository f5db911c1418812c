"""What fails many times a second is told once, then once a minute, and once more when it is over."""

import logging

import pytest

from bot.core.errors import LedgerAway, PlatformAway
from bot.flows.persist import persist
from bot.outage import SAID_EVERY, Outage


class Seconds:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def outage(seconds: Seconds) -> Outage:
    return Outage("the ledger", monotonic=seconds)


async def test_it_is_told_at_once_then_each_minute_and_once_when_it_is_over(
    outage: Outage, seconds: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(1500):
        outage.failed("connection refused")
        seconds.now += 2 * SAID_EVERY / 1000
    outage.worked()
    outage.worked()
    assert [record.getMessage() for record in caplog.records] == [
        "the ledger is away, and is tried again: connection refused",
        "the ledger is still away, after 60 s: connection refused",
        "the ledger is still away, after 120 s: connection refused",
        "the ledger is back, after 180.0 s",
    ]


def test_what_works_in_one_way_and_not_in_another_is_not_back(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    for kind in ("record", "be read"):
        outage.failed("no room", kind=kind)
    outage.worked("be read")
    assert len(caplog.records) == 1
    outage.worked("record", "be read")
    assert "is back" in caplog.text


def test_the_next_time_is_told_anew(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        outage.failed("no room")
        outage.worked()
    assert len(caplog.records) == 4


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PlatformAway("The platform answered 503."), "The platform answered 503."),
        (OSError("ticket=secret"), "no answer (OSError)"),
        (LedgerAway("The database cannot be read."), None),
    ],
)
async def test_what_a_start_waits_for_is_told_in_words_and_the_ledger_tells_of_itself(
    error: Exception, said: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tries = iter([error, None])

    async def attempt() -> str:
        if (wrong := next(tries)) is not None:
            raise wrong
        return "there"

    assert await persist(attempt, "the platform", despite=(type(error),)) == "there"
    assert [said in record.getMessage() for record in caplog.records[:1]] == ([True] if said else [])
