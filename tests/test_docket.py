"""What waits to be decided is taken up together, the urgent first, and no two about the same."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.flows.docket import MOST, Docket


class Bench:
    """Decides each item by giving it back; notes what came together."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def decide(self, items: Sequence[str]) -> Sequence[str]:
        self.batches.append(list(items))
        await self.open.wait()
        if "odd" in items:
            raise ValueError("odd")
        return [item.upper() for item in items]


def put(
    docket: "Docket[str, str]", bench: Bench, item: str, *, about: str = "", first: bool = False
) -> "asyncio.Task[str]":
    return asyncio.create_task(docket.put(item, bench.decide, about=about or item, first=first))


async def test_one_alone_is_decided_at_once() -> None:
    docket, bench = Docket[str, str](), Bench()
    assert await put(docket, bench, "a") == "A"
    assert await put(docket, bench, "b") == "B"
    assert bench.batches == [["a"], ["b"]]


async def test_what_comes_while_one_is_decided_is_decided_together_the_urgent_first() -> None:
    docket, bench = Docket[str, str](), Bench()
    bench.open.clear()
    waiting = [put(docket, bench, "a")]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting += [put(docket, bench, "b"), put(docket, bench, "c", first=True)]
    await asyncio.sleep(0)
    bench.open.set()
    assert await asyncio.gather(*waiting) == ["A", "B", "C"]
    assert bench.batches == [["a"], ["c", "b"]]


async def test_no_two_about_the_same_are_decided_together() -> None:
    docket, bench = Docket[str, str](), Bench()
    found = [put(docket, bench, item, about="acct_1") for item in ("a", "b")]
    assert await asyncio.gather(*found) == ["A", "B"]
    assert bench.batches == [["a"], ["b"]]


async def test_no_more_are_taken_up_at_once_than_what_is_urgent_may_wait_for() -> None:
    docket, bench = Docket[str, str](), Bench()
    await asyncio.gather(*(put(docket, bench, str(n)) for n in range(MOST + 1)))
    assert [len(batch) for batch in bench.batches] == [MOST, 1]


async def test_one_that_nobody_foresaw_leaves_the_others_decided() -> None:
    docket, bench = Docket[str, str](), Bench()
    found = await asyncio.gather(*(put(docket, bench, item) for item in ("a", "odd", "b")), return_exceptions=True)
    assert (found[0], found[2]) == ("A", "B")
    assert isinstance(found[1], ValueError)
    with pytest.raises(ValueError, match="odd"):
        await put(docket, bench, "odd")


async def test_whoever_waits_no_longer_stops_nobody_else() -> None:
    docket, bench = Docket[str, str](), Bench()
    bench.open.clear()
    gone, kept = put(docket, bench, "a"), put(docket, bench, "b")
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    bench.open.set()
    assert await kept == "B"
