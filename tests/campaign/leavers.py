"""Somebody loses the right to ask or to vote, at every step of a request.

Over the real flows, ledger and platform; people act through the flows that Slack's handlers call, for HTTP adds
nothing to a roster that changes between two of them. In the hundredth try of each kind nothing changes, and the
request must be carried out: a campaign in which nothing ever is would prove nothing.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from bot.core.refusal import Refusal
from bot.core.request import Request, State
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.rig import Rig, rig
from tests.campaign.roster import PEOPLE, Roster

STEPS = ("before filing", "before the votes", "between the votes", "before the claim", "cooling off")
CHANGES = ("removed", "leaver window", "past last day", "group taken", "contractor", "newcomer")
FOLLOWERS = {"protected": 2_000_000, "high": 200_000, "standard": 10}
VOTERS = {"protected": ("mona", "tessa"), "high": ("omar", "theo"), "standard": ("mona", "mina")}
SPARE = {"manager": "sparem", "trust-safety": "spares", "agent": "sparea"}
"""A member of each group who never votes, so that no policy is refused for a group grown too small."""
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Try:
    """One leaver: whose right goes, how, and when. With `change` None nothing goes."""

    tier: str
    step: str
    who: str
    change: str | None
    cooling: bool

    @classmethod
    def drawn(cls, number: int, dice: Random) -> "Try":
        step = STEPS[number % len(STEPS)]
        change = None if number % 100 == 0 else CHANGES[number // len(STEPS) % len(CHANGES)]
        tier = dice.choice(list(FOLLOWERS))
        cooling = step == "cooling off" or dice.random() < 0.2
        return cls(tier=tier, step=step, who=dice.choice(("ada", *VOTERS[tier])), change=change, cooling=cooling)

    @property
    def forbidden(self) -> bool:
        """Whether it must not be carried out. The leaver rule binds votes on protected accounts alone.

        A requester it binds needs one approval more anywhere, which nobody here gives.
        """
        if self.change is None:
            return False
        lost = self.change in {"removed", "past last day", "group taken"}
        return lost or self.tier == "protected" or self.who == "ada"


def full_roster(tried: Try) -> Roster:
    people = dict(PEOPLE)
    for group, name in SPARE.items():
        twin = next(member for member in PEOPLE.values() if group in member.groups)
        people[name] = replace(twin, slack=(f"U2{name.upper()}",), team=name)
    roster = Roster(people=people, leavers='window = "14d"\nnewcomers = "30d"')
    return roster.cooling_off(tried.tier, "1h") if tried.cooling else roster


def changed(roster: Roster, tried: Try, dice: Random, stand: Rig) -> Roster:
    """The roster without the right."""
    if tried.change is None:
        return roster
    if tried.change == "removed":
        return roster.without(tried.who)
    today, some = stand.clock.now().date(), timedelta(days=dice.randint(0, 13))
    values: dict[str, dict[str, object]] = {
        "leaver window": {"last_day": today + some},
        "past last day": {"last_day": today - DAY - some},
        "group taken": {"groups": ("nobody",)},
        "contractor": {"contractor": True},
        "newcomer": {"joined": today - some},
    }
    return roster.changed(tried.who, **values[tried.change])


async def attempt(stand: Rig, tried: Try, account: str, dice: Random) -> Request | None:
    """File, vote and carry out, with the change where the try has it; the request as it ended, if it was filed."""
    roster = full_roster(tried)
    await stand.rule(roster)

    async def at(step: str) -> None:
        if tried.step == step:
            await stand.rule(changed(roster, tried, dice, stand))

    await at("before filing")
    filed = await stand.ask(PEOPLE["ada"].slack[0], account)
    if isinstance(filed, Refusal):
        return None
    await at("before the votes")
    first, second = dice.sample(VOTERS[tried.tier], 2)
    await stand.vote(PEOPLE[first].slack[0], filed)
    stand.clock.move(MINUTE)
    await at("between the votes")
    await stand.vote(PEOPLE[second].slack[0], filed)
    await at("before the claim")
    await stand.settle()
    if tried.cooling:
        stand.clock.move(HOUR / 2)
        await stand.settle()
        await at("cooling off")
        stand.clock.move(HOUR / 2 + MINUTE)
    await stand.settle()
    return await stand.request(filed.id)


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    ends: Counter[str] = Counter()
    broken, unchanged, lawful = 0, 0, 0
    async with rig() as stand:
        for number in range(count):
            dice = dice_of(seed, number)
            one = Try.drawn(number, dice)
            [account] = await stand.accounts(1, followers=FOLLOWERS[one.tier])
            ended = await attempt(stand, one, account, dice)
            down = await stand.taken_down(account)
            ends[ended.state.value if ended else "refused at filing"] += 1
            broken += (one.forbidden and down) or (one.change is None and not down)
            broken += ended is not None and (ended.state is State.DONE) is not down
            unchanged += one.change is None
            lawful += down and one.change is not None
            stand.clock.move(2 * HOUR)
            tried()
    figures = {
        "changes of the roster": f"{len(CHANGES)} × {len(STEPS)} steps",
        "ended": dict(ends.most_common()),
        "with nothing changed, carried out": unchanged,
        "changed, but still entitled, carried out": lawful,
    }
    return Counts(tried=count, broken=broken, figures=figures)


CAMPAIGN = Campaign(
    name="leavers",
    threat="T2, T5",
    claim="carried out for somebody not entitled at the claim",
    smoke=60,
    full=3_000,
    run=run,
)
