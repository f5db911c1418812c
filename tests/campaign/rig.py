"""The real flows over a real ledger and the platform's client over HTTP, with a clock that is moved by hand.

For campaigns whose threat is not about Slack's HTTP: people act through the flows that Slack's handlers call, tasks
are run one by one until nothing is due, and nothing depends on how fast the machine is. What is said in Slack is left
unsaid: those tasks are marked done.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, cast

import aiohttp
from sqlalchemy import Connection

from bot.core.account import Account
from bot.core.filing import Draft
from bot.core.policy import Policy
from bot.core.refusal import Refusal
from bot.core.request import Action, Choice, Request
from bot.core.tasks import sweep as sweep_task
from bot.core.transition import Change, Task, TaskKind
from bot.flows.bring_into_force import bring_into_force
from bot.flows.decide import Counted, decide, take_back
from bot.flows.follow import take
from bot.flows.submit import submit
from bot.flows.sweep import first_list
from bot.flows.world import World
from bot.pager import NoPager
from bot.platform.scim import ScimPlatform
from bot.policy_book import Book, read_policy
from bot.sandbox.platform.server import MockPlatform
from bot.wiring import flows
from bot.worker import TALKS_TO_SLACK
from storage.database import Database
from storage.ledger import SqlLedger
from tests.campaign.roster import Roster

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)
REASON = "Pretends to be the support desk."
DRAFT = Draft(action=Action.DEACTIVATE, category="spam", reason=REASON, evidence=None, confirm_handle=None)
UNSAID = TALKS_TO_SLACK | {TaskKind.PAGE}
SCIM = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own is made in it
"""What is tried here is not durability: where the system has a file system in memory, no commit waits for a disk."""


class Hand:
    """A clock moved by hand, never back."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def move(self, by: timedelta) -> None:
        self.at += max(by, timedelta(0))


