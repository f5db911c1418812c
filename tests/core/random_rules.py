"""Random policies, one changed in a few places from the other, and whether a random request gets through them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from bot.core.account import Account
from bot.core.claiming import Wait, claim
from bot.core.filing import file
from bot.core.policy import Delegate, Limits, Match, Person, Policy, Tier
from bot.core.refusal import Refusal
from bot.core.request import Request, State
from bot.core.transition import Transition
from bot.core.voting import vote
from tests.core.build import AT, DAY, DRAFT, HOUR, MINUTE, TODAY, account, ballot, claiming, filing, policy

IDS = ("ann", "bob", "cat", "dan", "eve", "fay")
USERS = tuple(f"U{number}" for number in range(8))
GROUPS = ("agent", "manager", "lawyer")
SPANS = (timedelta(0), HOUR, 2 * HOUR)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One request with the approvals that people try to give it, and when."""

    account: Account
    seen: tuple[str, ...]
    asker: str
    voters: tuple[tuple[str, datetime], ...]
    category: str
    confirmed: bool
    filed: int
    """In the hour before."""
    claimed: int


def some(rng: Random, values: Any, least: int = 0) -> list[Any]:
    return rng.sample(list(values), rng.randint(least, len(values)))


def a_person(rng: Random, id: str) -> Person:
    lent = Delegate(to=rng.choice(IDS), since=TODAY - rng.randint(-1, 1) * DAY, until=TODAY + DAY)
    return Person(
        id=id,
        groups=frozenset(some(rng, GROUPS, 2)),
        team=rng.choice([None, "a", "b", "c"]),
        joined=rng.choice([None, None, TODAY - 3 * DAY, TODAY - 8 * DAY]),
        last_day=rng.choice([None] * 5 + [TODAY - DAY, TODAY + 2 * DAY, TODAY + 20 * DAY]),
        contractor=rng.random() < 0.1,
        delegate=lent if rng.random() < 0.2 and lent.to != id else None,
        approves_from=rng.choice([None, None, None, None, AT - HOUR, AT + 2 * MINUTE, AT + HOUR]),
    )


def a_match(rng: Random) -> Match:
    names = some(rng, ("tags", "followers_at_least", "verified", "younger_than", "older_than"), 1)
    values = {
        "tags": frozenset(some(rng, ("staff", "press"), 1)),
        "followers_at_least": rng.choice([10, 100, 1000]),
        "verified": rng.random() < 0.5,
        "younger_than": rng.choice([10 * DAY, 30 * DAY]),
        "older_than": rng.choice([100 * DAY, 300 * DAY]),
    }
    return Match(**{name: values[name] for name in names[: rng.randint(1, 2)]})


def a_tier(rng: Random, name: str) -> Tier:
    groups = some(rng, GROUPS[1:], 1)
    conditions: dict[str, Any] = {}
    if name != "standard":
        conditions = {which: a_match(rng) for which in rng.choice([("any",), ("any",), ("all",), ("any", "all")])}
    return Tier(
        name=name,
        approvals=tuple(sorted((group, rng.choice([1, 1, 1, 2])) for group in groups)),
        from_different_teams=rng.random() < 0.15,
        cooling_off=rng.choice(SPANS),
        confirm_handle=rng.random() < 0.2,
        emergency=tuple(some(rng, GROUPS)),
        **conditions,
    )


def a_policy(rng: Random) -> Policy:
    users = rng.sample(USERS, len(USERS))
    people = {
        id: replace(a_person(rng, id), slack=(users[number],)) for number, id in enumerate(IDS[: rng.randint(5, 6)])
    }
    people["ann"] = replace(people["ann"], slack=(*people["ann"].slack, users[6]))
    return replace(
        policy(),
        digest=str(rng.random()),
        people=people,
        may_ask=frozenset(some(rng, GROUPS, 2)),
        categories=tuple(some(rng, ("spam", "other"), 1)),
        tiers=tuple(a_tier(rng, name) for name in ("protected", "high", "standard")),
        leaver_window=rng.choice([timedelta(0), 7 * DAY, 30 * DAY]),
        newcomers=rng.choice([timedelta(0), 5 * DAY, 10 * DAY]),
        contractors_as_leavers=rng.random() < 0.5,
        limits=a_limit(rng),
        protected=frozenset(some(rng, ("acct_1", "acct_2"))) if rng.random() < 0.3 else frozenset(),
    )


def a_limit(rng: Random) -> Limits:
    return Limits(
        request_expires=rng.choice([HOUR, 2 * HOUR]),
        execution_expires=rng.choice([MINUTE, 2 * HOUR]),
        requests_per_person_hour=rng.choice([1, 2, 3]),
        deactivations_per_hour=rng.choice([1, 2, 3]),
    )


def one_value(rng: Random, of: Any, other: Any, *names: str) -> Any:
    """The value with one of the named fields as the other has it."""
    name = rng.choice(names)
    return replace(of, **{name: getattr(other, name)})


