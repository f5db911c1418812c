"""Gather what the ledger knows of an instance and ask the verdict's rule."""

from datetime import datetime

from bot.core.account import Instance
from bot.core.transition import Judged
from bot.core.verdict import Because, Facts, Verdict, judge
from bot.flows.world import World
from bot.ports import View


def verdict_of(world: World, view: View, instance: Instance) -> Verdict:
    """Judge the instance by this transaction's facts; its own earlier verdict is no earlier instance."""
    facts = Facts(
        keyed=view.keyed(instance.operation) if instance.operation else None,
        restored_at=view.restored_at(instance.account),
        previous=view.previous(instance.account),
    )
    known = view.judged(instance)
    if known is not None and known.explained:
        # judged before: what explained it then explains it still, whatever came to be known of others since
        return Verdict(explained=True, because=Because(known.why))
    return judge(instance, facts, world.policy.guard)


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