@dataclass
class Rig:
    """What a campaign has at hand."""

    folder: Path
    mock: MockPlatform
    session: aiohttp.ClientSession
    platform: ScimPlatform
    clock: Hand
    ledger: SqlLedger
    world: World
    leased: list[Task] = field(default_factory=list)

    # the rules

    async def rule(self, roster: Roster) -> None:
        """Bring a policy into force as SIGHUP does; one that is refused raises Misconfigured."""
        await bring_into_force(self.world, written(roster, self.folder), by="file")

    # the platform

    async def control(self, path: str, body: Mapping[str, Any]) -> Any:
        async with self.session.post(f"{self.mock.control_url}/control/v1/{path}", json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def mend(self) -> None:
        async with self.session.delete(f"{self.mock.control_url}/control/v1/faults") as answer:
            answer.raise_for_status()

    async def accounts(self, count: int, **values: Any) -> list[str]:
        """Fresh accounts by id."""
        found: list[str] = (await self.control("accounts", {"count": count, **values}))["ids"]
        return found

    async def patch(self, token: str, account: str, **values: object) -> int:
        """Somebody changes the account on the platform itself."""
        operations = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
        url = f"{self.mock.url}/scim/v2/Users/{account}"
        headers = {"Authorization": f"Bearer {token}"}
        body = {"schemas": [SCIM], "Operations": operations}
        async with self.session.patch(url, json=body, headers=headers) as answer:
            return answer.status

    async def effects(self, account: str | None = None, *, after: int = 0) -> list[dict[str, Any]]:
        """What really happened, from the platform's own oracle."""
        query = {"after": str(after), **({"account": account} if account else {})}
        async with self.session.get(f"{self.mock.control_url}/control/v1/state", params=query) as answer:
            found: list[dict[str, Any]] = (await answer.json())["effects"]
            return found

    async def taken_down(self, account: str) -> bool:
        """Whether the bot has taken the account down."""
        found = await self.effects(account)
        return any(e["action"] == "deactivate" and e["actor"]["id"] == "svc:countersign" for e in found)

    # the people

    async def read(self, account: str) -> Account:
        found = await self.platform.account(account)
        assert found is not None
        return found

    async def ask(self, slack: str, account: str, *, draft: Draft = DRAFT) -> Request | Refusal:
        read = await self.read(account)
        who = {"slack_user": slack, "identity_known": True}
        filed = await submit(self.world, draft=draft, account=read, **who, replay=None)
        return filed.request() if isinstance(filed, Change) else filed

    async def vote(
        self, slack: str, request: Request, choice: Choice = Choice.APPROVE, *, digest: str | None = None
    ) -> Counted | Refusal:
        """Click on the card as it stands, unless another digest is given."""
        shown = digest or (await self.request(request.id)).digest
        reason = "Not what it seems." if choice is Choice.DENY else None
        return await decide(
            self.world,
            request=request.id,
            slack_user=slack,
            choice=choice,
            digest=shown,
            identity_known=True,
            reason=reason,
            replay=None,
        )

    async def withdraw(self, slack: str, request: Request) -> Change | Refusal:
        return await take_back(self.world, request=request.id, slack_user=slack, replay=None)

    async def request(self, id: str) -> Request:
        found = await self.ledger.read(lambda view: view.request(id))
        assert found is not None
        return found

    # the worker's part

    def take(self, tasks: Sequence[Task]) -> None:
        self.leased.extend(tasks)

    async def due(self) -> list[Task]:
        """What there is to do now, leased to this process; a lease that ran out meanwhile is taken anew."""
        found, self.leased = self.leased, []
        return list({task.key: task for task in (*found, *await self.ledger.claim_due(limit=1000))}.values())

    async def settle(self, *, dice: Random | None = None, rounds: int = 50) -> None:
        """Run what is due until nothing is, in any order; a task that comes back later waits for the clock."""
        for _ in range(rounds):
            tasks = await self.due()
            if not tasks:
                return
            if dice is not None:
                dice.shuffle(tasks)
            await self.leave_unsaid([task for task in tasks if task.kind in UNSAID])
            for task in tasks:
                if task.kind not in UNSAID:
                    await self.run(task)
        raise AssertionError(f"not settled after {rounds} rounds")

    async def leave_unsaid(self, tasks: Sequence[Task]) -> None:
        """Done with as if they were said, in one transaction."""
        if tasks:
            await self.ledger._transact(partial(self._finish, tasks))

    def _finish(self, tasks: Sequence[Task], connection: Connection) -> None:
        for task in tasks:
            self.ledger.tasks.finish(connection, task)

    async def run(self, task: Task) -> None:
        """What the worker does with a task."""
        result = await FLOWS[task.kind](self.world, task)
        if result is None:
            await self.ledger.finish(task)
        elif isinstance(result, Change):
            await self.ledger.decide(lambda _: result, finish=task)
        elif isinstance(result, datetime):
            await self.ledger.postpone(task, due=result)

    async def hear(self) -> None:
        """One batch of the platform's feed, judged as the guard does."""
        cursor = await self.ledger.read(lambda view: view.cursor())
        assert cursor is not None, "the guard has not started"
        events, after = await self.world.platform.events(after=cursor, wait=0)
        await take(self.world, events, after=after, cursor=cursor)

    # its life

    async def guard(self) -> None:
        """Start the guard: the first list once, then a whole sweep at every start."""
        if await self.ledger.read(lambda view: view.cursor()) is None:
            await first_list(self.world)
        else:
            await self.sweep()

    async def sweep(self) -> None:
        await self.ledger.add(sweep_task(whole=True, due=self.world.now(), once=True))

    async def close(self) -> None:
        self.ledger.close()


FLOWS = flows()


def open_ledger(folder: Path, clock: Hand, *, owner: str) -> SqlLedger:
    database = Database(f"sqlite:///{folder / 'countersign.db'}")
    database.migrate()
    return SqlLedger(database, clock=clock, owner=owner)


@asynccontextmanager
async def rig(roster: Roster | None = None, *, at: datetime = AT, clock: Hand | None = None) -> AsyncIterator[Rig]:
    """Everything started, with a policy in force."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="countersign-campaign-", dir=MEMORY)))
        mock = await stack.enter_async_context(MockPlatform())
        session = await stack.enter_async_context(aiohttp.ClientSession())
        platform = ScimPlatform(mock.url, "bot-dev-token")
        stack.push_async_callback(platform.close)
        clock = clock or Hand(at)
        ledger = open_ledger(folder, clock, owner="campaign")
        roster = roster or Roster()
        world = world_of(ledger, platform, clock, written(roster, folder))
        found = Rig(folder, mock, session, platform, clock, ledger, world)
        stack.push_async_callback(found.close)
        ledger.on_commit(found.take)
        await found.rule(roster)
        yield found


def written(roster: Roster, folder: Path) -> Policy:
    """The policy as it is read from its file. Raises Misconfigured."""
    file = folder / "policy.toml"
    file.write_text(roster.toml(), encoding="utf-8")
    return read_policy(file)


def world_of(ledger: SqlLedger, platform: ScimPlatform, clock: Hand, policy: Policy) -> World:
    """A world without a desk: nothing that is run here asks for one."""
    nobody = cast("Any", None)
    return World(
        ledger=ledger,
        platform=platform,
        desk=nobody,
        pager=NoPager(),
        clock=clock,
        book=Book(policy),
        channel="C0APPROVALS",
    )


async def together(*acts: Any) -> list[Any]:
    """All at once; the first exception of any is raised after all have ended."""
    found = await asyncio.gather(*acts, return_exceptions=True)
    for outcome in found:
        if isinstance(outcome, BaseException):
            raise outcome
    return list(found)
