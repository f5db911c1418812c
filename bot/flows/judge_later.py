"""What could not be read and judged when it was heard of: in its turn, or in a moment, for as long as it takes."""

import asyncio
import logging
from collections.abc import Awaitable
from datetime import datetime, timedelta

from bot.core.errors import CountersignError, PlatformAway, PlatformRefused
from bot.core.policy import PROTECTED
from bot.core.record import stamp
from bot.core.tasks import judge as judge_task
from bot.core.tasks import page_about
from bot.core.transition import Change, Task
from bot.flows.followed import followed_for
from bot.flows.guard import Found, judge_found
from bot.flows.reading import read
from bot.flows.world import Result, World

log = logging.getLogger(__name__)

IN_TURN = 8
"""Accounts of a backlog's task that are read at the same time."""
PAGED_AT_ATTEMPT = 7
"""With pauses of 0.2, 0.4 … 2 s the seventh try comes some ten seconds after the first."""


async def made_sense(work: Awaitable[object], *, of: str) -> bool:
    """Whether it could be done. What nobody foresaw about one account must not leave all the others unguarded."""
    try:
        await work
    except CountersignError:
        raise
    except Exception:
        log.exception("account %s could not be judged; it is tried again", of)
        return False
    return True


async def judge_backlog(world: World, task: Task) -> Result:
    """Read and judge many accounts in their turn; what cannot be read now is left to tasks of its own."""
    gate = asyncio.Semaphore(IN_TURN)
    told: dict[str, str] = task.payload["accounts"]
    unread = await asyncio.gather(*(_judge_in_turn(world, id, at, gate, because=task.key) for id, at in told.items()))
    return Change(tasks=tuple(left for left in unread if left))


async def _judge_in_turn(world: World, id: str, told: str, gate: asyncio.Semaphore, *, because: str) -> Task | None:
    async with gate:
        try:
            account = await read(world, id)
        except (PlatformAway, PlatformRefused):
            return judge_task(id, because=because, due=world.now())
        if account is None or (standing := account.instance) is None:
            return None
        if standing.at is None or stamp(standing.at) != told:
            await followed_for(world, account)
        found = Found(instance=standing, account=account, event=None, by="feed")
        protected = world.policy.tier_of(account, at=world.now()).name == PROTECTED
        judged = await made_sense(judge_found(world, found, protected=protected), of=id)
    return None if judged else judge_task(id, because=because, due=world.now())


async def judge_later(world: World, task: Task) -> Result:
    """The task left behind by an account that could not be read: read it now, or again in a moment, for ever."""
    id = task.payload["account"]
    try:
        account = await read(world, id)
    except (PlatformAway, PlatformRefused):
        return await _once_more(world, task)
    if account is not None and (standing := account.instance) is not None:
        await followed_for(world, account)
        found = Found(instance=standing, account=account, event=None, by="feed", sure=True)
        if not await made_sense(judge_found(world, found), of=id):
            return await _once_more(world, task)
    return None


async def _once_more(world: World, task: Task) -> datetime:
    """In a moment; somebody is woken when it has gone on for ten seconds."""
    if task.attempts == PAGED_AT_ATTEMPT:
        await world.ledger.add(*page_about(task.payload["account"], "unreadable", due=world.now()))
    return world.now() + timedelta(seconds=min(0.2 * 2 ** min(task.attempts, 10), 2.0))
