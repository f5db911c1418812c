"""What makes one value of a policy's key stricter than another: the comparisons that the table `STRICTER` is made of.

Each takes the policy before and after and says whether every request that gets through after would have got through
before, with the same approvals at the same time. In doubt it says no. That somebody who loses the vote can deny no
more does not count: what stands between a request and its account is the quorum, not a veto.
"""

from collections.abc import Callable, Iterator
from datetime import date
from operator import attrgetter
from typing import Any

from bot.core.policy import PROTECTED, RULES, Match, Person, Policy, Tier

Stricter = Callable[[Policy, Policy], bool]
Order = Callable[[Any, Any], bool]
"""Of a value before and one after, whether the second is as strict."""


def neutral(_: Policy, __: Policy) -> bool:
    """Nothing gets through by it."""
    return True


def same(before: Any, after: Any) -> bool:
    return bool(before == after)


def no_more(before: Any, after: Any) -> bool:
    return bool(after <= before)


def no_less(before: Any, after: Any) -> bool:
    return bool(after >= before)


def of_policy(path: str, order: Order) -> Stricter:
    """Of a value of the whole policy."""
    value = attrgetter(path)
    return lambda before, after: order(value(before), value(after))


def told(path: str) -> Stricter:
    """Who is told may be added; one who was told must be told still."""
    return of_policy(path, lambda before, after: before in {"", after})


# People


def roster(before: Policy, after: Policy) -> bool:
    """Nobody new. Whoever is gone neither asks nor approves, and lends nothing."""
    return after.people.keys() <= before.people.keys()


def of_people(name: str, order: Order) -> Stricter:
    """Of everybody who is still there."""
    value = attrgetter(name)
    return lambda before, after: all(order(value(b), value(a)) for b, a in _both(before, after))


def _both(before: Policy, after: Policy) -> Iterator[tuple[Person, Person]]:
    return ((before.people[id], person) for id, person in after.people.items() if id in before.people)


def slack_ids(before: Policy, after: Policy) -> bool:
    """An id that is somebody's was theirs: one moved to another person gives that person's votes to who uses it."""
    return all(_owner(before, user) == b.id for b, a in _both(before, after) for user in a.slack)


def _owner(policy: Policy, user: str) -> str | None:
    owner = policy.person_of_slack(user)
    return owner.id if owner else None


def principals(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """What is taken away no longer holds them back when it acted in an incident."""
    return set(before) <= set(after)


def team(before: str | None, after: str | None) -> bool:
    """Without a team nobody fills a place where teams must differ; with another one perhaps."""
    return after in {before, None}


def earlier(before: date | None, after: date | None) -> bool:
    """A last day: the earlier, the sooner they are bound and gone."""
    return before is None or (after is not None and after <= before)


def later(before: Any, after: Any) -> bool:
    """A first day, or the moment from which one approves: the later, the longer they are bound."""
    return before is None or (after is not None and after >= before)


def lends(before: Any, after: Any) -> bool:
    """Groups are lent to the same person on no other days, or to nobody any more."""
    if after is None:
        return True
    return before is not None and before.to == after.to and before.since <= after.since and after.until <= before.until


# Tiers


def tier_names(before: Policy, after: Policy) -> bool:
    """The same tiers in the same order: else accounts, or the rules, fall to another one."""
    return [tier.name for tier in before.tiers] == [tier.name for tier in after.tiers]


def of_tiers(order: Callable[[Tier, Tier], bool]) -> Stricter:
    """Of each tier that is still there."""
    return lambda before, after: all(order(b, a) for a in after.tiers if (b := before.tier(a.name)) is not None)


def approvals(before: Tier, after: Tier) -> bool:
    """Every place that there was is still to be filled, also where the leaver rule asks for one more of any group.

    A group added alone makes that one more easier to find, so it is stricter on protected accounts only, for which
    those whom the leaver rule binds never ask: 1 manager + 1 more is two managers; 1 manager, 1 lawyer + 1 more may
    be two lawyers.
    """
    was, now = dict(before.approvals), dict(after.approvals)
    if any(now.get(group, 0) < count for group, count in was.items()):
        return False
    if after.name == PROTECTED or was.keys() == now.keys():
        return True
    return sum(now[group] for group in was) > sum(was.values())


def different_teams(before: Tier, after: Tier) -> bool:
    return no_less(before.from_different_teams, after.from_different_teams)


def cooling_off(before: Tier, after: Tier) -> bool:
    return no_less(before.cooling_off, after.cooling_off)


def emergency(before: Tier, after: Tier) -> bool:
    return no_more(set(before.emergency), set(after.emergency))


def confirm_handle(before: Tier, after: Tier) -> bool:
    return no_less(before.confirm_handle, after.confirm_handle)


DEMANDS = (approvals, different_teams, cooling_off, emergency, confirm_handle)
"""All that a tier asks of a request."""


def dominates(weightier: Tier, lighter: Tier) -> bool:
    """Whether every request that gets through on the one would get through on the other."""
    return all(demand(lighter, weightier) for demand in DEMANDS)


def protecting_is_stricter(policy: Policy, tier: str) -> bool:
    """Whether an account of that tier is no easier to take down once it is protected."""
    protected, now = policy.tier(PROTECTED), policy.tier(tier)
    return protected is not None and now is not None and dominates(protected, now)


def protected(before: Policy, after: Policy) -> bool:
    """None is let go; what is added may be in any tier now, so the tier must be stricter than each."""
    if not after.protected >= before.protected:
        return False
    tier = after.tier(PROTECTED)
    return after.protected == before.protected or (
        tier is not None and all(dominates(tier, other) for other in before.tiers if other.name != RULES)
    )


# Which accounts a tier takes


def takes(part: str, wider: Callable[[Match | None, Match | None], bool]) -> Stricter:
    """A condition may take more accounts from the tiers below, where this one is stricter than each of those.

    It must not take fewer: they would fall to a tier below.
    """
    conditions = attrgetter(part)

    def stricter(before: Policy, after: Policy) -> bool:
        for number, (b, a) in enumerate(zip(before.tiers, after.tiers, strict=False)):
            one, other = conditions(b), conditions(a)
            below = (tier for tier in before.tiers[number + 1 :] if tier.name != RULES)
            if wider(one, other) and (wider(other, one) or all(dominates(a, tier) for tier in below)):
                continue
            return False
        return True

    return stricter


def present(before: Match | None, after: Match | None) -> bool:
    """Without the whole table everything is taken."""
    return after is None or before is not None


def alternative(name: str, order: Order) -> Callable[[Match | None, Match | None], bool]:
    """In `any` one condition more takes more."""
    return _condition(name, lambda before, after: before is None or (after is not None and order(before, after)))


def requirement(name: str, order: Order) -> Callable[[Match | None, Match | None], bool]:
    """In `all` one condition more takes fewer."""
    return _condition(name, lambda before, after: after is None or (before is not None and order(before, after)))


def _condition(name: str, wider: Order) -> Callable[[Match | None, Match | None], bool]:
    value = attrgetter(name)
    return lambda before, after: before is None or after is None or wider(value(before), value(after))


# The guard


def mode(before: Policy, after: Policy) -> bool:
    """It observes neither where it enforced nor for longer."""
    if not no_less(before.guard.enforces, after.guard.enforces):
        return False
    was, now = before.guard.observes_until, after.guard.observes_until
    return not before.guard.enforces or now is None or (was is not None and now <= was)
