import pytest

from tests.campaign.campaign import smoke
from tests.campaign.crash_disk_full import CAMPAIGN
from tests.campaign.crash_tracing import NO_STRACE, may_trace


@pytest.mark.skipif(not may_trace(), reason=NO_STRACE)
async def test_with_the_disk_full_nothing_is_done_and_all_of_it_once_there_is_room() -> None:
    await smoke(CAMPAIGN)
