from tests.campaign.campaign import smoke
from tests.campaign.guard_wars import SMOKE


async def test_a_war_ends_by_locking_its_actor_out_and_no_war_ends_the_restoring() -> None:
    await smoke(SMOKE)
