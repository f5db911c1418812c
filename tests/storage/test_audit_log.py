# ruff: noqa: S608 - the statements are made of this program's own column names
"""The log only grows: no change without its entry, no entry without its change, no gap, and edits are found."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields

import psycopg
import pytest

from bot.core.errors import LedgerAway
from bot.core.request import Choice, Request
from bot.core.transition import Change, Entry, Kind
from bot.ports import View
from storage.ledger import SqlLedger
from storage.tables import RequestRow, VoteRow
from tests.storage.scene import AT, MANAGERS, Shelf, disagreements, filing, log, request, voting

ENTRY = "into audit (seq, at, kind, by, facts) values ({}, 'x', 'denied', 'x', '{{}}')"
WRITES = (
    "update audit set by = 'nobody' where seq = 1",
    "update audit set seq = 9 where seq = 2",
    "delete from audit where seq = 2",
    "delete from audit",
    f"insert {ENTRY.format(4)}",
    f"insert {ENTRY.format(1)} on conflict (seq) do update set by = excluded.by",
    f"insert {ENTRY.format(2)} on conflict (seq) do nothing",
)
WRITES_OF_SQLITE = (
    f"insert or replace {ENTRY.format(1)}",
    f"replace {ENTRY.format(2)}",
    "update or replace audit set seq = 1 where seq = 2",
)
WRITES_OF_POSTGRESQL = (
    "truncate audit",
    "truncate audit cascade",
    f"insert {ENTRY.format('null')}",
    "merge into audit using (values (2)) as v (seq) on audit.seq = v.seq when matched then update set by = 'nobody'",
    "merge into audit using (values (2)) as v (seq) on audit.seq = v.seq when matched then delete",
)
REFUSED = (sqlite3.IntegrityError, psycopg.errors.RaiseException)


@pytest.fixture
async def told(ledger: SqlLedger) -> SqlLedger:
    """A request, filed and approved."""
    await ledger.decide(lambda _: filing())
    await ledger.decide(voting)
    return ledger


async def refuses(told: SqlLedger, shelf: Shelf, statement: str) -> None:
    before = shelf.sql("select * from audit")
    with pytest.raises(REFUSED, match="the audit log only grows"):
        shelf.sql(statement)
    assert shelf.sql("select * from audit") == before
    assert await disagreements(told) == []


@pytest.mark.parametrize("statement", WRITES)
async def test_the_audit_table_refuses(told: SqlLedger, shelf: Shelf, statement: str) -> None:
    await refuses(told, shelf, statement)


@pytest.mark.parametrize(
    ("kind", "statement"),
    [("sqlite", s) for s in WRITES_OF_SQLITE] + [("postgresql", s) for s in WRITES_OF_POSTGRESQL],
    indirect=["kind"],
)
async def test_the_audit_table_refuses_what_only_one_database_can_say(
    told: SqlLedger, shelf: Shelf, statement: str
) -> None:
    await refuses(told, shelf, statement)


async def test_a_sequence_number_is_given_again_after_a_rollback(told: SqlLedger) -> None:
    class Broken(Exception):
        pass

    def breaks(_: View) -> Change:
        raise Broken

    with pytest.raises(Broken):
        await told.decide(breaks)
    with pytest.raises(LedgerAway):
        await told.decide(lambda _: filing("REQ-2"))
    await told.decide(lambda _: filing("REQ-3", of="acct_3"))
    assert [line.seq for line in await log(told)] == [1, 2, 3]
    assert await disagreements(told) == []


async def test_what_json_cannot_say_is_not_half_written(told: SqlLedger) -> None:
    """The number is taken and the request changed before the entry fails; none of it stays."""
    entry = Entry(kind=Kind.DIGEST, at=AT, by="countersign", facts={"week": "\ud800"})
    with pytest.raises(UnicodeEncodeError):
        await told.decide(lambda _: Change(transitions=filing("REQ-2", of="acct_2").transitions, entries=(entry,)))
    assert await request(told, "REQ-2") is None
    assert len(await log(told)) == 2
    assert await disagreements(told) == []


async def test_several_entries_of_one_change_follow_each_other(told: SqlLedger) -> None:
    entries = tuple(Entry(kind=Kind.JUDGED, at=AT, by=f"by{n}") for n in range(500))
    await told.decide(lambda _: Change(entries=entries))
    lines = await log(told)
    assert [line.seq for line in lines] == list(range(1, 503))
    assert [line.entry.by for line in lines[2:]] == [f"by{n}" for n in range(500)]


async def test_any_number_of_requests_is_verified(told: SqlLedger, shelf: Shelf) -> None:
    """More than a statement may have variables, whose bound is drawn in so that few requests are many."""
    columns = ", ".join(name for name in RequestRow.model_fields if name not in {"id", "operation", "account"})
    shelf.sql(
        "with recursive n(n) as (select 1 union all select n + 1 from n where n < 200) "
        f"insert into requests (id, operation, account, {columns}) "
        f"select 'copy' || n, 'op' || n, 'copy' || n, {columns} from n, requests where id = 'REQ-1'"
    )
    if shelf.kind == "sqlite":
        with closing(told._database._readers[False].raw_connection()) as connection:
            connection.driver_connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 100)
    assert len(await told.read(lambda view: view.all_requests())) == 201


def edits() -> Iterator[tuple[str, str]]:
    """One edit for each column of a request and of a vote, and the rows themselves."""
    for name in RequestRow.model_fields:
        yield f"requests.{name}", f"update requests set {name} = {_other(name)} where id = 'REQ-1'"
    for name in VoteRow.model_fields:
        yield f"votes.{name}", f"update votes set \"{name}\" = {_other(name)} where request = 'REQ-1'"
    votes = ", ".join(f'"{name}"' for name in VoteRow.model_fields if name != "person")
    yield "a vote more", f"insert into votes (person, {votes}) select 'zoe', {votes} from votes"
    far = votes.replace('"place", ', "")
    yield "a vote far behind", f"insert into votes (person, place, {far}) select 'zoe', 9, {far} from votes"
    yield "a vote less", "delete from votes"
    yield "a request less", "delete from requests"
    requests = ", ".join(n for n in RequestRow.model_fields if n not in {"id", "operation", "account"})
    copied = f"insert into requests (id, operation, account, {requests})"
    yield "a request more", f"{copied} select 'REQ-9', 'op-9', 'acct_9', {requests} from requests"


def _other(name: str) -> str:
    """A value that the column does not hold yet, and that a reader can still read."""
    values = {
        "action": "'restore'",
        "state": "'done'",
        "choice": "'deny'",
        "undo": "'stuck'",
        "subject": "replace(subject, 'Straße', 'Strasse')",
        "quorum": "replace(quorum, '1', '2')",
        "groups": "'[]'",
        "explains": """'{"account":"a","actor":null,"at":null,"operation":null}'""",
    }
    times = {"at", "expires_at", "quorate_at", "not_before", "execute_by", "claimed_at", "waits_since", "ended_at"}
    if name in times | {"filed_at", "ratify_by", "undone_at"}:
        return "'2026-01-01T00:00:00.000Z'"
    if name in {"emergency", "by_policy"}:
        return "true"
    return f"{name} + 1" if name in {"version", "revision", "place"} else values.get(name, "'edited'")


@pytest.mark.parametrize(("what", "statement"), [pytest.param(*edit, id=edit[0]) for edit in edits()])
async def test_a_single_edit_made_without_the_program_is_found(
    told: SqlLedger, shelf: Shelf, what: str, statement: str
) -> None:
    assert await disagreements(told) == []
    shelf.sql(statement)
    assert await disagreements(told) != [], what


def test_the_edits_reach_every_field_of_a_request() -> None:
    assert {f.name for f in fields(Request)} - {"votes"} <= set(RequestRow.model_fields)


async def test_the_end_of_the_log_cut_off_without_triggers_is_found(told: SqlLedger, shelf: Shelf) -> None:
    trigger = "audit_no_delete" if shelf.kind == "sqlite" else "audit_only_grows on audit"
    shelf.sql(f"drop trigger {trigger}", "delete from audit where seq = 2")
    assert [found.seq for found in await disagreements(told)] == [2, 1]


async def test_who_wound_the_counter_back_stops_the_ledger(told: SqlLedger, shelf: Shelf) -> None:
    """Doubt does not execute: no entry can be written, so nothing can be done."""
    shelf.sql("update audit_head set seq = 1")
    with pytest.raises(LedgerAway, match="the audit log only grows"):
        await told.decide(lambda _: filing("REQ-2", of="acct_2"))
    assert await request(told, "REQ-2") is None


async def test_votes_stay_in_the_order_in_which_they_were_cast(ledger: SqlLedger) -> None:
    """Neither by the name of who voted nor by the time, which may be the same."""
    await ledger.decide(lambda _: filing())
    await ledger.decide(lambda view: voting(view, by=MANAGERS[2]))
    await ledger.decide(lambda view: voting(view, by=MANAGERS[1], choice=Choice.DENY))
    found = await request(ledger)
    assert found is not None
    assert [vote.person for vote in found.votes] == ["m2", "m1"]
    assert await disagreements(ledger) == []
