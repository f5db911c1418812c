"""R7: Slack delivers 30 % of what people do twice, and 30 % late, so that what came later is heard first.

Each try is a request whose approvers click at once, beside a twin whose clicks arrive once and
in order: both end alike. The second of two same deliveries gets a 401.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import aiohttp
from aiohttp import web

from bot.core.request import Choice, Request
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.stage import fresh, latest, stage, taken_down
from tests.stories.scene import ADA, APPROVALS, OMAR, TESSA, Scene, id_of, payload_of

SHARE = 0.3
LATE = 0.15
"""Seconds at most."""
ENDS = frozenset({"done", "denied", "withdrawn"})
WITHIN = 20.0
HIGH = {"followers": 500_000, "tags": ["head-of-state"]}
"""Of the tier that asks for a manager and for trust & safety."""


@dataclass
class Courier:
    """Between Slack and the bot: doubles some deliveries, holds some back."""

    bot: str
    session: aiohttp.ClientSession
    dice: Random
    wild: bool = False
    seen: Counter[str] = field(default_factory=Counter)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {n: v for n, v in request.headers.items() if n.startswith("X-Slack") or n == "Content-Type"}
        self.seen["delivered"] += 1
        doubled, late = self.wild and self.dice.random() < SHARE, self.wild and self.dice.random() < SHARE
        if late:
            self.seen["held back"] += 1
            await asyncio.sleep(self.dice.uniform(0, LATE))
        answers = await asyncio.gather(*(self._sent(body, headers) for _ in range(1 + doubled)))
        self.seen["doubled"] += doubled
        self.seen["taken twice"] += sum(status == 200 for status, _ in answers) > 1
        status, said = min(answers)
        return web.Response(status=status, body=said, content_type="application/json" if said else "text/plain")

    async def _sent(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        async with self.session.post(self.bot, data=body, headers=headers) as answer:
            return answer.status, await answer.read()


@asynccontextmanager
async def courier(scene: Scene, dice: Random) -> AsyncIterator[Courier]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        found = Courier(scene.workspace.events_url, session, dice)
        app = web.Application()
        app.router.add_post("/slack/events", found.handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        scene.workspace.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        try:
            yield found
        finally:
            await runner.cleanup()


async def told(scene: Scene, request: Request) -> tuple[object, ...]:
    """How it ended: state, who voted what, effects."""
    votes = sorted((vote.person, vote.choice is Choice.APPROVE) for vote in request.votes)
    return request.state.value, votes, await taken_down(scene, request.subject.id)


async def played(scene: Scene, handle: str, account: str, clicks: list[tuple[str, str]], *, at_once: bool) -> object:
    """The request filed and clicked on; how it ended."""
    card = await scene.ask(handle)
    acts = [scene.workspace.click(user, card, button) for user, button in clicks]
    if at_once:
        await asyncio.gather(*acts)
    else:
        for act in acts:
            await act
    await scene.workspace.wait_for(
        lambda: [m for m in scene.cards() if m.channel == APPROVALS and payload_of(m).get("id") == id_of(card)
                 and payload_of(m).get("state") in ENDS],
        WITHIN, what="the end",
    )  # fmt: skip
    found = await latest(scene, account)
    assert found is not None
    return await told(scene, found)


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    """A try ends in what does not hang on the order: both approve, or the requester takes it back twice over."""
    broken: list[str] = []
    async with stage() as scene, courier(scene, dice_of(seed, 0)) as between:
        for number in range(count):
            dice = dice_of(seed, number)
            approved = dice.random() < 0.7
            clicks = [(OMAR, "approve"), (TESSA, "approve")] if approved else [(ADA, "withdraw")]
            found = []
            for between.wild in (True, False):
                account, handle = await fresh(scene, f"deliver{number}{'w' if between.wild else 't'}_", **HIGH)
                order = dice.sample(clicks, len(clicks)) if between.wild else clicks
                found.append(await played(scene, handle, account, order, at_once=between.wild))
            if found[0] != found[1]:
                broken.append(f"{found[0]} instead of {found[1]}")
            tried()
        await scene.log_agrees()
    twice = between.seen["taken twice"]
    figures = {"deliveries": dict(between.seen), "other ends": broken[:5]}
    return Counts(tried=count, broken=len(broken) + twice, figures=figures)


CAMPAIGN = Campaign(
    name="deliveries",
    threat="R7",
    claim="doubled or overtaken deliveries of Slack ended a request otherwise, or the same delivery was taken twice",
    smoke=4,
    full=300,
    run=run,
)
