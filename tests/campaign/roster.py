"""A policy as its owner writes it: a roster, tiers and limits made into the TOML that the bot reads.

Campaigns change the text and have it brought into force, so that whatever reads a policy reads theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Member:
    """One person of the roster, as written."""

    slack: tuple[str, ...]
    groups: tuple[str, ...]
    team: str = "support"
    platform: tuple[str, ...] = ()
    joined: date | None = None
    last_day: date | None = None
    contractor: bool = False
    delegate: tuple[str, date, date] | None = None

    def toml(self) -> str:
        lines = [f"slack = {_list(self.slack)}", f"groups = {_list(self.groups)}", f'team = "{self.team}"']
        if self.platform:
            lines.append(f"platform = {_list(self.platform)}")
        lines += [f"{key} = {day}" for key, day in (("joined", self.joined), ("last_day", self.last_day)) if day]
        if self.contractor:
            lines.append("contractor = true")
        if self.delegate:
            to, since, until = self.delegate
            lines.append(f'delegate = {{ to = "{to}", from = {since}, until = {until} }}')
        return "\n".join(lines)


TIERS: Mapping[str, str] = {
    "protected": 'any = { tags = ["head-of-state"], followers_at_least = 1_000_000 }\n'
    "approvals = { manager = 1, trust-safety = 1 }\nfrom_different_teams = true",
    "high": "all = { followers_at_least = 100_000 }\napprovals = { manager = 1, trust-safety = 1 }",
    "standard": "approvals = { manager = 2 }",
    "rules": "approvals = { manager = 1, trust-safety = 1 }",
}
"""Each demands two approvals, so that there is a moment between them."""
PEOPLE: Mapping[str, Member] = {
    "ada": Member(slack=("U1ADA",), groups=("agent",)),
    "anna": Member(slack=("U1ANNA",), groups=("agent",)),
    "mona": Member(slack=("U1MONA",), groups=("manager",), team="field"),
    "omar": Member(slack=("U1OMAR",), groups=("manager",), team="operations"),
    "mina": Member(slack=("U1MINA",), groups=("manager",), team="support"),
    "tessa": Member(slack=("U1TESSA",), groups=("trust-safety",), team="safety"),
    "theo": Member(slack=("U1THEO",), groups=("trust-safety",), team="support"),
}


@dataclass(frozen=True, kw_only=True)
class Roster:
    """The whole file. Limits that no campaign is about are out of the way."""

    people: Mapping[str, Member] = field(default_factory=lambda: PEOPLE)
    tiers: Mapping[str, str] = field(default_factory=lambda: TIERS)
    leavers: str = 'window = "14d"'
    limits: str = ""
    guard: str = 'sweep_every = "60s"'

    def with_member(self, name: str, member: Member) -> "Roster":
        return replace(self, people={**self.people, name: member})

    def without(self, name: str) -> "Roster":
        return replace(self, people={id: member for id, member in self.people.items() if id != name})

    def changed(self, name: str, **values: object) -> "Roster":
        return self.with_member(name, replace(self.people[name], **values))  # type: ignore[arg-type]  # by name

    def cooling_off(self, tier: str, how_long: str) -> "Roster":
        return replace(self, tiers={**self.tiers, tier: f'{self.tiers[tier]}\ncooling_off = "{how_long}"'})

    def toml(self) -> str:
        wide = "requests_per_person_hour = 1_000_000\ndeactivations_per_hour = 1_000_000"
        return "\n\n".join(
            [
                "version = 1",
                *(f"[people.{id}]\n{member.toml()}" for id, member in self.people.items()),
                *(f'[[tier]]\nname = "{name}"\n{rules}' for name, rules in self.tiers.items()),
                f"[leavers]\n{self.leavers}",
                f"[limits]\n{wide}\n{self.limits}",
                f"[guard]\n{self.guard}",
            ]
        )


def _list(words: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"
