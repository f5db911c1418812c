from tests.campaign.campaign import SEED
from tests.campaign.soak import on_postgresql, soaked

SECONDS = 7.0


async def test_after_seven_seconds_of_trouble_platform_slack_and_ledger_agree() -> None:
    counts = await soaked(SECONDS, lambda: None, seed=SEED, stage=on_postgresql)
    assert not counts.broken, counts.figures
