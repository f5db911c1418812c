"""Records to plain values and back, and any walk of moves replayed from its entries (I9)."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.account import Account
from bot.core.audit import canonical
from bot.core.claiming import Wait, Waits, account_gone, claim, expire_due, supersede, wait
from bot.core.filing import file
from bot.core.guarding import acknowledged, joined, left, opened, restored, stuck
from bot.core.incident import Incident
from bot.core.policy import Person
from bot.core.record import changes, dump, fold, load, plain, stamp, unstamp
from bot.core.request import Choice, Request, State, Subject, Vote
from bot.core.settling import done, explained, failed, release, uncertain
from bot.core.transition import Transition
from bot.core.voting import revise, vote, withdraw
from tests.core.build import (
    ADA,
    AT,
    DAY,
    DRAFT,
    EVERYBODY,
    HOUR,
    MINA,
    MINUTE,
    OMAR,
    POLICY,
    SECOND,
    STANDING,
    TESSA,
    UNEXPLAINED,
    account,
    approved,
    ballot,
    claiming,
    down,
    filing,
    guards_restore,
    instance,
    open_incident,
    pending,
)

# Plain values


def test_a_time_leaves_in_utc_with_milliseconds_and_a_z() -> None:
    east = datetime(2026, 11, 16, 10, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    assert stamp(east) == "2026-11-16T09:00:00.123Z"
    assert unstamp("2026-11-16T09:00:00.123Z") == datetime(2026, 11, 16, 9, 0, 0, 123000, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)))
def test_a_time_of_whole_milliseconds_reads_back_equal(at: datetime) -> None:
    assert unstamp(stamp(at)) == at


def test_plain_values_are_what_json_says() -> None:
    assert plain(State.DONE) == "done"
    assert plain((AT, None, "x", 1, True)) == ["2026-11-16T09:00:00.000Z", None, "x", 1, True]
    assert plain(instance(operation="op")) == {
        "account": "acct_1",
        "at": "2026-11-16T08:59:59.000Z",
        "actor": "staff:rex",
        "operation": "op",
    }
    assert plain(State) is State


RECORDS: dict[str, Callable[[], Request | Incident]] = {
    **{state.value: make for state, make in STANDING.items()},
    "of the guard": guards_restore,
    "explaining": lambda: replace(STANDING[State.DONE](), explains=instance()),
    "an incident": open_incident,
    "an incident restored": lambda: open_incident(restored_at=AT, acknowledged_by="mona", acknowledged_at=AT),
}


@pytest.mark.parametrize("make", RECORDS.values(), ids=RECORDS)
def test_a_record_reads_back_equal_through_json(make: Callable[[], Request | Incident]) -> None:
    record = make()
    text = canonical(dump(record))
    assert load(type(record), json.loads(text)) == record


def test_a_request_dumps_every_field_and_every_vote() -> None:
    plain_request = dump(approved())
    assert set(plain_request) == {f.name for f in fields(Request)}
    assert set(plain_request["votes"][0]) == {f.name for f in fields(Vote)}
    assert set(plain_request["subject"]) == {f.name for f in fields(Subject)}


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"state": "nonsense"}, ValueError),
        ({"filed_at": "yesterday"}, ValueError),
        ({"unheard_of": 1}, KeyError),
        ({"votes": [{"person": "mona"}]}, TypeError),
        ({"quorum": {}}, KeyError),
    ],
)
def test_anything_else_is_no_record(changed: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        load(Request, {**dump(pending()), **changed})


def test_a_record_without_a_field_is_none() -> None:
    short = dump(pending())
    del short["reason"]
    with pytest.raises(TypeError):
        load(Request, short)


# Changes


def test_changes_are_the_fields_that_differ_and_the_votes_added() -> None:
    before = pending()
    after = approved(before)
    changed = changes(before, after)
    assert set(changed) == {"version", "state", "quorate_at", "not_before", "execute_by", "votes"}
    assert [vote["person"] for vote in changed["votes"]] == ["omar"]
    assert changes(after, after) == {}


def test_the_first_entry_is_the_whole_record() -> None:
    assert fold(None, {"a": 1}) == {"a": 1}


def cast(person: str, choice: str = "approve", *, revision: int = 1) -> dict[str, object]:
    return {"person": person, "revision": revision, "choice": choice}


def test_votes_are_added_to_those_before_and_a_record_without_any_gets_none() -> None:
    first, second = cast("mona"), cast("mona", revision=2)
    assert fold({"votes": [first], "a": 1}, {"votes": [second], "a": 2}) == {"votes": [first, second], "a": 2}
    assert fold({"a": 1}, {"a": 2}) == {"a": 2}


def test_a_vote_that_changed_stands_where_it_stood() -> None:
    before, changed = [cast("mona"), cast("omar")], cast("mona", "deny")
    assert fold({"votes": before}, {"votes": [changed]}) == {"votes": [changed, before[1]]}


# Any walk


Move = Callable[[Request, datetime], object]
LETTERS = st.text(alphabet="abc <!@&>|é\u202e😀\n", min_size=10, max_size=20)
SUBJECTS = [
    account(),
    account(handle="maria2"),
    account(tags=("b", "a")),
    account(followers=10_000),
    account(followers=None),
]


def voted(person: Person, choice: Choice = Choice.APPROVE) -> Move:
    return lambda request, at: vote(ballot(request, person, choice=choice, at=at, reason="because"))


def shown_anew(subject: Account) -> Move:
    tier = POLICY.tier_of(subject, at=AT)

    def move(request: Request, at: datetime) -> Transition:
        quorum = POLICY.quorum_of(tier, requester=ADA, at=at)
        of = Subject.of(subject)
        return revise(request, subject=of, tier=tier.name, quorum=quorum, why=["handle"], policy=POLICY, at=at)

    return move


def claimed(subject: Account | None = None) -> Move:
    """Of the account as it is shown, or as another."""

    def move(request: Request, at: datetime) -> object:
        shown = {f.name: getattr(request.subject, f.name) for f in fields(Subject)}
        return claim(claiming(request, account=subject or account(**shown), at=at))

    return move


def braked(why: Waits) -> Move:
    return lambda request, at: wait(request, why, until=at, at=at)


ENDS: list[Move] = [
    lambda r, at: withdraw(r, person=ADA, policy=POLICY, at=at),
    lambda r, at: supersede(r, by=None, at=at),
    lambda r, at: expire_due(r, policy=POLICY, at=at),
    lambda r, at: expire_due(r, policy=POLICY, at=at + 2 * DAY),
    voted(OMAR, Choice.DENY),
]
MOVES: dict[State, list[Move]] = {
    State.PENDING: [
        *(voted(person) for person in (OMAR, TESSA, MINA) * 4),
        *(voted(person) for person in EVERYBODY),
        *(shown_anew(subject) for subject in SUBJECTS),
        *ENDS,
    ],
    State.APPROVED: [
        *[claimed()] * 12,
        *(claimed(subject) for subject in SUBJECTS),
        *(braked(why) for why in (*Waits, *Waits)),
        lambda r, at: account_gone(r, at=at),
        *ENDS,
    ],
    State.RUNNING: [
        lambda r, at: done(r, at=at, instance=instance()),
        lambda r, at: failed(r, at=at, why="forbidden"),
        *[lambda r, at: uncertain(r, at=at, why="no answer")] * 3,
        *[lambda r, at: release(r, at=at)] * 4,
        lambda r, at: explained(r, instance(), at=at),
        voted(MINA),
    ],
}
MOVES[State.UNCERTAIN] = MOVES[State.RUNNING]
STEPS = 16


@given(st.data())
def test_replaying_the_entries_of_any_walk_gives_the_record_after_every_step(data: st.DataObject) -> None:
    draft = replace(DRAFT, reason=data.draw(LETTERS))
    case = filing(draft=draft, of=data.draw(st.sampled_from(SUBJECTS[:4])))
    transition: object = file(case, id="REQ-A", operation="op-a", slack_user="U01ADA")
    assert isinstance(transition, Transition)
    replayed: dict[str, Any] | None = None
    request, at = None, AT
    for _ in range(STEPS):
        if isinstance(transition, Transition):
            entry = transition.entry
            facts = json.loads(canonical(entry.facts))
            replayed = fold(replayed, facts["changes"])
            assert isinstance(transition.after, Request)
            assert transition.before == request
            assert transition.after.version == (request.version if request else 0) + 1
            assert replayed == dump(transition.after)
            assert load(Request, replayed) == transition.after
            assert (entry.request, facts["filed_at"]) == ("REQ-A", stamp(AT))
            request = transition.after
        assert request is not None
        if request.state not in MOVES:
            return
        at += data.draw(st.sampled_from([timedelta(0), SECOND, MINUTE, HOUR]))
        outcome = data.draw(st.sampled_from(MOVES[request.state]))(request, at)
        transition = outcome.transition if isinstance(outcome, Wait) else outcome


INCIDENT_MOVES: list[Callable[[Incident, datetime], Transition]] = [
    lambda i, at: joined(i, "REQ-G", at=at),
    lambda i, at: restored(i, at=at, restored_at=at, by="countersign", followers=110),
    lambda i, at: left(i, because="owner", at=at),
    lambda i, at: stuck(i, cause="forbidden", at=at),
    lambda i, at: acknowledged(i, by="mona", at=at),
]


@given(st.lists(st.sampled_from(INCIDENT_MOVES), max_size=6))
def test_replaying_the_entries_of_an_incident_gives_the_incident(
    moves: list[Callable[[Incident, datetime], Transition]],
) -> None:
    new = replace(open_incident(), version=0)
    transition = opened(new, at=AT)
    replayed = fold(None, transition.entry.facts["changes"])
    at = AT
    for make in moves:
        assert isinstance(transition.after, Incident)
        at += MINUTE
        before, transition = transition.after, make(transition.after, at)
        replayed = fold(replayed, json.loads(canonical(transition.entry.facts))["changes"])
        assert transition.after.version == before.version + 1
        assert replayed == dump(transition.after)
        assert load(Incident, replayed) == transition.after


def test_a_guards_restore_replays_too() -> None:
    """Two entries of one commit."""
    request = guards_restore()
    running = claim(claiming(request, account=down(), verdict=UNEXPLAINED))
    assert isinstance(running, Transition)
    assert fold(dump(request), running.entry.facts["changes"]) == dump(running.after)
