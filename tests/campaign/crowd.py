"""People, rogues, owners and legal at work on a bot of one or more processes that may die, hang or be without a ledger.

Whoever is not answered well tries again, as people do. What they were told is kept, and held at the end against the
ledger and against the platform's own record: nothing acknowledged is lost, nothing happened twice.
"""

import asyncio
import contextlib
import itertools
import os
import re
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from bot.clock import SystemClock
from bot.core.audit import compare, gaps, replay
from bot.core.request import State
from bot.sandbox.slack.delivery import Outcome
from bot.sandbox.slack.forms import NotThere
from bot.sandbox.slack.records import Message, User
from bot.sandbox.stage import NotStaged
from bot.wiring import reader_of
from tests import postgres
from tests.bench.rig import AGENTS, _policy
from tests.campaign.guard_truth import Fall, falls
from tests.campaign.rig import MEMORY
from tests.databases import migrated
from tests.replicas import Replicas, replicas
from tests.stories.scene import REASON, Scene, _everything, event_of, id_of, inputs, set_scene, state_of

ANSWERED_WITHIN = 60.0
"""Seconds that a person tries for."""
TRIES_EVERY = 0.2
LOOK_EVERY = 0.05
RESTS_WITHIN = 90.0
"""Longer than a lease of 60 s: what a process that hangs has under way comes back after it."""
OURS = "svc:countersign"
ENDS = frozenset(state.value for state in State) - {"pending", "approved", "running", "uncertain", "provisional"}
TOLD_WITHIN = 3.0
NOTHING_DONE = "This could not be recorded"
APPROVERS = {agent: (f"{agent}A", f"{agent}B") for agent in AGENTS}
"""Two for each who asks, so that what one is told is about one click."""


