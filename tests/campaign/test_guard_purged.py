from tests.campaign.campaign import smoke
from tests.campaign.guard_purged import CAMPAIGN


async def test_what_cannot_be_restored_is_said_once_and_not_tried_for_ever() -> None:
    await smoke(CAMPAIGN)
