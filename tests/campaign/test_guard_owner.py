from tests.campaign.campaign import smoke
from tests.campaign.guard_owner import CAMPAIGN


async def test_what_the_owner_does_too_is_left_alone_whenever_it_comes() -> None:
    await smoke(CAMPAIGN)
