"""Whose turn it is to say something in Slack: by urgency, one at a time, and one finds out for all."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.errors import LedgerAway, SlackAway, SlackRefused, SlackShut
from bot.core.transition import Task, TaskKind
from bot.flows.turns import UPDATES, Turns

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)


@dataclass
class Ledger:
    """Keeps what it was asked to file, unless it is away."""

    filed: list[Task] = field(default_factory=list)
    away: bool = False

    @property
    def errors(self) -> list[str | None]:
        return [task.payload.get("error") for task in self.filed]

    async def add(self, *tasks: Task) -> None:
        if self.away:
            raise LedgerAway("The database cannot be reached.")
        self.filed.extend(tasks)


class Clock:
    def now(self) -> datetime:
        return AT

    def monotonic(self) -> float:
        return 0.0


def task(kind: TaskKind = TaskKind.DRAW, **payload: Any) -> Task:
    return Task(key="t", kind=kind, payload=payload, due=AT)


@dataclass
class Stage:
    """Who had a turn, in that order; a call fails with the next of `fails`."""

    turns: Turns = field(default_factory=Turns)
    ledger: Any = field(default_factory=Ledger)
    fails: list[Exception] = field(default_factory=list)
    had: list[str] = field(default_factory=list)

    async def speak(self, name: str, due: Task, line: str = "C1", *, seconds: float = 0.0) -> None:
        async with self.turns.of(self.ledger, Clock(), due, line):
            self.had.append(name)
            await asyncio.sleep(seconds)
            if self.fails:
                raise self.fails.pop(0)

    def later(self, name: str, due: Task, line: str = "C1", *, seconds: float = 0.0) -> asyncio.Task[None]:
        return asyncio.create_task(self.speak(name, due, line, seconds=seconds))


async def test_what_cannot_wait_goes_first_then_cards_then_the_rest_each_in_their_order() -> None:
    stage = Stage()
    waiting = [stage.later("first", task(TaskKind.THREAD), seconds=0.02)]
    await asyncio.sleep(0)
    for name, due in (
        ("digest", task(TaskKind.DIGEST)),
        ("thread", task(TaskKind.THREAD)),
        ("card", task()),
        ("incident", task(urgent=True)),
        ("call", task(TaskKind.CALL)),
    ):
        waiting.append(stage.later(name, due))
    await asyncio.gather(*waiting)
    assert stage.had == ["first", "incident", "call", "card", "digest", "thread"]


async def test_another_channel_waits_for_nobody() -> None:
    stage = Stage()
    slow = stage.later("slow", task(), seconds=5)
    await asyncio.sleep(0)
    await asyncio.wait_for(stage.speak("direct", task(TaskKind.TELL), "U1"), 1)
    slow.cancel()
    assert stage.had == ["slow", "direct"]


async def test_after_no_answer_all_wait_as_long_as_slack_says_and_then_one_finds_out() -> None:
    stage = Stage(fails=[SlackAway("No.", retry_after=0.05), SlackAway("No.", retry_after=0.05)])
    began = asyncio.get_running_loop().time()
    outcomes = await asyncio.gather(*(stage.speak(str(n), task()) for n in range(4)), return_exceptions=True)
    assert [isinstance(outcome, SlackAway) for outcome in outcomes] == [True, True, False, False]
    assert asyncio.get_running_loop().time() - began >= 0.1
    assert stage.had == ["0", "1", "2", "3"]


async def test_one_whom_slack_refuses_closes_nothing() -> None:
    stage = Stage(fails=[SlackRefused("user_not_found")])
    outcomes = await asyncio.gather(*(stage.speak(str(n), task()) for n in range(2)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [SlackRefused, type(None)]


async def test_a_channel_that_is_shut_is_paged_once_and_its_opening_once() -> None:
    stage = Stage(turns=Turns(longest_pause=0.01), fails=[SlackShut("is_archived"), SlackShut("is_archived")])
    await asyncio.gather(*(stage.speak(str(n), task()) for n in range(4)), return_exceptions=True)
    assert stage.ledger.errors == ["is_archived", None]


async def test_where_the_ledger_is_away_when_a_channel_is_shut_the_next_who_is_kept_out_has_it_paged() -> None:
    shut = [SlackShut("is_archived") for _ in range(3)]
    stage = Stage(turns=Turns(longest_pause=0.01), ledger=Ledger(away=True), fails=[*shut])
    for away in (True, False, False):
        stage.ledger.away = away
        with pytest.raises(SlackShut):
            await stage.speak("", task())
    assert stage.ledger.errors == ["is_archived"]


async def test_where_the_ledger_is_away_when_a_channel_opens_what_was_said_was_said_and_the_next_has_it_recorded() -> (
    None
):
    stage = Stage(turns=Turns(longest_pause=0.01), fails=[SlackShut("is_archived")])
    with pytest.raises(SlackShut):
        await stage.speak("shut out", task())
    for away in (True, False, False):
        stage.ledger.away = away
        await stage.speak("heard", task())
    assert stage.ledger.errors == ["is_archived", None]
    assert stage.turns._lines == {}


async def test_a_card_that_may_not_be_redrawn_keeps_no_other_channels_card_from_it() -> None:
    stage = Stage(fails=[SlackShut("is_inactive")])
    outcomes = await asyncio.gather(*(stage.speak(str(n), task(), UPDATES) for n in range(2)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [SlackShut, type(None)]
    assert stage.ledger.filed == []


@pytest.mark.parametrize("when", ["while it waits", "when its turn has just come"])
async def test_one_who_is_let_go_holds_nobody_up(when: str) -> None:
    stage = Stage()
    first = stage.later("first", task(), seconds=0.02)
    await asyncio.sleep(0)
    gone, last = stage.later("gone", task()), stage.later("last", task())
    await asyncio.sleep(0)
    if when != "while it waits":
        await first
    gone.cancel()
    await asyncio.wait_for(asyncio.gather(first, last), 1)
    assert "last" in stage.had


async def test_at_the_end_all_who_wait_are_let_go() -> None:
    stage = Stage()
    waiting = [stage.later(str(n), task(), seconds=0.02) for n in range(5)]
    await asyncio.sleep(0)
    stage.turns.let_go()
    await asyncio.wait(waiting, timeout=1)
    assert (stage.had, [one.cancelled() for one in waiting]) == (["0"], [False, True, True, True, True])
    assert stage.turns._lines == {}
