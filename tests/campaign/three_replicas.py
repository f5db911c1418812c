"""Three processes, each act of each person with whichever of them is next: one effect each."""

from collections import Counter
from collections.abc import Callable

from tests.bench.rig import AGENTS
from tests.campaign.campaign import SEED, Campaign, Counts, Stopwatch
from tests.campaign.crowd_stage import crowd
from tests.campaign.crowd_truth import figures_of, wrong_of

REPLICAS = 3
AT_ONCE = 8
"""People at work at a time."""


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    async with crowd(REPLICAS) as people:
        watch = Stopwatch()
        await people.at_work(AGENTS[:AT_ONCE], count, tried, seed=seed)
        seconds = watch.seconds
        wrong = await wrong_of(people)
        figures = {
            **figures_of(people),
            "a second": f"{count / seconds:.1f}",
            "wrong": dict(Counter(wrong).most_common(10)),
        }
    return Counts(tried=count, broken=len(wrong), figures=figures)


CAMPAIGN = Campaign(
    name="three_replicas",
    threat="R11",
    claim="a request with two effects, or without one, over three processes; or something acknowledged that is lost",
    smoke=24,
    full=10_000,
    run=run,
)
