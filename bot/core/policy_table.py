"""Who may do what, tier by tier, as `policy check` prints it: a function of the policy and a moment."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.emergency import may_act_first
from bot.core.policy import PROTECTED, RULES, Match, Person, Policy, Tier
from bot.core.quorum import ANY_GROUP, Quorum
from bot.core.record import stamp
from bot.core.request import Action


@dataclass(frozen=True, kw_only=True, slots=True)
class TierRow:
    """One tier: persons are named by their ids, in the roster's order."""

    name: str
    conditions: tuple[str, ...]
    """Each a phrase; none where the tier catches every account left."""
    quorum: tuple[tuple[str, int], ...]
    from_different_teams: bool
    asks: tuple[str, ...]
    approves: tuple[str, ...]
    short_of: tuple[str, ...]
    """Groups of the quorum too small now, without leavers, for one at least of those who may ask."""
    emergency: tuple[str, ...]
    """The groups that may act before they are approved."""
    may_act_first: tuple[str, ...]
    """Who may do so now."""
    cooling_off: timedelta
    confirm_handle: bool
    warnings: tuple[str, ...]
    """Sentences: what the roster of that moment makes of the tier."""


def rows(policy: Policy, at: datetime) -> list[TierRow]:
    """A row a tier, in the policy's order, as things stand at that moment."""
    return [_row(policy, tier, at) for tier in policy.tiers]


def _row(policy: Policy, tier: Tier, at: datetime) -> TierRow:
    return TierRow(
        name=tier.name,
        conditions=tuple(_conditions(tier)),
        quorum=tier.approvals,
        from_different_teams=tier.from_different_teams,
        asks=tuple(p.id for p in policy.people.values() if _may_ask(policy, tier, p, at)),
        approves=tuple(p.id for p in policy.people.values() if _may_approve(policy, tier, p, at)),
        short_of=tuple(_short_of(policy, tier, at)),
        emergency=tier.emergency,
        may_act_first=tuple(
            p.id
            for p in policy.people.values()
            if _may_ask(policy, tier, p, at) and may_act_first(policy, p, tier=tier, action=Action.DEACTIVATE, at=at)
        ),
        cooling_off=tier.cooling_off,
        confirm_handle=tier.confirm_handle,
        warnings=tuple(_warnings(policy, tier, at)),
    )


def _conditions(tier: Tier) -> Iterator[str]:
    if tier.any is not None:
        yield " or ".join(_phrases(tier.any))
    if tier.all is not None:
        yield " and ".join(_phrases(tier.all))


def _phrases(match: Match) -> Iterator[str]:
    if match.tags is not None:
        yield f"tagged {' or '.join(sorted(match.tags))}"
    if match.followers_at_least is not None:
        yield f"at least {match.followers_at_least:,} followers"
    if match.verified is not None:
        yield "verified" if match.verified else "not verified"
    if match.younger_than is not None:
        yield f"younger than {_span(match.younger_than)}"
    if match.older_than is not None:
        yield f"older than {_span(match.older_than)}"


def _span(length: timedelta) -> str:
    return f"{length.days} days" if length == timedelta(days=length.days) else f"{length.total_seconds():,.0f} s"


def _may_ask(policy: Policy, tier: Tier, person: Person, at: datetime) -> bool:
    """Whether the person may ask now; for the bot's own rules anybody on the roster."""
    if policy.gone(person, at):
        return False
    if tier.name == RULES:
        return True
    if tier.name == PROTECTED and policy.restricted(person, at):
        return False
    return bool(policy.groups_of(person, at=at) & policy.may_ask)


def _may_approve(policy: Policy, tier: Tier, person: Person, at: datetime) -> bool:
    approver = policy.approver(person, tier=tier.name, at=at, requester="")
    return approver is not None and bool(approver.groups & {group for group, _ in tier.approvals})


def _warnings(policy: Policy, tier: Tier, at: datetime) -> Iterator[str]:
    groups = {group for group, _ in tier.approvals} | set(tier.emergency)
    groups |= policy.may_ask if tier.name != RULES else set()
    for person in policy.people.values():
        if person.groups & groups and policy.gone(person, at):
            yield f"{person.id} is past the last day, {person.last_day}, and counts for nothing."
    for person in policy.people.values():
        if person.approves_from is not None and at < person.approves_from and person.groups & groups:
            yield f"{person.id} was added in Slack and approves from {stamp(person.approves_from)} on."
    for person in policy.people.values():
        if _may_ask(policy, tier, person, at) and (short := _short(policy, tier, person, at)):
            yield f"A request by {person.id} finds too few who could approve it: {short}."


def _short_of(policy: Policy, tier: Tier, at: datetime) -> Iterator[str]:
    """Who leaves soon can be counted on no more, on whatever tier; one who must be asked twice is asked elsewhere."""
    staying = replace(policy, people={p.id: p for p in policy.people.values() if not policy.restricted(p, at)})
    quorum = Quorum(groups=tier.approvals, different_teams=tier.from_different_teams)
    short = set[str]()
    for asker in (p for p in policy.people.values() if _may_ask(policy, tier, p, at)):
        short |= set(quorum.missing(staying.eligible(quorum, tier=tier.name, at=at, requester=asker.id)))
    yield from sorted(short)


def _short(policy: Policy, tier: Tier, requester: Person, at: datetime) -> str:
    """The places that nobody could fill now for that requester; empty where all could be."""
    quorum = policy.quorum_of(tier, requester=requester, at=at)
    able = policy.eligible(quorum, tier=tier.name, at=at, requester=requester.id)
    places = dict.fromkeys(quorum.missing(able))
    return ", ".join("one more of any group" if place == ANY_GROUP else place for place in places)
