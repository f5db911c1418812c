"""What goes into the thread of a card, from the ledger's own file: timelines, reminders, and both after a kill."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core.claiming import Waits, account_gone, expired, supersede, wait
from bot.core.policy import Person, Policy, Reminders
from bot.core.quorum import Quorum
from bot.core.refusal import Refusal, Why
from bot.core.reminding import reminder_after
from bot.core.request import Choice, Request, State
from bot.core.settling import done, failed, uncertain
from bot.core.tasks import thread as thread_task
from bot.core.transition import Change, Kind, Task, Transition, move
from bot.core.voting import withdraw
from bot.flows.remind import remind
from bot.flows.show import thread
from bot.flows.turns import Turns
from bot.flows.world import World
from bot.ports import CardAt, Message, Notice, View
from storage.ledger import SqlLedger
from tests.storage.scene import (
    ADA,
    AT,
    MANAGERS,
    POLICY,
    SECOND,
    Shelf,
    filing,
    request,
    takes_something_over,
    voting,
    world_of,
)

LATER = AT + timedelta(minutes=5)
HOUR = timedelta(hours=1)
BOSS = Person(id="boss", slack=("U0BOSS",), groups=frozenset({"lead"}))


STANDS = CardAt(channel="C0APPROVALS", ts="1", drawn=1)


class Killed(BaseException):
    """The process ends here, as by kill −9."""


@dataclass
class Paper:
    """A desk that keeps what it was asked for."""

    drawn: list[tuple[str, int, CardAt | None]] = field(default_factory=list)
    told: list[tuple[CardAt, Message]] = field(default_factory=list)
    killed_after: int | None = None

    async def draw(self, record: Request, at: CardAt | None) -> CardAt:
        self.drawn.append((record.id, record.version, at))
        return CardAt(channel="C0APPROVALS", ts=f"{len(self.drawn)}", drawn=record.version)

    async def thread(self, card: CardAt, message: Message) -> None:
        self.told.append((card, message))
        if len(self.told) == self.killed_after:
            raise Killed


@dataclass
class Rules:
    """A policy in force that a test may change."""

    policy: Policy


def with_reminders(*after: timedelta, to: tuple[str, ...] = ("lead",)) -> Policy:
    reminders = Reminders(after=after, escalate_after=8 * HOUR, escalate_to=to)
    return replace(POLICY, reminders=reminders, people={**POLICY.people, "boss": BOSS})


def world(ledger: SqlLedger, shelf: Shelf, desk: Paper, policy: Policy = POLICY) -> World:
    return replace(world_of(ledger, shelf.clock), desk=desk, book=Rules(policy))


async def moved(ledger: SqlLedger, rule: Callable[[Request], object], id: str = "REQ-1") -> Change:
    def propose(view: View) -> Change:
        found = view.request(id)
        assert found is not None
        outcome = rule(found)
        assert isinstance(outcome, Transition), outcome
        return Change(transitions=(outcome,))

    change = await ledger.decide(propose)
    assert isinstance(change, Change)
    return change


def running(found: Request) -> Transition:
    return move(found, replace(found, state=State.RUNNING), kind=Kind.CLAIMED, by="countersign", at=LATER)


def threaded(change: Change) -> list[Task]:
    return [task for t in change.transitions for task in t.tasks if task.key.startswith("thread")]


# The timeline

ENDS: dict[State, tuple[list[Any], Callable[[Request], object]]] = {
    State.DONE: ([voting, running], lambda r: done(r, at=LATER, instance=None)),
    State.FAILED: ([voting, running], lambda r: failed(r, at=LATER, why="forbidden")),
    State.WITHDRAWN: ([], lambda r: withdraw(r, person=ADA, policy=POLICY, at=LATER)),
    State.EXPIRED: ([], lambda r: expired(r, at=LATER)),
    State.VOID: ([voting], lambda r: account_gone(r, at=LATER)),
    State.SUPERSEDED: ([], lambda r: supersede(r, by=None, at=LATER)),
}


async def lead(ledger: SqlLedger, steps: list[Any]) -> None:
    for step in steps:
        await (ledger.decide(step) if step is voting else moved(ledger, step))


@pytest.mark.parametrize("state", ENDS)
async def test_every_end_hands_the_whole_log_of_the_request_to_the_thread(
    ledger: SqlLedger, shelf: Shelf, state: State
) -> None:
    desk = Paper()
    steps, end = ENDS[state]
    await ledger.decide(lambda _: filing())
    await ledger.decide(lambda _: filing("REQ-2", of="acct_2"))
    await lead(ledger, steps)
    shelf.clock.at = LATER
    (task,) = threaded(await moved(ledger, end))
    await ledger.put_card("REQ-1", CardAt(channel="C0APPROVALS", ts="1", drawn=9))

    assert await thread(world(ledger, shelf, desk), task) is None

    ((card, message),) = desk.told
    log = await ledger.read(lambda view: view.entries(request="REQ-1"))
    assert (card.ts, message.notice, message.timeline) == ("1", Notice(state.value), tuple(log))
    assert [message.timeline[0].kind, len(message.timeline)] == [Kind.FILED, len(steps) + 2]


async def test_a_denied_one_has_its_vote_in_the_timeline_and_not_who_was_refused(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    desk = Paper()
    await ledger.decide(lambda _: filing())
    await ledger.refused(Refusal(why=Why.OWN_REQUEST), by="ada", at=AT + SECOND, request="REQ-1", replay=None)
    change = await ledger.decide(lambda view: voting(view, choice=Choice.DENY))
    assert isinstance(change, Change)
    await ledger.put_card("REQ-1", CardAt(channel="C0APPROVALS", ts="1", drawn=9))

    await thread(world(ledger, shelf, desk), threaded(change)[0])

    ((_, message),) = desk.told
    assert [(e.kind, e.by) for e in message.timeline] == [(Kind.FILED, "ada"), (Kind.DENIED, MANAGERS[0].id)]


async def test_an_uncertain_outcome_is_a_note_without_a_timeline_and_none_once_it_is_known(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    desk = Paper()
    await ledger.decide(lambda _: filing())
    await lead(ledger, [voting, running])
    shelf.clock.at = LATER
    (task,) = threaded(await moved(ledger, lambda r: uncertain(r, at=LATER, why="no answer")))
    await ledger.put_card("REQ-1", CardAt(channel="C0APPROVALS", ts="1", drawn=9))
    await thread(world(ledger, shelf, desk), task)
    ((_, message),) = desk.told
    assert (message.notice, message.timeline) == (Notice.UNCERTAIN, ())

    await moved(ledger, lambda r: done(r, at=LATER, instance=None))

    assert await thread(world(ledger, shelf, desk), task) is None
    assert len(desk.told) == 1


async def test_the_thread_waits_for_a_card_that_slack_has_not_taken_yet(ledger: SqlLedger, shelf: Shelf) -> None:
    desk = Paper()
    await ledger.decide(lambda _: filing())
    shelf.clock.at = LATER
    (task,) = threaded(await moved(ledger, lambda r: expired(r, at=LATER)))
    here = world(ledger, shelf, desk)
    pauses = [await thread(here, replace(task, attempts=n)) for n in (0, 3, 30)]
    assert [(at - shelf.clock.at).total_seconds() for at in pauses if isinstance(at, datetime)] == [0.1, 0.8, 15.0]
    assert desk.told == []

    await ledger.put_card("REQ-1", CardAt(channel="C0APPROVALS", ts="7", drawn=1))
    assert isinstance(await thread(here, task), datetime), "the card does not show the end yet, and may be gone"
    await ledger.put_card("REQ-1", CardAt(channel="C0APPROVALS", ts="7", drawn=2))

    assert await thread(here, task) is None
    assert [card.ts for card, _ in desk.told] == ["7"]


async def test_a_thread_of_nothing_is_let_go(ledger: SqlLedger, shelf: Shelf) -> None:
    await ledger.decide(lambda _: filing())
    found = await request(ledger, "REQ-1")
    assert found is not None
    task = thread_task(replace(found, id="REQ-9"), "done", at=AT)
    assert await thread(world(ledger, shelf, Paper()), task) is None


# Reminders


async def filed(ledger: SqlLedger, policy: Policy, **changed: Any) -> Task:
    """A request, as if filed under that policy; the task of its first reminder."""
    (only,) = filing().transitions
    assert isinstance(only.after, Request)
    (first,) = reminder_after(only.after, policy.reminders, step=1, at=AT)
    kept = tuple(task for task in only.tasks if not task.key.startswith("remind"))
    new = replace(only, after=replace(only.after, **changed), tasks=(*kept, first))
    await ledger.decide(lambda _: Change(transitions=(new,)))
    await ledger.put_card("REQ-1", STANDS)
    return first


async def reminded(here: World, task: Task) -> None:
    """The reminder, and its end recorded with what it answers, as the worker does."""
    answer = await remind(here, task)
    assert isinstance(answer, Change)
    await here.ledger.decide(lambda _: answer, finish=task)


async def leased(ledger: SqlLedger) -> list[Task]:
    return [task for task in await ledger.claim_due(limit=10) if task.key.startswith("remind")]


async def test_a_reminder_redraws_the_card_though_it_shows_this_version_and_says_what_is_missing(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    desk, policy = Paper(), with_reminders(HOUR, 4 * HOUR)
    await filed(ledger, policy)
    shelf.clock.at = AT + HOUR
    (task,) = await leased(ledger)

    await reminded(world(ledger, shelf, desk, policy), task)

    assert desk.drawn == [("REQ-1", 1, STANDS)]
    ((card, message),) = desk.told
    assert (card.ts, message.notice, message.facts) == ("1", Notice.REMINDER, {"missing": ("manager",)})
    assert await ledger.read(lambda view: view.card("REQ-1")) == card
    following = await ledger.read(lambda view: view.task("remind:REQ-1:2"))
    assert following is not None
    assert following.due == AT + 4 * HOUR


async def test_an_escalation_says_whom_to_mention_and_files_nothing_after_it(ledger: SqlLedger, shelf: Shelf) -> None:
    desk, policy = Paper(), with_reminders(HOUR)
    await filed(ledger, policy)
    shelf.clock.at = AT + 9 * HOUR
    (task,) = await leased(ledger)

    await reminded(world(ledger, shelf, desk, policy), task)

    ((_, message),) = desk.told
    assert (message.notice, message.facts) == (Notice.ESCALATED, {"to": ["U0BOSS"], "missing": ("manager",)})
    assert await ledger.read(lambda view: view.task("remind:REQ-1:2")) is None


async def test_killed_between_saying_and_recording_it_is_said_again_and_the_chain_goes_on(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    desk, policy = Paper(killed_after=1), with_reminders(HOUR, 4 * HOUR)
    await filed(ledger, policy)
    shelf.clock.at = AT + HOUR
    (task,) = await leased(ledger)
    with pytest.raises(Killed):
        await remind(world(ledger, shelf, desk, policy), task)
    assert await ledger.read(lambda view: view.task("remind:REQ-1:2")) is None

    second = shelf.open("two")
    await takes_something_over(second)
    (again,) = await leased(second)
    assert again.key == task.key
    await reminded(world(second, shelf, desk, policy), again)

    assert [message.notice for _, message in desk.told] == [Notice.REMINDER] * 2
    shelf.clock.at = AT + 4 * HOUR
    assert [task.key for task in await leased(second)] == ["remind:REQ-1:2"]


async def test_a_request_decided_while_its_reminder_was_on_its_way_is_told_nothing(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    desk, policy = Paper(), with_reminders(HOUR)
    await filed(ledger, policy)
    shelf.clock.at = AT + HOUR
    (task,) = await leased(ledger)
    here = world(ledger, shelf, desk, policy)

    class Slow(Turns):
        """While it waits for its turn somebody denies."""

        async def post(self, *_: Any) -> None:
            await ledger.decide(lambda view: voting(view, choice=Choice.DENY))

    await reminded(replace(here, turns=Slow()), task)
    assert desk.told == []


async def test_one_decided_while_its_card_was_drawn_gets_no_reminder_after_its_end(
    ledger: SqlLedger, shelf: Shelf
) -> None:
    class Slow(Paper):
        async def draw(self, record: Request, at: CardAt | None) -> CardAt:
            await ledger.decide(lambda view: voting(view, choice=Choice.DENY))
            return await super().draw(record, at)

    desk, policy = Slow(), with_reminders(HOUR)
    await filed(ledger, policy)
    shelf.clock.at = AT + HOUR
    (task,) = await leased(ledger)
    await reminded(world(ledger, shelf, desk, policy), task)
    assert len(desk.drawn) == 1
    assert desk.told == []


async def test_a_reminder_says_what_is_missing_when_it_is_said(ledger: SqlLedger, shelf: Shelf) -> None:
    class Slow(Paper):
        async def draw(self, record: Request, at: CardAt | None) -> CardAt:
            await ledger.decide(voting)
            return await super().draw(record, at)

    desk, policy = Slow(), with_reminders(HOUR)
    await filed(ledger, policy, quorum=Quorum(groups=(("manager", 2),)))
    shelf.clock.at = AT + HOUR
    (task,) = await leased(ledger)
    await reminded(world(ledger, shelf, desk, policy), task)
    ((_, message),) = desk.told
    assert isinstance(message.record, Request)
    assert (message.facts, message.record.version) == ({"missing": ("manager",)}, 2)


@pytest.mark.parametrize("how", ["denied", "unknown", "expired"])
async def test_what_is_over_makes_the_task_void(ledger: SqlLedger, shelf: Shelf, how: str) -> None:
    desk, policy = Paper(), with_reminders(HOUR)
    task = await filed(ledger, policy)
    shelf.clock.at = AT + HOUR
    if how == "denied":
        await ledger.decide(lambda view: voting(view, choice=Choice.DENY))
    if how == "unknown":
        task = replace(task, payload={**task.payload, "request": "REQ-9"})
    if how == "expired":
        shelf.clock.at = AT + 24 * HOUR
    assert await remind(world(ledger, shelf, desk, policy), task) is None
    assert desk.told == []


async def test_one_approved_and_waiting_is_told_nothing_but_not_forgotten(ledger: SqlLedger, shelf: Shelf) -> None:
    desk, policy = Paper(), with_reminders(HOUR, 4 * HOUR)
    await filed(ledger, policy)
    await ledger.decide(voting)
    await moved(ledger, lambda r: wait(r, Waits.LANE, until=LATER, at=LATER).transition)
    shelf.clock.at = AT + HOUR
    (task,) = await leased(ledger)
    await reminded(world(ledger, shelf, desk, policy), task)
    assert desk.told == []
    assert await ledger.read(lambda view: view.task("remind:REQ-1:2")) is not None
