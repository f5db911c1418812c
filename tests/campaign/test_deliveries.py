from tests.campaign.campaign import smoke
from tests.campaign.deliveries import CAMPAIGN


async def test_doubled_and_overtaken_deliveries_end_as_those_that_come_once_and_in_order() -> None:
    await smoke(CAMPAIGN)
