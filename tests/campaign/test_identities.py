from tests.campaign.campaign import smoke
from tests.campaign.identities import CAMPAIGN


async def test_no_pair_of_identities_of_one_person_is_a_quorum() -> None:
    await smoke(CAMPAIGN)
