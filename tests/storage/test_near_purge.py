"""What nobody could put back wakes the on-call again before the platform deletes it for good."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.guarding import opened, restored
from bot.core.incident import Incident
from bot.core.tasks import near_purge as near_purge_task
from bot.core.transition import Change, TaskKind
from bot.flows.near_purge import near_purge
from storage.ledger import SqlLedger
from tests.core.build import open_incident
from tests.storage.scene import AT, Shelf, world_of

PURGED_AT = AT + timedelta(days=30)


async def stored(ledger: SqlLedger) -> Incident:
    new = replace(open_incident(), version=0, purge_at=PURGED_AT)
    change = await ledger.decide(lambda _: Change(transitions=(opened(new, at=AT),)))
    assert isinstance(change, Change)
    found = change.transitions[0].after
    assert isinstance(found, Incident)
    return found


async def woken(ledger: SqlLedger, shelf: Shelf, *, day: int) -> list[str]:
    """What the worker would do then, and what that leaves."""
    shelf.clock.at = AT + timedelta(days=day)
    pages: list[str] = []
    for task in await ledger.claim_due(limit=100):
        if task.kind is TaskKind.NEAR_PURGE:
            change = await near_purge(world_of(ledger, shelf.clock), task)
            assert isinstance(change, Change)
            await ledger.decide(lambda _, change=change: change, finish=task)
            pages += [made.payload["why"] for made in change.tasks if made.kind is TaskKind.PAGE]
    return pages


async def test_a_week_and_a_day_before_it_is_paged_while_it_is_down(ledger: SqlLedger, shelf: Shelf) -> None:
    await stored(ledger)

    assert await woken(ledger, shelf, day=22) == []
    assert await woken(ledger, shelf, day=23) == ["purge_week"]
    assert await woken(ledger, shelf, day=28) == []
    assert await woken(ledger, shelf, day=29) == ["purge_day"]
    assert await woken(ledger, shelf, day=31) == []


async def test_what_is_back_by_then_wakes_nobody(ledger: SqlLedger, shelf: Shelf) -> None:
    found = await stored(ledger)
    back = restored(found, at=AT, restored_at=AT, by="mona", followers=None)
    await ledger.decide(lambda _: Change(transitions=(back,)))

    assert await woken(ledger, shelf, day=29) == []


async def test_an_incident_that_is_not_there_wakes_nobody(ledger: SqlLedger, shelf: Shelf) -> None:
    assert (
        await near_purge(world_of(ledger, shelf.clock), near_purge_task(open_incident(), "purge_day", due=AT)) is None
    )


@pytest.mark.parametrize("why", ["purge_week", "purge_day"])
async def test_it_is_said_once_however_often_the_task_runs(ledger: SqlLedger, shelf: Shelf, why: str) -> None:
    found = await stored(ledger)
    task = near_purge_task(found, why, due=AT)
    keys = set()
    for _ in range(2):
        change = await near_purge(world_of(ledger, shelf.clock), task)
        assert isinstance(change, Change)
        keys |= {made.key for made in change.tasks}
    assert keys == {f"page:INC-A:{why}", f"call:INC-A:{why}"}