class Onlooker:
    """Reads the ledger beside the bot; None while it is away."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open: Any = None

    def rows(self, question: str, *values: object) -> list[tuple[Any, ...]] | None:
        try:
            if self._open is None:
                self._open = self._connected()
            marked = question if isinstance(self._open, sqlite3.Connection) else question.replace("?", "%s")
            return list(self._open.execute(marked, list(values)).fetchall())
        except (psycopg.OperationalError, psycopg.InterfaceError, sqlite3.OperationalError):
            self.close()
            return None

    def _connected(self) -> Any:
        if self._url.startswith("sqlite"):
            return sqlite3.connect(f"file:{self._url.removeprefix('sqlite:///')}?mode=ro", uri=True)
        return psycopg.connect(self._url, autocommit=True, connect_timeout=1)

    def close(self) -> None:
        if self._open is not None:
            with contextlib.suppress(Exception):
                self._open.close()
            self._open = None


@dataclass
class Crowd:
    """Who acts, on which stage, and what they were told."""

    scene: Scene
    front: Replicas
    onlooker: Onlooker
    filed: dict[str, str] = field(default_factory=dict)
    """Accounts by handle for which a filing was acknowledged."""
    voted: set[tuple[str, str]] = field(default_factory=set)
    """Approvals of which the approver was told that they count: (request, who clicked)."""
    falls_of: set[str] = field(default_factory=set)
    """Accounts that no bot was asked to take down."""
    unanswered: Counter[str] = field(default_factory=Counter)
    done_at: list[float] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    recording: list[tuple[float, float]] = field(default_factory=list)
    """When each acknowledgement of something recorded was asked for and came."""

    # what is on the platform

    async def accounts(self, count: int) -> list[tuple[str, str]]:
        """Fresh accounts as (id, handle)."""
        prefix = f"crowd{next(self.numbers)}_"
        url = f"{self.scene.platform.control_url}/control/v1/accounts"
        async with self.scene.session.post(url, json={"count": count, "prefix": prefix}) as answer:
            answer.raise_for_status()
            ids = (await answer.json())["ids"]
        return [(id, f"{prefix}{place}") for place, id in enumerate(ids, start=1)]

    async def effects(self) -> list[dict[str, Any]]:
        async with self.scene.session.get(f"{self.scene.platform.control_url}/control/v1/state") as answer:
            return list((await answer.json())["effects"])

    # people

    async def request(self, agent: str, account: str, handle: str, dice: Random) -> None:
        """From the command to the end, however often it takes; two approvers click at once, or one denies."""
        try:
            async with asyncio.timeout(ANSWERED_WITHIN):
                await self._file(agent, handle)
                self.filed[handle] = account
                request, card = await self._card(handle)
                who = dice.sample(APPROVERS[agent], dice.choice((1, 2)))
                clicks = [self._approve(one, card, request) for one in who]
                await asyncio.gather(*clicks)
                while not self._ended(request):  # noqa: ASYNC110 - it is another process
                    await asyncio.sleep(LOOK_EVERY)
                self.done_at.append(time.monotonic())
        except TimeoutError:
            self.given_up.append(handle)

    def _ended(self, request: str) -> bool:
        found = self.onlooker.rows("select state from requests where id = ?", request)
        return bool(found) and found[0][0] in ENDS

    async def _file(self, agent: str, handle: str) -> None:
        workspace = self.scene.workspace
        while True:
            began = time.monotonic()
            if self._well("command", await workspace.command(agent, "/deactivate", f"@{handle} {REASON}")):
                try:
                    view = await workspace.wait_for_view(agent, lambda v: "reason" in inputs(v), timeout=3)
                    given = {"handle": handle, "category": "spam", "reason": REASON}
                    began = time.monotonic()
                    sent = await workspace.submit(agent, view, given)
                except (TimeoutError, NotThere):
                    sent = Outcome(error="no form")
                if self._well("form", sent) and not sent.reply:
                    self.recording.append((began, time.monotonic()))
                    return
                if sent.errors and self.onlooker.rows("select id from requests where handle = ?", handle):
                    return  # the answer to an earlier one was lost: it was filed, and nobody was told so
            with contextlib.suppress(NotThere):
                await workspace.close(agent, everything=True)
            await asyncio.sleep(TRIES_EVERY)

    def _well(self, what: str, outcome: Outcome) -> bool:
        if not outcome.ok:
            self.unanswered[f"{what}: {outcome.status or outcome.error}"] += 1
        return outcome.ok

    async def _card(self, handle: str) -> tuple[str, Message]:
        question = "select r.id, c.channel, c.ts from requests r join cards c on c.record = r.id where r.handle = ?"
        while True:
            for id, channel, ts in self.onlooker.rows(question, handle) or ():
                if (card := self.scene.workspace.message(channel, ts)) is not None:
                    return id, card
            await asyncio.sleep(LOOK_EVERY)

    async def _approve(self, who: str, card: Message, request: str) -> None:
        """Click until told what came of it, or until the card says so."""
        while True:
            began, _ = time.monotonic(), self._told(who)
            if self._well("click", await self.scene.workspace.click_raw(who, card, "approve")):
                said = await self._said(who)
                if said.startswith("Counted"):
                    self.voted.add((request, who))
                    self.recording.append((began, time.monotonic()))
                if said and not said.startswith(NOTHING_DONE):
                    return
                self.unanswered[f"click: {said[: len(NOTHING_DONE)] or 'nothing said'}"] += 1
            if self.onlooker.rows("select 1 from votes where request = ?", request):
                return
            await asyncio.sleep(TRIES_EVERY)

    async def _said(self, who: str) -> str:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TOLD_WITHIN):
                while not (told := self._told(who)):  # noqa: ASYNC110 - as above
                    await asyncio.sleep(LOOK_EVERY)
                return told
        return ""

    def _told(self, who: str) -> str:
        """What this person was told of late, and has now read: it is gone."""
        shown = self.scene.workspace._state.ephemerals
        read = [key for key, message in shown.items() if message.ephemeral_to == who]
        return [shown.pop(key).text for key in read][-1] if read else ""

    # those who act on the platform itself

    async def on_the_platform(self, account: str, dice: Random) -> None:
        self.falls_of.add(account)
        who = dice.choices(
            [f"staff-dev-token:rogue{dice.randrange(10_000)}", f"owner-dev-token:{account}", "system-dev-token:legal"],
            [0.6, 0.25, 0.15],
        )[0]
        await self.scene.act(who, account, active=False)

    # the crowd

    async def at_work(self, agents: Sequence[str], count: int | None, done: Callable[[], object], *, seed: int) -> None:
        """So many requests, or until cancelled; for every fourth somebody acts on the platform itself."""
        left = itertools.count() if count is None else iter(range(count))

        async def agent_at_work(agent: str) -> None:
            fresh: list[tuple[str, str]] = []
            for number in left:
                dice = Random(f"{seed}:{number}")
                if len(fresh) < 2:
                    fresh += await self.accounts(20)
                if number % 4 == 0:
                    await self.on_the_platform(fresh.pop()[0], dice)
                await self.request(agent, *fresh.pop(), dice)
                done()

        async with asyncio.TaskGroup() as group:
            for agent in agents:
                group.create_task(agent_at_work(agent))

    # the oracle

    async def rests(self) -> bool:
        """Wait until nothing runs and nothing is due; whether that came in time."""
        due = (
            "select 1 from tasks where state = 'running' or (state = 'waiting' and "
            "(due <= ? or kind in ('draw', 'carry_out'))) limit 1"
        )
        open_ = "select 1 from requests where state in ('approved', 'running', 'uncertain') limit 1"
        until, quiet = time.monotonic() + RESTS_WITHIN, 0
        while time.monotonic() < until:
            now = int(1000 * time.time())
            found = [self.onlooker.rows(due, now), self.onlooker.rows(open_)]
            missed = [fall for fall in await self.falls() if fall.missed]
            quiet = quiet + 1 if found == [[], []] and not missed else 0
            if quiet == 3:
                return True
            await asyncio.sleep(0.2)
        return False

    async def falls(self) -> list[Fall]:
        return [fall for fall in falls(await self.effects()) if fall.account in self.falls_of]

    async def wrong(self) -> list[str]:
        """What does not agree, of the platform's record, the ledger, Slack's messages and what people were told."""
        rested = await self.rests()
        effects = [e for e in await self.effects() if e["actor"]["id"] == OURS]
        wrong = [] if rested else ["it does not come to rest"]
        wrong += [f"@{handle} did not end" for handle in self.given_up]
        requests = self.onlooker.rows("select id, handle, account, action, state, operation from requests") or []
        by_handle = {handle for _, handle, _, action, *_ in requests if action == "deactivate"}
        wrong += [f"@{handle} was filed and is lost" for handle in self.filed if handle not in by_handle]
        keyed = {operation: (account, action) for _, _, account, action, _, operation in requests}
        keys = Counter((e["operation"], e["action"]) for e in effects)
        wrong += [f"{many} effects of one request" for many in keys.values() if many > 1]
        wrong += [
            f"an effect that no request asks for: {e['account']}"
            for e in effects
            if keyed.get(e["operation"]) != (e["account"], e["action"])
        ]
        had = {operation for operation, _ in keys}
        wrong += [
            f"{id} is {state} with{'out' if operation not in had else ''} an effect"
            for id, _, _, action, state, operation in requests
            if action == "deactivate" and (state == "done") is not (operation in had)
        ]
        wrong += self._votes_lost()
        wrong += [f"{f.account} is down and nobody approved it" for f in await self.falls() if f.missed]
        wrong += [f"{f.account} was rightly down" for f in await self.falls() if f.wrongly_restored]
        return [*wrong, *await self._log_disagrees(), *self._cards_wrong()]

    def _votes_lost(self) -> list[str]:
        """Of those who were answered well, one vote at least is on record."""
        stored = {request for (request,) in self.onlooker.rows("select distinct request from votes") or ()}
        return [f"a vote on {request} is lost" for request in {r for r, _ in self.voted} - stored]

    async def _log_disagrees(self) -> list[str]:
        async with reader_of(self.scene.settings, SystemClock()) as ledger:
            lines, head, stored = await ledger.read(_everything)
        return [found.what for found in (*gaps(lines, head), *compare(replay(lines), stored))]

    def _cards_wrong(self) -> list[str]:
        """The card that the ledger knows shows how the request stands."""
        known = self.onlooker.rows(
            "select r.id, r.state, c.channel, c.ts from requests r join cards c on c.record = r.id"
        )
        wrong = []
        for id, state, channel, ts in known or ():
            shown = self.scene.workspace.message(channel, ts)
            if shown is not None and state_of(shown) != state:
                wrong.append(f"the card of {id} shows {state_of(shown)}, it is {state}")
        return wrong

    def posted_twice(self) -> int:
        """Cards beside the first of a request: after a lost answer it is posted once more."""
        cards = Counter(id_of(m) for m in self.scene.cards() if event_of(m) == "countersign_request")
        return sum(many - 1 for many in cards.values())

    def figures(self) -> dict[str, object]:
        return {
            "requests": len(self.filed),
            "acknowledged votes": len(self.voted),
            "not answered well, and tried again": dict(self.unanswered),
            "cards posted twice": self.posted_twice(),
        }


def patient(text: str) -> str:
    """The sample policy with those who ask and approve, and an hour in which what is approved may be carried out."""
    managers = "".join(
        f'[people.{one.lower()}]\nslack = ["{one}"]\ngroups = ["manager"]\nteam = "support"\n'
        for one in itertools.chain(*APPROVERS.values())
    )
    return re.sub(r'execution_expires = "\w+"', 'execution_expires = "1h"', text) + managers


@contextlib.contextmanager
def server_at_hand() -> Any:
    """The tests' own server, or where there is none, one for this run."""
    if postgres.AT in os.environ:
        yield None
        return
    server = postgres.started()
    os.environ[postgres.AT] = server.url
    try:
        yield server
    finally:
        del os.environ[postgres.AT]
        server.stop()


