"""A digest as the command line prints it, in lines or as JSON."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from bot.core.approvers import QUICK, Approvers
from bot.core.digest import TWITTER_2017, Digest
from bot.core.record import dump, stamp

MOST_LISTED = 20
"""Lines of one kind; an attack leaves thousands of incidents."""


def digest_json(digest: Digest) -> str:
    """Every field of it."""
    return json.dumps({**dump(digest), "week": str(digest.week)}, indent=2, default=_as_json)


def _as_json(value: Any) -> Any:
    """What `dump` leaves as it is: days, and lengths of time in seconds."""
    return value.isoformat() if isinstance(value, date) else _seconds(value)


def _seconds(value: Any) -> float | None:
    return None if value is None else value.total_seconds()


def digest_lines(digest: Digest) -> list[str]:
    """What `countersign digest` prints."""
    return [*_sums(digest), *_days(digest), *_happened(digest), *_approvers(digest.approvers)]


def _sums(digest: Digest) -> list[str]:
    oldest = digest.oldest_pending
    minutes_2017 = TWITTER_2017.total_seconds() / 60
    median, worst = _duration(digest.median_to_restore), _duration(digest.worst_to_restore)
    return [
        f"Week {digest.week}, {digest.starts:%Y-%m-%d} to {digest.ends:%Y-%m-%d} ({digest.starts.tzname()})",
        f"Requests: {digest.filed} filed",
        f"Decided: {digest.approved} approved, {digest.denied} denied",
        f"Undecided: {digest.expired} expired, {digest.withdrawn} withdrawn",
        f"Carried out: {digest.done} done, {digest.failed} failed",
        f"Emergencies: {digest.emergencies} filed, {digest.ratified} ratified, {digest.undone} undone",
        f"Median time to decision: {_duration(digest.median_to_decision)}",
        f"Incidents: {digest.incidents}, not restored: {digest.unrestored}",
        f"Time to restore: median {median}, worst {worst} (2017: {minutes_2017:.0f} minutes)",
        f"Oldest pending: {f'{oldest.request}, filed {stamp(oldest.filed_at)}' if oldest else 'none'}",
        f"Guard: {'enforces' if digest.enforces else 'only observes'}",
    ]


def _days(digest: Digest) -> Iterator[str]:
    yield "Decisions by day:"
    for day in digest.days:
        yield f"  {day.date:%a %Y-%m-%d}  {day.approved:>4} approved  {day.denied:>4} denied"


def _happened(digest: Digest) -> Iterator[str]:
    yield from _listed(
        "What happened",
        [
            f"{stamp(i.seen_at)}  {i.id}  {i.kind.value:<11}  {i.state.value:<8}  {account(i.handle, i.account)}"
            for i in digest.happened
        ],
    )


def _approvers(found: Approvers) -> Iterator[str]:
    votes = ", ".join(f"{load.person} {load.votes}" for load in found.load)
    yield f"Votes: {votes or 'none'}"
    yield from _listed(
        f"Votes in less than {QUICK.seconds} s",
        [f"{vote.request}  {vote.person}, after {_duration(vote.took)}" for vote in found.quick],
    )
    yield from _listed(
        "Approve only each other",
        [f"{' and '.join(pair.people)}, {pair.approvals} approvals" for pair in found.pairs],
    )
    yield from _listed(
        "Overturned",
        [f"{o.request}  {account(o.handle, o.account)}, restored by {o.restored_by}" for o in found.overturned],
    )


def _listed(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield f"{title}: none" if not lines else f"{title}:"
    yield from (f"  {line}" for line in lines[:MOST_LISTED])
    if len(lines) > MOST_LISTED:
        yield f"  … and {len(lines) - MOST_LISTED} more, which --json has"


def account(handle: str, id: str) -> str:
    return f"@{inert(handle)} ({inert(id)})"


def _duration(value: Any) -> str:
    seconds = _seconds(value)
    return "–" if seconds is None else f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def inert(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(c if c.isprintable() else "�" for c in text)
