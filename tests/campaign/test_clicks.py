from tests.campaign.campaign import smoke
from tests.campaign.clicks import CAMPAIGN


async def test_of_fifty_clicks_at_once_and_whatever_comes_with_them_one_thing_happens() -> None:
    await smoke(CAMPAIGN)
