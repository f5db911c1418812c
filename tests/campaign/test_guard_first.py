from tests.campaign.campaign import smoke
from tests.campaign.guard_first import CAMPAIGN


async def test_what_was_down_before_the_first_start_is_left_alone() -> None:
    await smoke(CAMPAIGN)
