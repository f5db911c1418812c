"""The owner deactivates too: before the rogue, between any two calls of the guard, and after the restore.

Over the real flows, ledger and platform: the owner acts at the n-th call that the bot makes, before it or after it, for
every n. What the owner wants stands at the end, and is not undone at any time.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.guard_rig import Meddlers, meddlers
from tests.campaign.guard_truth import falls
from tests.campaign.roster import Roster

CALLS = 24
"""More calls than a restore makes: the last moments are after all of them."""
WAYS = ("deactivates", "deactivates and comes back", "legal deactivates")
TAGS: tuple[list[str], ...] = ([], ["head-of-state"])


@dataclass(frozen=True, kw_only=True)
class Try:
    moment: int
    """−1: before the rogue."""
    after: bool
    way: str
    tags: list[str]
    unheard: bool
    """The feed says nothing of what the owner did."""

    @classmethod
    def drawn(cls, number: int) -> "Try":
        """Every moment, before and after the call, in every way; and all of it over and over."""
        number, moment = divmod(number, CALLS + 1)
        number, after = divmod(number, 2)
        number, way = divmod(number, len(WAYS))
        number, tags = divmod(number, len(TAGS))
        return cls(moment=moment - 1, after=bool(after), way=WAYS[way], tags=TAGS[tags], unheard=number % 2 == 1)


async def attempt(stage: Meddlers, tried: Try, number: int) -> str | None:
    """Play it to its end; what did not hold."""
    stand = stage.stand
    [account] = await stand.accounts(1, prefix=f"owned{number}_", tags=tried.tags)
    owner = "system-dev-token:legal" if tried.way.startswith("legal") else f"owner-dev-token:{account}"

    async def acts() -> None:
        if tried.unheard:
            await stand.control("faults", {"kind": "drop", "account": account, "by": owner.replace("-dev-token", "")})
        assert await stand.patch(owner, account, active=False) in {200, 204}
        if tried.way.endswith("comes back"):
            assert await stand.patch(owner, account, active=True) == 200

    if tried.moment < 0:
        await acts()
    assert await stand.patch(f"staff-dev-token:rogue{number}", account, active=False) in {200, 204}
    stage.meddling.act = acts if tried.moment >= 0 else None
    stage.meddling.left, stage.meddling.after = tried.moment, tried.after
    await stage.comes_to_rest()
    if stage.meddling.act is not None:
        stage.meddling.act = None
        await acts()
        await stage.comes_to_rest()
    await stand.mend()
    return _broke(tried, await stand.effects(account), active=(await stand.read(account)).active)


def _broke(tried: Try, effects: list[dict[str, Any]], *, active: bool) -> str | None:
    if any(fall.wrongly_restored for fall in falls(effects)):
        return "what the owner did was undone"
    if tried.way.endswith("comes back") is not active:
        return f"the account is {'up' if active else 'down'} at the end"
    return None


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    wrong: list[str] = []
    ways = Counter[str]()
    rules = Roster(guard='explained_actors = ["system:legal"]\nsweep_every = "60s"')
    async with meddlers(rules) as stage:
        for number in range(count):
            # the full size has all of them several times; a smaller one a fair choice
            place = number if count > 2 * CALLS * len(WAYS) * 4 else dice_of(seed, number).randrange(2**20)
            one = Try.drawn(place)
            ways[one.way] += 1
            if said := await attempt(stage, one, number):
                wrong.append(f"{one}: {said}")
            tried()
    return Counts(tried=count, broken=len(wrong), figures={"ways": dict(ways), "broke": wrong[:5]})


CAMPAIGN = Campaign(
    name="guard_owner",
    threat="R14",
    claim="undone, or not as they wanted it, where the owner or legal deactivated too",
    smoke=24,
    full=2_400,
    run=run,
)
