from tests.campaign.campaign import smoke
from tests.campaign.lapse import CAMPAIGN


async def test_an_emergency_that_lapsed_in_an_outage_is_undone_on_the_platforms_return() -> None:
    await smoke(CAMPAIGN)
