from tests.campaign.campaign import smoke
from tests.campaign.pg_killed import CAMPAIGN


async def test_a_database_killed_in_mid_load_loses_nothing_that_was_acknowledged() -> None:
    await smoke(CAMPAIGN)