@asynccontextmanager
async def crowd(count: int, *, database: str | None = None, policy: Callable[[str], str] = str) -> AsyncIterator[Crowd]:
    """So many replicas on a database of their own of the server at hand, or on the one given, and those at work."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="countersign-crowd-", dir=MEMORY)))
        if database is None:
            stack.enter_context(server_at_hand())
            name = f"crowd_{folder.name.rpartition('-')[2].lower()}"
            database = postgres.create(name)
            stack.callback(postgres.drop, name)
        await asyncio.to_thread(migrated, database)
        scene = await stack.enter_async_context(set_scene(folder, database=database))
        for one in [*AGENTS, *itertools.chain(*APPROVERS.values())]:
            scene.workspace.put_user(User(id=one, name=one.lower()))
        scene.settings.policy_file.write_text(policy(patient(_policy())))
        found = await stack.enter_async_context(replicas(scene, count))
        onlooker = Onlooker(database)
        stack.callback(onlooker.close)
        yield Crowd(scene, found, onlooker)


async def revived(front: Replicas, *, within: float = 30.0) -> None:
    """What a supervisor does: start those that have ended, as often as it takes."""
    async with asyncio.timeout(within):
        for one in front.all:
            while not one.runs:
                try:
                    await one.start()
                except (AssertionError, TimeoutError, NotStaged):
                    await asyncio.sleep(TRIES_EVERY)


@asynccontextmanager
async def working(crowd: Crowd, agents: Sequence[str], *, seed: int) -> AsyncIterator[None]:
    """Meanwhile the crowd is at work; what each has begun is finished afterwards."""
    stop = asyncio.Event()

    async def one(agent: str, share: int) -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            dice = Random(f"{seed}:{share}:{number}")
            (first, second) = await crowd.accounts(2)
            if number % 2 == 0:
                await crowd.on_the_platform(first[0], dice)
            await crowd.request(agent, *second, dice)

    tasks = [asyncio.create_task(one(agent, share)) for share, agent in enumerate(agents)]
    try:
        yield
        stop.set()
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
