"""The stage of a crowd: replicas on a database, with workspace and platform, and a supervisor."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bot.sandbox.slack.records import User
from bot.sandbox.stage import NotStaged
from tests import postgres
from tests.bench.rig import AGENTS, _policy
from tests.campaign.crowd import APPROVERS, TRIES_EVERY, Crowd
from tests.campaign.onlooker import Onlooker
from tests.campaign.rig import MEMORY
from tests.databases import migrated
from tests.replicas import Replicas, replicas
from tests.stories.scene import set_scene


def patient(text: str) -> str:
    """The sample policy with those who ask and approve, and an hour in which what is approved may be carried out."""
    managers = "".join(
        f'[people.{one.lower()}]\nslack = ["{one}"]\ngroups = ["manager"]\nteam = "support"\n'
        for one in itertools.chain(*APPROVERS.values())
    )
    return re.sub(r'execution_expires = "\w+"', 'execution_expires = "1h"', text) + managers


@asynccontextmanager
async def crowd(count: int, *, database: str | None = None, policy: Callable[[str], str] = str) -> AsyncIterator[Crowd]:
    """So many replicas on a database of their own of the server at hand, or on the one given, and those at work."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="countersign-crowd-", dir=MEMORY)))
        if database is None:
            stack.enter_context(postgres.one_at_hand())
            name = f"crowd_{folder.name.rpartition('-')[2].lower()}"
            database = postgres.create(name)
            stack.callback(postgres.drop, name)
        await asyncio.to_thread(migrated, database)
        scene = await stack.enter_async_context(set_scene(folder, database=database))
        for one in [*AGENTS, *itertools.chain(*APPROVERS.values())]:
            scene.workspace.put_user(User(id=one, name=one.lower()))
        scene.settings.policy_file.write_text(policy(patient(_policy())))
        found = await stack.enter_async_context(replicas(scene, count))
        onlooker = Onlooker(database)
        stack.callback(onlooker.close)
        yield Crowd(scene, found, onlooker)


async def revived(front: Replicas, *, within: float = 30.0) -> None:
    """What a supervisor does: start those that have ended, as often as it takes."""
    async with asyncio.timeout(within):
        for one in front.all:
            while not one.runs:
                try:
                    await one.start()
                except (AssertionError, TimeoutError, NotStaged):
                    await asyncio.sleep(TRIES_EVERY)


@asynccontextmanager
async def working(crowd: Crowd, agents: Sequence[str], *, seed: int) -> AsyncIterator[None]:
    """Meanwhile the crowd is at work; what each has begun is finished afterwards."""
    stop = asyncio.Event()

    async def one(agent: str, share: int) -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            dice = Random(f"{seed}:{share}:{number}")
            (first, second) = await crowd.accounts(2)
            if number % 2 == 0:
                await crowd.on_the_platform(first[0], dice)
            await crowd.request(agent, *second, dice)

    tasks = [asyncio.create_task(one(agent, share)) for share, agent in enumerate(agents)]
    try:
        yield
        stop.set()
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
