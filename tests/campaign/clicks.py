"""Fifty people click at once on one card: approve and deny mixed, against its expiry, and against a withdrawal.

On SQLite with one process, on PostgreSQL with two in turns. Of whatever comes together one thing happens, and
everybody is told. A try is one such burst.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bot.core.request import Choice, Request, State
from bot.policy_book import read_policy
from bot.sandbox.slack.delivery import Outcome
from bot.sandbox.slack.records import Message, User, View
from bot.sandbox.slack.server import APPROVALS
from bot.wiring import Bot, running
from tests import postgres
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.rig import MEMORY
from tests.campaign.stage import fresh, taken_down, value_of, wide
from tests.databases import Databases
from tests.stories.scene import ADA, Scene, inputs, set_scene

CLICKS = 50
DENIERS = 10
MANAGERS = tuple(f"U7MAN{number:02d}" for number in range(CLICKS))
AGAINST = ("a deny", "its expiry", "a withdrawal")
DATABASES = ("sqlite", "postgresql")
EXPIRES = timedelta(seconds=4)
AROUND = timedelta(milliseconds=300)
"""So long before a card expires the clicks begin, at the earliest."""
PATIENCE = 30.0
"""Seconds: how fast the machine is, is no matter of this campaign."""
ENDS = frozenset({State.DONE, State.DENIED, State.EXPIRED, State.WITHDRAWN})


@dataclass
class Found:
    """What the bursts came to."""

    ends: Counter[str] = field(default_factory=Counter)
    wrongs: Counter[str] = field(default_factory=Counter)
    broken: int = 0


@dataclass
class Stand:
    """A scene with its processes."""

    scene: Scene
    others: list[AsyncExitStack]
    bots: list[Bot] = field(default_factory=list)
    clicks: int = 0

    async def start(self) -> None:
        """One process, and as many more as there are places for them."""
        await self.scene.start()
        assert self.scene.bot is not None
        self.bots = [self.scene.bot]
        for place in self.others:
            rules = read_policy(self.scene.settings.policy_file)
            self.bots.append(await place.enter_async_context(running(self.scene.settings, rules, posts_every=0.0)))

    async def stop(self) -> None:
        for place in self.others:
            await place.aclose()
        await self.scene.stop()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def next(self) -> None:
        """Whom the next request reaches."""
        self.clicks += 1
        port = self.bots[self.clicks % len(self.bots)].port
        self.scene.workspace.events_url = f"http://127.0.0.1:{port}/slack/events"

    def told(self, who: str) -> int:
        return len(self.scene.workspace.ephemerals(who, APPROVALS))


def crowded(text: str) -> str:
    """Fifty managers, one of whom suffices."""
    people = "".join(
        f'[people.man{n}]\nslack = ["{id}"]\ngroups = ["manager"]\nteam = "support"\n' for n, id in enumerate(MANAGERS)
    )
    return wide(text) + people


def brief(text: str) -> str:
    return crowded(text).replace('request_expires = "24h"', f'request_expires = "{EXPIRES.seconds}s"')


@asynccontextmanager
async def stand(kind: str, policy: Callable[[str], str]) -> AsyncIterator[Stand]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="countersign-clicks-", dir=MEMORY)))
        databases = Databases(kind, folder)
        stack.callback(databases.drop)
        url = databases.migrated()
        scene = await stack.enter_async_context(set_scene(folder, database=url))
        scene.policy(policy)
        for id in MANAGERS:
            scene.workspace.put_user(User(id=id, name=id.lower()))
        scene.workspace._delivery.ack_within = scene.workspace._state.trigger_life = PATIENCE
        found = Stand(scene, [AsyncExitStack()] if kind == "postgresql" else [])
        stack.push_async_callback(found.stop)
        await found.start()
        yield found


async def burst(stand: Stand, card: Message, against: str, dice: Random) -> list[Outcome]:
    """All at once; the forms of those who deny are opened before."""
    workspace, request = stand.scene.workspace, await stand.scene.request(card)
    deniers = MANAGERS[: DENIERS if against == "a deny" else 0]
    forms = [(who, await _form(stand, who, card)) for who in deniers]
    acts: list[Callable[[], Awaitable[Outcome]]] = []
    acts += [partial(workspace.submit_raw, who, form, {"reason": "Not so."}) for who, form in forms]
    approve = partial(workspace.click_raw, source=card, action_id="approve", value=value_of(card))
    acts += [partial(approve, who) for who in MANAGERS[len(deniers) :]]
    if against == "a withdrawal":
        acts.append(partial(workspace.click_raw, ADA, card, "withdraw", value=value_of(card, "withdraw")))
    dice.shuffle(acts)
    if against == "its expiry":
        begins = request.filed_at + EXPIRES - dice.random() * AROUND
        await asyncio.sleep(max((begins - datetime.now(UTC)).total_seconds(), 0))
    sent = []
    for act in acts:
        stand.next()
        sent.append(asyncio.ensure_future(act()))
        await asyncio.sleep(0)  # it has taken its address
    return list(await asyncio.gather(*sent))


async def _form(stand: Stand, who: str, card: Message) -> View:
    stand.next()
    await stand.scene.workspace.click(who, card, "deny")
    return await stand.scene.workspace.wait_for_view(who, lambda v: inputs(v) == {"reason"}, timeout=PATIENCE)


async def attempt(stand: Stand, against: str, number: int, dice: Random) -> tuple[str, list[str]]:
    """How the burst ended, and what broke."""
    scene = stand.scene
    stand.next()
    account, handle = await fresh(scene, f"clicks{number}_")
    card = await scene.ask(handle)
    clickers = MANAGERS[DENIERS if against == "a deny" else 0 :]
    before = {who: stand.told(who) for who in clickers}
    answers = await burst(stand, card, against, dice)
    wrong = [f"answered {a.status} {a.error}" for a in answers if a.status != 200 or a.error]

    async def all_told() -> bool:
        return all(stand.told(who) > before[who] for who in clickers)

    try:
        await scene.eventually(all_told, within=PATIENCE)
    except TimeoutError:
        wrong.append("a click without an answer")
    request = await _ended(scene, card)
    wrong += _wrong_of(request, effects=await taken_down(scene, account))
    return request.state.value, wrong


async def _ended(scene: Scene, card: Message) -> Request:
    async def rests() -> Request | None:
        found = await scene.request(card)
        return found if found.state in ENDS else None

    found: Request = await scene.eventually(rests, within=PATIENCE)
    return found


def _wrong_of(request: Request, *, effects: int) -> list[str]:
    approvals = [vote.person for vote in request.votes if vote.choice is Choice.APPROVE]
    denials = [vote.person for vote in request.votes if vote.choice is Choice.DENY]
    wrong = [] if effects == (request.state is State.DONE) else [f"{request.state} with {effects} effects"]
    wrong += ["somebody voted twice"] if len({*approvals, *denials}) < len(request.votes) else []
    wrong += ["two denied"] if len(denials) > 1 else []
    wrong += ["done without an approval"] if request.state is State.DONE and not approvals else []
    return wrong + (["denied, and it is " + request.state] if denials and request.state is not State.DENIED else [])


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    """The tries go round the databases and what the clicks are held against; each stage plays its own in order."""
    found = Found()
    stands: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for number in range(count):
        stands[DATABASES[number % 2], _against(number) == "its expiry"].append(number)

    async def played(kind: str, numbers: Sequence[int], *, expires: bool) -> None:
        async with stand(kind, brief if expires else crowded) as here:
            for number in numbers:
                against = _against(number)
                end, wrong = await attempt(here, against, number, dice_of(seed, number))
                found.ends[f"{kind}, against {against}: {end}"] += 1
                found.wrongs.update(wrong)
                found.broken += bool(wrong)
                tried()
            await here.scene.log_agrees()

    with postgres.one_at_hand():
        await asyncio.gather(*(played(kind, numbers, expires=brief) for (kind, brief), numbers in stands.items()))
    figures = {"clicks": count * CLICKS, "ended": dict(found.ends), "broke": dict(found.wrongs)}
    return Counts(tried=count, broken=found.broken, figures=figures)


def _against(number: int) -> str:
    return AGAINST[number // 2 % 3]


CAMPAIGN = Campaign(
    name="clicks",
    threat="T4, T24, R11",
    claim="fifty clicks on one card with two outcomes, a person with two votes, or a click without an answer",
    smoke=4,
    full=300,
    run=run,
)
