"""kill −9 at a system call: in the middle of a commit, of a checkpoint, or of what is being sent, on SQLite."""

from collections import Counter
from collections.abc import Callable

from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.crash_people import People
from tests.campaign.crash_rounds import ROUNDS, Round
from tests.campaign.crash_stage import NotStarted, staged
from tests.campaign.crash_stories import CHAPTERS
from tests.campaign.crash_tracing import NO_STRACE, may_trace, traced
from tests.campaign.crash_truth import before

CALLS = {"fdatasync": 50, "pwrite64": 250, "sendto": 60}
"""How many of each one thread makes over a chapter, more or less."""


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    """A try is a round in which strace was on the bot; where it makes fewer calls than thrown, nobody dies."""
    if not may_trace():
        return Counts(tried=0, broken=0, figures={"skipped": NO_STRACE})
    died, wrong, broken, done = Counter[str](), list[str](), 0, 0
    while done < count:
        dice = dice_of(seed, done)
        chapter = dice.choice(CHAPTERS)
        async with staged("sqlite", chapter.policy()) as stage:
            try:
                await stage.start()
                for number in range(min(ROUNDS, count - done)):
                    call = dice.choice(list(CALLS))
                    when = dice.randint(1, CALLS[call])
                    then = await before(stage)
                    async with traced(stage.pid, call, f"signal=KILL:when={when}"):
                        said = await Round(stage, chapter, number, People(stage)).play(then)
                    died[call if stage.deaths else "nobody died"] += 1
                    wrong += [f"{chapter.name} {call} {when}: {each}" for each in said]
                    broken += bool(said)
                    stage.deaths.clear()
                    done += 1
                    tried()
                    if said:
                        break
            except (NotStarted, TimeoutError) as error:
                wrong.append(f"{chapter.name}: {error}")
                broken, done = broken + 1, done + 1
                tried()
    figures = {"killed at": dict(died.most_common()), "broke": wrong[:5]}
    return Counts(tried=done, broken=broken, figures=figures)


CAMPAIGN = Campaign(
    name="crash_syscalls",
    threat="R1",
    claim="after kill -9 at a system call something acknowledged was lost, or an effect was doubled, or stuck",
    smoke=2,
    full=1_000,
    run=run,
)
