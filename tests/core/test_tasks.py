"""What makes a task the same one: its key. Filed twice it is done once."""

from datetime import timedelta

import pytest

from bot.core import tasks
from bot.core.transition import Task, TaskKind
from tests.core.build import AT, HOUR, MINUTE, MS, SECOND, approved, guards_restore, open_incident, pending

REQUEST = approved()


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        (
            *tasks.draw(REQUEST, version=3, at=AT),
            *tasks.draw(REQUEST, version=3, at=AT + HOUR),
            *tasks.draw(REQUEST, version=4, at=AT),
        ),
        (
            tasks.expire(REQUEST, due=AT),
            tasks.expire(pending(), due=AT),
            tasks.expire(REQUEST, due=AT + MS),
        ),
        (
            tasks.carry_out(REQUEST, due=AT),
            tasks.carry_out(REQUEST, due=AT + HOUR),
            tasks.carry_out(guards_restore(), due=AT),
        ),
        (
            tasks.remind(REQUEST, step=1, since=AT, due=AT),
            tasks.remind(REQUEST, step=1, since=AT + MS, due=AT + HOUR),
            tasks.remind(REQUEST, step=2, since=AT, due=AT),
        ),
        (
            tasks.page(open_incident(), "unexplained", due=AT),
            tasks.page(open_incident(), "unexplained", due=AT + HOUR),
            tasks.page(open_incident(), "stuck", due=AT),
        ),
        (
            tasks.page_about("acct_1", "unreadable", due=AT),
            tasks.page_about("acct_1", "unreadable", due=AT + MINUTE - MS),
            tasks.page_about("acct_1", "unreadable", due=AT + MINUTE),
        ),
        (
            tasks.judge("acct_1", because="7", due=AT),
            tasks.judge("acct_1", because="7", due=AT + SECOND),
            tasks.judge("acct_1", because="8", due=AT),
        ),
        (
            tasks.sweep(whole=True, due=AT),
            tasks.sweep(whole=True, due=AT),
            tasks.sweep(whole=True, due=AT, once=True),
        ),
        (
            tasks.sweep(whole=False, due=AT),
            tasks.sweep(whole=False, due=AT + timedelta(microseconds=1)),
            tasks.sweep(whole=True, due=AT),
        ),
    ],
    ids=["draw", "expire", "carry out", "remind", "page", "page about", "judge", "sweep once", "sweep"],
)
def test_the_same_thing_has_the_same_key_and_another_thing_another(one: Task, same: Task, other: Task) -> None:
    assert one.key == same.key
    assert one.key != other.key


def test_a_sweep_knows_whether_it_is_whole_and_files_the_next() -> None:
    sweep = tasks.sweep(whole=True, due=AT, once=True)
    assert (sweep.kind, sweep.payload, sweep.due) == (TaskKind.SWEEP, {"whole": True, "once": True}, AT)
    assert tasks.sweep(whole=False, due=AT).payload == {"whole": False, "once": False}


def test_an_account_that_cannot_be_read_is_judged_later_and_knows_since_when() -> None:
    later = tasks.judge("acct_1", because="7", due=AT)
    assert (later.kind, later.due) == (TaskKind.JUDGE, AT)
    assert later.payload == {"account": "acct_1", "since": "2026-11-16T09:00:00.000Z"}


def test_a_page_about_an_account_says_why() -> None:
    assert tasks.page_about("acct_1", "unreadable", due=AT).payload == {"account": "acct_1", "why": "unreadable"}


def test_a_new_task_was_never_tried_and_belongs_to_nobody() -> None:
    task = tasks.carry_out(REQUEST, due=AT)
    assert (task.attempts, task.owner) == (0, None)
