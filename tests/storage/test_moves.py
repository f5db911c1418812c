"""Whatever moves are made, and whatever fails between them: the rows are what the log tells, move for move."""

import asyncio
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.account import Instance
from bot.core.errors import CountersignError
from bot.core.incident import Incident, IncidentKind, IncidentState
from bot.core.quorum import Quorum
from bot.core.refusal import Refusal, Why
from bot.core.request import Choice, Request, State
from bot.core.transition import Change, Kind, Transition, move
from bot.ports import View
from storage.ledger import SqlLedger
from tests.databases import Databases
from tests.storage.scene import AT, MANAGERS, SECOND, Shelf, disagreements, filing, log, voting

ACCOUNTS = ("acct_1", "acct_2")
MOVES = (
    "file", "approve", "deny", "approved", "running", "uncertain", "done", "revised", "waits",
    "incident", "restored", "acknowledged", "stale", "breaks", "refused", "lost",
)  # fmt: skip
"""The votes are the rule's; the others change a record as a rule might, whether or not one would."""
steps = st.lists(
    st.tuples(st.sampled_from(MOVES), st.sampled_from(ACCOUNTS), st.integers(0, 5)), min_size=5, max_size=40
)


class Breaks(Exception):
    """A rule fails after it has looked."""


class Story:
    """One ledger and the moves made on it."""

    def __init__(self, ledger: SqlLedger) -> None:
        self.ledger = ledger
        self.made: Counter[str] = Counter()
        self.at = AT
        self.old: Transition | None = None

    async def make(self, name: str, id: str, n: int) -> None:
        self.at += SECOND
        if name == "refused":
            await self.ledger.refused(Refusal(why=Why.OWN_REQUEST), by="ada", at=self.at, request=None, replay=None)
            return
        lost = replace(filing().transitions[0].tasks[0], key="nobody's") if name == "lost" else None
        try:
            change = await self.ledger.decide(lambda view: self.propose(view, name, id, n), finish=lost)
        except (Breaks, CountersignError):
            return
        if isinstance(change, Change):
            self.made.update(t.after.id for t in change.transitions)
            self.old = next(iter(change.transitions), self.old)

    def propose(self, view: View, name: str, id: str, n: int) -> Change | Refusal:
        if name == "breaks":
            raise Breaks
        if name == "stale":
            return Change(transitions=(self.old,) if self.old else ())
        if name in {"file", "lost"}:
            return filing(f"REQ-{self.at.timestamp():.0f}", of=id, at=self.at)
        found = next(iter(view.requests_of_account(id)), None)
        if found is None:
            return Refusal(why=Why.UNKNOWN_REQUEST)
        if name in {"approve", "deny"}:
            choice = Choice.DENY if name == "deny" else Choice.APPROVE
            return voting(view, found.id, by=MANAGERS[n], choice=choice, at=self.at)
        incident = view.open_incident(id)
        return Change(transitions=self.of_incident(incident, found, name) or (self.of_request(found, name),))

    def of_request(self, found: Request, name: str) -> Transition:
        down = Instance(account=found.subject.id, at=self.at, actor=None, operation=found.operation)
        shown = replace(found.subject, handle=f"{found.subject.handle}X", tags=("staff",), followers=2**40)
        after = {
            "approved": replace(found, state=State.APPROVED, quorate_at=self.at),
            "running": replace(found, state=State.RUNNING, claimed_at=self.at, if_match='W/"2"'),
            "uncertain": replace(found, state=State.UNCERTAIN, outcome="no answer"),
            "done": replace(found, state=State.DONE, explains=down, ended_at=self.at, ended_by="countersign"),
            "revised": replace(
                found,
                state=State.PENDING,
                revision=found.revision + 1,
                subject=shown,
                quorum=Quorum(groups=(("manager", 2),), different_teams=True),
            ),
        }.get(name, replace(found, waits_for="limit", waits_since=self.at))
        return move(found, after, kind=Kind.SETTLED, by="countersign", at=self.at)

    def of_incident(self, found: Incident | None, request: Request, name: str) -> tuple[Transition, ...]:
        """Opened together with a move of the request that is to undo it, as the guard commits them."""
        at = self.at
        if name == "incident":
            new = Incident(
                id=f"INC-{at.timestamp():.0f}", version=0, kind=IncidentKind.DEACTIVATED, state=IncidentState.OPEN,
                account=request.subject.id, handle="x", display_name="X", actor=None, person=None, operation=None,
                why="staff", found_by="feed", at=None, seen_at=at, followers_before=2**40, followers_after=None,
                request=None, restored_at=None, restored_by=None, cause=None,
            )  # fmt: skip
            opened = move(None, new, kind=Kind.OPENED, by="unknown", at=at)
            joined = replace(opened.after, request=request.id)
            noted = move(opened.after, joined, kind=Kind.JOINED, by="countersign", at=at)
            return (opened, self.of_request(request, "running"), noted)
        if found is None or name not in {"restored", "acknowledged"}:
            return ()
        after = replace(found, acknowledged_by="mona", acknowledged_at=at)
        if name == "restored":
            after = replace(found, state=IncidentState.RESTORED, restored_at=at, followers_after=-1)
        return (move(found, after, kind=Kind.RESTORED, by="countersign", at=at),)


async def play(kind: str, moves: list[tuple[str, str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        databases = Databases(kind, Path(folder) / "its")
        databases.folder.mkdir()
        shelf = Shelf(databases)
        ledger = shelf.open()
        try:
            story = Story(ledger)
            for name, id, n in moves:
                await story.make(name, id, n)
            assert await disagreements(ledger) == []
            told = Counter(
                str(line.entry.facts.get("incident") or line.entry.request)
                for line in await log(ledger)
                if line.entry.kind is not Kind.REFUSED
            )
            assert told == story.made
            versions = await ledger.read(lambda v: {r.id: r.version for r in (*v.all_requests(), *v.all_incidents())})
            assert versions == dict(story.made), "a version a move, a move an entry"
        finally:
            shelf.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(moves=steps)
def test_the_rows_are_the_fold_of_the_entries(kind: str, moves: list[tuple[str, str, int]]) -> None:
    asyncio.run(play(kind, moves))


def test_a_whole_life_is_the_fold_of_its_entries(kind: str) -> None:
    """The same with each move at least once, in an order in which it is possible."""
    life = (
        "file", "approve", "waits", "revised", "approve", "deny", "file", "approve", "running", "uncertain", "stale",
        "lost", "breaks", "done", "incident", "acknowledged", "refused", "restored", "approved", "incident",
    )  # fmt: skip
    asyncio.run(play(kind, [(name, "acct_1", n % 6) for n, name in enumerate(life)]))
