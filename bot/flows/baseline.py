"""Know an account's counts before it goes down: sample those that are watched, and learn which these are.

Watched are the accounts that the policy names and those seen in the tiers `protected` and `high` of late. Which they
are is learnt from every look at an account, and once a day from the platform's list of all of them, a page at a time
(docs/decisions/0012-a-slow-crawl-learns-whom-to-watch.md).
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.account import Account
from bot.core.counts import DOUBTED, KEPT, Figures, figures_of, figures_seen, seen_active
from bot.core.errors import PlatformAway, PlatformRefused
from bot.core.incident import Incident, IncidentKind, IncidentState
from bot.core.policy import PROTECTED, SEEN_FOR
from bot.core.tasks import learn, look_around
from bot.core.transition import Change, Sample, Sighting, Task
from bot.flows.world import Result, World
from bot.ports import View

WATCHED = (PROTECTED, "high")
EVERY = timedelta(minutes=10)
"""An account that is watched is sampled so often."""
TICK = timedelta(seconds=10)
A_TICK = 100
"""Accounts sampled a tick at most: 6,000 every ten minutes; of more each is sampled less often."""
AT_ONCE = 4
PAGE = 1000
PAGE_EVERY = timedelta(seconds=5)
MOST_PAGES = 20_000
"""Of one day's list; what stands behind them is learnt from looks alone."""
THINNED = 20
"""Accounts whose samples are thinned out in one transaction."""
DROPPED_EVERY = timedelta(hours=1)
AGAIN = timedelta(seconds=30)
"""The list is asked for again after the platform gave no answer."""


async def arm_baseline(world: World) -> None:
    """Sample from now on, and learn today whom; both are there already after a restart."""
    now = world.now()
    await world.ledger.add(look_around(due=now + TICK), _today(world, now))


def _today(world: World, at: datetime) -> Task:
    return learn(day=str(world.policy.today(at)), start=1, due=at)


@dataclass(slots=True)
class Watching:
    """Samples a few accounts a tick, those sampled longest ago first, so that thousands of them make no burst."""

    _tried: dict[str, datetime] = field(default_factory=dict)
    """When those were looked at of late that gave no sample: they are down, or hide their counts."""
    _dropped: datetime | None = None
    """When there was nothing left to be dropped."""

    async def baseline(self, world: World, task: Task) -> Result:
        return await (learn_page(world, task) if task.payload else self._look_around(world))

    async def _look_around(self, world: World) -> Result:
        """Sample those whose turn it is; the task itself comes back for ever."""
        at = world.now()
        self._tried = {account: when for account, when in self._tried.items() if at - when < EVERY}
        if not world.status.platform_away:
            await self._sample(world, await self._due(world, at))
        return world.now() + TICK

    async def _due(self, world: World, at: datetime) -> Sequence[str]:
        tried, named = self._tried, world.policy.protected

        def query(view: View) -> list[str]:
            of_tiers = view.to_sample(
                WATCHED, seen_since=at - SEEN_FOR, sampled_before=at - EVERY, limit=A_TICK + len(tried)
            )
            new = [id for id in sorted(named) if not view.samples(id, since=at - EVERY, until=at)]
            return [id for id in dict.fromkeys((*new, *of_tiers)) if id not in tried][:A_TICK]

        return await world.ledger.read(query, long=True)

    async def _sample(self, world: World, accounts: Sequence[str]) -> None:
        gate = asyncio.Semaphore(AT_ONCE)
        found = await asyncio.gather(*(_look(world, id, gate) for id in accounts))
        seen = [one for one in found if one is not None]
        sampled = tuple(sample for _, samples in seen for sample in samples)
        for id in {*accounts} - {sample.account for sample in sampled}:
            self._tried[id] = world.now()
        if seen:
            sightings = tuple(_sighting(world, account) for account, _ in seen)
            await world.ledger.decide(lambda _: Change(samples=sampled, sightings=sightings))
            await self._thin(world, [sample.account for sample in sampled])

    async def _thin(self, world: World, accounts: Sequence[str]) -> None:
        """Little at a time: the guard's commits wait for none of it."""
        at = world.now()
        for start in range(0, len(accounts), THINNED):
            await world.ledger.thin_samples(accounts[start : start + THINNED], at=at)
        if self._dropped is None or at - self._dropped >= DROPPED_EVERY:
            more = await world.ledger.drop_samples(at=at)
            self._dropped = None if more else at


