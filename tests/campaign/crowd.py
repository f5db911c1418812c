"""People, rogues, owners and legal at work on a bot of one or more processes that may die, hang or be without a ledger.

Whoever is not answered well tries again, as people do. What they were told is kept, and held at the end against the
ledger and against the platform's own record: nothing acknowledged is lost, nothing happened twice.
"""

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from bot.core.request import State
from bot.sandbox.slack.delivery import Outcome
from bot.sandbox.slack.forms import NotThere
from bot.sandbox.slack.records import Message
from tests.bench.rig import AGENTS
from tests.campaign.guard_truth import Fall, falls
from tests.campaign.onlooker import Onlooker
from tests.replicas import Replicas
from tests.stories.scene import REASON, Scene, inputs

ANSWERED_WITHIN = 60.0
"""Seconds that a person tries for."""
TRIES_EVERY = 0.2
LOOK_EVERY = 0.05
OURS = "svc:countersign"
ENDS = frozenset(state.value for state in State) - {"pending", "approved", "running", "uncertain", "provisional"}
TOLD_WITHIN = 3.0
NOTHING_DONE = "This could not be recorded"
APPROVERS = {agent: (f"{agent}A", f"{agent}B") for agent in AGENTS}
"""Two for each who asks, so that what one is told is about one click."""


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

    async def falls(self) -> list[Fall]:
        return [fall for fall in falls(await self.effects()) if fall.account in self.falls_of]
