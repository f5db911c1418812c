"""Restore wars: somebody deactivates again after each restore.

Whom the platform can lock out is locked out: three restores and three seconds down at most, whatever the pause between
the blows. Where it cannot, the bot goes on for as long as they do, with pauses, protected accounts within a second.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random

from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.guard_stage import Attack, under_attack
from tests.campaign.guard_truth import OURS, Fall, spread

RESTORES, SECONDS = 3, 3.0
PAUSE = {"protected": 1.0, "standard": 30.0}
"""Between two restores of one war at most; a machine that is shared is given half a second more."""
SLACK_OF_THE_MACHINE = 0.5
BLOWS, FEW = 100, 4
"""How often somebody strikes again who can be locked out, if nobody does it; and who cannot."""
ENDLESS, IMMUNE = 8, 16
"""One war in so many is with a system or the shared password; with staff whom the platform refuses to lock out."""
LOST = 5
AT_ONCE = 8
QUIET = 3.0
"""Seconds after the last blow in which a further one would have come."""


@dataclass(frozen=True, kw_only=True)
class War:
    account: str
    actor: str
    every: float
    tier: str
    endless: bool
    """The platform cannot lock this actor out."""
    lost_answers: bool
    """The answers to the first two restores are lost: what they did counts all the same."""

    @property
    def token(self) -> str:
        kind, _, name = self.actor.partition(":")
        return f"{kind}-dev-token:{name}" if name else "shared-dev-token"


def drawn(number: int, accounts: dict[str, list[str]], dice: Random) -> War:
    tier = dice.choice(sorted(PAUSE))
    endless = number % ENDLESS == ENDLESS - 1
    actor = dice.choice((f"system:sync{number}", "unknown")) if endless else f"staff:warrior{number}"
    every = dice.choice((0.0, 0.01, 0.1, 0.5, 1.0))
    return War(
        account=accounts[tier][number],
        actor=actor,
        every=every,
        tier=tier,
        endless=endless or immune(number),
        lost_answers=number % LOST == LOST - 1,
    )


def immune(number: int) -> bool:
    return number % IMMUNE == IMMUNE - 2


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How often somebody strikes again whom nobody can lock out, and when a war is over: so many seconds after it."""

    few: int = FEW
    calm: float = QUIET
    late: float = 0.0
    """Seconds more than the claim allows, where the machine may be anybody's."""


async def fought(stand: Attack, war: War, terms: Terms) -> list[Fall]:
    """From the first blow until nobody strikes any more; the account's falls."""
    few, calm = terms.few, terms.calm
    blows = few if war.endless else BLOWS
    await stand.fault("reattack", account=war.account, actor=war.actor, every=war.every, times=blows, by=OURS)
    if war.lost_answers:
        await stand.fault("status_after", account=war.account, by=OURS, code=502, times=2)
    assert await stand.act(war.token, war.account) == 200
    patience = sum(min(2.0**n, PAUSE[war.tier]) for n in range(few)) + few * war.every + 20 if war.endless else 25.0
    quiet, before = 0.0, 0
    for _ in range(round(patience / 0.25)):
        await asyncio.sleep(0.25)
        found = await stand.falls(account=war.account)
        still = len(found) == before and bool(found) and found[-1].back_at is not None
        quiet, before = (quiet + 0.25 if still else 0.0), len(found)
        if quiet >= calm + war.every or len(found) > max(few, RESTORES) + 3:
            break
    return await stand.falls(account=war.account)


def broke(war: War, found: list[Fall], terms: Terms) -> str | None:
    """What did not hold, in words."""
    restores = sum(fall.back_by == OURS for fall in found)
    down = [fall.seconds for fall in found if fall.seconds is not None]
    if len(down) < len(found):
        return "left down"
    if not war.endless:
        return (
            f"{restores} restores"
            if restores > RESTORES
            else f"down {sum(down):.1f} s"
            if sum(down) > SECONDS + terms.late
            else None
        )
    if restores != terms.few + 1:
        return f"{restores} restores of {terms.few + 1} endless blows"
    most = PAUSE[war.tier] + SLACK_OF_THE_MACHINE + terms.late
    return f"down {max(down):.1f} s at once" if max(down) > most else None


@dataclass
class Told:
    """What the wars came to."""

    wrong: list[str] = field(default_factory=list)
    contained: list[float] = field(default_factory=list)
    restores: list[int] = field(default_factory=list)
    endless: list[float] = field(default_factory=list)

    def of(self, war: War, found: list[Fall], terms: Terms) -> None:
        if said := broke(war, found, terms):
            self.wrong.append(f"{war.actor} every {war.every} s on {war.tier}: {said}")
        down = [fall.seconds or 0.0 for fall in found]
        if war.endless:
            self.endless.append(max(down))
        else:
            self.contained.append(sum(down))
            self.restores.append(sum(fall.back_by == OURS for fall in found))


async def run(
    count: int,
    tried: Callable[[], object],
    *,
    seed: int = SEED,
    terms: Terms = Terms(),
) -> Counts:
    told, gate = Told(), asyncio.Semaphore(AT_ONCE)
    async with under_attack() as stand:
        accounts = {
            "standard": await stand.accounts(count, prefix="war_"),
            "protected": await stand.accounts(count, prefix="weighty_", tags=["head-of-state"]),
        }

        async def one(number: int) -> None:
            war = drawn(number, accounts, dice_of(seed, number))
            async with gate:
                told.of(war, await fought(stand, war, terms), terms)
            tried()

        await asyncio.gather(*(one(number) for number in range(count) if not immune(number)))
        await stand.fault("status", on="staff", code=403)
        await asyncio.gather(*(one(number) for number in range(count) if immune(number)))
    figures = {
        "down in a war that was ended": spread(told.contained),
        "restores in it, at most": max(told.restores, default=0),
        "down at once in one that could not be": spread(told.endless),
        "broke": told.wrong[:5],
    }
    return Counts(tried=count, broken=len(told.wrong), figures=figures)


CAMPAIGN = Campaign(
    name="guard_wars",
    threat="T18",
    claim="a restore war with more than 3 restores or 3 s down, or given up where it cannot be ended",
    smoke=8,
    full=240,
    run=run,
)
SMOKE = replace(CAMPAIGN, run=partial(run, terms=Terms(few=3, calm=1.5, late=20.0)))
"""One restore more than who can be locked out ever sees, and half a second more than the longest pause of a war."""
