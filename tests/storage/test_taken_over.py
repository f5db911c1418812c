"""A task is another process's while who had it is still at it: the request goes on to its end all the same."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.core.account import OWN_PRINCIPAL, Account, Deactivation, PublicView
from bot.core.request import IN_LANE, Request, State
from bot.core.settling import release
from bot.core.transition import Change, Task, TaskKind
from bot.flows.carry_out import _claiming, carry_out
from bot.flows.world import FINISHED
from storage.ledger import SqlLedger
from storage.tasks import LEASE
from tests.storage.scene import AT, Shelf, account, filing, request, voting, world_of


@dataclass
class Platform:
    """One account; `meanwhile` is what happens at the first read, and `at_the_call` at the call."""

    meanwhile: Callable[[], Awaitable[Any]] | None = None
    at_the_call: Callable[[], Awaitable[Any]] | None = None
    keys: list[str] = field(default_factory=list)

    async def account(self, _: str) -> Account:
        if self.meanwhile is not None:
            first, self.meanwhile = self.meanwhile, None
            await first()
        if not self.keys:
            return account()
        why = Deactivation(actor=OWN_PRINCIPAL, at=AT, operation=self.keys[0], reason=None, purge_at=None)
        return account(active=False, etag='W/"2"', deactivation=why)

    async def public(self, _: str) -> PublicView:
        return PublicView(active=not self.keys, followers=12, following=3, as_of=AT)

    async def set_active(self, of: Request, **_: object) -> None:
        self.keys.append(of.operation)
        if self.at_the_call is not None:
            await self.at_the_call()


async def approved(shelf: Shelf) -> tuple[SqlLedger, SqlLedger, Task]:
    """A request whose task the first process lost to the second, which holds it now."""
    one, two = shelf.open("one"), shelf.open("two")
    await one.decide(lambda _: filing())
    await one.decide(voting)
    shelf.clock.at = AT + LEASE  # the first was stopped for so long
    (mine,) = [task for task in await two.claim_due(limit=10) if task.kind is TaskKind.CARRY_OUT]
    return one, two, mine


async def test_a_request_that_the_other_has_claimed_meanwhile_is_carried_on(shelf: Shelf) -> None:
    one, two, mine = await approved(shelf)

    async def claimed_by_the_first() -> None:
        await one.decide(lambda view: _claiming(world_of(one, shelf.clock), view, "REQ-1", account()))
        found = await request(one)
        assert found is not None
        assert found.state in IN_LANE

    world: Any = replace(world_of(two, shelf.clock), platform=Platform(meanwhile=claimed_by_the_first))  # type: ignore[arg-type]

    assert await carry_out(world, mine) is FINISHED
    ended = await request(two)
    assert ended is not None
    assert ended.state is State.DONE
    assert len(world.platform.keys) == 1


async def test_a_request_whose_lane_the_other_gave_back_meanwhile_is_claimed_anew(shelf: Shelf) -> None:
    one, two, mine = await approved(shelf)

    async def given_back_by_the_first() -> None:
        found = await request(one)
        assert found is not None
        await one.decide(lambda _: Change(transitions=(release(found, at=shelf.clock.now()),)))

    world: Any = replace(world_of(two, shelf.clock), platform=Platform(at_the_call=given_back_by_the_first))  # type: ignore[arg-type]

    assert await carry_out(world, mine) == shelf.clock.now()
    held = await request(two)
    assert held is not None
    assert held.state is State.APPROVED
    assert shelf.sql("select state from tasks where kind = 'carry_out'") == [("running",)]
