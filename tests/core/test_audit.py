"""The log against the tables: what is missing, what was edited, and at which entry it shows."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import pytest

from bot.core.audit import Disagreement, Line, canonical, compare, gaps, parse, replay
from bot.core.claiming import claim
from bot.core.filing import file
from bot.core.guarding import joined, opened, restored, undo
from bot.core.incident import Incident
from bot.core.quorum import Quorum
from bot.core.request import Request, Subject, Vote
from bot.core.settling import done
from bot.core.transition import Entry, Kind, Transition
from bot.core.voting import vote
from tests.core.build import (
    AT,
    LATER,
    MS,
    POLICY,
    account,
    ballot,
    claiming,
    down,
    filing,
    instance,
    open_incident,
)

Stored = dict[str, Any]


def told() -> tuple[list[Line], Stored]:
    """A log of one request carried out, one incident undone and a refusal; and the tables that it made."""
    entries: list[Entry] = []
    stored: Stored = {}

    def put(*transitions: object) -> None:
        for transition in transitions:
            assert isinstance(transition, Transition)
            entries.append(transition.entry)
            stored[transition.after.id] = transition.after

    put(file(filing(), id="REQ-A", operation="op-a", slack_user="U01ADA"))
    entries.append(Entry(kind=Kind.REFUSED, at=AT, by="ada", request="REQ-A", facts={"why": "own_request"}))
    put(vote(ballot(stored["REQ-A"])))
    put(claim(claiming(stored["REQ-A"])))
    put(done(stored["REQ-A"], at=LATER, instance=instance()))
    entries.append(Entry(kind=Kind.GUARD_STARTED, at=AT, by="countersign", facts={"known": 3}))
    put(opened(replace(open_incident(), version=0), at=AT))
    tier = POLICY.tier_of(account(), at=AT)
    put(*undo(stored["INC-A"], down(), id="REQ-G", operation="op-g", tier=tier, policy="p1", lane_free=True, at=AT))
    put(joined(stored["INC-A"], "REQ-G", at=AT))
    put(done(stored["REQ-G"], at=LATER, instance=None))
    put(restored(stored["INC-A"], at=LATER, restored_at=LATER, by="countersign", followers=110))
    return [Line(seq=number, entry=entry) for number, entry in enumerate(entries, start=1)], stored


def found(lines: Sequence[Line], stored: Stored) -> list[Disagreement]:
    return list(compare(replay(lines), stored))


# Gaps


def numbered(*numbers: int) -> list[Line]:
    return [Line(seq=n, entry=Entry(kind=Kind.REFUSED, at=AT, by="ada")) for n in numbers]


@pytest.mark.parametrize(
    ("numbers", "head", "missing"),
    [
        ((), 0, []),
        ((1, 2, 3), 3, []),
        ((2, 3), 3, [1]),
        ((1, 3), 3, [2]),
        ((1, 2), 3, [3]),
        ((), 2, [1]),
        ((1, 3, 5), 5, [2, 4]),
        ((1, 3), 5, [2, 4]),
    ],
)
def test_a_number_that_is_missing_is_found(numbers: tuple[int, ...], head: int, missing: list[int]) -> None:
    assert [disagreement.seq for disagreement in gaps(numbered(*numbers), head)] == missing


def test_what_is_missing_is_said() -> None:
    (between,) = gaps(numbered(1, 3), 3)
    (after,) = gaps(numbered(1, 2), 3)
    assert (between.record, between.what) == ("", "entry 2 is missing")
    assert after.what == "the log ends before entry 3, the last one written"


# Replay


def test_the_log_of_what_happened_agrees_with_the_tables() -> None:
    lines, stored = told()
    assert found(lines, stored) == []
    assert list(gaps(lines, len(lines))) == []


def test_a_record_is_found_at_its_last_entry() -> None:
    lines, _ = told()
    assert {name: seq for name, (seq, _) in replay(lines).items()} == {"REQ-A": 5, "INC-A": 12, "REQ-G": 11}


def test_an_entry_that_changes_nothing_belongs_to_no_record() -> None:
    refused = Entry(kind=Kind.REFUSED, at=AT, by="ada", request="REQ-A", facts={"why": "own_request"})
    nameless = Entry(kind=Kind.FILED, at=AT, by="ada", facts={"changes": {"id": "?"}})
    assert replay([Line(seq=1, entry=refused), Line(seq=2, entry=nameless)]) == {}


def test_an_entry_of_an_incident_belongs_to_it_although_it_names_the_restore() -> None:
    lines, _ = told()
    noted = next(line for line in lines if line.entry.kind is Kind.JOINED)
    assert noted.entry.request == "REQ-G"
    assert replay(lines)["REQ-G"][1]["id"] == "REQ-G"


def before_some_fields() -> list[Line]:
    """The log as a program wrote it whose accounts had no age and whose requests ended without an outcome."""
    lines, _ = told()
    filed = lines[0]
    changes = dict(filed.entry.facts["changes"])
    changes["subject"] = {name: value for name, value in changes["subject"].items() if name != "created"}
    del changes["outcome"], changes["revised_why"]
    lines[0] = replace(filed, entry=replace(filed.entry, facts={**filed.entry.facts, "changes": changes}))
    return lines


def test_a_log_written_before_a_field_was_there_agrees_with_its_default() -> None:
    assert found(before_some_fields(), told()[1]) == []


@pytest.mark.parametrize("edit", [{"outcome": "x"}, {"subject": replace(Subject.of(account()), created=AT)}])
def test_what_was_edited_of_a_field_that_the_log_does_not_know_is_found(edit: dict[str, Any]) -> None:
    stored = told()[1]
    stored["REQ-A"] = replace(stored["REQ-A"], **edit)
    assert [d.what for d in found(before_some_fields(), stored)] == [f"{next(iter(edit))} is not what the log says"]


# What was edited (T12)


def edited(value: Any) -> Any:  # noqa: PLR0911 - one line a type
    """Another value of the same kind."""
    if isinstance(value, StrEnum):
        return next(other for other in type(value) if other is not value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, datetime):
        return value + MS
    if isinstance(value, tuple):
        return value[1:] if value else ("x",)
    if isinstance(value, Quorum):
        return replace(value, extra=value.extra + 1)
    if isinstance(value, Subject):
        return replace(value, handle="other")
    return AT if value is None else None


EDITED = {
    name: [f.name for f in fields(kind) if f.name != "id"]
    for name, kind in {"REQ-A": Request, "REQ-G": Request, "INC-A": Incident}.items()
}


@pytest.mark.parametrize(("name", "field"), [(name, field) for name, all_of in EDITED.items() for field in all_of])
def test_every_edit_of_one_field_is_found_at_the_records_last_entry(name: str, field: str) -> None:
    lines, stored = told()
    record = stored[name]
    stored[name] = replace(record, **{field: edited(getattr(record, field))})
    seq = replay(lines)[name][0]
    assert found(lines, stored) == [Disagreement(seq=seq, record=name, what=f"{field} is not what the log says")]


@pytest.mark.parametrize("field", [f.name for f in fields(Vote)])
def test_every_edit_of_one_field_of_a_vote_is_found(field: str) -> None:
    lines, stored = told()
    request = stored["REQ-A"]
    forged = replace(request.votes[0], **{field: edited(getattr(request.votes[0], field))})
    stored["REQ-A"] = replace(request, votes=(forged,))
    assert found(lines, stored) == [Disagreement(seq=5, record="REQ-A", what="votes is not what the log says")]


@pytest.mark.parametrize("field", [f.name for f in fields(Subject)])
def test_every_edit_of_what_the_card_shows_is_found(field: str) -> None:
    lines, stored = told()
    request = stored["REQ-A"]
    forged = replace(request.subject, **{field: edited(getattr(request.subject, field))})
    stored["REQ-A"] = replace(request, subject=forged)
    assert [d.what for d in found(lines, stored)] == ["subject is not what the log says"]


def test_a_vote_put_into_the_table_is_found() -> None:
    lines, stored = told()
    request = stored["REQ-A"]
    stored["REQ-A"] = replace(request, votes=(*request.votes, replace(request.votes[0], person="mina")))
    assert len(found(lines, stored)) == 1


def test_a_record_taken_out_of_the_table_is_found_where_the_log_last_tells_of_it() -> None:
    lines, stored = told()
    del stored["REQ-A"]
    assert found(lines, stored) == [
        Disagreement(seq=5, record="REQ-A", what="the log tells of it, the table does not hold it")
    ]


def test_a_record_put_into_the_table_is_found_before_every_entry() -> None:
    lines, stored = told()
    stored["REQ-Z"] = replace(stored["REQ-A"], id="REQ-Z")
    assert found(lines, stored) == [
        Disagreement(seq=0, record="REQ-Z", what="the table holds it, no entry tells of it")
    ]


def test_a_changed_id_is_one_record_too_few_and_one_too_many() -> None:
    lines, stored = told()
    stored["REQ-Z"] = replace(stored.pop("REQ-A"), id="REQ-Z")
    assert [(d.seq, d.record) for d in found(lines, stored)] == [(5, "REQ-A"), (0, "REQ-Z")]


@pytest.mark.parametrize("seq", [1, 3, 4, 5])
def test_an_entry_taken_out_of_the_log_shows_in_the_record_too(seq: int) -> None:
    lines, stored = told()
    without = [line for line in lines if line.seq != seq]
    assert "REQ-A" in {d.record for d in found(without, stored)}
    assert [d.seq for d in gaps(without, len(lines))] == [seq]


def test_an_entry_edited_shows_in_the_record() -> None:
    lines, stored = told()
    voted = lines[2]
    facts = {**voted.entry.facts, "changes": {**voted.entry.facts["changes"], "votes": []}}
    lines[2] = replace(voted, entry=replace(voted.entry, facts=facts))
    assert [(d.record, d.what) for d in found(lines, stored)] == [("REQ-A", "votes is not what the log says")]


# Its form


def test_a_line_is_exported_with_its_six_names() -> None:
    lines, _ = told()
    exported = lines[0].as_json()
    assert list(exported) == ["seq", "at", "kind", "by", "request", "facts"]
    assert (exported["seq"], exported["at"], exported["kind"]) == (1, "2026-11-16T09:00:00.000Z", "filed")
    assert (exported["by"], exported["request"]) == ("ada", "REQ-A")
    assert parse(canonical(exported)) == exported


def test_every_entry_has_a_canonical_form_that_does_not_depend_on_the_order_of_names() -> None:
    for line in told()[0]:
        assert parse(canonical(line.entry.facts)) == line.entry.facts
    assert canonical({"b": 1, "a": "é"}) == canonical({"a": "é", "b": 1}) == '{"a":"é","b":1}'


def test_a_count_beyond_what_others_read_exactly_has_one_too() -> None:
    assert parse(canonical({"a": 2**60})) == {"a": 2**60}


@pytest.mark.parametrize("value", [float("nan"), {"a": "\ud800"}, object()])
def test_what_json_cannot_say_has_none(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        canonical(value)


def test_a_log_that_goes_on_after_the_last_number_given_out_is_found() -> None:
    entry = Entry(kind=Kind.REFUSED, at=AT, by="ada")
    lines = [Line(seq=1, entry=entry), Line(seq=2, entry=entry)]
    assert [(d.seq, "goes on" in d.what) for d in gaps(lines, 1)] == [(2, True)]
