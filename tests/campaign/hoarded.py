"""An approval kept for later: the clock is moved around both of its ends, a millisecond this side and that.

Over the real flows, ledger and platform, with a clock that the campaign moves: no other clock can be put a millisecond
before an end. Outside means: the quorum came after `request_expires`, or the platform was called before the cooling
off was over or `execution_expires` after it. What falls inside must be carried out. The clock that stands still while
a request waits for an incident or a limit is not tried here.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bot.core.refusal import Refusal
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.rig import Rig, rig
from tests.campaign.roster import PEOPLE, Roster

MS, SECOND, MINUTE, HOUR = (timedelta(**{u: 1}) for u in ("milliseconds", "seconds", "minutes", "hours"))
ASK, EXECUTE = 24 * HOUR, 10 * MINUTE
NEAR = (-HOUR, -MINUTE, -SECOND, -MS, timedelta(0), MS, SECOND, MINUTE, HOUR, 48 * HOUR)
"""How far from an end the clock is stopped."""
PLATFORM_AWAY = {"kind": "status", "code": 503, "on": "any", "by": "svc:countersign"}


@dataclass(frozen=True, kw_only=True)
class Try:
    """The moments of one try, counted from the filing and, of the claims, from the quorum."""

    cooling: timedelta
    quorum: timedelta
    claims: tuple[timedelta, ...]
    away_first: bool
    """The platform cannot be reached at the first of the claims."""

    @classmethod
    def drawn(cls, dice: Random) -> "Try":
        cooling = dice.choice((timedelta(0), timedelta(0), 30 * MINUTE))
        around = dice.choice((timedelta(0), ASK, ASK))
        ends = (cooling, cooling + EXECUTE)
        claims = sorted(max(dice.choice(ends) + dice.choice(NEAR), timedelta(0)) for _ in range(dice.randint(1, 4)))
        quorum = max(around + dice.choice(NEAR), timedelta(0))
        return cls(cooling=cooling, quorum=quorum, claims=tuple(claims), away_first=dice.random() < 0.2)

    def inside(self, asked: datetime, approved: datetime, carried_out: datetime) -> bool:
        starts = approved + self.cooling
        return approved < asked + ASK and starts <= carried_out < starts + EXECUTE


async def attempt(stand: Rig, tried: Try, account: str, dice: Random) -> tuple[datetime | None, bool, bool]:
    """When it was carried out, if it was; whether that was inside; and whether it had to be carried out."""
    asked = stand.clock.now()
    filed = await stand.ask(PEOPLE["ada"].slack[0], account)
    assert not isinstance(filed, Refusal)
    await stand.vote(PEOPLE["mona"].slack[0], filed)
    stand.clock.move(tried.quorum)
    if dice.random() < 0.5:
        await stand.settle(dice=dice)  # else the expiry is still on its way when the click comes
    await stand.vote(PEOPLE["omar"].slack[0], filed)
    approved, owed = stand.clock.now(), False
    for number, claim in enumerate(tried.claims):
        stand.clock.move(approved + claim - stand.clock.now())
        now, away = stand.clock.now(), tried.away_first and number == 0
        if away:
            await stand.control("faults", PLATFORM_AWAY)
        await stand.settle(dice=dice)
        if away:
            await stand.mend()
        owed = owed or (not tried.away_first and tried.inside(asked, approved, now))
        if await stand.taken_down(account):
            return now, tried.inside(asked, approved, now), owed
    return None, False, owed


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    ends: Counter[str] = Counter()
    broken = 0
    async with rig() as stand:
        for number in range(count):
            dice = dice_of(seed, number)
            one = Try.drawn(dice)
            roster = Roster(limits='request_expires = "24h"\nexecution_expires = "10m"')
            await stand.rule(roster.cooling_off("standard", "30m") if one.cooling else roster)
            [account] = await stand.accounts(1)
            when, inside, owed = await attempt(stand, one, account, dice)
            ends["inside" if inside else "OUTSIDE" if when else "not carried out"] += 1
            broken += (when is not None and not inside) or (owed and when is None)
            stand.clock.move(3 * HOUR)
            tried()
    figures = {"carried out": dict(ends.most_common()), "moments around each end": [str(n) for n in NEAR]}
    return Counts(tried=count, broken=broken, figures=figures)


CAMPAIGN = Campaign(
    name="hoarded",
    threat="T23",
    claim="carried out outside its windows, or not carried out inside them",
    smoke=60,
    full=5_000,
    run=run,
)
