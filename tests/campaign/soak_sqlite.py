"""The soak on SQLite, with its one process, which is killed like everything else."""

from collections.abc import Callable

from tests.campaign.campaign import SEED, Campaign, Counts
from tests.campaign.soak import on_sqlite, soaked


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    return await soaked(60 * count, tried, seed=seed, stage=on_sqlite)


CAMPAIGN = Campaign(
    name="soak_sqlite",
    threat="R1, R3, R6 – R8",
    claim="after so many minutes of load and trouble the platform, Slack and the ledger disagree, or memory grew",
    smoke=1,
    full=30,
    run=run,
)
