"""When an unanswered request is brought up again, before whom, and when not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.filing import file
from bot.core.policy import Delegate, Person, Policy, Reminders
from bot.core.record import unstamp
from bot.core.reminding import MOST_MENTIONED, Reminder, mentioned, reminder_after, reminder_due, reminds_on, steps
from bot.core.request import OPEN, Request, State
from bot.core.transition import Task, Transition
from tests.core.build import (
    ADA,
    AT,
    DAY,
    HOUR,
    LATER,
    MINA,
    MONA,
    MS,
    OMAR,
    SAM,
    STANDING,
    TODAY,
    YESTERDAY,
    approved,
    filing,
    leaving,
    limits,
    pending,
    policy,
)

PLAIN = Reminder()


def reminding(*after: timedelta, to: tuple[str, ...] = (), escalate_after: timedelta = 8 * HOUR) -> Reminders:
    return Reminders(after=after, escalate_after=escalate_after, escalate_to=to)


def due_of(tasks: tuple[Task, ...]) -> list[datetime]:
    return [task.due for task in tasks]


def said(rules: Reminders, *, since: datetime, at: datetime, request: Request | None = None) -> Reminder | None:
    return reminder_due(request or pending(), policy(reminders=rules), since=since, at=at)


# When


def test_the_escalation_is_the_last_step_and_none_where_there_is_nobody_to_escalate_to() -> None:
    assert [step.escalates for step in steps(pending(), reminding(HOUR, 4 * HOUR, to=("omar",)))] == [
        False,
        False,
        True,
    ]
    assert [step.after for step in steps(pending(), reminding(HOUR, 4 * HOUR))] == [HOUR, 4 * HOUR]


def test_each_time_is_counted_from_the_filing() -> None:
    rules = reminding(HOUR, 4 * HOUR, to=("omar",))
    for at, due in ((AT, HOUR), (AT + HOUR, 4 * HOUR), (AT + 4 * HOUR, 8 * HOUR)):
        assert due_of(reminder_after(pending(), rules, step=1, at=at)) == [AT + due]
    assert reminder_after(pending(), rules, step=1, at=AT + 8 * HOUR) == ()


def test_the_task_says_until_when_reminders_were_seen_to() -> None:
    (task,) = reminder_after(pending(), reminding(HOUR, 4 * HOUR), step=2, at=AT + HOUR)
    assert (task.key, unstamp(task.payload["since"])) == ("remind:REQ-A:2", AT + HOUR)


def test_none_is_due_once_the_request_has_expired() -> None:
    assert reminder_after(pending(), reminding(DAY), step=1, at=AT) == ()
    assert due_of(reminder_after(pending(), reminding(DAY - MS), step=1, at=AT)) == [AT + DAY - MS]


def test_a_request_without_an_end_is_reminded_of_whenever() -> None:
    endless = replace(pending(), expires_at=None)
    assert due_of(reminder_after(endless, reminding(30 * DAY), step=1, at=AT)) == [AT + 30 * DAY]
    assert reminds_on(endless, at=AT + 30 * DAY)


@pytest.mark.parametrize("state", list(State))
def test_only_what_may_still_be_decided_is_gone_on_with(state: State) -> None:
    request = STANDING[state]()
    assert reminds_on(request, at=LATER) is request.decidable
    assert request.decidable is (state in OPEN or state is State.PROVISIONAL)


def test_what_has_expired_is_gone_on_with_no_more_though_its_expiry_was_not_written_yet() -> None:
    assert reminds_on(pending(), at=AT + DAY - MS)
    assert not reminds_on(pending(), at=AT + DAY)


def test_filing_arms_the_first_and_a_policy_without_reminders_none() -> None:
    for rules, keys in ((reminding(HOUR), ["remind:REQ-A:1"]), (reminding(), []), (reminding(2 * DAY), [])):
        outcome = file(filing(policy=policy(reminders=rules)), id="REQ-A", operation="op-a", slack_user="U01ADA")
        assert isinstance(outcome, Transition)
        assert [task.key for task in outcome.tasks if task.key.startswith("remind")] == keys


def test_where_it_expires_sooner_than_the_first_none_is_armed() -> None:
    short = policy(reminders=reminding(HOUR), limits=limits(request_expires=HOUR))
    outcome = file(filing(policy=short), id="REQ-A", operation="op-a", slack_user="U01ADA")
    assert isinstance(outcome, Transition)
    assert not [task for task in outcome.tasks if task.key.startswith("remind")]


# What is said


def test_what_is_due_is_said_once_it_is_due() -> None:
    rules = reminding(HOUR)
    assert said(rules, since=AT, at=AT + HOUR - MS) is None
    assert said(rules, since=AT, at=AT + HOUR) == PLAIN
    assert said(rules, since=AT + HOUR, at=AT + 2 * HOUR) is None


def test_only_the_latest_of_those_that_were_missed_is_said() -> None:
    rules = reminding(HOUR, 4 * HOUR, to=("omar",))
    assert said(rules, since=AT, at=AT + 5 * HOUR) == PLAIN
    assert said(rules, since=AT, at=AT + 9 * HOUR) == Reminder(to=("U03OMAR",))
    assert due_of(reminder_after(pending(), rules, step=2, at=AT + 5 * HOUR)) == [AT + 8 * HOUR]


def test_an_escalation_that_reaches_nobody_gives_way_to_the_reminder_missed_before_it() -> None:
    rules = reminding(HOUR, to=("ada",))
    assert said(rules, since=AT, at=AT + 9 * HOUR) == PLAIN
    assert said(rules, since=AT + HOUR, at=AT + 9 * HOUR) is None


@pytest.mark.parametrize("state", sorted(set(State) - {State.PENDING, State.PROVISIONAL}))
def test_nothing_is_said_of_a_request_that_waits_for_nobody(state: State) -> None:
    assert said(reminding(HOUR), since=AT, at=AT + HOUR, request=STANDING[state]()) is None


def test_an_approved_one_is_kept_in_mind_for_a_revision_may_ask_for_votes_again() -> None:
    request, rules = approved(), reminding(HOUR, 4 * HOUR)
    assert said(rules, since=AT, at=AT + HOUR, request=request) is None
    assert due_of(reminder_after(request, rules, step=2, at=AT + HOUR)) == [AT + 4 * HOUR]


# Before whom


def called(*to: str, of: Policy | None = None, request: Request | None = None) -> tuple[str, ...]:
    found = of or policy()
    rules = Reminders(escalate_to=to)
    return mentioned(request or pending(), replace(found, reminders=rules), at=AT)


def test_a_person_is_mentioned_by_the_first_of_their_slack_ids() -> None:
    assert called("omar", of=policy(replace(OMAR, slack=("U03OMAR", "U03ALT")))) == ("U03OMAR",)
    assert called("omar", of=policy(replace(OMAR, slack=()))) == ()


def test_a_group_is_everybody_in_it_each_once_in_the_rosters_order() -> None:
    assert called("manager") == ("U02MONA", "U03OMAR", "U06MINA")
    assert called("mina", "manager", "omar") == ("U02MONA", "U03OMAR", "U06MINA")


def test_who_stands_in_for_one_of_the_group_is_mentioned_too() -> None:
    lent = Delegate(to="sam", since=TODAY, until=TODAY)
    assert called("manager", of=policy(replace(OMAR, delegate=lent))) == ("U02MONA", "U03OMAR", "U06MINA", "U09SAM")


def test_who_is_past_the_last_day_is_left_out_and_who_is_on_it_is_not() -> None:
    assert called("manager", of=policy(leaving(OMAR, YESTERDAY), leaving(MINA))) == ("U02MONA", "U06MINA")


def test_the_requester_is_left_out() -> None:
    assert called("manager", "ada") == ("U02MONA", "U03OMAR", "U06MINA")
    assert called("manager", request=pending(by=MONA)) == ("U03OMAR", "U06MINA")


def test_no_more_than_twenty_are_mentioned() -> None:
    crowd = [Person(id=f"p{n}", slack=(f"U{n}",), groups=frozenset({"crowd"})) for n in range(30)]
    assert called("crowd", of=policy(*crowd)) == tuple(f"U{n}" for n in range(MOST_MENTIONED))
    assert MOST_MENTIONED == 20


# The chain


def chain(rules: Reminders, wakes: list[datetime]) -> Iterator[Reminder]:
    """What is said where the bot looks at these moments alone."""
    request, found = pending(), policy(reminders=rules)
    waiting = reminder_after(request, rules, step=1, at=AT)
    for at in wakes:
        for task in waiting:
            if task.due <= at and reminds_on(request, at=at):
                due = reminder_due(request, found, since=unstamp(task.payload["since"]), at=at)
                yield from [due] if due else []
                waiting = reminder_after(request, rules, step=task.payload["step"] + 1, at=at)


hours = st.lists(st.integers(1, 40), unique=True, max_size=5).map(sorted)


@given(hours, st.lists(st.integers(0, 50), min_size=1, max_size=60).map(sorted), st.booleans())
def test_whenever_the_bot_looks_each_time_is_said_once_or_joined_to_a_later_one(
    after: list[int],
    looks: list[int],
    escalates: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    last = (after[-1] if after else 0) + 1
    rules = reminding(*(n * HOUR for n in after), to=("omar",) if escalates else (), escalate_after=last * HOUR)
    every: list[int] = [*after, *([last] if escalates else [])]
    told = list(chain(rules, [AT + n * HOUR for n in looks]))
    expected, seen = [], 0
    for look in looks:
        if look < 24 and (due := [n for n in every if seen < n <= look and n < 24]):
            expected.append(Reminder(to=("U03OMAR",) if escalates and due[-1] == last else ()))
            seen = due[-1]
    assert told == expected


def test_the_builders_policy_has_the_documented_reminders() -> None:
    rules: Any = policy().reminders
    assert rules == Reminders(after=(HOUR, 4 * HOUR), escalate_after=8 * HOUR, escalate_to=())
    assert ADA.id == pending().requester
    assert SAM.groups == frozenset()
