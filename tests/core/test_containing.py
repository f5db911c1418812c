"""Who deactivates again and again is locked out; until that has worked every restore but the first two is paused."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.account import OWN_PRINCIPAL
from bot.core.containing import (
    BUDGET_OVER,
    LANDS_WITHIN,
    STILL_ACTS,
    TRIED_FOR,
    Acts,
    burst_from,
    contained,
    counted_from,
    due,
    entry,
    freed,
    managers_of,
    opened_by,
    pause,
    pause_before,
    uncontainable,
)
from bot.core.incident import Incident, IncidentState
from bot.core.transition import ActorStands, Change, Kind, Standing, TaskKind
from tests.core.build import (
    ADA,
    AT,
    DAY,
    HOUR,
    MINA,
    MINUTE,
    MONA,
    MS,
    OMAR,
    POLICY,
    REX,
    SECOND,
    agrees,
    leaving,
    policy,
)
from tests.core.build import open_incident as an_incident

NOTHING = Change()


def stands(standing: Standing, *, since: Any = AT - MINUTE, why: str = "war") -> ActorStands:
    return ActorStands(actor="staff:rex", standing=standing, since=since, why=why, incident="INC-A")


def acts(**changed: Any) -> Acts:
    """The second deactivation of one account by one actor."""
    values: dict[str, Any] = {
        "actor": "staff:rex",
        "of_account": 2,
        "lately": 2,
        "last_at": AT - SECOND,
        "stands": None,
        "enforces": True,
        "incident": an_incident(),
        "at": AT,
    }
    return Acts(**{**values, **changed})


def kinds(change: Change) -> list[TaskKind]:
    return [task.kind for task in change.tasks]


# When


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, "war"),
        ({"of_account": 3}, "war"),
        ({"of_account": 1, "lately": 5}, "burst"),
        ({"stands": stands(Standing.FREE)}, "war"),
        ({"stands": stands(Standing.UNCONTAINABLE, since=AT - BUDGET_OVER)}, "war"),
    ],
)
def test_an_actor_is_locked_out_after_two_of_an_account_or_five_of_any(changed: dict[str, Any], why: str) -> None:
    change = due(acts(**changed))
    (now,) = change.actors
    assert now == ActorStands(actor="staff:rex", standing=Standing.CONTAINING, since=AT, why=why, incident="INC-A")
    assert [task.key for task in change.tasks] == ["contain:staff:rex:2026-11-16T09:00:00.000Z"]
    assert change.tasks[0].payload == {"actor": "staff:rex", "since": "2026-11-16T09:00:00.000Z"}
    assert [(e.kind, e.by, e.facts["standing"]) for e in change.entries] == [(Kind.ACTOR, "countersign", "containing")]


@pytest.mark.parametrize(
    "changed",
    [
        {"of_account": 1, "lately": 4},
        {"enforces": False},
        {"actor": OWN_PRINCIPAL},
        {"stands": stands(Standing.CONTAINING)},
        {"stands": stands(Standing.CONTAINED)},
        {"stands": stands(Standing.CONTAINED), "last_at": None},
        {"stands": stands(Standing.CONTAINED, since=AT - SECOND - LANDS_WITHIN)},
        {"stands": stands(Standing.UNCONTAINABLE, since=AT - BUDGET_OVER + MS)},
        {"stands": stands(Standing.UNCONTAINABLE, since=AT - BUDGET_OVER), "of_account": 1},
    ],
)
def test_nobody_is_locked_out_for_less_or_twice(changed: dict[str, Any]) -> None:
    wanted = dict(changed)
    if wanted.get("stands", stands(Standing.FREE)).standing is Standing.CONTAINED and "last_at" not in wanted:
        wanted["last_at"] = wanted["stands"].since + LANDS_WITHIN
    assert due(acts(**wanted)) == NOTHING


@pytest.mark.parametrize("actor", [None, "unknown", "system:rogue", "svc:other", "owner:acct_9"])
def test_who_is_no_member_of_staff_is_never_locked_out_and_somebody_is_woken(actor: str | None) -> None:
    change = due(acts(actor=actor))
    (now,) = change.actors
    assert (now.actor, now.standing, now.why) == (actor or "unknown", Standing.UNCONTAINABLE, "no_staff")
    assert kinds(change) == [TaskKind.PAGE, TaskKind.CALL]
    assert change.tasks[0].payload == {"record": "INC-A", "why": "uncontainable"}


def test_where_the_platform_lied_it_is_asked_once_more_and_somebody_is_woken() -> None:
    locked = stands(Standing.CONTAINED, since=AT - MINUTE)
    change = due(acts(stands=locked, of_account=1, lately=1))
    (now,) = change.actors
    assert (now.standing, now.why) == (Standing.CONTAINING, STILL_ACTS)
    assert kinds(change) == [TaskKind.CONTAIN, TaskKind.PAGE, TaskKind.CALL]
    assert change.tasks[1].payload["why"] == STILL_ACTS


def test_where_it_lied_again_the_actor_cannot_be_locked_out() -> None:
    (now,) = due(acts(stands=stands(Standing.CONTAINED, why=STILL_ACTS))).actors
    assert (now.standing, now.why) == (Standing.UNCONTAINABLE, STILL_ACTS)


def test_what_counts_is_a_day_and_ten_seconds_but_nothing_from_before_the_actor_was_let_in_again() -> None:
    assert (counted_from(None, at=AT), burst_from(None, at=AT)) == (AT - DAY, AT - 10 * SECOND)
    locked = stands(Standing.CONTAINED)
    assert (counted_from(locked, at=AT), burst_from(locked, at=AT)) == (AT - DAY, AT - 10 * SECOND)
    free = stands(Standing.FREE, since=AT - 5 * SECOND)
    assert (counted_from(free, at=AT), burst_from(free, at=AT)) == (AT - 5 * SECOND, AT - 5 * SECOND)


# The pauses


@pytest.mark.parametrize("protected", [True, False])
def test_the_first_two_restores_wait_for_nothing(protected: bool) -> None:  # noqa: FBT001 - a parameter of the table
    assert [pause(n, protected=protected) for n in (1, 2)] == [timedelta(0)] * 2


def test_the_pauses_double_up_to_half_a_minute_and_for_protected_accounts_to_a_second() -> None:
    found = [pause(n, protected=False).total_seconds() for n in range(3, 10)]
    assert found == [1, 2, 4, 8, 16, 30, 30]
    assert pause(100_000, protected=False) == timedelta(seconds=30)
    assert {pause(n, protected=True) for n in range(3, 100)} == {SECOND}


@pytest.mark.parametrize(
    ("changed", "waits"),
    [
        ({}, SECOND),
        ({"stands": stands(Standing.FREE)}, SECOND),
        ({"stands": stands(Standing.UNCONTAINABLE)}, SECOND),
        ({"stands": stands(Standing.CONTAINED), "last_at": AT - MINUTE}, timedelta(0)),
        ({"stands": stands(Standing.CONTAINED), "last_at": AT}, SECOND),
        ({"stands": stands(Standing.CONTAINING, since=AT - TRIED_FOR + MS)}, timedelta(0)),
        ({"stands": stands(Standing.CONTAINING, since=AT - TRIED_FOR)}, SECOND),
        ({"actor": OWN_PRINCIPAL}, timedelta(0)),
    ],
)
def test_there_is_a_pause_unless_the_actor_is_locked_out_or_about_to_be(
    changed: dict[str, Any], waits: timedelta
) -> None:
    assert pause_before(acts(**{"of_account": 3, **changed}), protected=False) == waits


# What is made of it


def marked(change: Change) -> list[Incident]:
    found = []
    for transition in change.transitions:
        agrees(transition)
        assert isinstance(transition.after, Incident)
        found.append(transition.after)
    return found


def test_the_lock_is_on_the_cards_and_told_to_security_a_manager_and_the_on_call() -> None:
    other = an_incident(id="INC-B", contained_at=AT - DAY)
    long_ago = an_incident(id="INC-C", seen_at=AT - DAY, acknowledged_at=AT - DAY)
    seen = an_incident(id="INC-D", acknowledged_at=AT)
    watched = policy(security_channel="C0SECURITY")
    change = contained(stands(Standing.CONTAINING), (an_incident(), other, long_ago, seen), watched, at=AT)
    assert [(i.id, i.contained_at) for i in marked(change)] == [("INC-A", AT), ("INC-D", AT)]
    (now,) = change.actors
    assert (now.standing, now.since, now.why) == (Standing.CONTAINED, AT, "war")
    assert kinds(change) == [TaskKind.PAGE, TaskKind.CALL, TaskKind.TELL, TaskKind.TELL, TaskKind.TELL]
    assert [t.payload["to"] for t in change.tasks[2:]] == ["C0SECURITY", "U02MONA", "U06MINA"]
    assert change.transitions[0].entry.kind is Kind.CONTAINED


def opening(*, protected: bool = False, state: IncidentState = IncidentState.OPEN, **changed: Any) -> Incident:
    return opened_by(replace(an_incident(), state=state), acts(**changed), protected=protected)


def test_an_incident_found_later_says_so_from_the_first() -> None:
    assert opening().contained_at is None
    assert opening(stands=stands(Standing.CONTAINING)).contained_at is None
    assert opening(stands=stands(Standing.CONTAINED)).contained_at == AT - MINUTE


@pytest.mark.parametrize("standing", [Standing.CONTAINING, Standing.CONTAINED, Standing.UNCONTAINABLE])
def test_what_an_actor_does_of_whom_the_on_call_has_heard_is_quiet(standing: Standing) -> None:
    assert opening(stands=stands(standing)).quiet
    assert not opening(stands=stands(standing), state=IncidentState.OBSERVED).quiet
    assert not opening(stands=stands(standing), protected=True).quiet
    assert opening(stands=stands(standing), protected=True, of_account=3).quiet


def test_what_an_actor_does_is_not_quiet_before_that_nor_long_after() -> None:
    assert not opening().quiet
    assert not opening(stands=stands(Standing.FREE), of_account=9).quiet
    long_ago = stands(Standing.UNCONTAINABLE, since=AT - HOUR)
    assert not opening(stands=long_ago).quiet
    assert opening(stands=long_ago, of_account=3).quiet
    assert opening(stands=long_ago, lately=6).quiet


def test_who_is_let_in_again_begins_anew_and_the_cards_say_so() -> None:
    locked = an_incident(contained_at=AT - MINUTE)
    before = an_incident(id="INC-B", contained_at=AT - DAY, reinstated_at=AT - DAY)
    never = an_incident(id="INC-C")
    change = freed(stands(Standing.CONTAINED), (locked, before, never), by="ada", why="reinstated", at=AT, seq=7)
    assert [(i.id, i.reinstated_at) for i in marked(change)] == [("INC-A", AT)]
    (now,) = change.actors
    assert (now.standing, now.since, now.why) == (Standing.FREE, AT, "reinstated")
    assert [(e.by, e.facts["seq"]) for e in change.entries] == [("ada", 7)]


def test_a_no_of_the_platform_is_recorded_with_one_page() -> None:
    change = uncontainable("staff:rex", an_incident(), why="refused: 403", at=AT)
    assert change.actors[0].why == "refused: 403"
    assert [task.key for task in change.tasks] == [
        "page:staff:rex:uncontainable:2026-11-16T09:00:00.000Z",
        "call:staff:rex:uncontainable:2026-11-16T09:00:00.000Z",
    ]
    assert entry(change.actors[0], by="countersign") == change.entries[0]


# Whose manager


def test_the_managers_of_the_actors_team_are_told() -> None:
    assert managers_of(REX, POLICY, at=AT) == ("U02MONA", "U06MINA")


def test_all_managers_where_the_team_has_none_or_is_not_known() -> None:
    everybody = ("U02MONA", "U03OMAR", "U06MINA")
    assert managers_of(replace(REX, team="night"), POLICY, at=AT) == everybody
    assert managers_of(replace(REX, team=None), POLICY, at=AT) == everybody


def test_never_the_actor_who_has_left_or_who_has_no_slack_user() -> None:
    assert managers_of(MONA, POLICY, at=AT) == ("U06MINA",)
    without = policy(leaving(MONA, (AT - DAY).date()), replace(MINA, slack=()), leaving(OMAR, (AT - DAY).date()))
    assert managers_of(REX, without, at=AT) == ()
    assert managers_of(ADA, policy(leaving(MONA, (AT - DAY).date())), at=AT) == ("U06MINA",)


def test_nobody_is_told_of_whom_the_roster_does_not_know() -> None:
    assert managers_of(None, POLICY, at=AT) == ()
