"""Which approvals a tier demands and whether those cast fill it."""

from collections import Counter
from collections.abc import Iterable, Iterator
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
        """Who fills each of `places` in a largest possible filling: one place a person, None where it is empty.

        A search, not augmenting paths: different teams make it a matching those do not solve. It stays small
        because a place is left empty only when nobody fits (whoever is moved into it frees at most one other
        place), because people of the same groups and team are interchangeable, and because it stops at the
        number of places that anybody at all could fill.
        """
        people = self._distinct(approvers)
        reachable = sum(any(self._fits(p, place, frozenset()) for p in people) for place in self.places)
        best: tuple[Approver | None, ...] = (None,) * len(self.places)
        for filling in self._fillings(self.places, people, frozenset()):
            if _filled(filling) > _filled(best):
                best = filling
            if _filled(best) == reachable:
                break
        return best

    def _distinct(self, approvers: Iterable[Approver]) -> list[Approver]:
        """Each person once, and of those alike no more than there are places."""
        alike: Counter[tuple[frozenset[str], str | None]] = Counter()
        people = []
        for approver in sorted({a.person: a for a in approvers}.values(), key=lambda a: a.person):
            kind = (approver.groups & self.names, approver.team)
            alike[kind] += 1
            if alike[kind] <= len(self.places):
                people.append(approver)
        return people

    def _fillings(
        self, places: tuple[str, ...], people: list[Approver], teams: frozenset[str | None]
    ) -> Iterator[tuple[Approver | None, ...]]:
        if not places:
            yield ()
            return
        fitting: list[Approver | None] = [p for p in people if self._fits(p, places[0], teams)]
        for seat in fitting or [None]:
            rest = [p for p in people if p is not seat]
            taken = teams | {seat.team} if seat and self.different_teams else teams
            for filling in self._fillings(places[1:], rest, taken):
                yield (seat, *filling)

    def _fits(self, person: Approver, place: str, teams: frozenset[str | None]) -> bool:
        """A person without a team cannot be shown to be of a different one: in doubt no."""
        if self.different_teams and (person.team is None or person.team in teams):
            return False
        return bool(person.groups & self.names) if place == ANY_GROUP else place in person.groups

    def missing(self, approvers: Iterable[Approver]) -> tuple[str, ...]:
        """The places still empty, in the order of `places`; empty when the quorum stands."""
        seats = self.seats(approvers)
        return tuple(place for place, seat in zip(self.places, seats, strict=True) if seat is None)


def _filled(filling: tuple[Approver | None, ...]) -> int:
    return sum(seat is not None for seat in filling)