def other_person(rng: Random, rules: Policy) -> Policy:
    people = dict(rules.people)
    chosen = rng.choice(sorted(people))
    new = replace(a_person(rng, chosen), slack=(rng.choice(USERS),))
    taken = {user for id, person in people.items() if id != chosen for user in person.slack}
    match rng.randint(0, 9):
        case 0:
            del people[chosen]
        case 1:
            people["new"] = replace(
                new, id="new", slack=tuple(sorted({*USERS} - {u for p in people.values() for u in p.slack}))
            )
        case 2:
            giver = rng.choice(sorted(people))
            people[chosen], people[giver] = (
                replace(people[chosen], slack=people[giver].slack),
                replace(people[giver], slack=people[chosen].slack),
            )
        case 3 if new.slack[0] not in taken:
            people[chosen] = replace(people[chosen], slack=(*people[chosen].slack, *new.slack))
        case _:
            names = ("groups", "team", "joined", "last_day", "contractor", "delegate", "approves_from")
            people[chosen] = one_value(rng, people[chosen], new, *names)
    return replace(rules, people=people)


def other_tier(rng: Random, rules: Policy) -> Policy:
    tiers = list(rules.tiers)
    number = rng.randrange(len(tiers))
    other = a_tier(rng, tiers[number].name)
    names = ["approvals", "approvals", "from_different_teams", "cooling_off", "confirm_handle", "emergency"]
    names += ["any", "any", "all", "all"] if number < 2 else []
    tiers[number] = one_value(rng, tiers[number], other, *names)
    for which in ("any", "all"):
        was = getattr(tiers[number], which)
        if was is not None and rng.random() < 0.3:
            one = one_value(
                rng, was, a_match(rng), "tags", "followers_at_least", "verified", "younger_than", "older_than"
            )
            tiers[number] = replace(tiers[number], **{which: one if one != Match() else was})
    return replace(rules, tiers=tuple(tiers))


def other_rule(rng: Random, rules: Policy) -> Policy:
    names = ("may_ask", "categories", "leaver_window", "newcomers", "contractors_as_leavers", "protected")
    return one_value(rng, rules, a_policy(rng), *names)


def other_limit(rng: Random, rules: Policy) -> Policy:
    names = ("request_expires", "execution_expires", "requests_per_person_hour", "deactivations_per_hour")
    return replace(rules, limits=one_value(rng, rules.limits, a_limit(rng), *names))


CHANGES: tuple[Callable[[Random, Policy], Policy], ...] = (
    other_person,
    other_person,
    other_tier,
    other_tier,
    other_rule,
    other_limit,
)


def changed(rng: Random, rules: Policy, times: int) -> Policy:
    for _ in range(times):
        rules = rng.choice(CHANGES)(rng, rules)
    return replace(rules, digest="after")


def a_scenario(rng: Random) -> Scenario:
    gaps = sorted(rng.choice([1, 3, 5, 90, 100]) for _ in range(5))
    users = rng.sample(USERS, 6)
    return Scenario(
        account=account(
            followers=rng.choice([None, 5, 50, 500]),
            tags=tuple(some(rng, ("staff", "press"))),
            verified=rng.random() < 0.5,
            created=rng.choice([None, AT - 5 * DAY, AT - 20 * DAY, AT - 200 * DAY]),
        ),
        seen=tuple(some(rng, ("protected", "high"))) if rng.random() < 0.2 else (),
        asker=users[0],
        voters=tuple((user, AT + gap * MINUTE) for user, gap in zip(users[1:], gaps, strict=True)),
        category=rng.choice(["spam", "other"]),
        confirmed=rng.random() < 0.8,
        filed=rng.choice([0, 0, 0, 1, 2]),
        claimed=rng.choice([0, 0, 0, 1, 2]),
    )


def gets_through(rules: Policy, tried: Scenario) -> bool:
    """Filed, approved by whoever of them may, and claimed: by the rules of the core."""
    tier = rules.tier_of(tried.account, tried.seen, at=AT)
    typed = tried.account.handle if tried.confirmed else None
    case = filing(
        of=tried.account,
        draft=replace(DRAFT, category=tried.category, confirm_handle=typed),
        person=rules.person_of_slack(tried.asker),
        policy=rules,
        tier=tier,
        filed_in_hour=tuple(AT - (n + 1) * MINUTE for n in reversed(range(tried.filed))),
    )
    outcome: object = file(case, id="REQ-A", operation="op-a", slack_user=tried.asker)
    if isinstance(outcome, Refusal):
        return False
    request = _after(outcome)
    for user, at in tried.voters:
        outcome = vote(ballot(request, rules.person_of_slack(user), slack_user=user, policy=rules, at=at))
        request = request if isinstance(outcome, Refusal) else _after(outcome)
        if request.state is State.APPROVED:
            return _is_claimed(request, rules, tried, tier, at)
    return False


def _is_claimed(request: Request, rules: Policy, tried: Scenario, tier: Tier, at: datetime) -> bool:
    claimed = tuple(AT - n * MINUTE for n in reversed(range(tried.claimed)))
    for _ in range(9):
        within = tuple(when for when in claimed if when > at - HOUR)
        case = claiming(request, account=tried.account, tier=tier, policy=rules, at=at, claimed_in_hour=within)
        outcome = claim(case)
        if not isinstance(outcome, Wait):
            return _after(outcome).state is State.RUNNING
        request = _after(outcome.transition) if outcome.transition else request
        at = outcome.until
    return False


def _after(outcome: object) -> Request:
    assert isinstance(outcome, Transition)
    assert isinstance(outcome.after, Request)
    return outcome.after
