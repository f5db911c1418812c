"""What is switched off in doubt is told, and switched on again by people alone."""

from bot.core.latching import SWEEP, released, set_latch
from bot.core.transition import Kind, Latch, TaskKind
from tests.core.build import AT, MINUTE

FACTS = {"unannounced": 900, "known": 4, "sampled": 20, "down": 0}


def test_a_latch_is_on_record_told_to_the_channels_and_wakes_somebody() -> None:
    change = set_latch(FACTS, at=AT, to=("C0APPROVALS", "C0SECURITY"))
    assert change.latches == (Latch(name=SWEEP, since=AT, facts=FACTS),)
    assert [(e.kind, e.by, e.facts["unannounced"]) for e in change.entries] == [(Kind.LATCHED, "countersign", 900)]
    assert [t.kind for t in change.tasks] == [TaskKind.PAGE, TaskKind.CALL, TaskKind.TELL, TaskKind.TELL]
    told = change.tasks[-1].payload
    assert (told["to"], told["notice"], told["facts"]["down"]) == ("C0SECURITY", "latched", 0)
    assert told["facts"]["since"] == "2026-11-16T09:00:00.000Z"


def test_released_it_is_off_and_everything_is_looked_at_at_once() -> None:
    (latch,) = set_latch(FACTS, at=AT, to=()).latches
    change = released(latch, by="ada", request="REQ-U", at=AT + MINUTE)
    assert change.latches == (Latch(name=SWEEP, since=None, facts=FACTS),)
    assert [(e.kind, e.by, e.facts) for e in change.entries] == [
        (Kind.UNLATCHED, "ada", {"name": "sweep", "asked_in": "REQ-U"})
    ]
    (task,) = change.tasks
    assert (task.kind, task.payload, task.due) == (TaskKind.SWEEP, {"whole": True, "once": True}, AT + MINUTE)
