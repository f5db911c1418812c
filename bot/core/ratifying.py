"""The move `ratify`: the ordinary quorum's word for what an emergency has done already."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.ending import end
from bot.core.policy import Policy
from bot.core.request import Choice, Request, State
from bot.core.transition import Kind, Transition
from bot.core.voting import quorum_missing


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratifying:
    """What the ratification looks at, in the transaction of the vote or of the read that makes it possible."""

    request: Request
    policy: Policy
    at: datetime
    unacknowledged: frozenset[str]
    """The persons whose principals acted in incidents that nobody has acknowledged."""
    restored_at: datetime | None
    """The latest restore of the account on record."""


def verified(case: Ratifying) -> bool:
    """A read has shown what it did."""
    return case.request.state is State.PROVISIONAL


def undenied(case: Ratifying) -> bool:
    return all(vote.choice is not Choice.DENY for vote in case.request.votes)


def still_down(case: Ratifying) -> bool:
    """Nobody has restored the account since: there would be nothing to ratify."""
    done = case.request.explains
    return case.restored_at is None or done is None or done.at is None or case.restored_at <= done.at


def in_time(case: Ratifying) -> bool:
    return case.request.ratify_by is not None and case.at < case.request.ratify_by


def quorum_stands(case: Ratifying) -> bool:
    return not quorum_missing(case.request, policy=case.policy, at=case.at, unacknowledged=case.unacknowledged)


RATIFY_CHECKS: tuple[Callable[[Ratifying], bool], ...] = (
    verified,
    still_down,
    undenied,
    in_time,
    quorum_stands,
)


def ratify(case: Ratifying, *, checks: tuple[Callable[[Ratifying], bool], ...] = RATIFY_CHECKS) -> Transition | None:
    """The quorum's word for what was done already; None while something of it is missing."""
    if not all(check(case) for check in checks):
        return None
    ratified = replace(case.request, state=State.RATIFIED, policy=case.policy.digest)
    by = ratified.approvals[-1].person
    return end(case.request, ratified, kind=Kind.RATIFIED, by=by, at=case.at, ended_by=by, policy=case.policy.digest)
