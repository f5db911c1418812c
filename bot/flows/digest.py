"""Post the weekly digest, once a week, whoever is running; and the sums of the week that runs."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from bot.core.approvers import QUICK
from bot.core.digest import COUNTED, Digest, Pending, Week, due, spoken_of, summarise
from bot.core.policy import Policy
from bot.core.record import stamp
from bot.core.request import BOT, Action, Request, State
from bot.core.tasks import digest as digest_task
from bot.core.transition import Change, Entry, Kind, Task
from bot.flows.show import posting
from bot.flows.world import Result, World
from bot.ports import View

INCIDENTS = 100_000
"""More than any week holds; a bound so that a broken clock does not fill the memory."""

HISTORY = 1_000
"""Requests of one account, the newest: among them the deactivation that a restore overturned."""


def digest_of(view: View, week: Week, policy: Policy, *, at: datetime) -> Digest:
    """The digest of a week from the ledger; whether the guard enforces is as at that moment."""
    zone = policy.timezone
    starts, ends = week.starts(zone), week.next().starts(zone)
    oldest = next((request for request in view.pending(limit=1) if request.filed_at < ends), None)
    entries = view.entries(kinds=COUNTED, since=starts - QUICK, until=ends)
    return summarise(
        week,
        zone,
        entries=entries,
        requests=_records(view, entries),
        incidents=view.incidents(since=starts, until=ends, limit=INCIDENTS),
        pending=Pending(request=oldest.id, filed_at=oldest.filed_at) if oldest else None,
        enforces=policy.guard.enforces_at(at),
    )


def _records(view: View, entries: Sequence[Entry]) -> dict[str, Request]:
    """The requests that the sums look at; of a restore that was done all those of its account."""
    requests = dict(view.requests(spoken_of(entries)))
    for request in tuple(requests.values()):
        if request.action is Action.RESTORE and request.state is State.DONE:
            requests |= {other.id: other for other in view.requests_of_account(request.subject.id, limit=HISTORY)}
    return requests


async def this_week(world: World) -> Digest:
    """The sums of the week that runs, at most a minute old. Raises LedgerAway."""
    policy = world.policy
    week = Week.of(policy.today(world.now()))

    async def summed() -> Digest:
        return await world.ledger.read(partial(digest_of, week=week, policy=policy, at=world.now()), long=True)

    return await world.week.get((week, policy.digest), summed, monotonic=world.clock.monotonic)


async def arm_digest(world: World) -> None:
    """File the digest of the week that runs; each digest posted files the next, so none is skipped while down."""
    policy = world.policy
    week = Week.of(policy.today(world.now()))
    await world.ledger.add(digest_task(week, due=due(week, policy.digest_rules, policy.timezone)))


async def post_digest(world: World, task: Task) -> Result:
    """Post it; the entry, the next week's task (not for one asked for) and this one's end are one commit."""
    policy, week = world.policy, Week.parse(task.payload["week"])
    async with posting(world, task, world.channel):
        digest = await world.ledger.read(partial(digest_of, week=week, policy=policy, at=world.now()), long=True)
        await world.desk.post_digest(digest)
    entry = Entry(kind=Kind.DIGEST, at=world.now(), by=BOT, facts={"week": str(week), "starts": stamp(digest.starts)})
    following = week.next()
    armed = digest_task(following, due=due(following, policy.digest_rules, policy.timezone))
    tasks = () if task.payload["once"] else (armed,)
    return Change(entries=(entry,), tasks=tasks)
