"""The machine: everything that people, the platform, the operator and death may do, in any order.

The real flows, SQLite in a file, the platform's client over HTTP and the mock platform. Slack's handlers are left out:
they add two HTTP calls a click, and the stories have them. Nothing runs by itself: what is due is run by rules, so
that a run can be made again, and every claim is looked at with the roster it was made under.
"""

import asyncio
import contextlib
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bot.core.errors import Misconfigured
from bot.core.incident import IncidentState
from bot.core.refusal import Refusal
from bot.core.request import IN_LANE, LIVE, NOT_YET_RATIFIED, Action, Choice, Request, State, Undo
from bot.core.transition import Change, Kind
from bot.flows.decide import Counted
from storage.view import ConnectionView
from tests.campaign.life import Life, new_file
from tests.campaign.rig import DRAFT, MEMORY
from tests.campaign.roster import Member, Roster
from tests.campaign.truth import Told, claim_broke, effects_broke, log_broke, standing_broke, votes_broke

T = TypeVar("T")
RULES = {
    "protected": 'any = { tags = ["head-of-state"] }\napprovals = { manager = 1, trust-safety = 1 }\n'
    "from_different_teams = true",
    "standard": 'approvals = { manager = 1 }\nemergency = ["duty"]',
    "rules": "approvals = { manager = 1, trust-safety = 1 }",
}
PEOPLE = {
    "ada": Member(slack=("U1ADA",), groups=("agent",)),
    "dora": Member(slack=("U1DORA",), groups=("agent", "duty")),
    "mona": Member(slack=("U1MONA", "U2MONA"), groups=("agent", "manager"), team="support", platform=("staff:mona",)),
    "omar": Member(slack=("U1OMAR",), groups=("manager",), team="field"),
    "tessa": Member(slack=("U1TESSA",), groups=("trust-safety",), team="safety"),
    "theo": Member(slack=("U1THEO",), groups=("trust-safety",), team="field"),
}
BASE = Roster(people=PEOPLE, tiers=RULES, guard='explained_actors = ["system:legal"]')
SLACK = ("U1ADA", "U1DORA", "U1MONA", "U2MONA", "U1OMAR", "U1TESSA", "U1THEO", "U9NOBODY")
VOTERS = SLACK[2:]
TAGS: tuple[list[str], ...] = ([], ["head-of-state"])
"""The first account is standard, the second protected."""
HANDS = ("staff-dev-token:rex", "staff-dev-token:mona", "system-dev-token:legal", "owner", "shared-dev-token")
STEPS = tuple(timedelta(seconds=s) for s in (1, 2, 10, 61, 301, 601, 3_600, 86_400))
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "code": 500},
    {"kind": "status_after", "code": 502},
    {"kind": "status", "code": 503, "on": "get"},
    {"kind": "status", "code": 403},
    {"kind": "no_op"},
    {"kind": "duplicate"},
    {"kind": "drop"},
)
BY_THE_BOT = {"by": "svc:countersign"}
some = st.integers(0, 7)


def rosters() -> dict[str, Roster]:
    """What the policy's file may say; every one of them can be started with, or is refused and changes nothing."""
    return {
        "as it was": BASE,
        "mona gone": BASE.without("mona"),
        "omar taken": BASE.changed("omar", groups=("nobody",)),
        "ada gone": BASE.without("ada"),
        "tessa a contractor": BASE.changed("tessa", contractor=True),
        "ada a contractor": BASE.changed("ada", contractor=True),
        "no managers": BASE.without("mona").changed("omar", groups=("nobody",)),
        "tessa takes both": BASE.changed("tessa", groups=("trust-safety", "manager")).without("theo"),
    }


def somebody_asked(machine: Any) -> bool:
    return bool(machine.asked)


