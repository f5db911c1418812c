"""One deny against two approvals, in every order, with the claim racing the votes.

Over the real flows, ledger and platform: the race is between transactions, and the claim's read of the account goes
over HTTP. A deny that was counted is final; one that was not came after the claim, and was told so.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import permutations
from random import Random

from bot.core.refusal import Refusal, Why
from bot.core.request import Choice, Request, State
from bot.flows.decide import Counted
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.rig import Rig, rig, together
from tests.campaign.roster import PEOPLE, Roster

ORDERS = tuple(permutations(("mona", "omar", "mina")))
WAYS = ("one after the other", "with the claim", "all at once", "after the own approval")
"""The claim runs after each vote; with the last vote; with all three votes under way together; or who denies has
approved before, and the last of the three votes is theirs, with the claim."""
SLOWEST = 0.006
"""Seconds a vote is held back at most where it races: about what a claim takes."""


@dataclass(frozen=True, kw_only=True)
class Try:
    order: tuple[str, ...]
    denier: str
    way: str

    @classmethod
    def drawn(cls, number: int) -> "Try":
        """Every order with every denier in every way, over and over."""
        people = ORDERS[number % len(ORDERS)]
        number //= len(ORDERS)
        denier, way = people[number % 3], WAYS[number // 3 % len(WAYS)]
        if way == "after the own approval":
            people = (*(name for name in people if name != denier), denier)
        return cls(order=people, denier=denier, way=way)


async def attempt(stand: Rig, tried: Try, request: Request, dice: Random) -> Counted | Refusal:
    """Cast the three votes; what the one who denied was told."""

    async def cast(name: str, *, racing: bool) -> Counted | Refusal:
        if racing:
            await asyncio.sleep(dice.random() * SLOWEST)
        choice = Choice.DENY if name == tried.denier else Choice.APPROVE
        return await stand.vote(PEOPLE[name].slack[0], request, choice, digest=request.digest)

    told: dict[str, Counted | Refusal] = {}
    if tried.way == "all at once":
        answers = await together(*(cast(name, racing=True) for name in tried.order), _settle_while(stand))
        told = dict(zip(tried.order, answers, strict=False))
    else:
        if tried.way == "after the own approval":
            await stand.vote(PEOPLE[tried.denier].slack[0], request, digest=request.digest)
        for place, name in enumerate(tried.order):
            if tried.way != "one after the other" and place == len(tried.order) - 1:
                told[name], _ = await together(cast(name, racing=True), stand.settle())
            else:
                told[name] = await cast(name, racing=False)
                if tried.way == "one after the other":
                    await stand.settle()
    await stand.settle()
    return told[tried.denier]


async def _settle_while(stand: Rig) -> None:
    """The worker, for as long as votes may come."""
    for _ in range(8):
        await stand.settle()
        await asyncio.sleep(SLOWEST / 4)


async def stays_denied(stand: Rig, request: Request, account: str) -> bool:
    """Neither later approvals nor a new name of the account bring it back."""
    await stand.vote("U1SPARE", request)
    await stand.patch("system-dev-token:support", account, userName=f"renamed_{account}")
    await stand.vote("U1SPARE", request)
    await stand.settle()
    return (await stand.request(request.id)).state is State.DENIED and not await stand.taken_down(account)


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    ends: Counter[str] = Counter()
    broken = 0
    async with rig(spare_manager()) as stand:
        for number in range(count):
            one = Try.drawn(number)
            [account] = await stand.accounts(1)
            filed = await stand.ask(PEOPLE["ada"].slack[0], account)
            assert isinstance(filed, Request)
            told = await attempt(stand, one, filed, dice_of(seed, number))
            if isinstance(told, Counted):
                held = await stays_denied(stand, filed, account)
                ends["denied"] += 1
            else:
                after = await stand.request(filed.id)
                held = told.why is Why.ALREADY_DECIDED and after.state is State.DONE
                ends["the claim came first"] += 1
            broken += not held
            tried()
    figures = {"ended": dict(ends), "orders × deniers × ways": f"{len(ORDERS)} × 3 × {len(WAYS)}"}
    return Counts(tried=count, broken=broken, figures=figures)


def spare_manager() -> Roster:
    """With a fourth manager, who approves what has been denied."""
    return Roster().with_member("spare", replace(PEOPLE["mona"], slack=("U1SPARE",)))


CAMPAIGN = Campaign(
    name="denied",
    threat="T24",
    claim="carried out, or anything but denied, after a deny that was counted",
    smoke=72,
    full=3_600,
    run=run,
)
