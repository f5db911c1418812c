"""What the view is asked for to fill a page, a thread and a week: by an index, in order, and no more than wanted."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Select

from bot.core.record import stamp
from bot.core.refusal import Refusal, Why
from bot.core.request import OPEN, Choice, State
from bot.core.transition import Change, Entry, Kind
from storage.ledger import SqlLedger
from storage.view import ConnectionView
from tests.storage.scene import AT, MINUTE, SECOND, Shelf, filing, voting


class Explained(ConnectionView):
    """A view that answers with how the database would look, and finds nothing."""

    def _rows(self, query: Select[Any]) -> Any:
        compiled = query.compile(dialect=self._connection.dialect, compile_kwargs={"literal_binds": True})
        if self._connection.dialect.name == "sqlite":
            found = [row[3] for row in self._connection.exec_driver_sql(f"explain query plan {compiled}")]
            self.plan = [line.replace("USING INDEX", "using") for line in found]
        else:
            # of the few rows of a test all are read where that may be
            self._connection.exec_driver_sql("set local enable_seqscan = off; set local enable_bitmapscan = off")
            found = [row[0] for row in self._connection.exec_driver_sql(f"explain (costs off) {compiled}")]
            self.plan = [line.strip().removeprefix("->  ") for line in found if "->" in line or line[0] != " "]
            self.plan = [line for line in self.plan if line != "Limit"]
        return []


async def plan_of(ledger: SqlLedger, ask: Callable[[ConnectionView], object]) -> list[str]:
    """Each table that is looked into and the index by which, and what is sorted."""

    def explain(view: ConnectionView) -> list[str]:
        explained = Explained(view._connection)
        ask(explained)
        return explained.plan

    return await ledger.read(explain)


@pytest.fixture
async def told(ledger: SqlLedger) -> SqlLedger:
    """Two requests, one of them approved, one click refused."""
    await ledger.decide(lambda _: filing())
    await ledger.decide(lambda _: filing("REQ-2", of="acct_2", at=AT + SECOND))
    await ledger.decide(voting)
    await ledger.refused(Refusal(why=Why.OWN_REQUEST), by="ada", at=AT + MINUTE, request="REQ-1", replay=None)
    return ledger


async def test_the_entries_of_a_request_are_its_own_in_the_logs_order(told: SqlLedger) -> None:
    entries = await told.read(lambda view: view.entries(request="REQ-1"))
    assert [(e.request, e.kind) for e in entries] == [
        ("REQ-1", Kind.FILED), ("REQ-1", Kind.APPROVED), ("REQ-1", Kind.REFUSED),
    ]  # fmt: skip
    assert await told.read(lambda view: view.entries(request="REQ-3")) == []


async def test_filters_of_entries_hold_together(told: SqlLedger) -> None:
    def kinds(view: ConnectionView, **filters: Any) -> list[str | None]:
        return [e.request for e in view.entries(kinds=[Kind.FILED], **filters)]

    assert await told.read(kinds) == ["REQ-1", "REQ-2"]
    assert await told.read(lambda view: kinds(view, request="REQ-2")) == ["REQ-2"]
    assert await told.read(lambda view: kinds(view, request="REQ-2", until=AT + SECOND)) == []
    assert await told.read(lambda view: kinds(view, request="REQ-2", since=AT + SECOND)) == ["REQ-2"]


async def test_the_entries_of_an_incident_are_its_own_whatever_its_id_stands_in(told: SqlLedger) -> None:
    def about(id: str, kind: Kind = Kind.SAMPLED, **facts: Any) -> Entry:
        return Entry(kind=kind, at=AT, by="countersign", facts={"incident": id, **facts})

    entries = (
        about("INC-A"), about("INC-AB"), about("INC-B", said='","incident":"INC-A"'), about("INC-_"),
        about("INC-A", Kind.LOST), Entry(kind=Kind.FILED, at=AT, by="x", request="REQ-9", facts={"incident": "INC-A"}),
    )  # fmt: skip
    await told.decide(lambda _: Change(entries=entries))

    found = await told.read(lambda view: view.entries(incident="INC-A", since=AT))
    assert [(entry.kind, entry.facts["incident"]) for entry in found] == [(Kind.SAMPLED, "INC-A"), (Kind.LOST, "INC-A")]
    assert [e.facts["incident"] for e in await told.read(lambda v: v.entries(incident="INC-_"))] == ["INC-_"]


async def test_a_request_of_a_thousand_is_found_in_the_log_by_an_index(told: SqlLedger) -> None:
    plan = await plan_of(told, lambda view: view.entries(request="REQ-1"))
    assert "using audit_by_request" in plan[-1]


async def test_what_waits_comes_from_an_index_in_its_order_without_being_sorted(told: SqlLedger) -> None:
    (plan,) = await plan_of(told, lambda view: view.pending(limit=1000))
    assert "using requests_by_state" in plan


async def test_a_thousand_that_wait_are_answered_the_oldest_first(ledger: SqlLedger, shelf: Shelf) -> None:
    await ledger.decide(lambda _: filing(at=AT + MINUTE))
    shelf.sql("drop index one_live_of_a_kind", *(copy_of(n) for n in range(1200)))
    found = await ledger.read(lambda view: view.pending(limit=1000))
    assert len(found) == 1000
    assert [r.filed_at for r in found] == sorted(r.filed_at for r in found)
    assert [r.id for r in found[:3]] == ["REQ-C0000", "REQ-C0001", "REQ-C0002"]


def copy_of(n: int) -> str:
    """The row of the request filed last, again: a thousand filings would take a while."""
    names = "id, operation, filed_at"
    values = f"'REQ-C{n:04}', 'op-{n}', '{stamp(AT - 60 * MINUTE + n * SECOND)}'"
    others = (
        "version, revision, action, account, handle, subject, tier, quorum, emergency, category, reason, requester,"
        " by_policy, state, policy"
    )
    return f"insert into requests ({names}, {others}) select {values}, {others} from requests where id = 'REQ-1'"  # noqa: S608


async def test_requests_are_found_by_their_ids_and_unknown_ones_left_out(told: SqlLedger) -> None:
    found = await told.read(lambda view: view.requests(["REQ-2", "REQ-9", "REQ-1"]))
    assert {id: (request.id, len(request.votes)) for id, request in found.items()} == {
        "REQ-1": ("REQ-1", 1), "REQ-2": ("REQ-2", 0),
    }  # fmt: skip
    assert await told.read(lambda view: view.requests([])) == {}


async def test_any_number_of_ids_may_be_asked_for(told: SqlLedger) -> None:
    many = [f"REQ-{n}" for n in range(40_000)]
    assert set(await told.read(lambda view: view.requests(many))) == {"REQ-1", "REQ-2"}


async def test_what_a_person_asked_for_is_answered_by_state_and_the_oldest_first(ledger: SqlLedger) -> None:
    for n in range(60):
        await ledger.decide(lambda _, n=n: filing(f"REQ-{n:02}", of=f"a{n}", at=AT + n * SECOND))
        if n >= 5:
            await ledger.decide(lambda view, n=n: voting(view, f"REQ-{n:02}", choice=Choice.DENY))
    await ledger.decide(lambda view: voting(view, "REQ-01"))

    def ids(view: ConnectionView, **asked: Any) -> list[str]:
        return [request.id for request in view.requests_of_person("ada", **asked)]

    assert await ledger.read(lambda view: ids(view, states=OPEN)) == [f"REQ-0{n}" for n in range(5)]
    assert await ledger.read(lambda view: ids(view, states={State.APPROVED})) == ["REQ-01"]
    assert await ledger.read(lambda view: ids(view, limit=2)) == ["REQ-00", "REQ-01"]
    assert len(await ledger.read(ids)) == 60
    assert await ledger.read(lambda view: view.requests_of_person("m0", states=OPEN)) == []
