from tests.campaign.campaign import smoke
from tests.campaign.guard_killed import CAMPAIGN


async def test_what_a_killed_guard_missed_is_made_up_within_ten_seconds_of_the_start() -> None:
    await smoke(CAMPAIGN)
