"""A ledger in a file, a clock that stands until it is moved, and the moves that the tests put into it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from bot.core.account import Account
from bot.core.audit import Disagreement, Line, compare, gaps, replay
from bot.core.filing import Draft, Filing, file
from bot.core.policy import Person, Policy, Tier
from bot.core.refusal import Refusal
from bot.core.request import Action, Choice, Request
from bot.core.transition import Change, Task, TaskKind, Transition
from bot.core.voting import Ballot, vote
from bot.flows.turns import Turns
from bot.flows.world import World
from bot.ports import View
from storage.database import Database, is_made
from storage.ledger import SqlLedger
from storage.view import ConnectionView
from tests.databases import Databases, migrated, query

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)
MS, SECOND, MINUTE = timedelta(milliseconds=1), timedelta(seconds=1), timedelta(minutes=1)

ADA = Person(id="ada", slack=("U01ADA",), groups=frozenset({"agent"}), team="support")
MANAGERS = tuple(Person(id=f"m{n}", slack=(f"UM{n}",), groups=frozenset({"manager"}), team="field") for n in range(50))
POLICY = Policy(
    text="",
    digest="p1",
    timezone=ZoneInfo("UTC"),
    channel_language="en",
    people={person.id: person for person in (ADA, *MANAGERS)},
    may_ask=frozenset({"agent"}),
    categories=("spam",),
    tiers=(Tier(name="standard", approvals=(("manager", 1),)),),
)


class Hand:
    """A clock moved by hand."""

    def __init__(self, at: datetime = AT) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


class Book:
    policy = POLICY

    def policy_in(self, _: View) -> Policy:
        return self.policy

    def take_up(self, view: View) -> None:
        """It is always this one."""


class Shelf:
    """One database, opened as often as a test likes; all is closed at the end.

    It is migrated to begin with where a test opens it by `open`, and not there yet where one makes it from `url`.
    """

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self.kind = databases.kind
        self.clock = Hand()
        self._url: str | None = None
        self._opened: list[SqlLedger] = []

    @property
    def url(self) -> str:
        if self._url is None:
            self._url = self._databases.new()
        return self._url

    @property
    def path(self) -> Path:
        """The file, where it is one."""
        return Path(self.url.removeprefix("sqlite:///"))

    def beside(self, ending: str) -> Path:
        """A file that the database keeps beside itself."""
        return Path(f"{self.path}{ending}")

    def open(self, owner: str = "one") -> SqlLedger:
        if self._url is None:
            self._url = self._databases.migrated()
        elif not self._is_made():
            migrated(self._url)
        return self._keep(SqlLedger(Database(self._url), clock=self.clock, owner=owner))

    def _is_made(self) -> bool:
        return (self.path.exists() or self._databases.kind != "sqlite") and is_made(self.url)

    def open_as_it_is(self) -> SqlLedger:
        """With whatever tables are there."""
        return self._keep(SqlLedger(Database(self.url), clock=self.clock, owner="one"))

    def open_to_read(self) -> SqlLedger:
        return self._keep(SqlLedger(Database(self.url, writable=False), clock=self.clock, owner="reader"))

    def _keep(self, ledger: SqlLedger) -> SqlLedger:
        self._opened.append(ledger)
        return ledger

    def close(self) -> None:
        for ledger in self._opened:
            ledger.close()

    def everything(self) -> object:
        """What is another after each write: the file's bytes; each row with the transaction that wrote it."""
        if self.kind == "sqlite":
            return [file.read_bytes() if file.exists() else b"" for file in (self.path, self.beside("-wal"))]
        tables = [name for (name,) in self.sql("select tablename from pg_tables where schemaname = 'public'")]
        return {name: self.sql(f"select xmin, * from {name} order by ctid") for name in tables}  # noqa: S608

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """What somebody with the database and no program does; the rows of the last statement."""
        return query(self.url, *statements)


async def takes_something_over(ledger: SqlLedger) -> None:
    """One look is not enough on a server."""
    async with asyncio.timeout(20):
        while await ledger.take_over() == 0:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.05)


def world_of(ledger: SqlLedger, clock: Hand) -> World:
    """A world in which only the ledger is asked for anything."""
    nobody = cast("Any", None)
    return World(
        ledger=ledger,
        platform=nobody,
        desk=nobody,
        pager=nobody,
        clock=clock,
        book=Book(),
        channel="C0APPROVALS",
        turns=Turns(every=0),
    )


def account(id: str = "acct_1", **changed: Any) -> Account:
    values: dict[str, Any] = {
        "handle": f"Handle_{id}",
        "display_name": "Straße ☕",
        "active": True,
        "verified": False,
        "followers": 12,
        "following": 3,
        "tags": ("press",),
        "etag": 'W/"1"',
        "deactivation": None,
    }
    return Account(id=id, **{**values, **changed})


def filing(id: str = "REQ-1", *, of: str = "acct_1", at: datetime = AT, live: Request | None = None) -> Change:
    """Ada's request, as the rule files it."""
    draft = Draft(
        action=Action.DEACTIVATE, category="spam", reason="Sells watches to all.", evidence=None, confirm_handle=None
    )
    case = Filing(
        draft=draft,
        account=account(of),
        person=ADA,
        policy=POLICY,
        at=at,
        tier=POLICY.tiers[0],
        live=live,
        filed_in_hour=(),
        unacknowledged=None,
    )
    filed = file(case, id=id, operation=f"op-{id}", slack_user="U01ADA")
    assert isinstance(filed, Transition), filed
    return Change(transitions=(filed,))


def voting(
    view: View, id: str = "REQ-1", *, by: Person = MANAGERS[0], choice: Choice = Choice.APPROVE, at: datetime = AT
) -> Change | Refusal:
    found = view.request(id)
    assert found is not None
    ballot = Ballot(
        request=found,
        person=by,
        slack_user=by.slack[0],
        choice=choice,
        digest=found.digest,
        identity_known=True,
        policy=POLICY,
        at=at,
        reason="Not so." if choice is Choice.DENY else None,
    )
    counted = vote(ballot)
    return counted if isinstance(counted, Refusal) else Change(transitions=(counted,))


def task(key: str = "sweep:1", *, due: datetime = AT, kind: TaskKind = TaskKind.SWEEP) -> Task:
    return Task(key=key, kind=kind, payload={"whole": True}, due=due)


async def request(ledger: SqlLedger, id: str = "REQ-1") -> Request | None:
    return await ledger.read(lambda view: view.request(id))


async def log(ledger: SqlLedger) -> Sequence[Line]:
    return await ledger.read(lambda view: [Line(seq=seq, entry=entry) for seq, entry in view.whole_log()])


async def disagreements(ledger: SqlLedger) -> list[Disagreement]:
    """What `audit verify` would find."""

    def everything(view: ConnectionView) -> tuple[list[Line], int, dict[str, Any]]:
        lines = [Line(seq=seq, entry=entry) for seq, entry in view.whole_log()]
        records = [*view.all_requests(), *view.all_incidents()]
        return lines, view.head(), {record.id: record for record in records}

    lines, head, stored = await ledger.read(everything)
    return [*gaps(lines, head), *compare(replay(lines), stored)]
