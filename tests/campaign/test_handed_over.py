from tests.campaign.campaign import smoke
from tests.campaign.handed_over import SMOKE


async def test_a_guard_that_dies_is_followed_by_another_that_has_its_task() -> None:
    await smoke(SMOKE)
