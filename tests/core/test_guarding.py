"""What the guard commits: incidents, how they end, and the restore that undoes one."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core.account import Event, EventType, owner_of
from bot.core.claiming import claim
from bot.core.counts import Figures, figures_of
from bot.core.guarding import acknowledged, incident, joined, left, opened, restored, stuck, told, undo, warned
from bot.core.incident import BY_OTHERS, Baseline, Incident, IncidentKind, IncidentState
from bot.core.quorum import Quorum
from bot.core.request import Action, Request, State
from bot.core.transition import Change, Kind, TaskKind, Transition
from bot.core.verdict import Because
from tests.core.build import (
    AT,
    HIGH,
    MINUTE,
    REX,
    SECOND,
    UNEXPLAINED,
    agrees,
    claiming,
    down,
    guards_restore,
    instance,
    moved,
    open_incident,
    tasks_of,
)

EVENT = Event(
    seq=7,
    type=EventType.DELETED,
    account="acct_1",
    handle="maria",
    actor="staff:rex",
    at=AT - SECOND,
    operation=None,
)


def found(**changed: Any) -> Incident:
    values: dict[str, Any] = {
        "id": "INC-A",
        "kind": IncidentKind.DEACTIVATED,
        "account": down(),
        "verdict": UNEXPLAINED,
        "person": REX,
        "found_by": "feed",
        "at": AT,
    }
    return incident(changed.pop("instance", instance()), **{**values, **changed})


def after(transition: Transition) -> Incident:
    agrees(transition)
    assert isinstance(transition.after, Incident)
    return transition.after


# Opened


def test_an_incident_tells_what_was_read_and_whose_principal_acted() -> None:
    new = found()
    assert (new.state, new.version, new.kind, new.why) == (IncidentState.OPEN, 0, IncidentKind.DEACTIVATED, "staff")
    assert (new.account, new.handle, new.display_name, new.followers_before) == ("acct_1", "maria", "Maria", 120)
    assert (new.actor, new.person, new.operation, new.at, new.seen_at) == ("staff:rex", "rex", None, AT - SECOND, AT)
    assert (new.request, new.restored_at, new.acknowledged_by, new.down_for) == (None, None, None, None)
    assert new.instance == instance()


def test_where_only_the_event_is_left_it_tells_what_the_event_says() -> None:
    new = found(account=EVENT, instance=EVENT.instance, person=None)
    assert (new.handle, new.display_name, new.followers_before, new.person) == ("maria", "maria", None, None)


def test_it_is_opened_by_who_acted_with_its_card_and_one_page() -> None:
    transition = opened(found(), at=AT)
    assert after(transition).version == 1
    assert (transition.entry.kind, transition.entry.by) == (Kind.OPENED, "staff:rex")
    assert transition.entry.facts["incident"] == "INC-A"
    assert [(task.key, task.due) for task in transition.tasks] == [
        ("draw:INC-A:1", AT),
        ("page:INC-A:staff:0", AT),
        ("call:INC-A:staff:0", AT),
    ]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"why": "unknown_actor"}, "unknown_actor"),
        ({"why": "late", "kind": IncidentKind.LATE}, "late"),
        ({"kind": IncidentKind.RESTORED}, "restored"),
        ({"kind": IncidentKind.DELETED}, "deleted"),
    ],
)
def test_its_page_says_what_it_is(changed: dict[str, Any], why: str) -> None:
    woken = [task for task in opened(replace(found(), **changed), at=AT).tasks if "why" in task.payload]
    assert [(task.kind, task.payload) for task in woken] == [
        (kind, {"record": "INC-A", "why": why}) for kind in (TaskKind.PAGE, TaskKind.CALL)
    ]


def test_where_the_platform_lost_the_actor_it_is_opened_by_unknown() -> None:
    assert opened(replace(found(), actor=None), at=AT).entry.by == "unknown"


def test_its_baseline_is_what_was_sampled_while_the_account_was_up() -> None:
    before = Figures(followers=140, following=3, at=AT - MINUTE, source=Baseline.SAMPLE)
    new = found(before=before)
    assert figures_of(new) == before
    assert figures_of(found()) is None


PURGED_AT = AT + timedelta(days=30)


def purged(at: datetime | None = PURGED_AT) -> Incident:
    account = down()
    assert account.deactivation is not None
    return found(account=replace(account, deactivation=replace(account.deactivation, purge_at=at)))


def looks(transition: Transition) -> list[tuple[str, datetime]]:
    return [(task.payload["why"], task.due) for task in transition.tasks if task.kind is TaskKind.NEAR_PURGE]


def test_a_week_and_a_day_before_its_deletion_it_is_looked_at_again() -> None:
    assert purged().purge_at == PURGED_AT
    week, day = ("purge_week", PURGED_AT - timedelta(days=7)), ("purge_day", PURGED_AT - timedelta(days=1))
    assert looks(opened(purged(), at=AT)) == [week, day]
    assert looks(opened(purged(), at=AT + timedelta(days=25))) == [day]
    assert looks(opened(purged(None), at=AT)) == []
    assert looks(opened(replace(purged(), state=IncidentState.RESTORED), at=AT)) == []


@pytest.mark.parametrize("state", IncidentState)
def test_only_what_is_still_down_wakes_the_on_call_before_its_deletion(state: IncidentState) -> None:
    woken = warned(open_incident(state=state), "purge_day", at=AT)
    down = state in {IncidentState.OPEN, IncidentState.OBSERVED, IncidentState.STUCK}
    assert [task.key for task in woken] == (["page:INC-A:purge_day", "call:INC-A:purge_day"] if down else [])


def test_what_is_back_when_it_is_opened_has_its_counts_watched() -> None:
    back = replace(found(), state=IncidentState.RESTORED)
    assert "sample:INC-A:2026-11-16T09:00:00.000Z:0" in tasks_of(opened(back, at=AT, samples=(SECOND, MINUTE)))
    assert "sample" not in " ".join(tasks_of(opened(found(), at=AT, samples=(SECOND, MINUTE))))


# Undone


def undoing(*, lane_free: bool) -> tuple[Transition, ...]:
    return undo(
        open_incident(), down(), id="REQ-G", operation="op-g", tier=HIGH, policy="p1", lane_free=lane_free, at=AT
    )


def test_the_restore_is_filed_approved_by_policy_and_claimed_in_one_commit() -> None:
    filed, claimed = undoing(lane_free=True)
    assert moved(filed).state is State.APPROVED
    request = moved(claimed)
    assert claimed.before == filed.after
    assert (request.state, request.claimed_at, request.if_match) == (State.RUNNING, AT, 'W/"2"')
    assert (filed.entry.kind, claimed.entry.kind) == (Kind.FILED, Kind.CLAIMED)
    assert filed.entry.by == claimed.entry.by == "countersign"
    assert claimed.entry.facts["policy"] == "p1"
    assert Change(transitions=(filed, claimed)).request() == request


def test_it_asks_for_a_restore_that_needs_nobody_and_never_expires() -> None:
    request = moved(undoing(lane_free=True)[0])
    assert (request.action, request.by_policy, request.incident) == (Action.RESTORE, True, "INC-A")
    assert (request.quorum, request.tier, request.reason) == (Quorum(groups=()), "high", "unapproved: staff")
    assert (request.requester, request.requester_slack, request.emergency) == ("countersign", None, False)
    assert (request.expires_at, request.execute_by, request.not_before) == (None, None, None)


def test_where_the_lane_is_taken_it_waits_approved_with_its_task() -> None:
    (filed,) = undoing(lane_free=False)
    assert moved(filed).state is State.APPROVED
    assert tasks_of(filed) == ["carry_out:REQ-G:1"]
    assert filed.tasks[0].due == AT


def test_what_waited_is_claimed_by_the_rule_for_restores_of_the_guard() -> None:
    request: Request = moved(claim(claiming(guards_restore(), account=down(), verdict=UNEXPLAINED)))
    assert (request.state, request.if_match) == (State.RUNNING, 'W/"2"')


def test_the_incident_notes_which_request_undoes_it() -> None:
    transition = joined(open_incident(), "REQ-G", at=AT)
    assert (after(transition).request, after(transition).state) == ("REQ-G", IncidentState.OPEN)
    assert (transition.entry.kind, transition.entry.request) == (Kind.JOINED, "REQ-G")


# Ended


def test_it_was_down_from_the_act_to_the_public_view_that_shows_it_again() -> None:
    transition = restored(open_incident(), at=AT + MINUTE, restored_at=AT + SECOND, by="countersign", followers=110)
    new = after(transition)
    assert (new.state, new.restored_by, new.followers_after) == (IncidentState.RESTORED, "countersign", 110)
    assert new.down_for == 2 * SECOND
    assert transition.entry.kind is Kind.RESTORED
    assert tasks_of(transition) == ["draw:INC-A:2"]


def test_once_it_is_back_its_counts_are_watched() -> None:
    transition = restored(
        open_incident(), at=AT, restored_at=AT, by="countersign", followers=None, samples=(SECOND, MINUTE)
    )
    assert tasks_of(transition) == ["draw:INC-A:2", "sample:INC-A:2026-11-16T09:00:00.000Z:0"]
    assert transition.tasks[-1].due == AT + SECOND


def test_what_was_found_to_be_back_is_told_of_once_the_feed_says_who_and_when() -> None:
    back = open_incident(state=IncidentState.RESTORED, restored_at=AT + MINUTE, restored_by=BY_OTHERS)
    new = after(told(back, at=AT + MINUTE, restored_at=AT + SECOND, by="staff:helper"))
    assert (new.state, new.restored_by, new.down_for) == (IncidentState.RESTORED, "staff:helper", 2 * SECOND)


@pytest.mark.parametrize(
    ("at", "restored_at", "down_for"),
    [
        (AT, AT + SECOND, SECOND),
        (AT, AT - SECOND, timedelta(0)),
        (AT, None, None),
        (None, AT, None),
    ],
    ids=["seconds", "clocks differ", "still down", "nobody knows since when"],
)
def test_how_long_it_was_down(at: Any, restored_at: Any, down_for: timedelta | None) -> None:
    assert open_incident(at=at, restored_at=restored_at).down_for == down_for


def test_what_is_explained_meanwhile_is_left_and_says_why() -> None:
    transition = left(open_incident(), because=Because.OWNER, at=AT)
    assert (after(transition).state, after(transition).cause) == (IncidentState.LEFT, "owner")
    assert transition.entry.kind is Kind.CLOSED
    assert after(left(open_incident(), because="account_gone", at=AT)).cause == "account_gone"


def test_what_the_bot_cannot_undo_is_stuck_and_wakes_the_on_call() -> None:
    transition = stuck(open_incident(), cause="Forbidden.", at=AT)
    assert (after(transition).state, after(transition).cause) == (IncidentState.STUCK, "Forbidden.")
    assert tasks_of(transition) == ["draw:INC-A:2", "page:INC-A:stuck:1", "call:INC-A:stuck:1"]


def test_acknowledged_says_by_whom_and_leaves_the_rest() -> None:
    before = open_incident()
    transition = acknowledged(before, by="mona", at=AT + MINUTE)
    assert (transition.entry.kind, transition.entry.by) == (Kind.ACKNOWLEDGED, "mona")
    assert after(transition) == replace(before, version=2, acknowledged_by="mona", acknowledged_at=AT + MINUTE)


def test_an_owner_is_the_owner_of_that_account_alone() -> None:
    assert owner_of("acct_1") == "owner:acct_1"
