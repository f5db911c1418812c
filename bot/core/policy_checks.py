"""What must hold between the parts of a policy: one owner for each id, tiers that end, quorums that can be filled."""

from collections.abc import Callable, Collection, Iterable, Iterator

from bot.core.policy import PROTECTED, RULES, TIER_NAMES, Person, Policy, Tier
from bot.core.quorum import Approver, Quorum
from bot.core.request import BOT
from bot.core.toml_lines import Path

Problem = tuple[Path, str]
"""Where, and the sentence that goes on after the key's name."""

RESERVED = frozenset({BOT, "unknown"})
"""The bot signs with the one, the platform's lost actor with the other."""


def problems_of(policy: Policy, *, complete: Collection[str] = ("people", "tier")) -> Iterator[Problem]:
    """Everything that stands against it. `complete` are the tables read without a problem, so fit to be counted."""
    yield from _names(policy)
    yield from _twice(policy, "slack", lambda person: person.slack)
    yield from _twice(policy, "platform", lambda person: person.platform)
    yield from _delegates(policy)
    yield from _explained(policy)
    if "people" in complete:
        yield from _groups(policy)
    if "tier" in complete:
        yield from _tier_names(policy)
        yield from _ends(policy)
    if {"people", "tier"} <= set(complete):
        yield from _fillable(policy)


def _names(policy: Policy) -> Iterator[Problem]:
    for id in policy.people:
        if id.casefold() in RESERVED:
            yield ("people", id), "is a name that no person may bear, for the log uses it"


def _twice(policy: Policy, key: str, ids_of: Callable[[Person], Iterable[str]]) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for person in policy.people.values():
        for id in ids_of(person):
            owner = owners.setdefault(id, person.id)
            if owner != person.id:
                yield ("people", person.id, key), f"holds “{id}”, which is {owner}'s: an id belongs to one person"


def _delegates(policy: Policy) -> Iterator[Problem]:
    for person in policy.people.values():
        at: Path = ("people", person.id, "delegate", "to")
        if person.delegate is None:
            continue
        if person.delegate.to == person.id:
            yield at, "must be another person"
        elif person.delegate.to not in policy.people:
            yield at, f"names “{person.delegate.to}”, who is no person of the roster"


def _explained(policy: Policy) -> Iterator[Problem]:
    """What a person does with an account by hand is what the second person is for."""
    for actor in sorted(policy.guard.explained_actors):
        if person := policy.person_of_principal(actor):
            yield ("guard", "explained_actors"), f"names “{actor}”, who is {person.id}: nobody explains themselves"


def _groups(policy: Policy) -> Iterator[Problem]:
    known = frozenset[str]().union(*(person.groups for person in policy.people.values()))
    for group in sorted(policy.may_ask - known):
        yield ("requests", "may_ask"), f"names “{group}”, a group that nobody is in"
    for number, tier in enumerate(policy.tiers):
        for group in sorted(set(tier.emergency) - known):
            yield ("tier", number, "emergency"), f"names “{group}”, a group that nobody is in"
    for name in policy.reminders.escalate_to:
        if name not in known and name not in policy.people:
            yield ("reminders", "escalate_to"), f"names “{name}”, who is no person and no group of the roster"


def _tier_names(policy: Policy) -> Iterator[Problem]:
    above: list[str] = []
    for number, tier in enumerate(policy.tiers):
        at: Path = ("tier", number, "name")
        if tier.name not in TIER_NAMES:
            yield at, f"is “{tier.name}”, but a tier is one of {', '.join(TIER_NAMES)}"
            continue
        if tier.name in above:
            yield at, f"is “{tier.name}” for the second time"
        elif lighter := next((name for name in above if _outweighs(tier.name, name)), None):
            yield at, f"is “{tier.name}”, which is weightier than “{lighter}” and must stand above it"
        above.append(tier.name)


def _outweighs(name: str, other: str) -> bool:
    """Of two tiers of accounts; where the rules stand among them is all the same."""
    return other != RULES and TIER_NAMES.index(name) < TIER_NAMES.index(other)


def _ends(policy: Policy) -> Iterator[Problem]:
    """Every account meets exactly one tier: all conditional but the last, which catches what is left."""
    numbered = [(number, tier) for number, tier in enumerate(policy.tiers) if tier.name != RULES]
    if not numbered or not numbered[-1][1].catches_all:
        at: Path = ("tier", numbered[-1][0]) if numbered else ("tier",)
        yield at, "needs a last tier (but “rules”) without any and all, which catches every account left"
    for number, tier in numbered[:-1]:
        if tier.catches_all:
            yield ("tier", number), f"“{tier.name}” catches every account, so that no tier below is ever reached"
    for number, tier in enumerate(policy.tiers):
        if tier.name == RULES and not tier.catches_all:
            yield ("tier", number), "“rules” is for no account and takes neither any nor all"


def _fillable(policy: Policy) -> Iterator[Problem]:
    for number, tier in enumerate(policy.tiers):
        if short := unfilled(policy, tier):
            groups = " and ".join(f"“{group}”" for group in short)
            teams = " of different teams" if tier.from_different_teams else ""
            few = f"{groups} has too few members{teams} besides the one who asks"
            yield ("tier", number, "approvals"), f"of “{tier.name}” can never be filled: {few}"


def unfilled(policy: Policy, tier: Tier) -> tuple[str, ...]:
    """The groups too small to fill the tier's quorum whoever asks; dates are not looked at."""
    quorum = Quorum(groups=tier.approvals, different_teams=tier.from_different_teams)
    able = [_approver(person) for person in policy.people.values() if _ever_able(person, tier, policy)]
    short: tuple[str, ...] | None = None
    for asker in _askers(policy, tier, quorum):
        missing = quorum.missing(a for a in able if a.person != asker)
        if not missing:
            return ()
        short = missing if short is None or len(missing) < len(short) else short
    # That nobody may ask is another problem, and said elsewhere.
    return tuple(sorted(set(quorum.missing(able) if short is None else short)))


def _ever_able(person: Person, tier: Tier, policy: Policy) -> bool:
    """A contractor bound like a leaver never asks nor votes on protected accounts."""
    return not (tier.name == PROTECTED and person.contractor and policy.contractors_as_leavers)


def _approver(person: Person) -> Approver:
    return Approver(person=person.id, groups=person.groups, team=person.team)


def _askers(policy: Policy, tier: Tier, quorum: Quorum) -> Iterator[str]:
    """Who may ask (of the rules anybody), one of each kind: leaving out either of two alike leaves the same people."""
    kinds = set()
    for person in policy.people.values():
        kind = (person.groups & quorum.names, person.team)
        asks = tier.name == RULES or person.groups & policy.may_ask
        if asks and kind not in kinds and _ever_able(person, tier, policy):
            kinds.add(kind)
            yield person.id
