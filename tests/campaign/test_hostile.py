from tests.campaign.campaign import smoke
from tests.campaign.hostile import CAMPAIGN


async def test_no_hostile_string_is_alive_anywhere() -> None:
    await smoke(CAMPAIGN)
