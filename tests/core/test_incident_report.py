"""The report of an incident: what is on record, where from, in which order, and what nobody knows."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bot.core.establishing import Establishing, establish, may_establish, tier_that_establishes
from bot.core.guarding import acknowledged, left, opened, restored, stuck
from bot.core.incident import Baseline, Cause, Incident, IncidentKind, IncidentState
from bot.core.incident_report import Line, Report, Source, Step, Unknown, report
from bot.core.record import dump
from bot.core.refusal import Refusal, Why
from bot.core.transition import ActorStands, Entry, Kind, Sample, Standing, Transition
from bot.core.watching import DOWN_AGAIN
from tests.core.build import (
    ADA,
    AT,
    DAY,
    MINUTE,
    MS,
    OMAR,
    POLICY,
    SECOND,
    STANDARD,
    agrees,
    leaving,
    open_incident,
    policy,
)
from tests.core.forbidden import saying

ACT = AT - SECOND
BACK_AT = AT + 40 * MS


def entry(kind: Kind, at: datetime = AT, by: str = "countersign", **facts: Any) -> Entry:
    return Entry(kind=kind, at=at, by=by, facts={"incident": "INC-A", "changes": {}, **facts})


def back(**changed: Any) -> Incident:
    """An incident whose account is active again."""
    moved = restored(open_incident(), at=AT + SECOND, restored_at=BACK_AT, by="countersign", followers=90).after
    assert isinstance(moved, Incident)
    return replace(moved, **changed)


def whole(**changed: Any) -> Incident:
    """One of which everything is known."""
    known = {
        "decided_at": AT + MS, "sent_at": AT + 2 * MS, "baseline_at": AT - MINUTE, "baseline_from": Baseline.SAMPLE,
        "followers_before": 120, "following_before": 30, "followers_now": 120, "following_now": 30,
        "sampled_at": AT + MINUTE, "whole_at": AT + MINUTE, "contained_at": AT + 3 * MS,
        "acknowledged_by": "mona", "acknowledged_at": AT + 2 * MINUTE, "established": Cause.DELIBERATE,
        "established_by": "omar", "established_at": AT + 3 * MINUTE, "state": IncidentState.WHOLE,
    }  # fmt: skip
    return back(**{**known, **changed})


WHOLE = entry(Kind.WHOLE, AT + 2 * MINUTE, changes={"whole_at": "2026-11-16T09:01:00.000Z"})
SET = entry(Kind.ESTABLISHED, AT + 3 * MINUTE, "omar", earlier=None, changes={"established": "deliberate"})
OPENED = entry(Kind.OPENED, AT + 5 * MS)


def of(found: Incident, *log: Entry, samples: tuple[Sample, ...] = (), actor: ActorStands | None = None) -> Report:
    return report(found, log=log, samples=samples, actor=actor)


def steps(found: Report) -> list[Step]:
    return [line.step for line in found.timeline]


def test_a_whole_life_is_told_in_order_with_who_and_who_says_so() -> None:
    assert of(whole(), OPENED, WHOLE, SET).timeline == (
        Line(step=Step.FIRST_CALL, at=ACT, source=Source.FEED, who="staff:rex"),
        Line(step=Step.SEEN, at=AT, source=Source.LEDGER, who="countersign"),
        Line(step=Step.DECIDED, at=AT + MS, source=Source.LEDGER, who="countersign"),
        Line(step=Step.SENT, at=AT + 2 * MS, source=Source.LEDGER, who="countersign"),
        Line(step=Step.CONTAINED, at=AT + 3 * MS, source=Source.LEDGER, who="countersign"),
        Line(step=Step.BACK, at=BACK_AT, source=Source.RECORD, who="countersign"),
        Line(step=Step.WHOLE, at=AT + MINUTE, source=Source.RECORD, who=None),
        Line(step=Step.ACKNOWLEDGED, at=AT + 2 * MINUTE, source=Source.PERSON, who="mona"),
        Line(
            step=Step.ESTABLISHED, at=AT + 3 * MINUTE, source=Source.PERSON, who="omar", cause=Cause.DELIBERATE
        ),
    )  # fmt: skip
    assert of(whole(), OPENED, WHOLE, SET).awaited == ()


def test_the_act_is_first_whatever_the_platforms_clock_says() -> None:
    for at in (AT + DAY, None):
        found = of(replace(open_incident(), at=at))
        assert steps(found)[0] is Step.FIRST_CALL
        assert found.timeline[0].at == at


def test_what_the_sweep_found_is_told_by_the_platforms_record() -> None:
    found = of(open_incident(found_by="sweep"))
    assert found.timeline[0].source is Source.RECORD
    assert Unknown.UNANNOUNCED in found.unknown
    assert Unknown.UNANNOUNCED not in of(open_incident()).unknown


def test_an_incident_from_before_the_decision_was_noted_takes_its_time_from_the_log() -> None:
    early = replace(open_incident(), decided_at=None)
    found = of(early, OPENED)
    assert next(line.at for line in found.timeline if line.step is Step.DECIDED) == AT + 5 * MS
    assert Step.DECIDED not in steps(of(early))


@pytest.mark.parametrize(
    ("by", "source", "who"),
    [
        ("countersign", Source.RECORD, "countersign"),
        ("others", Source.RECORD, None),
        (None, Source.RECORD, None),
        ("staff:ada", Source.FEED, "staff:ada"),
    ],
)
def test_who_restored_it_is_told_only_where_somebody_says_it(by: str | None, source: Source, who: str | None) -> None:
    (line,) = (line for line in of(back(restored_by=by)).timeline if line.step is Step.BACK)
    assert (line.source, line.who) == (source, who)


def test_a_call_without_an_answer_is_a_step_and_one_that_was_settled_is_none() -> None:
    unanswered = entry(Kind.SETTLED, AT + SECOND, changes={"state": "uncertain"})
    done = entry(Kind.SETTLED, AT + 2 * SECOND, changes={"state": "done"})
    assert steps(of(open_incident(), unanswered, done)).count(Step.UNANSWERED) == 1


@pytest.mark.parametrize(("kind", "step"), [(Kind.FELL, Step.FELL), (Kind.LOST, Step.LOST), (Kind.CLOSED, Step.CLOSED)])
def test_what_the_record_holds_only_once_is_told_from_the_log(kind: Kind, step: Step) -> None:
    assert steps(of(back(), entry(kind, AT + MINUTE), entry(kind, AT + 2 * MINUTE))).count(step) == 2


def test_counts_that_fell_after_they_had_been_whole_are_awaited_again() -> None:
    fell = back(state=IncidentState.RESTORED, whole_at=None)
    found = of(fell, WHOLE, entry(Kind.FELL, AT + 3 * MINUTE))
    assert steps(found)[-2:] == [Step.WHOLE, Step.FELL]
    assert Step.WHOLE in found.awaited


def test_what_people_and_the_bot_did_about_counts_and_actors_is_told() -> None:
    again = entry(Kind.SAMPLED, AT + MINUTE, "mona", watch_on=True)
    recount = entry(Kind.SAMPLED, AT + 2 * MINUTE, recount=True)
    free = entry(Kind.REINSTATED, AT + 3 * MINUTE, "tessa")
    assert of(back(), again, recount, free).timeline[-3:] == (
        Line(step=Step.WATCHED, at=AT + MINUTE, source=Source.PERSON, who="mona"),
        Line(step=Step.RECOUNT, at=AT + 2 * MINUTE, source=Source.LEDGER, who="countersign"),
        Line(step=Step.REINSTATED, at=AT + 3 * MINUTE, source=Source.LEDGER, who="tessa"),
    )


def test_of_an_account_that_went_down_again_no_counts_are_awaited_and_the_next_incident_is_named() -> None:
    assert Step.WHOLE not in of(back(cause=DOWN_AGAIN)).awaited
    assert report(back(), log=(), samples=(), actor=None, again="INC-B").again == "INC-B"


def test_what_is_not_on_record_yet_is_named() -> None:
    nothing = (Step.SENT, Step.BACK, Step.WHOLE, Step.ACKNOWLEDGED, Step.ESTABLISHED)
    assert of(open_incident()).awaited == nothing
    assert of(back()).awaited == nothing[2:]
    assert of(open_incident(kind=IncidentKind.DELETED, state=IncidentState.STUCK)).awaited == nothing[3:]
    assert of(open_incident(state=IncidentState.LEFT)).awaited == nothing[3:]
    assert of(open_incident(state=IncidentState.STUCK)).awaited == nothing[1:]


def test_a_cause_that_was_taken_back_is_awaited_again() -> None:
    gone = entry(Kind.ESTABLISHED, AT + DAY, "omar", earlier="deliberate", changes={"established": None})
    found = of(whole(established=None), WHOLE, SET, gone)
    assert found.awaited == (Step.ESTABLISHED,)
    assert [line.cause for line in found.timeline if line.step is Step.ESTABLISHED] == [Cause.DELIBERATE, None]


def test_the_impact_is_what_the_record_says() -> None:
    impact = of(whole(followers_now=100), OPENED).impact
    assert (impact.down_for, impact.down) == (BACK_AT - ACT, False)
    assert (impact.followers.before, impact.followers.now, impact.followers.missing) == (120, 100, 20)
    assert (impact.following.before, impact.following.now, impact.following.missing) == (30, 30, 0)
    assert (impact.before_at, impact.before_from, impact.now_at) == (AT - MINUTE, Baseline.SAMPLE, AT + MINUTE)


def test_counts_that_grew_meanwhile_miss_nothing_and_unknown_ones_are_not_counted() -> None:
    assert of(whole(followers_now=130)).impact.followers.missing == 0
    assert of(whole(followers_now=None)).impact.followers.missing is None
    assert of(whole(followers_before=None)).impact.followers.missing is None


def test_while_the_record_has_no_figure_of_now_the_last_look_since_it_is_back_stands_in() -> None:
    early = Sample(account="acct_1", at=AT - MINUTE, followers=120, following=30)
    late = Sample(account="acct_1", at=AT + MINUTE, followers=100, following=29)
    impact = of(back(), samples=(early, late)).impact
    assert (impact.followers.now, impact.following.now, impact.now_at) == (100, 29, late.at)
    impact = of(back(), samples=(early,)).impact
    assert (impact.followers.now, impact.following.now, impact.now_at) == (90, None, BACK_AT)
    assert of(open_incident(), samples=(early,)).impact.followers.now is None


def test_what_was_never_down_has_no_time_down() -> None:
    found = of(back(kind=IncidentKind.RESTORED, state=IncidentState.STUCK)).impact
    assert (found.down_for, found.down) == (None, False)
    assert of(open_incident()).impact.down


def test_what_is_not_known_is_named() -> None:
    assert of(whole()).unknown == (Unknown.BEHIND, Unknown.MOTIVE, Unknown.AUDIENCE, Unknown.BESIDE)
    nothing = of(back(at=None, actor=None, found_by="sweep", followers_after=None, followers_before=None))
    assert nothing.unknown == (
        Unknown.TIME, Unknown.ACTOR, Unknown.MOTIVE, Unknown.AUDIENCE, Unknown.UNANNOUNCED, Unknown.BASELINE,
        Unknown.COUNTS,
    )  # fmt: skip


@pytest.mark.parametrize("actor", [None, "unknown"])
def test_an_actor_whom_nobody_names_is_not_known(actor: str | None) -> None:
    found = of(open_incident(actor=actor)).unknown
    assert Unknown.ACTOR in found
    assert not {Unknown.BEHIND, Unknown.BESIDE} & set(found)


@pytest.mark.parametrize(("cause", "known"), [(None, False), (Cause.DELIBERATE, False), (Cause.HUMAN_ERROR, True)])
def test_why_somebody_did_it_is_known_only_of_what_nobody_meant(cause: Cause | None, known: bool) -> None:  # noqa: FBT001
    assert (Unknown.MOTIVE not in of(whole(established=cause)).unknown) is known


def test_the_platforms_own_count_is_no_figure_of_before() -> None:
    assert Unknown.BASELINE in of(whole(baseline_from=Baseline.EDGES)).unknown
    assert Unknown.BASELINE not in of(whole()).unknown
    assert Unknown.BASELINE not in of(open_incident(kind=IncidentKind.DELETED)).unknown


def test_its_actor_counts_as_contained_only_while_that_is_so() -> None:
    for standing in Standing:
        actor = ActorStands(actor="staff:rex", standing=standing, since=AT, why="twice")
        assert of(whole(), actor=actor).contained is (standing is Standing.CONTAINED)
    assert not of(whole()).contained


def test_the_last_other_cause_is_the_one_to_correct() -> None:
    first = entry(Kind.ESTABLISHED, AT, "omar", earlier=None, changes={"established": "human_error"})
    second = entry(Kind.ESTABLISHED, AT, "omar", earlier="human_error", changes={"established": "deliberate"})
    assert of(whole(), SET).corrects is None
    assert of(whole(), first, second).corrects is Cause.HUMAN_ERROR
    back_again = entry(Kind.ESTABLISHED, AT, "omar", earlier="deliberate", changes={"established": "human_error"})
    assert of(whole(established=Cause.HUMAN_ERROR), first, second, back_again).corrects is Cause.DELIBERATE
    taken_back = entry(Kind.ESTABLISHED, AT, "omar", earlier="deliberate", changes={"established": None})
    assert of(whole(established=None), first, second, taken_back).corrects is Cause.DELIBERATE


def test_a_report_holds_no_operation_key() -> None:
    assert "op-secret" not in str(dump(of(whole(operation="op-secret"), OPENED, SET)))


def test_the_log_of_the_guards_own_moves_can_be_read() -> None:
    begun = open_incident(version=0)
    for moved in (
        opened(begun, at=AT),
        left(open_incident(), because="owner", at=AT),
        stuck(open_incident(), cause="refused: 410", at=AT),
        acknowledged(open_incident(), by="ada", at=AT),
        established(),
    ):
        assert isinstance(moved.after, Incident)
        assert of(moved.after, moved.entry).timeline


# The cause


def established(case: Establishing | None = None) -> Transition:
    moved = establish(case or saying())
    assert isinstance(moved, Transition)
    agrees(moved)
    return moved


def test_the_cause_is_put_on_record_with_who_when_and_the_earlier_one() -> None:
    first = established()
    assert isinstance(first.after, Incident)
    assert first.after.established is Cause.DELIBERATE
    assert (first.after.established_by, first.after.established_at) == ("omar", AT + MINUTE)
    assert (first.entry.kind, first.entry.by, first.entry.facts["earlier"]) == (Kind.ESTABLISHED, "omar", None)
    assert [task.key for task in first.tasks] == ["draw:INC-A:2"]
    again = established(saying(incident=first.after, shown=Cause.DELIBERATE, cause=None))
    assert isinstance(again.after, Incident)
    assert again.after.established is None
    assert again.entry.facts["earlier"] == "deliberate"


def test_who_added_of_late_counts_later() -> None:
    late = replace(OMAR, approves_from=AT)
    assert isinstance(establish(saying(person=late, policy=policy(late))), Transition)


def test_without_a_tier_of_the_rules_the_weightiest_decides_who_may_say_it() -> None:
    assert tier_that_establishes(POLICY) is POLICY.tiers[0]
    rules = replace(STANDARD, name="rules", approvals=(("agent", 1),))
    ruled = policy(tiers=(*POLICY.tiers, rules))
    assert tier_that_establishes(ruled) is rules
    assert isinstance(establish(saying(person=ADA, policy=ruled)), Transition)
    refused = establish(saying(person=OMAR, policy=ruled))
    assert isinstance(refused, Refusal)
    assert refused.facts == {"groups": ["agent"]}


def test_a_form_asks_only_those_who_may_say_it() -> None:
    assert may_establish(saying(cause=None)) is None
    for person, why in ((ADA, Why.MAY_NOT_ESTABLISH), (leaving(OMAR, (AT - DAY).date()), Why.PAST_LAST_DAY)):
        refused = may_establish(saying(person=person))
        assert refused is not None
        assert refused.why is why
