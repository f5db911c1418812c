"""kill −9 at a system call: in the middle of a commit, of a checkpoint, or of what is being sent, on SQLite."""

from collections.abc import Callable
from random import Random

from tests.campaign.campaign import SEED, Campaign, Counts
from tests.campaign.crash_rounds import Round
from tests.campaign.crash_tracing import traced, tries
from tests.campaign.crash_truth import before

CALLS = {"fdatasync": 50, "pwrite64": 250, "sendto": 60}
"""How many of each one thread makes over a chapter, more or less."""


async def killed(round_: Round, dice: Random) -> tuple[str, list[str]]:
    """Where the bot makes fewer calls than thrown, nobody dies."""
    call = dice.choice(list(CALLS))
    when = dice.randint(1, CALLS[call])
    then = await before(round_.stage)
    async with traced(round_.stage.pid, call, f"signal=KILL:when={when}"):
        wrong = await round_.play(then)
    return f"killed at {call}" if round_.stage.deaths else "nobody died", [f"{call} {when}: {each}" for each in wrong]


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    return await tries(killed, count, tried, seed=seed)


CAMPAIGN = Campaign(
    name="crash_syscalls",
    threat="R1",
    claim="after kill -9 at a system call something acknowledged was lost, or an effect was doubled, or stuck",
    smoke=2,
    full=1_000,
    run=run,
)
