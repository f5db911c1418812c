"""Of very many that are down find those that weigh most, known or not: the list tells of them, a read decides."""

import asyncio

from bot.core.account import Account
from bot.core.errors import PlatformAway, PlatformRefused
from bot.core.policy import PROTECTED
from bot.core.record import unstamp
from bot.core.transition import Task
from bot.flows.followed import followed_for
from bot.flows.guard import Found, judge_found
from bot.flows.judge_later import made_sense
from bot.flows.reading import read
from bot.flows.sweep import OVERLAP, pages
from bot.flows.world import Result, World

AT_ONCE = 16


async def triage(world: World, task: Task) -> Result:
    """Only what the feed announced is looked for. Where the platform gives no answer the backlog finds them too."""
    gate, seen = asyncio.Semaphore(AT_ONCE), set[str]()
    try:
        async for page in pages(world, since=unstamp(task.payload["since"]) - OVERLAP):
            announced, at = await world.ledger.read(lambda view: view.awaiting_judgement()), world.now()
            told = [account for account in page.accounts if account.id in announced and account.id not in seen]
            weighty = [account for account in told if world.policy.tier_of(account, at=at).name == PROTECTED]
            seen |= {account.id for account in weighty}
            await asyncio.gather(*(_judge(world, account, gate) for account in weighty))
            page.gone = len(weighty)
    except (PlatformAway, PlatformRefused):
        return None
    return None


async def _judge(world: World, listed: Account, gate: asyncio.Semaphore) -> None:
    async with gate:
        account = await read(world, listed.id)
    if account is None or account.instance is None:
        return
    await followed_for(world, account)
    found = Found(instance=account.instance, account=account, event=None, by="feed")
    await made_sense(judge_found(world, found, protected=True), of=account.id)
