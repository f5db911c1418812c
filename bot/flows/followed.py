"""Let the feed tell first: what stands may be another name on what was rightly down, as only the feed knows."""

import asyncio

from bot.core.account import Account
from bot.core.errors import PlatformAway, PlatformRefused
from bot.flows.world import World

WITHIN, LOOKS = 2.0, 40
"""Seconds that the feed is waited for, and how often it is looked whether it is through."""


async def followed(world: World) -> bool:
    """Wait until the feed is judged as far as it goes now, for as long as one may; False where it cannot be asked."""
    try:
        latest = await world.platform.latest_cursor()
    except (PlatformAway, PlatformRefused):
        return False
    for _ in range(LOOKS):
        cursor = await world.ledger.read(lambda view: view.cursor())
        if cursor is None or cursor >= latest:
            break
        await asyncio.sleep(WITHIN / LOOKS)
    return True


async def followed_for(world: World, account: Account | None) -> None:
    """The same where it matters: of hands that nobody's name explains only a system's can replace what stands."""
    by = account.deactivation.actor if account is not None and account.deactivation is not None else None
    if by is not None and by.startswith("system:") and by not in world.policy.guard.explained_actors:
        await followed(world)
