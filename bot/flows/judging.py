"""Gather what the ledger knows of an instance and ask the verdict's rule."""

from datetime import UTC, datetime

from bot.core.account import Instance
from bot.core.incident import Incident
from bot.core.request import EXPLAINING
from bot.core.transition import Judged
from bot.core.verdict import Because, Facts, Previous, Verdict, judge, named
from bot.flows.world import World
from bot.ports import View

LAST = datetime.max.replace(tzinfo=UTC)
"""An instance without a time may be the newest there is."""
OUTLASTS_A_RESTORE = frozenset({Because.OWNER, Because.REGISTERED})
"""What explains an instance by its actor alone; other explanations end with the next restore."""


def still_explained(view: View, known: Judged | None) -> bool:
    """Whether an earlier verdict says so, and neither a restore nor the request's end took away what it rested on."""
    if known is None or not known.explained:
        return False
    if known.why == Because.REQUEST:
        request = view.keyed(known.operation) if known.operation else None
        if request is None or request.state not in EXPLAINING:
            return False  # an emergency that was not ratified
    restored_at = view.restored_at(known.account)
    ended = restored_at is not None and (known.at is None or restored_at > known.at)
    return known.why in OUTLASTS_A_RESTORE or not ended


def verdict_of(world: World, view: View, instance: Instance, *, stands: bool, told: bool = False) -> Verdict:
    """Judge the instance by this transaction's facts; its own earlier verdict is no earlier instance."""
    known = view.judged(instance)
    if known is not None and still_explained(view, known):
        return Verdict(explained=True, because=Because(known.why))
    guard = world.policy_in(view).guard
    if because := named(instance, guard):
        return Verdict(explained=True, because=because)  # whatever else is known: that need not be asked
    facts = Facts(
        keyed=view.keyed(instance.operation) if instance.operation else None,
        restored_at=view.restored_at(instance.account),
        previous=_previous(view, instance),
        stands=stands,
        told=told,
    )
    return judge(instance, facts, guard)


def _previous(view: View, instance: Instance) -> Previous | None:
    """What stood before: the last instance that was judged, or one that a read has shown to be a request's own since.

    A system may replace ours before the feed has told of it.
    """
    judged = view.previous(instance.account)
    if not (instance.actor or "").startswith("system:"):
        return judged  # nobody else can replace what stands
    requests = view.requests_of_account(instance.account)
    shown = [r.explains for r in requests if r.explains is not None and r.state in EXPLAINING]
    known = [*([judged] if judged else []), *(Previous(instance=i, explained=True) for i in shown)]
    return max(known, key=lambda previous: previous.instance.at or LAST, default=None)


def recorded(instance: Instance, verdict: Verdict, *, at: datetime, incident: str | None = None) -> Judged:
    """The verdict as the ledger keeps it."""
    return Judged(
        account=instance.account,
        at=instance.at,
        actor=instance.actor,
        operation=instance.operation,
        explained=verdict.explained,
        why=verdict.because.value,
        judged_at=at,
        incident=incident,
    )


def back_since(view: View, incident: Incident, *, read: datetime) -> datetime:
    """Since when an account is up again that was `read` so: the feed may have told, of this time that it was down."""
    told = view.restored_at(incident.account)
    return told if told is not None and told >= (incident.at or incident.seen_at) else read
