"""kill −9 of the bot at every call outside and every commit, before, after and on its way, on PostgreSQL."""

from collections.abc import Callable

from tests import postgres
from tests.campaign.campaign import SEED, Campaign, Counts
from tests.campaign.crash_rounds import crashes


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    with postgres.one_at_hand():
        return await crashes("postgresql", count, tried, seed=seed)


CAMPAIGN = Campaign(
    name="crash_postgresql",
    threat="R1",
    claim="after kill -9 and a start something acknowledged was lost, an effect was doubled, or an end did not come",
    smoke=76,
    full=2_000,
    run=run,
)
