from tests.campaign.campaign import smoke
from tests.campaign.three_replicas import CAMPAIGN


async def test_three_processes_have_one_effect_a_request() -> None:
    await smoke(CAMPAIGN)
