"""Be the guard, for as long as this process holds the lease: of many processes on one ledger one follows the feed."""

import asyncio
import contextlib
import logging

from bot.core.errors import Fenced, LedgerAway
from bot.core.tasks import sweep as sweep_task
from bot.flows.follow import follow, heartbeat
from bot.flows.persist import persist
from bot.flows.sweep import first_list
from bot.flows.world import World

log = logging.getLogger(__name__)

LEASE = "guard"
HELD_FOR = 0.9
"""Seconds: within so long of its death another process is the guard."""
KEPT_EVERY = 0.3


async def stand_guard(world: World) -> None:
    """Wait for the lease, then guard until it is lost, again and again; returns only by being cancelled."""
    while True:
        await _until_ours(world)
        log.info("this process is the guard")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_keep(world), name="lease")
                group.create_task(_guard(world), name="feed")
                group.create_task(heartbeat(world), name="heartbeat")
        except* Fenced:
            log.warning("another process is the guard now")
        finally:
            world.status.lay_down()


async def _until_ours(world: World) -> None:
    while True:
        try:
            if fence := await world.ledger.hold(LEASE, seconds=HELD_FOR):
                world.status.take_up(fence, world.clock.monotonic(), world.now())
                return
        except LedgerAway:
            await asyncio.sleep(HELD_FOR)  # nor could it be kept: who had it, and lives, comes first
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(world.status.vacant.wait(), KEPT_EVERY)
        world.status.vacant.clear()
        await _look_at_the_other(world)


async def _look_at_the_other(world: World) -> None:
    """The first list is the ledger's, whoever made it; how the guard is doing its holder has said there."""
    try:
        known, world.status.guard = await world.ledger.read(lambda view: (view.cursor(), view.lease(LEASE)))
    except LedgerAway:
        return
    world.status.listed = known is not None


async def _keep(world: World) -> None:
    """Raises Fenced where somebody else took the lease: what this process does as the guard is refused by then."""
    while True:
        await asyncio.sleep(KEPT_EVERY)
        try:
            kept = await world.ledger.hold(LEASE, seconds=HELD_FOR, facts=world.status.told(world.clock.monotonic()))
        except LedgerAway:
            continue
        if kept is None or kept != world.status.fence:
            raise Fenced("Another process has taken over the guard.")


async def _guard(world: World) -> None:
    """Take what is down already as known, once; then follow the feed for ever."""
    if await persist(lambda: world.ledger.read(lambda view: view.cursor()), "the ledger") is None:
        known = await persist(lambda: first_list(world), "the platform")
        log.info("first start: %d accounts were down already and are taken as known", known)
    else:
        await persist(lambda: world.ledger.add(sweep_task(whole=True, due=world.now(), once=True)), "the ledger")
    world.status.listed = True
    world.status.swept = world.clock.monotonic()
    await follow(world)
