"""Which approvals a tier demands and whether those cast fill it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ANY_GROUP = "*"
"""The place that one approval more fills, from any group of the quorum."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Approver:
    """One person who approved, with what the policy says of them now."""

    person: str
    groups: frozenset[str]
    team: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Quorum:
    """An AND over groups, each with a count; `extra` approvals more may come from any of the groups."""

    groups: tuple[tuple[str, int], ...]
    different_teams: bool = False
    extra: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"groups": dict(self.groups), "different_teams": self.different_teams, "extra": self.extra}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Quorum":
        return cls(
            groups=tuple(sorted(value["groups"].items())),
            different_teams=value["different_teams"],
            extra=value["extra"],
        )

    @property
    def names(self) -> frozenset[str]:
        """The groups whose members may approve or deny."""
        return frozenset(group for group, _ in self.groups)

    @property
    def places(self) -> tuple[str, ...]:
        """One name a place; the places that any group may fill come last."""
        named = tuple(group for group, count in self.groups for _ in range(count))
        return named + (ANY_GROUP,) * self.extra

    def seats(self, approvers: Iterable[Approver]) -> tuple[Approver | None, ...]:
        """Who fills each of `places` in a largest possible filling, None where a place is empty.

        A maximum matching by augmenting paths (Kuhn): of places with persons, for one person fills one place; or
        with teams where they must differ, for then one team fills one place.
        """
        people = sorted({a.person: a for a in approvers}.values(), key=lambda a: a.person)
        place_of: dict[str | None, int] = {}
        sitting: dict[int, Approver] = {}

        def seat(number: int, tried: set[str | None]) -> bool:
            """Find somebody for a place, moving those already seated where that helps."""
            for person in people:
                key = person.team if self.different_teams else person.person
                if key in tried or not self._fits(person, self.places[number]):
                    continue
                tried.add(key)
                if key not in place_of or seat(place_of[key], tried):
                    place_of[key], sitting[number] = number, person
                    return True
            return False

        for number in range(len(self.places)):
            seat(number, set())
        return tuple(sitting.get(number) for number in range(len(self.places)))

    def _fits(self, person: Approver, place: str) -> bool:
        """A person without a team cannot be shown to be of a different one: in doubt no."""
        if self.different_teams and person.team is None:
            return False
        return bool(person.groups & self.names) if place == ANY_GROUP else place in person.groups

    def missing(self, approvers: Iterable[Approver]) -> tuple[str, ...]:
        """The places still empty, in the order of `places`; empty when the quorum stands."""
        seats = self.seats(approvers)
        return tuple(place for place, seat in zip(self.places, seats, strict=True) if seat is None)
