from tests.campaign.campaign import smoke
from tests.campaign.groups import CAMPAIGN


async def test_a_group_that_cannot_fill_its_places_is_refused_at_the_start_or_at_filing() -> None:
    await smoke(CAMPAIGN)
