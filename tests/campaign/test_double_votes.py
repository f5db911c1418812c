from tests.campaign.campaign import smoke
from tests.campaign.double_votes import CAMPAIGN


async def test_fifty_clicks_of_one_person_are_one_vote_and_each_is_answered() -> None:
    await smoke(CAMPAIGN)
