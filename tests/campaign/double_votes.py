"""One approver clicks fifty times at once: with two Slack ids, on the card and in the Home, and denying meanwhile.

Over the whole stack: fifty signed requests are under way together. A try is one such burst.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from bot.core.request import Choice, Request, State
from bot.sandbox.slack.delivery import Outcome
from bot.sandbox.slack.records import Message
from bot.sandbox.slack.server import APPROVALS
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.stage import fresh, stage, taken_down, value_of, wide
from tests.stories.scene import MONA, MONA_ALT, OMAR, WITHIN, Scene, inputs

CLICKS = 50
IDS = (MONA, MONA_ALT)


@dataclass(frozen=True, kw_only=True)
class Try:
    """How many approvals the account takes, and how many of the clicks deny."""

    takes: int
    denies: int

    @classmethod
    def drawn(cls, number: int, dice: Random) -> "Try":
        return cls(takes=1 + number % 2, denies=dice.choice((1, 5, 25)) if number // 2 % 2 else 0)


def one_or_two(text: str) -> str:
    """Accounts with the tag `two` take two managers, of whom Mona is one."""
    above = '[[tier]]\nname = "high"\nany = { tags = ["two"] }\napprovals = { manager = 2 }\n'
    before, _, after = wide(text).partition('[[tier]]\nname = "high"')
    _, standard, rest = after.partition('[[tier]]\nname = "standard"')
    return before + above + standard + rest


def heard(scene: Scene) -> int:
    """How often Mona was told something, where she clicked or in a direct message."""
    shown = sum(len(scene.workspace.ephemerals(id, APPROVALS)) for id in IDS)
    return shown + sum(len(scene.workspace.dms(id)) for id in IDS)


async def burst(scene: Scene, card: Message, tried: Try, dice: Random) -> list[Outcome]:
    """All at once. The form of the denials is opened before, and sent in that often."""
    acts: list[Awaitable[Outcome]] = []
    if tried.denies:
        await scene.workspace.click(MONA, card, "deny")
        form = await scene.workspace.wait_for_view(MONA, lambda v: inputs(v) == {"reason"}, timeout=WITHIN)
        denial = {"reason": "Not what it seems."}
        acts += [scene.workspace.submit_raw(MONA, form, denial) for _ in range(tried.denies)]
    await scene.workspace.open_home(MONA)
    home = await scene.workspace.wait_for_home(MONA)
    for _ in range(CLICKS - tried.denies):
        source = home if dice.random() < 0.2 else card
        id = MONA if source is home else dice.choice(IDS)
        acts.append(scene.workspace.click_raw(id, source, "approve", value=value_of(card)))
    dice.shuffle(acts)
    return list(await asyncio.gather(*acts))


async def attempt(scene: Scene, tried: Try, number: int, dice: Random) -> tuple[str, list[str]]:
    """How the burst ended, and what broke."""
    tags = ["two"] if tried.takes == 2 else []
    account, handle = await fresh(scene, f"burst{number}_", tags=tags)
    card = await scene.ask(handle)
    heard_before = heard(scene)
    answers = await burst(scene, card, tried, dice)
    wrong = [f"answered {a.status} {a.error}" for a in answers if a.status != 200 or a.error]
    approvals = CLICKS - tried.denies
    await scene.until(lambda: heard(scene) >= heard_before + approvals)
    request = await settled(scene, card)
    if tried.takes == 2 and request.state is State.PENDING:
        wrong += votes_of(request, 1)
        wrong += ["an effect of one vote"] * await taken_down(scene, account)
        await scene.workspace.click(OMAR, card, "approve")
        request = await settled(scene, card, until=State.DONE)
        wrong += votes_of(request, 2)
    else:
        wrong += votes_of(request, 1)
    denied = any(vote.choice is Choice.DENY for vote in request.votes)
    if request.state is not (State.DENIED if denied else State.DONE):
        wrong.append(f"ended {request.state}")
    if (effects := await taken_down(scene, account)) != (0 if denied else 1):
        wrong.append(f"{effects} effects")
    return request.state.value, wrong


def votes_of(request: Request, expected: int) -> list[str]:
    people = [vote.person for vote in request.votes]
    return [] if len(people) == len(set(people)) == expected else [f"votes of {people}"]


async def settled(scene: Scene, card: Message, *, until: State | None = None) -> Request:
    """The request once it neither runs nor is about to."""
    ends = {until} if until else {State.PENDING, State.DONE, State.DENIED, State.FAILED}

    async def rests() -> Request | None:
        found = await scene.request(card)
        return found if found.state in ends else None

    found: Request = await scene.eventually(rests)
    return found


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    ends: Counter[str] = Counter()
    wrongs: Counter[str] = Counter()
    broken = 0
    async with stage(one_or_two) as scene:
        for number in range(count):
            dice = dice_of(seed, number)
            end, wrong = await attempt(scene, Try.drawn(number, dice), number, dice)
            ends[end] += 1
            wrongs.update(wrong)
            broken += bool(wrong)
            tried()
    figures = {"clicks": count * CLICKS, "ended": dict(ends), "broke": dict(wrongs)}
    return Counts(tried=count, broken=broken, figures=figures)


CAMPAIGN = Campaign(
    name="double_votes",
    threat="T4",
    claim="a person with two votes, a request with two outcomes, or a click without an answer",
    smoke=6,
    full=200,
    run=run,
)
