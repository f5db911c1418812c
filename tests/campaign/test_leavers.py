from tests.campaign.campaign import smoke
from tests.campaign.leavers import CAMPAIGN


async def test_nothing_is_carried_out_for_somebody_not_entitled_at_the_claim() -> None:
    await smoke(CAMPAIGN)
