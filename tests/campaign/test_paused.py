from tests.campaign.campaign import smoke
from tests.campaign.paused import SMOKE


async def test_a_process_that_was_stopped_and_woken_does_nothing_twice() -> None:
    await smoke(SMOKE)
