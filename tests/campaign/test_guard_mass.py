from tests.campaign.campaign import smoke
from tests.campaign.guard_mass import CAMPAIGN


async def test_of_very_many_at_once_the_protected_ones_are_back_first_and_none_is_lost() -> None:
    await smoke(CAMPAIGN)
