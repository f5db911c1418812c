"""The move `acknowledge`: somebody other than its actor has seen an incident."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.core.guarding import acknowledged
from bot.core.incident import Incident
from bot.core.policy import Person, Policy
from bot.core.refusal import Refusal, Why
from bot.core.transition import Transition


@dataclass(frozen=True, kw_only=True, slots=True)
class Acknowledging:
    """One click, with everything the checks look at."""

    incident: Incident | None
    person: Person | None
    policy: Policy
    at: datetime
    unacknowledged: str | None
    """An unacknowledged incident whose actor is this person."""

    @property
    def found(self) -> Incident:
        """The incident, once it is known to be there."""
        assert self.incident is not None
        return self.incident

    @property
    def reader(self) -> Person:
        """The person, once the first check has passed."""
        assert self.person is not None
        return self.person


Check = Callable[[Acknowledging], Refusal | None]


def rostered(case: Acknowledging) -> Refusal | None:
    return Refusal(why=Why.NOT_ROSTERED) if case.person is None else None


def not_gone(case: Acknowledging) -> Refusal | None:
    return Refusal(why=Why.PAST_LAST_DAY) if case.policy.gone(case.reader, case.at) else None


def known(case: Acknowledging) -> Refusal | None:
    return Refusal(why=Why.UNKNOWN_INCIDENT) if case.incident is None else None


def not_yet(case: Acknowledging) -> Refusal | None:
    by = case.found.acknowledged_by
    return Refusal(why=Why.ALREADY_ACKNOWLEDGED, facts={"by": by}) if by is not None else None


def not_the_actor(case: Acknowledging) -> Refusal | None:
    if case.unacknowledged is None:
        return None
    return Refusal(why=Why.OPEN_INCIDENT_OF_YOURS, facts={"incident": case.unacknowledged})


ACKNOWLEDGE_CHECKS: tuple[Check, ...] = (rostered, not_gone, known, not_yet, not_the_actor)


def acknowledge(case: Acknowledging, *, checks: tuple[Check, ...] = ACKNOWLEDGE_CHECKS) -> Transition | Refusal:
    """Any rostered person may say so once, but nobody who acted in an incident that is still unacknowledged."""
    for check in checks:
        if refusal := check(case):
            return refusal
    return acknowledged(case.found, by=case.reader.id, at=case.at)
