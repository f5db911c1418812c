from tests.campaign.campaign import smoke
from tests.campaign.secrets import CAMPAIGN


async def test_no_secret_turns_up_where_people_or_programs_look() -> None:
    await smoke(CAMPAIGN)
