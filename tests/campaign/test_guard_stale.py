from tests.campaign.campaign import smoke
from tests.campaign.guard_stale import CAMPAIGN


async def test_an_approval_that_lands_during_a_sweep_is_not_undone_by_it() -> None:
    await smoke(CAMPAIGN)
