"""The guard's feed over a real ledger: one account that nobody can make sense of leaves no other unguarded."""

from dataclasses import dataclass, field, replace

from bot.core.account import Account, Deactivation, Event, EventType
from bot.core.transition import Task, TaskKind
from bot.flows.follow import take
from bot.flows.judge_later import PAGED_AT_ATTEMPT, judge_later
from storage.ledger import SqlLedger
from tests.storage.scene import AT, Shelf, account, world_of

UNSTORABLE = 2**70
"""A count that the platform's client would never hand on: it stands for whatever nobody foresaw."""


@dataclass
class Reads:
    """A platform whose accounts are as the test says."""

    accounts: dict[str, Account] = field(default_factory=dict)

    async def account(self, id: str) -> Account | None:
        return self.accounts.get(id)


def taken_down(id: str, **changed: object) -> Account:
    down = Deactivation(actor="staff:rex", at=AT, operation=None, reason=None, purge_at=None)
    return account(id, active=False, deactivation=down, **changed)


def event(seq: int, id: str) -> Event:
    return Event(
        seq=seq,
        type=EventType.DEACTIVATED,
        account=id,
        handle=id,
        actor="staff:rex",
        at=AT,
        operation=None,
    )


async def test_what_nobody_foresaw_about_one_account_leaves_no_other_unguarded(ledger: SqlLedger, shelf: Shelf) -> None:
    platform = Reads({"odd": taken_down("odd", followers=UNSTORABLE), "plain": taken_down("plain")})
    world = replace(world_of(ledger, shelf.clock), platform=platform)

    await take(world, [event(1, "odd"), event(2, "plain")], after=2, cursor=0)

    assert shelf.sql("select account from incidents") == [("plain",)]
    assert shelf.sql("select key from tasks where kind = 'judge'") == [("judge:odd:1",)]
    assert await ledger.read(lambda view: view.cursor()) == 2


async def test_it_is_tried_again_and_wakes_somebody_before_long(ledger: SqlLedger, shelf: Shelf) -> None:
    platform = Reads({"odd": taken_down("odd", followers=UNSTORABLE)})
    world = replace(world_of(ledger, shelf.clock), platform=platform)
    task = Task(key="judge:odd:1", kind=TaskKind.JUDGE, payload={"account": "odd"}, due=AT)

    assert await judge_later(world, task) is not None
    assert shelf.sql("select count(*) from tasks where kind = 'page'") == [(0,)]
    assert await judge_later(world, replace(task, attempts=PAGED_AT_ATTEMPT)) is not None
    assert shelf.sql("select count(*) from tasks where kind = 'page'") == [(1,)]

    platform.accounts["odd"] = taken_down("odd")
    assert await judge_later(world, task) is None
    assert shelf.sql("select account from incidents") == [("odd",)]
