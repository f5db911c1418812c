"""Who is on the roster of the small world, and the policy in force after what has changed of it.

Four people, with five Slack accounts: Mona has two. A quorum of `protected` needs a manager and somebody of trust and
safety from different teams, so that Mona and Tessa are none, and Omar, who is both, fills one place only.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from bot.core.policy import GuardRules, Limits, Match, Person, Policy, Tier

START = datetime(2026, 11, 21, 23, 55, tzinfo=UTC)
"""Five minutes before the midnight that ends a last day: it falls between an approval and its execution."""
TODAY = START.date()
STRANGER = "USTRANGER"
"""A Slack account that nobody on the roster owns."""
ADA, MONA, MONA_TOO, OMAR, TESSA = "UADA", "UMONA", "UMONATOO", "UOMAR", "UTESSA"
HUMAN = {ADA: "ada", MONA: "mona", MONA_TOO: "mona", OMAR: "omar", TESSA: "tessa"}
"""Whose hand is on each Slack account: the world's truth, whatever a roster says."""
WEIGHTY = "head-of-state"
"""The tag that makes an account `protected`."""

PEOPLE = (
    Person(id="ada", slack=(ADA,), groups=frozenset({"agent"}), team="support"),
    Person(
        id="mona",
        slack=(MONA, MONA_TOO),
        platform=("staff:mona",),
        groups=frozenset({"agent", "manager", "duty"}),
        team="support",
    ),
    Person(id="omar", slack=(OMAR,), groups=frozenset({"manager", "trust-safety", "duty"}), team="field"),
    Person(id="tessa", slack=(TESSA,), groups=frozenset({"trust-safety"}), team="support"),
)
TIERS = (
    Tier(
        name="protected",
        any=Match(tags=frozenset({WEIGHTY})),
        approvals=(("manager", 1), ("trust-safety", 1)),
        from_different_teams=True,
        cooling_off=timedelta(minutes=1),
        confirm_handle=True,
    ),
    Tier(name="standard", approvals=(("manager", 1),)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What of the policy a scope chooses."""

    requests_per_person_hour: int = 20
    deactivations_per_hour: int = 200
    emergencies_per_person_day: int = 1
    urgent: tuple[str, ...] = ("standard",)
    """The tiers in which those on duty may act first."""


CHANGES = ("leaves", "moves", "is removed")
"""What may befall a person: a last day that is today, other groups, an end of the entry."""
LAST_DAYS = {"leaves": TODAY, "left": TODAY - timedelta(days=1)}


@cache
def policy(house: House, changes: frozenset[tuple[str, str]], *, aliases_known: bool) -> Policy:
    """The policy after these changes (person, what befell them)."""
    people = {person.id: person for person in PEOPLE}
    for name, what in changes:
        if what == "is removed":
            people.pop(name, None)
        elif name in people:
            people[name] = _changed(people[name], what)
    if not aliases_known:
        people = {p.id: p for person in people.values() for p in _apart(person)}
    return Policy(
        text="",
        digest="policy" + "".join(sorted(f", {name} {what}" for name, what in changes)),
        timezone=ZoneInfo("UTC"),
        channel_language="en",
        people=people,
        may_ask=frozenset({"agent"}),
        categories=("spam",),
        tiers=tuple(replace(tier, emergency=("duty",) if tier.name in house.urgent else ()) for tier in TIERS),
        limits=Limits(
            requests_per_person_hour=house.requests_per_person_hour,
            deactivations_per_hour=house.deactivations_per_hour,
            emergencies_per_person_day=house.emergencies_per_person_day,
        ),
        guard=GuardRules(explained_actors=frozenset({"system:legal"})),
    )


def _changed(person: Person, what: str) -> Person:
    if what == "was just added":
        return replace(person, approves_from=START + timedelta(days=1))
    if what in LAST_DAYS:
        return replace(person, last_day=LAST_DAYS[what])
    return replace(person, groups=person.groups | {"duty"} if what == "goes on duty" else frozenset())


def _apart(person: Person) -> list[Person]:
    """A person for each Slack account: what a roster would be that knows no aliases."""
    return [
        replace(person, id=person.id if place == 0 else f"{person.id}-{place + 1}", slack=(account,))
        for place, account in enumerate(person.slack)
    ]
