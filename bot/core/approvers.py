"""How people approved in a week: what a second person is worth where nobody reads, or two always nod at each other."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from bot.core.record import unstamp
from bot.core.request import Action, Request, State
from bot.core.transition import Entry, Kind

QUICK = timedelta(seconds=10)
"""Nobody reads a card in less: a handle, an id, a reason and the evidence behind a link."""
PAIR_LEAST = 3
"""Approvals of a pair in all; two may be chance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QuickVote:
    """A vote cast in the week less than `QUICK` after the revision it was cast on came into being.

    The first revision begins with the filing, every other with the entry that revised the request.
    """

    request: str
    person: str
    took: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two people who in the week approved only each other.

    Every approval that either gave was on a request of the other's; each gave one at least, both together
    `PAIR_LEAST`. An approval counts whether or not it completed a quorum or was voided later.
    """

    people: tuple[str, str]
    """In the order of the alphabet."""
    approvals: int
    """Of both together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """How many votes, approvals and denials, a person cast in the week."""

    person: str
    votes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Overturned:
    """A deactivation that was done, at any time, and whose account a person's restore, done in the week, brought back.

    It is the last deactivation of the account that was done before that restore, with no restore done in between,
    and done by requests both. The guard's own restores overturn nothing: they undo what nobody approved.
    """

    request: str
    """The deactivation."""
    restored_by: str
    """The request that restored."""
    account: str
    handle: str
    """As the restore's card showed it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Approvers:
    """What the digest says of those who vote."""

    quick: tuple[QuickVote, ...] = ()
    """In the order they were cast."""
    pairs: tuple[Pair, ...] = ()
    """Most approvals first."""
    load: tuple[Load, ...] = ()
    """Most votes first."""
    overturned: tuple[Overturned, ...] = ()
    """In the order they were restored."""


def approvers_of(week: Sequence[Entry], *, before: Iterable[Entry], requests: Mapping[str, Request]) -> Approvers:
    """`week` holds the entries of people's requests of the week, `before` those of `QUICK` ahead of it.

    `requests` holds each request that was approved or done in the week and, for a restore done, all those of its
    account; what is asked of them (who, what, when done) never changes once it is so.
    """
    votes = list(_votes(week))
    return Approvers(
        quick=tuple(_quick(votes, [*before, *week])),
        pairs=_pairs(votes, requests),
        load=_load(votes),
        overturned=tuple(_overturned(week, requests)),
    )


def _votes(entries: Iterable[Entry]) -> Iterator[tuple[Entry, Mapping[str, Any]]]:
    """Each vote, with the entry that tells of it."""
    for entry in entries:
        if entry.kind in {Kind.APPROVED, Kind.DENIED}:
            yield from ((entry, vote) for vote in entry.facts["changes"]["votes"])


def _quick(votes: Iterable[tuple[Entry, Mapping[str, Any]]], entries: Iterable[Entry]) -> Iterator[QuickVote]:
    revised = {(e.request, e.facts["changes"]["revision"]): e.at for e in entries if e.kind is Kind.REVISED}
    for entry, vote in votes:
        began = _began(entry, vote["revision"], revised)
        if began is not None and entry.at - began < QUICK:
            yield QuickVote(request=str(entry.request), person=vote["person"], took=entry.at - began)


def _began(entry: Entry, revision: int, revised: Mapping[tuple[str | None, int], datetime]) -> datetime | None:
    """When a revision came into being; None where that was before all these entries."""
    return unstamp(entry.facts["filed_at"]) if revision == 1 else revised.get((entry.request, revision))


def _pairs(votes: Iterable[tuple[Entry, Mapping[str, Any]]], requests: Mapping[str, Request]) -> tuple[Pair, ...]:
    given: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for entry, vote in votes:
        if entry.kind is Kind.APPROVED:
            given[vote["person"]][requests[str(entry.request)].requester] += 1
    found = [
        Pair(people=(one, other), approvals=given[one][other] + given[other][one])
        for one, other in combinations(sorted(given), 2)
        if given[one].keys() == {other} and given[other].keys() == {one}
    ]
    return tuple(sorted((p for p in found if p.approvals >= PAIR_LEAST), key=lambda p: (-p.approvals, p.people)))


def _load(votes: Iterable[tuple[Entry, Mapping[str, Any]]]) -> tuple[Load, ...]:
    cast = Counter(str(vote["person"]) for _, vote in votes)
    return tuple(Load(person=person, votes=cast[person]) for person in sorted(cast, key=lambda p: (-cast[p], p)))


def _overturned(week: Iterable[Entry], requests: Mapping[str, Request]) -> Iterator[Overturned]:
    for entry in week:
        restore = requests[str(entry.request)] if _is_done(entry) else None
        if restore is None or restore.action is not Action.RESTORE:
            continue
        before = _before(restore, requests.values())
        if before is not None and before.action is Action.DEACTIVATE:
            subject = restore.subject
            yield Overturned(request=before.id, restored_by=restore.id, account=subject.id, handle=subject.handle)


def _is_done(entry: Entry) -> bool:
    return entry.kind is Kind.SETTLED and entry.facts["changes"].get("state") == State.DONE


def _before(restore: Request, requests: Iterable[Request]) -> Request | None:
    """What was done to the account last before the restore was."""
    done = [
        (other.ended_at, other)
        for other in requests
        if other.state is State.DONE and other.subject.id == restore.subject.id and other.id != restore.id
        if other.ended_at is not None and restore.ended_at is not None and other.ended_at <= restore.ended_at
    ]
    return max(done, key=lambda found: found[0])[1] if done else None
