from tests.campaign.campaign import smoke
from tests.campaign.guard_curves import CAMPAIGN


async def test_every_curve_of_the_counts_ends_in_its_verdict() -> None:
    await smoke(CAMPAIGN)
