from tests.campaign.altered_cards import CAMPAIGN
from tests.campaign.campaign import smoke


async def test_nothing_altered_on_its_way_is_a_vote_or_an_effect() -> None:
    await smoke(CAMPAIGN)
