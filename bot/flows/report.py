"""Gather what is on record of an incident into its report."""

from collections.abc import Sequence
from datetime import timedelta

from bot.core.incident import Incident
from bot.core.incident_report import Report, report, undoable
from bot.core.transition import Entry
from bot.ports import View

WATCHED_FOR = timedelta(days=1)
"""How long after an account is back its counts may still tell of the incident."""
SHOWN = 20
"""Incidents in a list."""


def report_of(view: View, id: str) -> Report | None:
    """The report of an incident; None where there is no such one."""
    found = view.incident(id)
    if found is None:
        return None
    back = found.restored_at
    return report(
        found,
        log=_log(view, found),
        samples=view.samples(found.account, since=back, until=back + WATCHED_FOR) if back is not None else (),
        actor=view.actor(found.actor) if found.actor is not None else None,
        again=_again(view, found),
    )


def _again(view: View, found: Incident) -> str | None:
    """The next incident by which the account was taken down again; of very many the oldest that a list holds."""
    later = view.incidents(account=found.account, since=found.seen_at)
    return next((i.id for i in reversed(later) if i.id != found.id and undoable(i) and i.seen_at > found.seen_at), None)


def _log(view: View, found: Incident) -> Sequence[Entry]:
    """The incident's own entries and those of each request that undid it, in the order of time."""
    own = view.entries(incident=found.id, since=found.seen_at)
    requests = {entry.request for entry in own if entry.request is not None}
    theirs = [entry for id in sorted(requests) for entry in view.entries(request=id)]
    return sorted([*own, *(e for e in theirs if e.facts.get("incident") != found.id)], key=lambda entry: entry.at)


def listed(view: View, *, limit: int = SHOWN) -> Sequence[Incident]:
    """Those that are not undone first, then the latest."""
    undone_not = view.incidents(open_only=True, limit=limit)
    known = {incident.id for incident in undone_not}
    return [*undone_not, *(i for i in view.incidents(limit=limit) if i.id not in known)][:limit]
