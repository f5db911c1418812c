from tests.campaign.campaign import smoke
from tests.campaign.denied import CAMPAIGN


async def test_a_deny_is_final_in_whatever_order_the_votes_come() -> None:
    await smoke(CAMPAIGN)
