"""Let the feed tell first: what stands may be another name on what was rightly down, as only the feed knows."""

import asyncio

from bot.core.account import Account
from bot.core.errors import PlatformAway, PlatformRefused
from bot.flows.world import World

WITHIN, LOOKS = 2.0, 40
"""Seconds that the feed may stand still before it is waited for no more, and how often it is looked at in them."""


async def followed(world: World) -> bool:
    """Wait until the feed is judged as far as it goes now, while it moves at all; False where it cannot be asked."""
    try:
        latest = await world.platform.latest_cursor()
    except (PlatformAway, PlatformRefused):
        return False
    reached, patience = -1, LOOKS
    while patience:
        cursor = await world.ledger.read(lambda view: view.cursor())
        if cursor is None or cursor >= latest:
            break
        patience = LOOKS if cursor > reached else patience - 1
        reached = cursor
        await asyncio.sleep(WITHIN / LOOKS)
    return True


async def followed_for(world: World, account: Account | None) -> None:
    """The same where it matters: of hands that nobody's name explains only a system's can replace what stands."""
    by = account.deactivation.actor if account is not None and account.deactivation is not None else None
    if by is None or not by.startswith("system:") or by in world.policy.guard.explained_actors:
        return
    instance = account.instance if account is not None else None
    if instance is not None and await world.ledger.read(lambda view: view.judged(instance)) is None:
        await followed(world)
