"""An emergency lapses while the platform is away (I2): it is undone within five seconds of the platform's return.

A count is a second that the platform stays away over the deadline; the full run is half an hour. Over the real bot:
HTTP, stand-in Slack, mock platform, SQLite in a file, and the real clock, for the pauses between tries are what is
tried here.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.campaign.campaign import SEED, Campaign, Counts
from tests.stories.scene import MARIA, MONA, Scene, set_scene

WITHIN = 5.0
"""Seconds from the platform's return to the account's."""


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    """Away for `count` seconds from just after the deed; nothing in it is drawn by lot."""
    with tempfile.TemporaryDirectory() as folder:
        async with set_scene(Path(folder)) as scene:
            scene.policy(lambda text: text.replace('ratify_within = "15m"', 'ratify_within = "1s"'))
            await scene.start()
            took = await _away_over_the_lapse(scene, count, tried)
            await scene.log_agrees()
    broken = count if took is None else 0
    return Counts(tried=count, broken=broken, figures={"seconds to restore": took, "seed": seed})


async def _away_over_the_lapse(scene: Scene, seconds: int, tried: Callable[[], object]) -> float | None:
    """Seconds until the account was back, None where it was not within the claim."""
    view = await scene.form(MONA, "@maria_k it sends malware to every follower")
    sent = await scene.fill(MONA, view, "maria_k", emergency=["emergency"])
    assert sent.ok
    assert not sent.errors
    await scene.public_becomes(MARIA, "deactivated")
    await scene.fault(kind="status", code=503, on="any")
    for _ in range(seconds):
        await asyncio.sleep(1)
        tried()
    await scene.mend()
    back = time.monotonic()
    try:
        await scene.public_becomes(MARIA, "active", within=WITHIN)
    except TimeoutError:
        return None
    return round(time.monotonic() - back, 3)


CAMPAIGN = Campaign(
    name="lapse",
    threat="I2",
    claim="an emergency that lapsed while the platform was away is still down 5 s after its return",
    smoke=3,
    full=1800,
    run=run,
)
