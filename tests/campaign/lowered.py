"""An account is made to weigh less before it is taken down: every way, in any order, before and after the filing.

Over the real flows, ledger and platform; somebody with a system token changes the account over the platform's API.
The ledger has seen the account at its weight once, up to 30 days before. The try then goes for what a light account
takes, one manager, and only when that was refused for what the account took before, which must be enough. An account
that nobody ever asked about is not remembered by anything: that is outside the claim.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from bot.core.policy import SEEN_FOR
from bot.core.request import Request
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.rig import Rig, rig
from tests.campaign.roster import PEOPLE, Roster

EXTENSION = "urn:ietf:params:scim:schemas:extension:countersign:2.0:Account:"
TIERS = {
    "protected": 'any = { tags = ["head-of-state"], followers_at_least = 1_000_000 }\n'
    "approvals = { manager = 1, trust-safety = 1 }\nfrom_different_teams = true",
    "high": "all = { followers_at_least = 100_000, verified = true }\napprovals = { manager = 1, trust-safety = 1 }",
    "standard": "approvals = { manager = 1 }",
    "rules": "approvals = { manager = 1, trust-safety = 1 }",
}
WEIGHTS = {
    "tag": (("tags", ["head-of-state"]), ("followers", 12)),
    "followers": (("followers", 41_700_000),),
    "tag and followers": (("tags", ["head-of-state"]), ("followers", 41_700_000)),
    "verified": (("verified", True), ("followers", 300_000)),
}
"""What makes the account weigh: the first three protected, the last high."""
WAYS = {
    "tag stripped": ("tags", []),
    "another tag": ("tags", ["head-of-stаte"]),
    "5,400 followers": ("followers", 5_400),
    "no followers": ("followers", 0),
    "followers hidden": ("followers", -1),
    "unverified": ("verified", False),
}
MOMENTS = ("before filing", "before the vote", "before the claim")
MANAGER, SAFETY, ASKER = (PEOPLE[name].slack[0] for name in ("mona", "tessa", "ada"))
MS, MINUTE = timedelta(milliseconds=1), timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Try:
    weight: str
    steps: tuple[tuple[str, str], ...]
    """(moment, way) in the order in which they are done; `renamed` is a way too."""
    seen_before: timedelta

    @classmethod
    def drawn(cls, dice: Random) -> "Try":
        ways = [*WAYS, "renamed"]
        some = dice.sample(ways, dice.randint(1, len(ways)))
        seen = dice.choice((timedelta(0), MINUTE, SEEN_FOR / 2, SEEN_FOR - MINUTE))
        weight = dice.choice(list(WEIGHTS))
        return cls(weight=weight, steps=tuple((dice.choice(MOMENTS), way) for way in some), seen_before=seen)


async def weigh(stand: Rig, account: str, **values: object) -> None:
    """Change the account as somebody may who keeps its data."""
    named = {name if name == "userName" else EXTENSION + name: value for name, value in values.items()}
    status = await stand.patch("system-dev-token:support", account, **named)
    assert status in {200, 204}, status


async def seen(stand: Rig, account: str) -> Request:
    """The ledger sees the account as it is: somebody asks, and takes it back."""
    filed = await stand.ask(PEOPLE["anna"].slack[0], account)
    assert isinstance(filed, Request), filed
    await stand.withdraw(PEOPLE["anna"].slack[0], filed)
    return filed


async def attempt(stand: Rig, tried: Try, account: str) -> tuple[bool, bool]:
    """Whether less than before was enough, or shown as enough; and whether what it took before was enough."""
    before = await seen(stand, account)
    stand.clock.move(tried.seen_before)

    async def at(moment: str) -> None:
        for number, (when, way) in enumerate(tried.steps):
            if when == moment:
                name, value = WAYS.get(way, ("userName", f"new_{number}_{account}"))
                await weigh(stand, account, **{name: value})

    await at("before filing")
    filed = await stand.ask(ASKER, account)
    assert isinstance(filed, Request), filed
    await at("before the vote")
    await stand.vote(MANAGER, filed)
    await stand.settle()
    await at("before the claim")
    await stand.vote(SAFETY, filed)  # the quorum stands, on what the card showed before the last steps
    lowered = (await stand.taken_down(account)) or asks_less(await stand.request(filed.id), before)
    await stand.settle()
    if not await stand.taken_down(account):
        for voter in (MANAGER, SAFETY):  # the card was drawn anew: they vote again, on what it shows now
            lowered = lowered or await stand.taken_down(account)
            await stand.vote(voter, filed)
            await stand.settle()
    after = await stand.request(filed.id)
    return lowered or asks_less(after, before), await stand.taken_down(account)


def asks_less(now: Request, before: Request) -> bool:
    """A hidden count makes it weigh more, in doubt: that is no lowering."""
    weights = list(TIERS)
    lighter = weights.index(now.tier) > weights.index(before.tier)
    return (
        lighter
        or now.quorum.places != before.quorum.places
        or now.quorum.different_teams < before.quorum.different_teams
    )


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    ways: Counter[str] = Counter()
    broken = done = 0
    async with rig(Roster(tiers=TIERS)) as stand:
        for number in range(count):
            one = Try.drawn(dice_of(seed, number))
            [account] = await stand.accounts(1)
            await weigh(stand, account, **dict(WEIGHTS[one.weight]))
            lowered, carried_out = await attempt(stand, one, account)
            broken += lowered or not carried_out
            done += carried_out
            ways.update(way for _, way in one.steps)
            stand.clock.move(MINUTE)
            tried()
    figures = {"ways to weigh less": dict(ways.most_common()), "carried out by the quorum it took before": done}
    return Counts(tried=count, broken=broken, figures=figures)


CAMPAIGN = Campaign(
    name="lowered",
    threat="T27",
    claim="asked less than before the account was made lighter, or refused what it took before",
    smoke=25,
    full=2_000,
    run=run,
)
