from tests.campaign.campaign import smoke
from tests.campaign.guard_mixed import CAMPAIGN


async def test_of_mixed_events_nothing_that_was_rightly_down_is_restored() -> None:
    await smoke(CAMPAIGN)
