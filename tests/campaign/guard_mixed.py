"""The guard used as a weapon: a stream of what owners, registered systems and the bot itself did, and few rogues.

Over the real bot in a process of its own, its ledger filled with the requests whose keys the events bear, and a
platform that plays a script over HTTP. A try is an event; a restore of what was rightly down is a claim that broke.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from tests.bench.rig import Rig, _spawn
from tests.bench.rig import rig as bench_rig
from tests.campaign.campaign import SEED, Campaign, Counts
from tests.campaign.filled import known, migrated, requests
from tests.campaign.script_mixed import REQUESTS, account_of, key_of

EVENTS_AN_ACCOUNT = 10
A_SECOND = 100.0
"""Events a second at the very least: who is slower has not come to an end."""
AT_LEAST = 20.0
LOOK_EVERY = 0.25


@asynccontextmanager
async def on_script(rig: Rig, **script: Any) -> AsyncIterator[str]:
    """A platform that plays the script, in a process of its own, in the place of the mock; its address."""
    async with AsyncExitStack() as stack:
        said = await _spawn(stack, ["tests.campaign.scripted", json.dumps(script)], lines=1)
        url = said[0].strip()
        rig.stage.environment["PLATFORM_URL"] = url
        stack.push_async_callback(rig.stage.stop_bot)  # before the platform is gone
        yield url


async def told(rig: Rig, url: str) -> dict[str, Any]:
    async with rig.stage.session.get(f"{url}/control/v1/state") as answer:
        return dict(await answer.json())


def keys(accounts: int) -> Iterator[tuple[str, str]]:
    return ((account_of(n), key_of(n, place)) for n in range(accounts) for place in range(REQUESTS))


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    accounts = max(count // EVENTS_AN_ACCOUNT, 10)
    async with bench_rig(bot=False) as rig:
        file = rig.stage.folder / "countersign.db"
        migrated(file)
        requests(file, keys(accounts))
        known(
            file, (), cursor=0
        )  # the guard has started before: the first list would take the script for what it missed
        async with on_script(rig, play="mixed", count=count, accounts=accounts, seed=seed) as url:
            await rig.stage.start_bot()
            found = await _judged(rig, url, count, tried)
    wrong, missed, left = found["wrong"], found["missed"], found["left"]
    times = found["times"]
    figures = {
        "acts": found["acts"],
        "restored": found["restored"],
        "restored though rightly down": wrong[:5],
        "left down though nobody approved it": missed[:5],
        "events a second": round(count / (times.get("all judged", time.time()) - times["first poll"])),
        "accounts read": found["calls"].get("read", 0),
    }
    return Counts(tried=count, broken=len(wrong) + len(missed) + left, figures=figures)


async def _judged(rig: Rig, url: str, count: int, tried: Callable[[], object]) -> dict[str, Any]:
    """Wait until every event was judged, and then until what nobody approved is back."""
    until, done = time.monotonic() + AT_LEAST + count / A_SECOND, 0
    while True:
        found = await told(rig, url)
        for _ in range(count - found["left"] - done):
            tried()
        done = count - found["left"]
        over = "all judged" in found["times"] and not found["missed"]
        if over or time.monotonic() > until:
            return found
        await asyncio.sleep(LOOK_EVERY)


CAMPAIGN = Campaign(
    name="guard_mixed",
    threat="T17",
    claim="restored by the guard though it was rightly down, or left down though nobody approved it",
    smoke=2_000,
    full=1_000_000,
    run=run,
)
