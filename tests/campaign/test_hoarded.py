from tests.campaign.campaign import smoke
from tests.campaign.hoarded import CAMPAIGN


async def test_nothing_is_carried_out_outside_its_windows() -> None:
    await smoke(CAMPAIGN)
