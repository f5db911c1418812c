"""What the guard switches off in doubt, and people alone switch on again: it holds over restarts."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.request import BOT
from bot.core.tasks import page_about, sweep, tell_of_latch
from bot.core.transition import Change, Entry, Kind, Latch

SWEEP = "sweep"
"""While it holds a sweep restores nothing of what the feed did not announce."""


def set_latch(facts: dict[str, Any], *, at: datetime, to: tuple[str, ...]) -> Change:
    """Doubt the list and restore nothing of it: on record, told to the channels in `to`, and somebody is woken."""
    latch = Latch(name=SWEEP, since=at, facts=facts)
    entry = Entry(kind=Kind.LATCHED, at=at, by=BOT, facts={"name": SWEEP, **facts})
    tasks = (*page_about(None, "latched", due=at), *tell_of_latch(SWEEP, to=to, at=at, **facts))
    return Change(latches=(latch,), entries=(entry,), tasks=tasks)


def released(latch: Latch, *, by: str, request: str, at: datetime) -> Change:
    """Trust the list again: a whole sweep looks at once for what was left."""
    entry = Entry(kind=Kind.UNLATCHED, at=at, by=by, facts={"name": latch.name, "asked_in": request})
    again = sweep(whole=True, due=at, once=True)
    return Change(latches=(replace(latch, since=None),), entries=(entry,), tasks=(again,))
