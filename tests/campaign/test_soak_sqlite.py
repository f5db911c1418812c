from tests.campaign.campaign import SEED
from tests.campaign.soak import on_sqlite, soaked

SECONDS = 4.0


async def test_after_four_seconds_of_trouble_one_process_and_its_file_agree_with_platform_and_slack() -> None:
    counts = await soaked(SECONDS, lambda: None, seed=SEED, stage=on_sqlite)
    assert not counts.broken, counts.figures
