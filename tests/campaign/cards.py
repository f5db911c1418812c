"""Slack is away while people decide and insiders act (R6): nothing waits for it; a minute later its cards are right.

A count is a second that Slack stays away: a third of the time it answers 503, a third 429, a third not at all. Before,
requests have their cards; meanwhile these are decided, others are filed and accounts are taken down. Over the real bot:
HTTP, stand-in Slack with its pace of a post a second, mock platform, SQLite in a file, and the real clock.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any

from bot.core.filing import Draft
from bot.core.request import Action
from bot.flows.submit import submit
from bot.flows.turns import POSTS_EVERY
from bot.sandbox.slack.server import APPROVALS
from tests.campaign.campaign import SEED, Campaign, Counts
from tests.campaign.stage import stage
from tests.stories.scene import ADA, MONA, OMAR, REASON, Scene, payload_of, state_of

WITHIN = 60.0
"""Seconds from Slack's return until every card shows what is so."""
PACE = 1.0
STANDING, MOST = 6, 30
"""Cards that stand before, and records at most that need a new one: at one a second all of them fit into a minute."""
DRAFT = Draft(action=Action.DEACTIVATE, category="spam", reason=REASON, evidence=None, confirm_handle=None)
TROUBLE: tuple[dict[str, Any], ...] = ({"status": 503}, {"status": 429}, {"hang": 3.0})
RETRY_AFTER = 5
"""Seconds that a 429 asks for."""
CARDS = "select id, state, version from requests where not by_policy union all select id, state, version from incidents"
UNSAID = "select count(*) from tasks where state != 'done' and kind in ('draw', 'thread', 'tell', 'call', 'waiting')"


@dataclass
class Outage:
    """One stretch without Slack, and what came of it."""

    scene: Scene
    retry_after: int = RETRY_AFTER
    standing: list[Any] = field(default_factory=list)
    guarded: list[float] = field(default_factory=list)
    """Seconds from an unapproved deactivation to its undoing."""
    calls: int = 0
    """That Slack did not answer."""

    async def account(self, name: str) -> str:
        url = f"{self.scene.platform.control_url}/control/v1/accounts"
        async with self.scene.session.post(url, json={"count": 1, "prefix": name}) as answer:
            answer.raise_for_status()
            return str((await answer.json())["ids"][0])

    async def file(self, name: str) -> None:
        """Through the flow that the form calls: no form opens while Slack is away."""
        account = await self.scene.world.platform.account(await self.account(name))
        await submit(self.scene.world, draft=DRAFT, account=account, slack_user=ADA, identity_known=True, replay=None)

    async def decide(self, number: int) -> None:
        """Somebody clicks; that it counts is seen in the ledger."""
        card = self.standing[number]
        outcome = await self.scene.workspace.click(MONA if number % 2 else OMAR, card, "approve")
        assert outcome.ok, outcome

    async def attack(self, name: str) -> None:
        account, began = await self.account(name), time.monotonic()
        await self.scene.act("staff-dev-token:rex", account, active=False)
        await self.scene.public_becomes(account, "active")
        self.guarded.append(time.monotonic() - began)

    async def pass_by(self, seconds: int, tried: Callable[[], object]) -> None:
        """Second after second; what is done in it is spread over them."""
        load = min(MOST, max(3, seconds))
        due = [place * seconds / load for place in range(load)]
        began, done = time.monotonic(), 0
        for second in range(seconds):
            if second in {0, seconds // 3, 2 * seconds // 3}:
                self.mend()
                trouble = TROUBLE[min(3 * second // seconds, 2)]
                more = {"retry_after": self.retry_after} if trouble.get("status") == 429 else {}
                self.scene.workspace.faults.add("*", times=None, **trouble, **more)
            while done < load and due[done] <= second:
                await (self.file(f"asked{done}_") if done % 2 else self.attack(f"struck{done}_"))
                if done < len(self.standing):
                    await self.decide(done)
                done += 1
            await asyncio.sleep(max(0.0, began + second + 1 - time.monotonic()))
            tried()

    def mend(self) -> None:
        self.calls += sum(fault["hits"] for fault in self.scene.workspace.faults.as_json())
        self.scene.workspace.faults.clear()

    def wrong(self) -> list[str]:
        """The records whose one card does not show how they stand."""
        shown: dict[str, list[str | None]] = {}
        for card in self.scene.workspace.messages(APPROVALS):
            if found := payload_of(card):
                shown.setdefault(found["id"], []).append(found["state"])
        drawn = dict(self.scene.sql("select record, drawn from cards"))
        records = self.scene.sql(CARDS)
        return [id for id, state, version in records if shown.get(id) != [state] or drawn.get(id) != version]

    async def right(self, *, within: float) -> float | None:
        began = time.monotonic()
        while time.monotonic() - began <= within:
            if not self.wrong():
                return round(time.monotonic() - began, 1)
            await asyncio.sleep(0.2)
        return None


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED, retry_after: int = RETRY_AFTER) -> Counts:
    """Away for `count` seconds; nothing in it is drawn by lot."""
    async with stage(start=False) as scene:
        scene.posts_every, scene.workspace.web_api.pace = POSTS_EVERY, PACE
        await scene.start()
        outage = Outage(scene, retry_after=retry_after)
        for number in range(min(STANDING, max(2, count // 4))):
            await outage.file(f"stood{number}_")
        assert await outage.right(within=WITHIN) is not None
        outage.standing = [card for card in scene.cards() if state_of(card) == "pending"]
        await outage.pass_by(count, tried)
        outage.mend()
        took, records = await outage.right(within=WITHIN), len(scene.sql(CARDS))
        wrong = outage.wrong()
        await scene.until(lambda: scene.sql(UNSAID) == [(0,)], within=300)
        await scene.log_agrees()
        figures = {
            "records": records,
            "seconds until every card was right": took,
            "not right, or not one": len(wrong),
            **paced(scene),
            "seconds until undone, at most": round(max(outage.guarded), 2),
            "calls while away": outage.calls,
            "seed": seed,
        }
    broken = (took is None) + len(wrong) + int(figures["posts too early"]) + int(figures["cards twice"])
    return Counts(tried=count, broken=broken, figures=figures)


def paced(scene: Scene) -> dict[str, int]:
    """Posts refused for coming too early, and cards that stand more than once."""
    posts = [call for call in scene.workspace.calls("chat.postMessage") if call.args.get("channel") == APPROVALS]
    early = sum(after.at - before.at < PACE for before, after in pairwise(posts))
    ids = [found["id"] for card in scene.cards() if (found := payload_of(card))]
    return {"posts": len(posts), "posts too early": early, "cards twice": len(ids) - len(set(ids))}


CAMPAIGN = Campaign(
    name="cards",
    threat="R6",
    claim="a card was not right a minute after Slack's return, stood twice, or came too early",
    smoke=3,
    full=1800,
    run=run,
)
SMOKE = replace(CAMPAIGN, run=partial(run, retry_after=1))
