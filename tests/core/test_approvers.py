"""What the digest says of those who vote, each figure by the exact words of its definition."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.approvers import QUICK, Approvers, Load, Overturned, Pair, QuickVote
from bot.core.claiming import expired
from bot.core.digest import Week, by_people, spoken_of
from bot.core.guarding import undo
from bot.core.policy import Person, Policy
from bot.core.request import Action, Choice, Request
from bot.core.settling import done, failed
from bot.core.transition import Entry, Kind
from tests.core.build import (
    ADA,
    AT,
    DAY,
    DRAFT,
    HOUR,
    MINA,
    MINUTE,
    MONA,
    MS,
    OMAR,
    POLICY,
    SECOND,
    TESSA,
    account,
    down,
    open_incident,
    policy,
)
from tests.core.log import W47, Log

NIA = Person(id="nia", slack=("U10NIA",), groups=frozenset({"agent", "manager"}), team="field")
MORE = policy(NIA)


def told(log: Log, week: Week = W47) -> Approvers:
    return log.sums(week).approvers


# Quick votes


@pytest.mark.parametrize(("took", "told_of"), [(timedelta(0), 1), (QUICK - MS, 1), (QUICK, 0)])
@pytest.mark.parametrize("choice", list(Choice))
def test_a_vote_is_quick_in_less_than_ten_seconds_after_the_filing(
    took: timedelta, told_of: int, choice: Choice
) -> None:
    log = Log()
    request = log.file()
    log.vote(request, AT + took, choice=choice, reason="not so")
    assert told(log).quick == (QuickVote(request=request.id, person="omar", took=took),) * told_of
    assert timedelta(seconds=10) == QUICK


def test_after_a_revision_it_is_counted_from_the_entry_that_revised() -> None:
    log = Log()
    revised = log.revise(log.vote(log.file(), AT + MINUTE), AT + HOUR)
    log.vote(revised, AT + HOUR + 3 * SECOND)
    assert told(log).quick == (QuickVote(request=revised.id, person="omar", took=3 * SECOND),)


def test_a_slow_vote_on_a_revision_of_a_young_request_is_not_quick() -> None:
    log = Log()
    log.vote(log.revise(log.file(), AT + SECOND), AT + MINUTE)
    assert told(log).quick == ()


def test_the_revision_may_have_come_in_the_last_seconds_of_the_week_before() -> None:
    log, monday = Log(), datetime(2026, 11, 23, tzinfo=AT.tzinfo)
    revised = log.revise(log.file(at=monday - HOUR), monday - 2 * SECOND)
    log.vote(revised, monday + SECOND)
    assert told(log, W47.next()).quick == (QuickVote(request=revised.id, person="omar", took=3 * SECOND),)
    assert told(log).quick == ()


def test_a_revision_that_no_entry_at_hand_tells_of_is_long_ago() -> None:
    log = Log()
    revised = log.revise(log.file(), AT + SECOND)
    log.entries.clear()
    log.vote(revised, AT + 2 * SECOND)
    assert told(log).quick == ()


def test_quick_votes_are_told_in_the_order_they_were_cast() -> None:
    log = Log()
    first, second = log.file(at=AT), log.file(at=AT + HOUR)
    log.vote(first, AT + 9 * SECOND)
    log.vote(second, AT + HOUR + SECOND)
    assert [vote.request for vote in told(log).quick] == [first.id, second.id]


# Pairs


def by(log: Log, asker: Person, voter: Person, *, at: datetime = AT, of: Policy = MORE, **changed: Any) -> Request:
    """A request by one, approved by the other an hour later."""
    request = log.file(at=at, person=asker, policy=of)
    return log.vote(request, at + HOUR, voter=voter, policy=of, **changed)


def test_two_who_approve_only_each_other_are_a_pair() -> None:
    log = Log()
    by(log, MONA, NIA)
    by(log, NIA, MONA)
    assert told(log).pairs == ()
    by(log, MONA, NIA)
    assert told(log).pairs == (Pair(people=("mona", "nia"), approvals=3),)


def test_one_who_also_approves_somebody_else_is_of_no_pair() -> None:
    log = Log()
    for asker, voter in ((MONA, NIA), (NIA, MONA), (MONA, NIA), (ADA, NIA)):
        by(log, asker, voter)
    assert told(log).pairs == ()


def test_approvals_one_way_alone_make_no_pair() -> None:
    log = Log()
    for _ in range(4):
        by(log, MONA, NIA)
    assert told(log).pairs == ()
    by(log, NIA, OMAR)
    assert told(log).pairs == ()


def test_being_approved_by_others_too_is_no_matter() -> None:
    """What counts is whose requests a person approves, not who approves theirs."""
    log = Log()
    for asker, voter in ((MONA, NIA), (NIA, MONA), (MONA, NIA), (MONA, OMAR), (NIA, MINA)):
        by(log, asker, voter)
    assert told(log).pairs == (Pair(people=("mona", "nia"), approvals=3),)


def test_a_denial_is_no_approval() -> None:
    log = Log()
    for asker, voter in ((MONA, NIA), (NIA, MONA)):
        by(log, asker, voter)
    by(log, MONA, NIA, choice=Choice.DENY, reason="not so")
    assert told(log).pairs == ()
    by(log, MONA, NIA)
    by(log, ADA, NIA, choice=Choice.DENY, reason="not so")
    assert told(log).pairs == (Pair(people=("mona", "nia"), approvals=3),)


def test_an_approval_that_completes_no_quorum_counts_for_a_pair() -> None:
    log = Log()
    for asker, voter in ((MONA, NIA), (NIA, MONA), (MONA, NIA)):
        request = log.file(of=account(followers=10_000), person=asker, policy=MORE)
        log.vote(request, AT + HOUR, voter=voter, policy=MORE)
    assert log.sums().approved == 0
    assert told(log).pairs == (Pair(people=("mona", "nia"), approvals=3),)


def test_a_week_is_looked_at_by_itself() -> None:
    log = Log()
    for asker, voter in ((MONA, NIA), (NIA, MONA)):
        by(log, asker, voter)
    by(log, MONA, NIA, at=AT + 7 * DAY)
    assert (told(log).pairs, told(log, W47.next()).pairs) == ((), ())


def test_who_asked_in_an_earlier_week_is_known_from_the_record() -> None:
    log, monday = Log(), datetime(2026, 11, 23, tzinfo=AT.tzinfo)
    requests = [log.file(at=monday - HOUR, person=asker, policy=MORE) for asker in (MONA, NIA, MONA)]
    for request, voter in zip(requests, (NIA, MONA, NIA), strict=True):
        log.vote(request, monday + HOUR, voter=voter, policy=MORE)
    assert told(log).pairs == ()
    assert told(log, W47.next()).pairs == (Pair(people=("mona", "nia"), approvals=3),)


def test_pairs_come_with_the_most_approvals_first() -> None:
    log = Log()
    lia = Person(id="lia", slack=("U11LIA",), groups=frozenset({"agent", "manager"}))
    bea = Person(id="bea", slack=("U12BEA",), groups=frozenset({"agent", "manager"}))
    everybody = policy(NIA, lia, bea)
    turns = [(MONA, NIA), (NIA, MONA), (MONA, NIA), (lia, bea), (bea, lia), (lia, bea), (bea, lia)]
    for asker, voter in turns:
        by(log, asker, voter, of=everybody)
    assert [pair.people for pair in told(log).pairs] == [("bea", "lia"), ("mona", "nia")]


# Load and emergencies


def test_the_load_is_every_vote_of_the_week_and_the_most_come_first() -> None:
    log = Log()
    for voter, choice in ((OMAR, Choice.DENY), (MINA, Choice.APPROVE), (OMAR, Choice.APPROVE), (MONA, Choice.DENY)):
        by(log, ADA, voter, choice=choice, reason="not so")
    by(log, ADA, OMAR, at=AT + 7 * DAY)
    loads = [("omar", 2), ("mina", 1), ("mona", 1)]
    assert told(log).load == tuple(Load(person=person, votes=votes) for person, votes in loads)


def test_an_approval_of_each_of_two_groups_is_a_vote_each() -> None:
    log = Log()
    log.vote(log.vote(log.file(of=account(followers=10_000)), AT + HOUR, voter=OMAR), AT + HOUR, voter=TESSA)
    assert told(log).load == (Load(person="omar", votes=1), Load(person="tessa", votes=1))


# Overturned


def carried_out(log: Log, at: datetime, action: Action = Action.DEACTIVATE, **changed: Any) -> Request:
    """A request of the account, approved and done within a minute."""
    was = down() if action is Action.RESTORE else account()
    request = log.file(at=at, of=replace(was, **changed), draft=replace(DRAFT, action=action))
    approved = log.vote(request, at + 20 * SECOND)
    running: Request = log.put_running(approved, at + 20 * SECOND)
    finished: Request = log.put(done(running, at=at + 30 * SECOND, instance=None))
    return finished


def restored(log: Log, at: datetime, **changed: Any) -> Request:
    return carried_out(log, at, Action.RESTORE, **changed)


def test_a_deactivation_undone_by_a_persons_restore_was_overturned() -> None:
    log = Log()
    first = carried_out(log, AT - 30 * DAY)
    second = restored(log, AT)
    wrong = Overturned(request=first.id, restored_by=second.id, account="acct_1", handle="maria")
    assert told(log).overturned == (wrong,)
    assert told(log, W47.next()).overturned == ()


def test_a_restore_of_what_nobody_deactivated_here_overturns_nothing() -> None:
    log = Log()
    carried_out(log, AT - DAY, id="acct_2")
    restored(log, AT)
    assert told(log).overturned == ()


def test_only_the_last_deactivation_before_the_restore_was_overturned() -> None:
    log = Log()
    carried_out(log, AT - 3 * DAY)
    last = carried_out(log, AT - 2 * DAY)
    restored(log, AT)
    carried_out(log, AT + DAY)
    assert [o.request for o in told(log).overturned] == [last.id]


def test_what_was_restored_before_is_not_overturned_twice() -> None:
    log = Log()
    first = carried_out(log, AT)
    restored(log, AT + HOUR)
    restored(log, AT + 2 * HOUR)
    assert [o.request for o in told(log).overturned] == [first.id]


def test_the_guards_own_restore_overturns_nothing() -> None:
    log = Log()
    carried_out(log, AT - DAY)
    tier = POLICY.tier_of(account(), at=AT)
    filed, claimed = undo(
        open_incident(), down(), id="REQ-G", operation="op", tier=tier, policy="p", lane_free=True, at=AT
    )
    log.put(filed)
    log.put(done(log.put(claimed), at=AT, instance=None))
    assert told(log).overturned == ()


@pytest.mark.parametrize("end", ["failed", "expired"])
def test_a_restore_or_deactivation_that_was_not_done_is_none(end: str) -> None:
    log = Log()
    request = log.file(at=AT - DAY)
    if end == "failed":
        log.put(failed(log.put_running(log.vote(request, AT - DAY), AT - DAY), at=AT - DAY, why="no"))
    else:
        log.put(expired(request, at=AT))
    restored(log, AT)
    assert told(log).overturned == ()


def test_a_failed_restore_overturns_nothing() -> None:
    log = Log()
    carried_out(log, AT - DAY)
    request = log.file(at=AT, of=down(), draft=replace(DRAFT, action=Action.RESTORE))
    log.put(failed(log.put_running(log.vote(request, AT + HOUR), AT + HOUR), at=AT + HOUR, why="no"))
    assert told(log).overturned == ()


def test_the_handle_is_the_one_the_restore_was_asked_for() -> None:
    log = Log()
    carried_out(log, AT)
    restored(log, AT + HOUR, handle="maria_the_second")
    assert [o.handle for o in told(log).overturned] == ["maria_the_second"]


# Together


def test_a_week_in_which_nobody_voted_has_nothing_of_it() -> None:
    assert told(Log()) == Approvers()


def test_the_records_wanted_are_those_approved_or_settled_by_people() -> None:
    log = Log()
    one, two, three = log.file(), log.file(), log.file()
    log.vote(one, AT + HOUR)
    log.deny(two, AT + HOUR)
    log.put(failed(log.put_running(log.vote(three, AT), AT), at=AT, why="no"))
    guard = Entry(kind=Kind.SETTLED, at=AT, by="countersign", request="REQ-G", facts={"by_policy": True})
    assert spoken_of([*log.entries, guard]) == {one.id, three.id}
    assert not by_people(guard)
    assert not by_people(Entry(kind=Kind.REFUSED, at=AT, by="ada"))
    assert not by_people(Entry(kind=Kind.OPENED, at=AT, by="x", request="REQ-G", facts={"incident": "INC-A"}))


WALKS = st.lists(
    st.tuples(st.integers(0, 8 * 7 * 24 * 60), st.integers(0, 30), st.sampled_from([OMAR, MINA, MONA]), st.booleans()),
    max_size=25,
)


@given(WALKS)
def test_over_many_weeks_every_vote_is_somebodys_and_every_quick_one_is_told_once(
    walks: list[tuple[int, int, Person, bool]],
) -> None:
    """A replay of eight weeks: the figures of the weeks together are those of the whole log."""
    log, expected = Log(), set()
    for minutes, seconds, voter, denies in walks:
        at = AT + minutes * MINUTE
        request = log.file(at=at)
        choice = Choice.DENY if denies else Choice.APPROVE
        log.vote(request, at + seconds * SECOND, voter=voter, choice=choice, reason="not so")
        if seconds < 10:
            expected.add((request.id, voter.id, seconds * SECOND))
    weeks = [told(log, Week.of((AT + n * 7 * DAY).date())) for n in range(9)]
    quick = [(vote.request, vote.person, vote.took) for found in weeks for vote in found.quick]
    assert len(quick) == len(expected)
    assert set(quick) == expected
    assert sum(load.votes for found in weeks for load in found.load) == len(walks)
    assert all(list(found.load) == sorted(found.load, key=lambda one: (-one.votes, one.person)) for found in weeks)
