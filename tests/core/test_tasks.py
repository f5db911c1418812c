"""What makes a task the same one: its key. Filed twice it is done once."""

from datetime import timedelta

import pytest

from bot.core import tasks
from bot.core.record import stamp
from bot.core.transition import Change, PolicyRow, Task, TaskKind, together
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
            tasks.page(open_incident(), "staff", due=AT)[0],
            tasks.page(open_incident(), "staff", due=AT + HOUR)[0],
            tasks.page(open_incident(), "stuck", due=AT)[0],
        ),
        (
            tasks.page_once(open_incident(), "counts_fell", due=AT)[0],
            tasks.page_once(open_incident(version=9), "counts_fell", due=AT + HOUR)[0],
            tasks.page_once(open_incident(), "purge_day", due=AT)[0],
        ),
        (
            tasks.sample(open_incident(), since=AT, n=1, falls=0, due=AT),
            tasks.sample(open_incident(version=9), since=AT, n=1, falls=0, due=AT + HOUR),
            tasks.sample(open_incident(), since=AT + MS, n=1, falls=0, due=AT),
        ),
        (
            tasks.learn(day="2026-11-16", start=1, due=AT),
            tasks.learn(day="2026-11-16", start=1, due=AT + HOUR),
            tasks.learn(day="2026-11-16", start=1001, due=AT),
        ),
        (
            tasks.near_purge(open_incident(), "purge_day", due=AT),
            tasks.near_purge(open_incident(version=9), "purge_day", due=AT),
            tasks.near_purge(open_incident(), "purge_week", due=AT),
        ),
        (
            tasks.page_about("acct_1", "unreadable", due=AT)[0],
            tasks.page_about("acct_1", "unreadable", due=AT + MINUTE - MS)[0],
            tasks.page_about("acct_1", "unreadable", due=AT + MINUTE)[0],
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
    ids=[
        "draw",
        "expire",
        "carry out",
        "remind",
        "page",
        "page once",
        "sample",
        "learn",
        "near purge",
        "page about",
        "judge",
        "sweep once",
        "sweep",
    ],
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


def test_a_page_about_an_account_says_why_by_web_hook_and_in_slack() -> None:
    page, call = tasks.page_about("acct_1", "unreadable", due=AT)
    assert (page.kind, call.kind) == (TaskKind.PAGE, TaskKind.CALL)
    assert page.payload == call.payload == {"account": "acct_1", "why": "unreadable"}


def test_a_page_may_be_about_no_account_in_particular() -> None:
    page, _ = tasks.page_about(None, "feed_silent", due=AT)
    assert page.key == f"page:feed_silent:{int(AT.timestamp()) // 60}"
    assert page.payload == {"account": None, "why": "feed_silent"}


def test_each_who_is_told_has_a_task_of_their_own() -> None:
    told = tasks.tell(REQUEST, "vote_again", to=("U03OMAR", "U05TESSA"), at=AT, why="tier")
    assert [task.key for task in told] == [
        f"tell:REQ-A:{REQUEST.version + 1}:vote_again:{to}" for to in ("U03OMAR", "U05TESSA")
    ]
    assert [task.payload["to"] for task in told] == ["U03OMAR", "U05TESSA"]
    assert {task.payload["facts"]["why"] for task in told} == {"tier"}


def test_a_policy_is_told_each_time_that_it_comes_into_force() -> None:
    told = tasks.tell_of_policy("p1", "policy", to=("C1", "C2"), at=AT, digest="p1")
    again = tasks.tell_of_policy("p1", "policy", to=("C1", "C2"), at=AT + SECOND, digest="p1")
    assert [task.payload for task in told] == [
        {"notice": "policy", "facts": {"digest": "p1"}, "to": to} for to in ("C1", "C2")
    ]
    assert len({task.key for task in (*told, *again)}) == 4


def test_a_new_task_was_never_tried_and_belongs_to_nobody() -> None:
    task = tasks.carry_out(REQUEST, due=AT)
    assert (task.attempts, task.owner) == (0, None)


def test_the_watched_are_looked_at_by_one_task_for_ever() -> None:
    assert tasks.look_around(due=AT).key == tasks.look_around(due=AT + HOUR).key


def test_one_task_keeps_house_for_ever() -> None:
    assert tasks.keep_house(due=AT).key == tasks.keep_house(due=AT + HOUR).key


def test_a_backlog_names_its_accounts_with_what_the_feed_told_of_each() -> None:
    task = tasks.backlog({"acct_1": AT, "acct_2": AT + HOUR}, because="17", due=AT)
    assert (task.key, task.kind) == ("backlog:17:acct_1", TaskKind.BACKLOG)
    assert task.payload == {"accounts": {"acct_1": stamp(AT), "acct_2": stamp(AT + HOUR)}}


def test_one_look_for_the_protected_is_for_all_that_was_heard_in_its_second_and_comes_after_it() -> None:
    early, late = (tasks.triage(heard=AT + timedelta(milliseconds=ms)) for ms in (1, 999))
    assert early.key == late.key
    assert early.due == late.due == AT + timedelta(seconds=1)
    assert early.payload["protected"] is True
    assert tasks.triage(heard=AT + timedelta(seconds=1)).key != early.key


def test_several_changes_are_one_and_the_later_cursor_and_policy_count() -> None:
    row = PolicyRow(digest="p", text="", since=AT, by="file")
    first = Change(cursor=1, policy=row, tasks=(tasks.sweep(whole=True, due=AT),))
    second = Change(cursor=2, tasks=(tasks.sweep(whole=False, due=AT, since=AT),))
    both = together([first, second, Change()], answer="said")
    assert (both.cursor, both.policy, both.answer) == (2, row, "said")
    assert [task.payload.get("since") for task in both.tasks] == [None, stamp(AT)]
    assert (together([]).cursor, together([]).policy) == (None, None)
