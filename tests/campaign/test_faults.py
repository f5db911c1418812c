from tests import postgres
from tests.campaign.campaign import smoke
from tests.campaign.faults import CAMPAIGN, sample
from tests.campaign.faults_kinds import FAULTS, STEPS


def test_the_sample_has_every_fault_and_every_step() -> None:
    assert {cell.fault for cell in sample()} == set(FAULTS)
    assert {cell.step for cell in sample()} == set(STEPS)


@postgres.needed
async def test_no_fault_at_any_step_leaves_more_or_less_than_was_approved() -> None:
    counts = await smoke(CAMPAIGN)

    assert counts.figures["struck"] == counts.tried, counts.figures["the fault did not meet its step"]
