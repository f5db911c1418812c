from tests.campaign.campaign import smoke
from tests.campaign.guard_rogues import CAMPAIGN


async def test_every_deactivation_that_nobody_approved_is_restored() -> None:
    await smoke(CAMPAIGN)
