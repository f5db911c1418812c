"""A sweep that looks at yesterday: while it reads its list, an approved deactivation lands on an account of it.

Over the real flows: at the n-th call that the sweep makes, staff restore the account and the bot carries out what
people had approved. The page that the sweep holds says that a rogue took it down; what stands is ours, and stays.
"""

from collections.abc import Callable
from functools import partial

from bot.core.request import Action, Request, State
from bot.core.transition import TaskKind
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.guard_rig import Meddlers, meddlers
from tests.campaign.roster import PEOPLE
from tests.campaign.truth import OURS

CALLS = 14


async def attempt(stage: Meddlers, number: int, call: int, *, after: bool) -> str | None:
    stand = stage.stand
    [account] = await stand.accounts(1, prefix=f"stale{number}_")
    filed = await stand.ask(PEOPLE["ada"].slack[0], account)
    assert isinstance(filed, Request)
    for name in ("mona", "omar"):
        await stage.plain.vote(PEOPLE[name].slack[0], filed)
    held = [task for task in await stand.due() if task.kind is TaskKind.CARRY_OUT]
    await stand.control("faults", {"kind": "silent", "account": account, "by": f"staff:rogue{number}"})
    assert await stand.patch(f"staff-dev-token:rogue{number}", account, active=False) == 200
    stage.meddling.act = partial(_lands, stage, account, held)
    stage.meddling.left, stage.meddling.after = call, after
    await stand.sweep()
    await stand.settle()
    if stage.meddling.act is not None:
        stage.meddling.act = None
        await _lands(stage, account, held)
    for task in held:
        stand.take([task])
    await stage.comes_to_rest()
    await stand.mend()
    return await _broke(stage, account, filed.id)


async def _lands(stage: Meddlers, account: str, held: list[object]) -> None:
    """Staff restore the account, nobody hears of it, and what was approved is carried out."""
    plain = stage.plain
    await plain.patch("staff-dev-token:helper", account, active=True)
    while held:
        await plain.run(held.pop())  # type: ignore[arg-type]  # tasks


async def _broke(stage: Meddlers, account: str, id: str) -> str | None:
    effects = [e for e in await stage.stand.effects(account) if e["action"] in {"deactivate", "restore"}]
    ours = [place for place, e in enumerate(effects) if e["action"] == "deactivate" and e["actor"]["id"] == OURS]
    request = await stage.stand.request(id)
    if len(ours) > 1:
        return f"carried out {len(ours)} times"
    if ours and any(e["action"] == "restore" for e in effects[ours[0] :]):
        return "what had been approved was undone"
    if request.action is Action.DEACTIVATE and request.state is State.DONE and not ours:
        return "done, and never carried out"
    return None if ours else f"not carried out: {request.state}"


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    wrong: list[str] = []
    async with meddlers() as stage:
        for number in range(count):
            call = number % CALLS if count >= 2 * CALLS else dice_of(seed, number).randrange(CALLS)
            if said := await attempt(stage, number, call, after=bool(number // CALLS % 2)):
                wrong.append(f"at call {call}: {said}")
            tried()
    return Counts(tried=count, broken=len(wrong), figures={"broke": wrong[:8]})


CAMPAIGN = Campaign(
    name="guard_stale",
    threat="H2",
    claim="an approved deactivation that landed during a sweep, and was undone or lost",
    smoke=14,
    full=560,
    run=run,
)
