from tests.campaign.campaign import smoke
from tests.campaign.guard_feed import SMOKE


async def test_what_the_feed_does_not_tell_the_sweep_finds_within_its_interval() -> None:
    await smoke(SMOKE)
