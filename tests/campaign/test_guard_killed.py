from tests.campaign.campaign import smoke
from tests.campaign.guard_killed import SMOKE


async def test_what_a_killed_guard_missed_is_made_up_after_the_start() -> None:
    await smoke(SMOKE)
