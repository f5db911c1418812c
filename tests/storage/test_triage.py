"""Of very many at once those that weigh most are found, and the look for them ends."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.account import Account
from bot.core.policy import Match, Tier
from bot.core.tasks import backlog
from bot.core.tasks import triage as triage_task
from bot.core.transition import Change
from bot.flows.triage import triage
from storage.ledger import SqlLedger
from tests.storage.scene import AT, POLICY, SECOND, Book, Shelf, world_of
from tests.storage.test_following import Reads, stands

WEIGHTY = Tier(name="protected", approvals=(("manager", 1),), any=Match(tags=frozenset({"head-of-state"})))


class Weighing(Book):
    policy = replace(POLICY, tiers=(WEIGHTY, *POLICY.tiers))


@dataclass
class Lists(Reads):
    """Lists the same two a page however many are restored meanwhile."""

    async def inactive(
        self, *, since: datetime | None = None, start: int = 1, count: int = 2
    ) -> tuple[list[Account], int]:
        assert since is not None
        assert count
        listed = list(self.accounts.values())
        return listed[start - 1 : start + 1], len(listed)


async def test_the_protected_among_what_the_feed_announced_are_judged_once_and_nothing_else(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    weighty = {"tags": ("head-of-state",)}
    found = [
        replace(stands("told_1", "staff:rex"), **weighty),
        replace(stands("told_2", "staff:rex"), **weighty),
        replace(stands("plain", "staff:rex"), tags=()),
        replace(stands("untold", "staff:rex"), **weighty),
    ]
    platform = Lists({one.id: one for one in found})
    world = replace(world_of(ledger, shelf.clock), platform=platform, book=Weighing())
    told = dict.fromkeys(("told_1", "told_2", "plain"), AT)
    waiting = backlog(told, because="9", due=AT + SECOND)
    await ledger.decide(lambda _: Change(tasks=(waiting,)))

    async with asyncio.timeout(20):
        assert await triage(world, triage_task(heard=AT)) is None

    assert shelf.sql("select account from incidents order by account") == [("told_1",), ("told_2",)]
    assert sorted(platform.asked) == ["told_1", "told_2"]
