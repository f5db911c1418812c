"""Look at the counts of an account that is back, until they are whole or a person has to decide."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.account import PublicView
from bot.core.counts import Figures, figures_of, judge, may_have_drifted, settling
from bot.core.errors import PlatformAway, PlatformRefused
from bot.core.incident import Baseline, Incident
from bot.core.record import unstamp
from bot.core.transition import Change, Sample, Task
from bot.core.watching import Look, asks_recount, down_again, looked, watched
from bot.flows.baseline import last_down
from bot.flows.world import FINISHED, Result, World
from bot.ports import View

LONGEST_PAUSE = 30.0
"""Seconds between two tries while the platform gives no answer: what was not seen is not lost."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What the platform showed; `edges` is the true count of followers, where it was asked for and given."""

    at: datetime
    public: PublicView | None
    down: bool
    before: Figures | None
    edges: int | None


async def sample(world: World, task: Task) -> Result:
    """Take one sample, judge it by all since the watch began, and file the next."""
    found = await world.ledger.read(lambda view: view.incident(task.payload["incident"]))
    due = world.policy.guard.samples
    if found is None or not watched(found) or not due:
        return None
    try:
        seen = await _see(world, found, last=task.payload["n"] >= len(due) - 1)
    except (PlatformAway, PlatformRefused):
        return world.now() + timedelta(seconds=min(0.5 * 2 ** min(task.attempts, 10), LONGEST_PAUSE))
    look = await world.ledger.read(lambda view: _look(view, found, seen, task, due))
    if not seen.down and asks_recount(found, look):
        await _recount(world, found.account)

    def propose(view: View) -> Change:
        now = view.incident(found.id)
        if now is None or not watched(now):
            return Change()
        if seen.down or _overtaken(view, now):
            return down_again(now, at=world.now())
        return looked(now, _look(view, now, seen, task, due), at=world.now())

    change = await world.ledger.decide(propose, finish=task)
    assert isinstance(change, Change)
    world.status.tally(change.transitions)
    return FINISHED


def _overtaken(view: View, found: Incident) -> bool:
    """Whether the account went down again and came back between two samples: a later incident tells of it."""
    latest = last_down(view, found.account)
    return latest is not None and latest.id != found.id


async def _see(world: World, found: Incident, *, last: bool) -> Seen:
    """The public view, and the true count where the sample alone does not decide. Raises PlatformAway, -Refused."""
    at = world.now()
    public = await world.platform.public(found.account)
    down = False
    if public is not None and not public.active:
        # the public view may lag: only the account's own record says that it is down again
        account = await world.platform.account(found.account)
        down = account is not None and not account.active
    before, edges = figures_of(found), None
    followers = public.followers if public is not None and public.active else None
    if not down and (before is None or last or may_have_drifted(followers, before.followers)):
        edges = await _edges(world, found.account)
    if before is None and edges is not None:
        before = Figures(followers=edges, following=None, at=at, source=Baseline.EDGES)
    return Seen(at=at, public=public, down=down, before=before, edges=edges)


async def _edges(world: World, account: str) -> int | None:
    """None where the platform keeps no such count."""
    try:
        return await world.platform.edges(account)
    except PlatformRefused:
        return None


def _look(view: View, found: Incident, seen: Seen, task: Task, due: tuple[timedelta, ...]) -> Look:
    """Judge by what was sampled since the watch began, this look being the last of it."""
    since = unstamp(task.payload["since"])
    public = seen.public if seen.public is not None and seen.public.active else None
    sample = Sample(
        account=found.account,
        at=seen.at,
        followers=public.followers if public else None,
        following=public.following if public else None,
    )
    earlier = [s for s in view.samples(found.account, since=since, until=seen.at) if s.at < seen.at]
    return Look(
        sample=sample,
        finding=judge(seen.before, [*earlier, sample], settling(due), edges=seen.edges),
        before=seen.before,
        edges=seen.edges,
        due=due,
        n=task.payload["n"],
        since=since,
        falls=task.payload["falls"],
    )


async def _recount(world: World, account: str) -> None:
    """Ask for it; a platform that cannot is one that a person has to deal with at the end."""
    try:
        await world.platform.recount(account)
    except (PlatformAway, PlatformRefused):
        return