class Machine(RuleBasedStateMachine):
    """One life of the bot, from its first start to the end of everything that was asked."""

    life_of: Callable[[Path], Life]
    loop: asyncio.AbstractEventLoop
    template: Path
    seen: Counter[str]
    """How requests ended and what else came to pass, over all lives."""
    ended: Callable[[], object] = staticmethod(lambda: None)

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="countersign-machine-", dir=MEMORY)
        folder = Path(self._folder.name)
        new_file(self.template, folder)
        self.life = type(self).life_of(folder)
        self.told = Told()
        self.roster = BASE
        self.acts = 0
        self.asked = 0

    def do(self, work: Awaitable[T]) -> T:
        async def all_of_it() -> T:
            return await work

        return self.loop.run_until_complete(all_of_it())

    # the start

    @initialize()
    def starts(self) -> None:
        self.do(self._begin())

    async def _begin(self) -> None:
        life = self.life
        await life.mend()
        life.clock.now()
        self.effects_before = len(await life.effects())
        self.accounts = [(await life.accounts(1, prefix="m", tags=tags))[0] for tags in TAGS]
        self.handles = {account: (await life.read(account)).handle for account in self.accounts}
        await life.start(self.roster)

    # people

    @rule(who=st.sampled_from(SLACK[:3]), which=some)
    def asks(self, who: str, which: int) -> None:
        self.do(self._ask(who, self.accounts[which % 2], emergency=False))

    @rule(which=some)
    def declares_an_emergency(self, which: int) -> None:
        self.do(self._ask("U1DORA", self.accounts[which % 2], emergency=True))

    async def _ask(self, who: str, account: str, *, emergency: bool) -> None:
        await self.life.mend()
        self.asked += 1
        action = Action.DEACTIVATE if (await self.life.read(account)).active else Action.RESTORE
        filed = await self.life.ask(who, account, draft=replace(DRAFT, action=action, emergency=emergency))
        if isinstance(filed, Request):
            self.told.filed.add(filed.id)
        await self._look_at_claims()

    @precondition(somebody_asked)
    @rule(who=st.sampled_from(VOTERS), which=some)
    def approves(self, who: str, which: int) -> None:
        self.do(self._vote(who, which, Choice.APPROVE))

    @rule(which=some)
    def is_asked_and_approved(self, which: int) -> None:
        """What mostly happens, so that much of what may go wrong goes wrong in it."""
        self.do(self._ask("U1ADA", self.accounts[which % 2], emergency=False))
        for who in ("U1OMAR", "U1TESSA"):
            self.do(self._vote(who, 0, Choice.APPROVE))

    @precondition(somebody_asked)
    @rule(who=st.sampled_from(VOTERS), which=some)
    def denies(self, who: str, which: int) -> None:
        self.do(self._vote(who, which, Choice.DENY))

    async def _vote(self, who: str, which: int, choice: Choice) -> None:
        request = await self._some_request(which)
        if request is None:
            return
        counted = await self.life.vote(who, request, choice)
        if isinstance(counted, Counted):
            person = next(name for name, member in self.roster.people.items() if who in member.slack)
            self.told.votes[(request.id, request.revision, person)] = choice
        assert isinstance(counted, Counted | Refusal)

    @precondition(somebody_asked)
    @rule(who=st.sampled_from(SLACK[:3]), which=some)
    def withdraws(self, who: str, which: int) -> None:
        request = self.do(self._some_request(which))
        if request is not None:
            assert isinstance(self.do(self.life.withdraw(who, request)), Change | Refusal)

    async def _some_request(self, which: int) -> Request | None:
        """One of those people asked for, the newest first: most acts are about what is new."""
        asked = [r for r in await self._requests() if not r.by_policy]
        asked.sort(key=lambda request: (request.filed_at, request.id), reverse=True)
        return asked[which % min(len(asked), 3)] if asked else None

    # the platform

    @rule(hand=st.sampled_from(HANDS), which=some, active=st.booleans())
    def changes_the_account(self, hand: str, which: int, active: bool) -> None:  # noqa: FBT001 - a strategy's value
        account = self.accounts[which % 2]
        token = f"owner-dev-token:{account}" if hand == "owner" else hand
        self.do(self.life.patch(token, account, active=active))

    @rule(which=some)
    def renames(self, which: int) -> None:
        account = self.accounts[which % 2]
        self.acts += 1
        name = f"{self.handles[account].split('.')[0]}.{self.acts}"
        assert self.do(self.life.patch("system-dev-token:support", account, userName=name)) == 200
        self.handles[account] = name

    @rule(fault=st.sampled_from(FAULTS), times=st.integers(1, 2))
    def misbehaves(self, fault: dict[str, Any], times: int) -> None:
        of_calls = fault["kind"] not in {"duplicate", "drop"}
        self.do(self.life.control("faults", {**fault, "times": times, **(BY_THE_BOT if of_calls else {})}))

    @rule(times=st.integers(1, 2))
    def keeps_calls_back(self, times: int) -> None:
        """The next calls of the bot get no answer, and land later."""
        self.life.queue.kept_back = times

    @rule()
    def calls_land(self) -> None:
        self.do(self.life.land())

    # the operator

    @rule(name=st.sampled_from(sorted(rosters())))
    def offers_a_roster(self, name: str) -> None:
        roster = rosters()[name]
        with contextlib.suppress(Misconfigured):
            self.do(self.life.rule(roster))
            self.roster = roster

    @rule(by=st.sampled_from(STEPS))
    def time_passes(self, by: timedelta) -> None:
        self.life.clock.move(by)

    # the bot

    @rule()
    def works(self) -> None:
        self.do(self._work())

    @rule(call=st.integers(0, 12), after=st.booleans())
    def dies(self, call: int, after: bool) -> None:  # noqa: FBT001 - a strategy's value
        """kill −9 at the n-th call to the ledger or the platform of what there is to do, and a new start."""

        async def die() -> None:
            died = await self.life.die_at(call, after=after, doing=self._hear_and_settle)
            self.seen["killed at a call" if died else "killed between calls"] += 1
            await self.life.close()
            await self.life.start(self.roster)
            await self._look_at_claims()

        self.do(die())

    async def _work(self) -> None:
        await self._hear_and_settle()
        await self._look_at_claims()

    async def _hear_and_settle(self) -> None:
        await self.life.hear_what_can_be()
        await self.life.settle()

    async def _look_at_claims(self) -> None:
        """I1 of each claim made since the last look; the roster has not changed since then."""
        for request in await self._requests():
            if request.claimed_at is None or request.action is not Action.DEACTIVATE:
                continue
            claim = (request.id, request.claimed_at)
            if claim in self.told.claims:
                continue
            self.told.claims.add(claim)
            account = request.subject.id
            tier = ("standard", "protected")[self.accounts.index(account)]
            paused = await self._paused(request)
            handle = self.handles[account]
            broke = claim_broke(request, self.roster, self.told, handle=handle, tier=tier, paused=paused)
            assert not broke, (request, broke)

    async def _paused(self, request: Request) -> bool:
        """Whether its clock has stood still: it waited for an incident."""
        entries = await self.life.ledger.read(lambda view: view.entries(request=request.id))
        return any(entry.kind is Kind.WAITED for entry in entries)

    # what must hold

    @rule()
    def comes_to_rest(self) -> None:
        self.do(self._rest())

    async def _rest(self) -> None:
        """Nothing misbehaves any more: what was begun has an end, and the platform shows what was approved."""
        await self.life.mend()
        self.life.queue.kept_back = 0
        await self.life.land()
        await self._until_idle()
        await self.life.sweep()
        await self._until_idle()
        await self._check()

    async def _until_idle(self) -> None:
        busy: list[str] = []
        for _ in range(30):
            for _ in range(3):
                await self._work()
                self.life.clock.move(timedelta(seconds=2))
            if not (busy := await self._busy()):
                return
            self.life.clock.move(timedelta(seconds=10))
        raise AssertionError(f"never at rest: {busy}")

    async def _busy(self) -> list[str]:
        """I8 in the small: what must not last while nothing misbehaves."""
        lasting = [
            f"{r.id} {r.action} {r.state} {r.waits_for}"
            for r in await self._requests()
            if r.state in IN_LANE or (r.by_policy and r.state in LIVE) or r.undo is Undo.RESTORING
        ]
        found = await self.life.ledger.read(lambda view: view.incidents(open_only=True, limit=100))
        return lasting + [f"{incident.id} is open" for incident in found if incident.state is IncidentState.OPEN]

    async def _check(self) -> None:
        requests = await self._requests()
        by_key = {request.operation: request for request in requests}
        effects = await self.life.effects(after=self.effects_before)
        broke = votes_broke(requests, self.told)
        for account in self.accounts:
            own = [e for e in effects if e["account"] == account and e["action"] in {"deactivate", "restore"}]
            broke += effects_broke(own, by_key, account)
            truth = await self._truth(account)
            broke += standing_broke(truth, own, by_key)
        broke += await self.life.ledger.read(lambda view: log_broke(view, self.told))
        assert not broke, broke

    async def _truth(self, account: str) -> dict[str, Any]:
        url = f"{self.life.mock.control_url}/control/v1/state"
        async with self.life.session.get(url, params={"account": account}) as answer:
            found: dict[str, Any] = (await answer.json())["accounts"][0]
            return found

    async def _requests(self) -> list[Request]:
        return list(await self.life.ledger.read(ConnectionView.all_requests))

    def teardown(self) -> None:
        try:
            if self.life.starts:
                self.do(self._finish())
        finally:
            if self.life.starts:
                self.do(self.life.close())
            self._folder.cleanup()
            type(self).ended()

    async def _finish(self) -> None:
        """I8 and I2: a day and an hour later everything has ended, and no emergency is down unratified."""
        await self._rest()
        self.life.clock.move(timedelta(hours=25))
        await self._until_idle()
        await self._check()
        open_ = [r for r in await self._requests() if r.state in LIVE | NOT_YET_RATIFIED]
        assert not open_, f"without an end: {open_}"
        for request in await self._requests():
            kind = "emergency" if request.emergency else "by policy" if request.by_policy else "asked"
            self.seen[f"{kind}, {request.action} {request.state}"] += 1
        unratified = {State.LAPSED, State.DENIED, State.WITHDRAWN}
        undone = [r for r in await self._requests() if r.emergency and r.state in unratified]
        assert all(r.undo in {Undo.RESTORED, Undo.LEFT} for r in undone if r.claimed_at), undone
