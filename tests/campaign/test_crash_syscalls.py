import pytest

from tests.campaign.campaign import smoke
from tests.campaign.crash_syscalls import CAMPAIGN
from tests.campaign.crash_tracing import NO_STRACE, may_trace


@pytest.mark.skipif(not may_trace(), reason=NO_STRACE)
async def test_killed_at_a_system_call_the_bot_goes_on_as_if_it_had_lived() -> None:
    await smoke(CAMPAIGN)
