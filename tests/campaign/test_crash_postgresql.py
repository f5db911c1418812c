import pytest

from tests import postgres
from tests.campaign.campaign import smoke
from tests.campaign.crash_postgresql import CAMPAIGN


@postgres.needed
@pytest.mark.timeout(300)  # a hundred kills and starts on a machine that others use
async def test_killed_at_any_point_the_bot_goes_on_as_if_it_had_lived() -> None:
    await smoke(CAMPAIGN)
