"""kill −9 in the middle of the load: what was acknowledged is on disk, whole, and the log has no gap."""

from tests.commands import program
from tests.storage.scene import SECOND, Shelf, disagreements, takes_something_over

KILLED_AFTER = (1, 37, 90, 211)
"""Acknowledgements heard before each kill."""


async def acknowledged(url: str, name: str, *, after: int) -> dict[str, int]:
    """Let a process work and kill it; every version of a request that it said was written."""
    async with program("tests.storage.load", url, name) as (process, said):
        heard = [await said.readline() for _ in range(after)]
        process.kill()
        heard += (await said.read()).splitlines(keepends=True)
    return {id: int(version) for id, version in (line.decode().split() for line in heard if line.endswith(b"\n"))}


async def test_what_was_acknowledged_survives_being_killed_in_mid_load(shelf: Shelf) -> None:
    shelf.open().close()
    heard: dict[str, int] = {}
    for n, after in enumerate(KILLED_AFTER):
        heard |= await acknowledged(shelf.url, f"p{n}", after=after)
        beside = shelf.open_to_read()
        assert await disagreements(beside) == []
        stored = await beside.read(lambda view: {r.id: r.version for r in view.all_requests()})
        assert {id: v for id, v in heard.items() if stored.get(id, 0) < v} == {}
        beside.close()
    assert len(heard) > sum(KILLED_AFTER) // 3
    again = shelf.open("again")
    await takes_something_over(again)
    shelf.clock.at += SECOND
    held = shelf.sql("select count(*) from tasks where state = 'running'")
    assert held == [(0,)], "what the dead processes held is due again"
    (due,) = shelf.sql("select count(*) from tasks where state = 'waiting' and owner is null and kind = 'draw'")
    (drawn,) = shelf.sql("select count(*) from tasks where kind = 'draw'")
    assert due == drawn
    entries = shelf.sql("select count(*) from audit where kind in ('filed', 'approved')")
    assert entries == [(drawn[0],)], "each move left its card's task, in the same commit"
