"""Restoring is impossible: the guard says so once, with the evidence, and does not call for ever.

Over the real flows with a clock that is moved: a day passes after each try.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.core.incident import IncidentState
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.guard_rig import Meddlers, meddlers

WAYS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "purged": ({"kind": "purged"},),
    "away, then purged": ({"kind": "status", "code": 503, "times": 3, "by": "svc:countersign"}, {"kind": "purged"}),
}
"""In the end the platform says 410, for good; any other no is trouble of the platform's, and tried for ever."""
CALLS = 4
"""That said 410, of one account, in a day."""
HOURS = tuple(timedelta(hours=h) for h in (1, 5, 18))


async def attempt(stage: Meddlers, way: str, number: int, tags: list[str]) -> str | None:
    stand = stage.stand
    [account] = await stand.accounts(1, prefix=f"purged{number}_", tags=tags)
    for rule in WAYS[way]:
        await stand.control("faults", {**rule, "account": account})
    assert await stand.patch(f"staff-dev-token:rogue{number}", account, active=False) == 200
    await stage.comes_to_rest()
    for hours in HOURS:
        stand.clock.move(hours)
        await stage.comes_to_rest()
    hits = (await _faults(stage))[-1]["hits"]
    await stand.mend()
    return await _broke(stage, account, hits)


async def _faults(stage: Meddlers) -> list[dict[str, Any]]:
    async with stage.stand.session.get(f"{stage.stand.mock.control_url}/control/v1/faults") as answer:
        return list(await answer.json())


async def _broke(stage: Meddlers, account: str, hits: int) -> str | None:
    found = await stage.plain.ledger.read(lambda view: list(view.incidents(account=account)))
    if [incident.state for incident in found] != [IncidentState.STUCK]:
        return f"the incidents are {[incident.state.value for incident in found]}"
    if not found[0].cause:
        return "no evidence"
    stuck = "select count(*) from tasks where kind = 'page' and key like ? and key like '%stuck%'"
    pages = stage.told(stuck, f"%{found[0].id}%")[0][0]
    if pages != 1:
        return f"woken {pages} times"
    return f"{hits} calls" if not 1 <= hits <= CALLS else None


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    wrong: list[str] = []
    async with meddlers() as stage:
        for number in range(count):
            way = list(WAYS)[number % len(WAYS)]
            tags = ["head-of-state"] if dice_of(seed, number).random() < 0.5 else []
            if said := await attempt(stage, way, number, tags):
                wrong.append(f"{way}: {said}")
            tried()
    return Counts(tried=count, broken=len(wrong), figures={"ways": ", ".join(WAYS), "broke": wrong[:5]})


CAMPAIGN = Campaign(
    name="guard_purged",
    threat="R12",
    claim="cannot be restored, and not stuck with its cause and a page, or called for ever",
    smoke=6,
    full=300,
    run=run,
)
