"""kill −9 at every call outside and every commit, before and after, over the main stories, on SQLite."""

from collections.abc import Callable

from tests.campaign.campaign import SEED, Campaign, Counts
from tests.campaign.crash_rounds import crashes


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    return await crashes("sqlite", count, tried, seed=seed)


CAMPAIGN = Campaign(
    name="crash_sqlite",
    threat="R1",
    claim="after kill -9 and a start something acknowledged was lost, an effect was doubled, or an end did not come",
    smoke=120,
    full=10_000,
    run=run,
)
