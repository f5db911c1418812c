"""Every group of every tier emptied, thinned out, or filled with people who may not vote.

Over the real policy reader, flows and ledger; nothing is carried out, so no platform is asked. What can be filled is
found anew here by trying every seating of the roster as the campaign wrote it, from no rule of the bot's.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import permutations
from random import Random

from bot.core.account import Account
from bot.core.errors import Misconfigured
from bot.core.refusal import Refusal, Why
from bot.core.request import Request
from bot.core.transition import Change
from bot.flows.submit import submit
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.rig import AT, DRAFT, Rig, rig
from tests.campaign.roster import Member, Roster

GROUPS = ("manager", "trust-safety", "legal")
TIERS = ("protected", "high", "standard", "rules")
HOLLOW = ("emptied", "past last day", "leaver window", "contractors", "newcomers", "only the asker", "one team")
TODAY, DAY = date(2026, 11, 16), timedelta(days=1)
FOLLOWERS = {"protected": 2_000_000, "high": 200_000, "standard": 10, "rules": 10}
MATCHES = {"protected": "any = { followers_at_least = 1_000_000 }", "high": "all = { followers_at_least = 100_000 }"}


@dataclass(frozen=True, kw_only=True)
class Try:
    """One group of one tier made hollow. `rules` is for no account yet: of it only the start is tried."""

    tier: str
    group: str
    how: str
    roster: Roster
    demands: dict[str, int]
    different_teams: bool

    @classmethod
    def drawn(cls, number: int, dice: Random) -> "Try":
        tier, number = TIERS[number % len(TIERS)], number // len(TIERS)
        group, number = GROUPS[number % len(GROUPS)], number // len(GROUPS)
        how = HOLLOW[number % len(HOLLOW)]
        others = dice.sample([g for g in GROUPS if g != group], dice.randint(0, 2))
        demands = {name: dice.randint(1, 2) for name in (group, *others)}
        different = dice.random() < 0.5
        people = {"ada": Member(slack=("U1ADA",), groups=("agent",), team="t0")}
        for name in GROUPS:
            for place in range(dice.randint(2, 3)):
                made = Member(slack=(f"U1{name[0].upper()}{place}",), groups=(name,), team=f"t{dice.randint(0, 5)}")
                people[f"{name}{place}"] = hollow(made, how, dice) if name == group else made
        if how == "only the asker":
            people["ada"] = replace(people["ada"], groups=("agent", group))
        rules = "\n".join(f"{key} = {value}" for key, value in demands.items())
        written = f"approvals = {{ {rules.replace(chr(10), ', ')} }}\nfrom_different_teams = {str(different).lower()}"
        tiers = {t: f"{MATCHES.get(t, '')}\n{written if t == tier else 'approvals = { safe = 1 }'}" for t in TIERS}
        people["safe"] = Member(slack=("U1SAFE",), groups=("safe",), team="t9")
        roster = Roster(people=people, tiers=tiers, leavers='window = "14d"\nnewcomers = "30d"')
        return cls(tier=tier, group=group, how=how, roster=roster, demands=demands, different_teams=different)

    @property
    def fillable(self) -> bool:
        """Whether some people, each in one place, could fill every place today: all seatings are tried."""
        able = [m for name, m in self.roster.people.items() if name != "ada" and self.may_vote(m)]
        places = [group for group, count in self.demands.items() for _ in range(count)]
        return any(self.seated(seats, places) for seats in permutations(able, len(places)))

    def may_vote(self, member: Member) -> bool:
        if not set(member.groups) & set(self.demands) or (member.last_day is not None and member.last_day < TODAY):
            return False
        bound = member.contractor or member.joined is not None or member.last_day is not None
        return not (bound and self.tier == "protected")

    def seated(self, seats: tuple[Member, ...], places: list[str]) -> bool:
        fits = all(place in member.groups for member, place in zip(seats, places, strict=True))
        return fits and (not self.different_teams or len({member.team for member in seats}) == len(seats))


def hollow(member: Member, how: str, dice: Random) -> Member:
    """The member as one who may not fill the place, in whole or on protected accounts."""
    some = timedelta(days=dice.randint(0, 13))
    match how:
        case "past last day":
            return replace(member, last_day=TODAY - DAY - some)
        case "leaver window":
            return replace(member, last_day=TODAY + some)
        case "contractors":
            return replace(member, contractor=True)
        case "newcomers":
            return replace(member, joined=TODAY - some)
        case "one team":
            return replace(member, team="t7")
    return replace(member, groups=("nobody",))


async def attempt(stand: Rig, tried: Try, number: int) -> str:
    """Start with the policy and file under it: where it was refused, or `filed`."""
    try:
        await stand.rule(tried.roster)
    except Misconfigured:
        return "refused at the start"
    if tried.tier == "rules":
        return "started"
    account = Account(
        id=f"acct_{number}", handle=f"h{number}", display_name="", active=True, verified=False,
        followers=FOLLOWERS[tried.tier], following=0, tags=(), etag="", deactivation=None,
    )  # fmt: skip
    filed = await submit(
        stand.world, draft=DRAFT, account=account, slack_user="U1ADA", identity_known=True, replay=None
    )
    if isinstance(filed, Refusal):
        return "refused at filing" if filed.why is Why.NOBODY_ELIGIBLE else filed.why.value
    assert isinstance(filed, Change)
    assert isinstance(filed.request(), Request)
    return "filed"


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    ends: Counter[str] = Counter()
    broken = 0
    async with rig(at=AT) as stand:
        for number in range(count):
            one = Try.drawn(number, dice_of(seed, number))
            end = await attempt(stand, one, number)
            ends[end] += 1
            if one.tier == "rules":  # dates are looked at where somebody asks
                hollow_now = one.how == "emptied" and not one.fillable
                broken += hollow_now and end != "refused at the start"
            else:
                broken += (end == "filed") is not one.fillable
            stand.clock.move(timedelta(milliseconds=1))
            tried()
    figures = {"ended": dict(ends.most_common()), "tried": f"{len(TIERS)} tiers × {len(GROUPS)} groups × {HOLLOW}"}
    return Counts(tried=count, broken=broken, figures=figures)


CAMPAIGN = Campaign(
    name="groups",
    threat="T6",
    claim="a request filed that nobody can approve, or refused though somebody could",
    smoke=168,
    full=10_000,
    run=run,
)
