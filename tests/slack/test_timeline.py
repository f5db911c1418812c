"""A request's life in the thread of its card."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.request import State
from bot.core.transition import Entry, Kind
from bot.slack.timeline import SHOWN, timeline
from bot.slack.wording import TIMELINE
from tests.slack.examples import EN, FILED, FR, PENDING, in_state, life
from tests.slack.validators import check_message, read

NOT_TOLD = {
    Kind.OPENED, Kind.JOINED, Kind.RESTORED, Kind.CLOSED, Kind.ACKNOWLEDGED,
    Kind.SAMPLED, Kind.WHOLE, Kind.FELL, Kind.LOST, Kind.ESTABLISHED, Kind.CONTAINED,
    Kind.REFUSED, Kind.POLICY, Kind.GUARD_STARTED, Kind.JUDGED, Kind.DIGEST, Kind.LIMIT,
    Kind.ACTOR, Kind.LATCHED, Kind.UNLATCHED,
}  # fmt: skip
"""Entries that are no move of a request; whoever was refused was told alone."""


def entry(kind: Kind, by: str = "mona", *, minute: int = 0, **changes: Any) -> Entry:
    at = FILED + timedelta(minutes=minute)
    return Entry(kind=kind, at=at, by=by, request=PENDING.id, facts={"changes": changes})


def test_every_move_of_a_request_has_its_line_and_nothing_else_has() -> None:
    assert set(TIMELINE) == set(Kind) - NOT_TOLD


def test_a_life_is_told_a_line_a_move_with_who_and_when() -> None:
    request = in_state(State.DONE)
    told = timeline(
        EN,
        request,
        [
            entry(Kind.FILED, "ada"),
            entry(Kind.APPROVED, "mona", minute=1),
            entry(Kind.REFUSED, "sam", minute=1),
            entry(Kind.WAITED, "countersign", minute=2, waits_for="lane"),
            entry(Kind.WAITED, "countersign", minute=3, waits_for=None),
            entry(Kind.REVISED, "countersign", minute=3, revised_why="handle, tags"),
            entry(Kind.CLAIMED, "countersign", minute=4),
            entry(Kind.SETTLED, "countersign", minute=5, state="done"),
        ],
    )
    assert read(told) == [
        "How it went",
        "<2026-11-16T09:30:00.000Z> · filed by <U01ADA>",
        "<2026-11-16T09:31:00.000Z> · approved by <U02MONA>",
        "<2026-11-16T09:32:00.000Z> · Approved; another request for this account is being carried out first.",
        "<2026-11-16T09:33:00.000Z> · changed: the handle and the tags; earlier approvals are void",
        "<2026-11-16T09:34:00.000Z> · all of it checked again, and the platform called",
        "<2026-11-16T09:35:00.000Z> · the account was read and the outcome settled: Done and verified",
    ]


def test_what_made_it_needless_is_named_and_not_the_bot_that_noticed() -> None:
    request = in_state(State.SUPERSEDED)
    told = timeline(EN, request, [entry(Kind.SUPERSEDED, "countersign", ended_by="owner:1000001")])
    assert "by what owner:1000001 did" in read(told)[1]


def test_of_a_long_life_beginning_and_end_are_told_and_the_gap_between_them() -> None:
    moves = [entry(Kind.APPROVED, minute=n) for n in range(SHOWN + 7)]
    lines = read(timeline(FR, PENDING, moves))
    assert len(lines) == 1 + SHOWN + 1
    assert lines[1 + SHOWN // 2] == "7 lignes intermédiaires sont dans le journal"
    check_message(timeline(FR, PENDING, life("x" * 300, moves=500)), "text")


def test_without_moves_there_is_nothing_to_tell() -> None:
    assert timeline(EN, replace(PENDING), ()) == []
