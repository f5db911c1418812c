from tests.campaign.campaign import smoke
from tests.campaign.cards import SMOKE


async def test_cards_are_right_within_a_minute_of_slacks_return() -> None:
    await smoke(SMOKE)