async def _look(world: World, id: str, gate: asyncio.Semaphore) -> tuple[Account, tuple[Sample, ...]] | None:
    """The account, by its tags and counts, and what the public sees of it while it is up."""
    async with gate:
        at = world.now()
        try:
            account, public = await asyncio.gather(world.platform.account(id), world.platform.public(id))
        except (PlatformAway, PlatformRefused):
            return None
    if account is None:
        return None
    up = account.active and public is not None and public.active
    if not up or public is None or public.followers is None:
        return account, ()
    return account, (Sample(account=id, at=at, followers=public.followers, following=public.following),)


def _sighting(world: World, account: Account) -> Sighting:
    at = world.now()
    return Sighting(account=account.id, tier=world.policy.tier_of(account, at=at).name, at=at)


async def learn_page(world: World, task: Task) -> Result:
    """Note on a page of all accounts who is to be watched, with a first sample; the next page comes with its end."""
    start, day = int(task.payload["start"]), str(task.payload["day"])
    at = world.now()
    try:
        page, total = await world.platform.listed(start=start, count=PAGE)
    except (PlatformAway, PlatformRefused):
        return world.now() + AGAIN
    seen = [(account, sighting) for account in page if (sighting := _sighting(world, account)).tier in WATCHED]
    new = await _without_sample(world, [account for account, _ in seen], at=at)
    following = start + len(page)
    done = not page or following > total or following > MOST_PAGES * PAGE
    if done:
        tomorrow = world.policy.tomorrow(max(at, world.now()))
        successor = learn(day=str(world.policy.today(tomorrow)), start=1, due=tomorrow)
    else:
        successor = learn(day=day, start=following, due=world.now() + PAGE_EVERY)
    return Change(
        sightings=tuple(sighting for _, sighting in seen),
        samples=tuple(sample for account in new for sample in seen_active(account, at=at)),
        tasks=(successor,),
    )


async def _without_sample(world: World, accounts: Collection[Account], *, at: datetime) -> list[Account]:
    """Those of which nothing is known yet: a list's figures are the platform's own, not what the public sees."""

    def query(view: View) -> list[Account]:
        return [a for a in accounts if view.last_sample(a.id, before=at, since=at - KEPT) is None]

    return await world.ledger.read(query, long=True)


def baseline_of(view: View, account: str, *, at: datetime) -> Figures | None:
    """The account's counts before it went down at that moment, as far as they were whole.

    While an earlier incident's counts are not back, its own baseline stands: low counts are none. The same holds for
    an hour after any other restore.
    """
    oldest, restored_at = at - KEPT, view.restored_at(account)
    if restored_at is None:
        return figures_seen(view.last_sample(account, before=at, since=oldest))
    before = last_down(view, account)
    if before is not None and before.state in {IncidentState.RESTORED, IncidentState.LOST}:
        inherited = figures_of(before)
        if inherited is not None and at - inherited.at < KEPT:
            return inherited
    whole_at = before.whole_at if before else None
    if restored_at >= at:
        return figures_seen(view.last_sample(account, before=at, since=oldest))
    trusted = whole_at if whole_at is not None and whole_at >= restored_at else restored_at + DOUBTED
    since = view.last_sample(account, before=at, since=max(trusted, oldest))
    return figures_seen(since or view.last_sample(account, before=min(restored_at, at), since=oldest))


def last_down(view: View, account: str) -> Incident | None:
    """The account's last incident that a restore ends: the last judged; what is heard of first may be read last."""
    kinds = {IncidentKind.DEACTIVATED, IncidentKind.LATE}
    found = [each for each in view.incidents(account=account, limit=5) if each.kind in kinds]
    return max(found, key=lambda each: each.decided_at or each.seen_at, default=None)
