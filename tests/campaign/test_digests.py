from tests.campaign.campaign import smoke
from tests.campaign.digests import CAMPAIGN


async def test_each_week_has_one_digest_however_long_the_bot_is_down() -> None:
    await smoke(CAMPAIGN)
