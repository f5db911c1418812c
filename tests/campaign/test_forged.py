from tests.campaign.campaign import smoke
from tests.campaign.forged import CAMPAIGN
from tests.campaign.forgeries import ALL


async def test_nothing_forged_reaches_a_listener_and_all_of_it_gets_the_same_401() -> None:
    counts = await smoke(CAMPAIGN)

    assert counts.figures["answers"] == {"401": CAMPAIGN.smoke}
    assert (counts.figures["different answers"], counts.figures["listeners run"]) == (1, 0)
    assert int(str(counts.figures["kinds"]).split()[0]) >= len(ALL) - 2, "in a thousand comes one of the rare kinds"
