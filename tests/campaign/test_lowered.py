from tests.campaign.campaign import smoke
from tests.campaign.lowered import CAMPAIGN


async def test_an_account_made_lighter_takes_what_it_took_before() -> None:
    await smoke(CAMPAIGN)
