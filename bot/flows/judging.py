"""Gather what the ledger knows of an instance and ask the verdict's rule."""

from datetime import datetime

from bot.core.account import Instance
from bot.core.request import EXPLAINING
from bot.core.transition import Judged
from bot.core.verdict import Because, Facts, Verdict, judge
from bot.flows.world import World
from bot.ports import View

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


def verdict_of(world: World, view: View, instance: Instance, *, stands: bool) -> Verdict:
    """Judge the instance by this transaction's facts; its own earlier verdict is no earlier instance."""
    facts = Facts(
        keyed=view.keyed(instance.operation) if instance.operation else None,
        restored_at=view.restored_at(instance.account),
        previous=view.previous(instance.account),
        stands=stands,
    )
    known = view.judged(instance)
    if known is not None and still_explained(view, known):
        return Verdict(explained=True, because=Because(known.why))
    return judge(instance, facts, world.policy_in(view).guard)


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
