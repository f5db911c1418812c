"""What the log says of a change: what happened to which account, and nothing that is nobody's business there."""

import logging
from dataclasses import replace

from bot.core.guarding import left, opened, restored
from bot.core.incident import IncidentState
from bot.core.settling import done, failed, uncertain
from bot.core.tasks import page_about, page_over
from bot.core.transition import ActorStands, Change, Standing
from bot.log_lines import lines_of, pages_of
from bot.serving import Stamped
from tests.core.build import AT, SECOND, approved, open_incident, running


def test_an_incident_is_told_when_it_is_opened_and_its_page_with_it() -> None:
    found = open_incident()
    assert list(lines_of(Change(transitions=(opened(found, at=AT),)))) == [
        "incident INC-A opened: acct_1 deactivated by staff:rex (staff)",
        "page filed: staff, about INC-A",
    ]


def test_one_that_is_back_is_told_with_how_long_it_was_down() -> None:
    moved = restored(open_incident(at=AT), at=AT, restored_at=AT + SECOND, by="countersign", followers=None)
    back = replace(open_incident(at=AT), state=IncidentState.RESTORED, restored_at=AT + SECOND)
    said = "incident INC-A: restored, acct_1 was down for 1.000 s"
    assert list(lines_of(Change(transitions=(moved,)))) == [said]
    assert said in list(lines_of(Change(transitions=(opened(back, at=AT),))))
    explained = left(open_incident(), because="owner", at=AT)
    assert list(lines_of(Change(transitions=(explained,)))) == ["incident INC-A: left"]


def test_what_carrying_out_comes_to_is_told_and_no_other_move() -> None:
    at_work = running()
    ends = [done(at_work, at=AT, instance=None), failed(at_work, at=AT, why="no_effect")]
    doubt = uncertain(at_work, at=AT, why="no_answer")
    assert doubt is not None
    said = [next(lines_of(Change(transitions=(end,)))) for end in (*ends, doubt)]
    assert said == [f"request {at_work.id}: deactivate acct_1: {state}" for state in ("done", "failed", "uncertain")]
    claimed = replace(ends[0], before=approved(), after=at_work)
    assert list(lines_of(Change(transitions=(claimed,)))) == []


def test_whoever_is_locked_out_and_pages_without_a_record_are_told() -> None:
    stands = ActorStands(actor="staff:rex", standing=Standing.CONTAINED, since=AT, why="again", incident="INC-A")
    about = page_about(None, "feed_silent", due=AT)
    over = page_over(open_incident(), "staff", due=AT)
    assert list(lines_of(Change(actors=(stands,), tasks=(*about, *over)))) == [
        "actor staff:rex: contained",
        "page filed: feed_silent, about nothing in particular",
        "page over: staff, about INC-A",
    ]


def test_a_page_that_was_told_of_is_on_file() -> None:
    change = Change(tasks=page_about(None, "feed_silent", due=AT))
    told = {page.key for page in pages_of(change)}
    assert list(lines_of(change, told=told)) == []


def test_whatever_an_account_is_called_a_message_is_one_line_and_nothing_to_obey() -> None:
    record = logging.LogRecord("bot", logging.INFO, __file__, 1, "%s", ("acct\n2026 ERROR \x1b[2J\u202e",), None)
    assert Stamped("%(message)s").format(record) == "acct 2026 ERROR �[2J�"
