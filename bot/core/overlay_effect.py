"""What a change made in Slack makes of the policy that the file states."""

from dataclasses import replace
from datetime import timedelta

from bot.core.overlay import Overlaid, RuleChange, RuleVerb
from bot.core.policy import PROTECTED, Person, Policy

APPROVES_AFTER = timedelta(hours=24)
"""An added approver counts for nothing so long: time for whoever did not ask for it to see the notice."""


def laid(policy: Policy, one: Overlaid) -> Policy | str:
    """The policy with the change, or why it cannot be made: the sentence goes on after the change's line."""
    match one.change.verb:
        case RuleVerb.ADD:
            return _added(policy, one)
        case RuleVerb.REMOVE:
            return _removed(policy, one.change.person)
        case RuleVerb.LEAVE:
            return _leaving(policy, one.change)
        case RuleVerb.PROTECT:
            return _protecting(policy, one.change.account)
    return _guarding(policy, one)


def _added(policy: Policy, one: Overlaid) -> Policy | str:
    """A new person, or one of the file's who is back: of them the file says the rest."""
    change, person = one.change, policy.people.get(one.change.person)
    if person is not None and (wrong := _otherwise(person, change)):
        return wrong
    owner = policy.person_of_slack(change.slack)
    if owner is not None and owner is not person:
        return f"but “{change.slack}” is {owner.id}'s: an id belongs to one person"
    if unknown := set(change.groups) - _groups(policy):
        return f"but nothing in the policy speaks of the group “{min(unknown)}”"
    new = person or Person(id=change.person, slack=(change.slack,), groups=frozenset(change.groups), team=change.team)
    return _with(policy, replace(new, approves_from=one.at + APPROVES_AFTER))


def _otherwise(person: Person, change: RuleChange) -> str | None:
    """The card must not show what is not so: of somebody on the roster a line says what the roster says."""
    if change.slack in person.slack and set(change.groups) == person.groups and change.team == person.team:
        return None
    said = " ".join([*person.slack, ",".join(sorted(person.groups)), f"team={person.team}" if person.team else ""])
    return f"but {person.id} is on the roster as “{said.strip()}”"


def _groups(policy: Policy) -> frozenset[str]:
    """The groups that the policy speaks of."""
    in_tiers = (group for tier in policy.tiers for group in (*dict(tier.approvals), *tier.emergency))
    return policy.may_ask.union(in_tiers, *(person.groups for person in policy.people.values()))


def _removed(policy: Policy, id: str) -> Policy | str:
    """Gone from the roster, and with them what others of the roster had left to them."""
    if id not in policy.people:
        return f"but {id} is no person of the roster"
    people = {p.id: _not_lending_to(p, id) for p in policy.people.values() if p.id != id}
    asked = tuple(name for name in policy.reminders.escalate_to if name != id)
    return replace(policy, people=people, reminders=replace(policy.reminders, escalate_to=asked))


def _not_lending_to(person: Person, id: str) -> Person:
    return replace(person, delegate=None) if person.delegate is not None and person.delegate.to == id else person


def _leaving(policy: Policy, change: RuleChange) -> Policy | str:
    """The earlier of two last days stands."""
    person = policy.people.get(change.person)
    if person is None:
        return f"but {change.person} is no person of the roster"
    assert change.last_day is not None
    return _with(policy, replace(person, last_day=min(change.last_day, person.last_day or change.last_day)))


def _with(policy: Policy, person: Person) -> Policy:
    return replace(policy, people={**policy.people, person.id: person})


def _protecting(policy: Policy, account: str) -> Policy | str:
    if policy.tier(PROTECTED) is None:
        return f"but there is no tier “{PROTECTED}”"
    return replace(policy, protected=policy.protected | {account})


def _guarding(policy: Policy, one: Overlaid) -> Policy | str:
    """To observe has an end; what the file's own mode says has none."""
    guard = policy.guard
    if one.change.verb is RuleVerb.ENFORCE:
        return replace(policy, guard=replace(guard, enforces=True, observes_since=None))
    if not guard.enforces:
        return "but the guard only observes already, and without an end"
    return replace(policy, guard=replace(guard, observes_since=one.at))
