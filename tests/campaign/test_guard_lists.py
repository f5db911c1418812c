from tests.campaign.campaign import smoke
from tests.campaign.guard_lists import CAMPAIGN


async def test_a_list_that_lies_restores_nothing_and_a_true_one_is_believed() -> None:
    await smoke(CAMPAIGN)
