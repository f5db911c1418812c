from tests.campaign.campaign import smoke
from tests.campaign.replays import CAMPAIGN


async def test_no_signed_request_has_a_second_effect_also_after_a_restart() -> None:
    counts = await smoke(CAMPAIGN)

    assert counts.figures["restarts"] == 2
    assert len(dict(counts.figures["kinds"])) == 9  # type: ignore[call-overload]
