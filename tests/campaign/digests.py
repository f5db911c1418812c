"""R18: the digest falls due while the bot is down, twice, and over daylight saving: one a week, with the log's sums."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, cast
from zoneinfo import ZoneInfo

from bot.core.digest import Digest, Week, due
from bot.core.errors import SlackAway
from bot.core.transition import Change, Kind, TaskKind
from bot.flows.digest import arm_digest, post_digest
from bot.flows.turns import Turns
from bot.flows.world import World
from storage.ledger import SqlLedger
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.rig import MEMORY
from tests.databases import Databases
from tests.storage.scene import AT, POLICY, Hand, Shelf, filing, log, world_of

BERLIN = replace(POLICY, timezone=ZoneInfo("Europe/Berlin"))
OTHERS = frozenset(TaskKind) - {TaskKind.DIGEST}
DOWN_FOR = (1, 20, 100, 168, 169, 400)
"""Hours between two starts; a week has 168."""


@dataclass
class Paper:
    """What was posted; one in five Slack takes only when it is tried again."""

    dice: Random
    posted: list[Digest] = field(default_factory=list)

    async def post_digest(self, digest: Digest) -> None:
        if self.dice.random() < 0.2:
            raise SlackAway("Slack gave no answer.")
        self.posted.append(digest)


class Book:
    policy = BERLIN

    def policy_in(self, _: Any) -> Any:
        return self.policy

    def take_up(self, view: Any) -> None:
        """It is always this one."""


async def start(world: World, ledger: SqlLedger, clock: Hand) -> None:
    """Two starts at once find what was due meanwhile, and file what is not filed."""
    await arm_digest(world)
    await arm_digest(world)
    while tasks := await ledger.claim_due(limit=10, without=OTHERS):
        for task in tasks:
            try:
                posted = await post_digest(world, task)
            except SlackAway:
                await ledger.postpone(task, due=clock.at)
            else:
                assert isinstance(posted, Change)
                await ledger.decide(lambda _, posted=posted: posted, finish=task)


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    """`count` weeks."""
    dice, filed, starts = dice_of(seed, 0), Counter[Week](), 0
    paper = Paper(dice)
    with tempfile.TemporaryDirectory(prefix="countersign-digests-", dir=MEMORY) as folder:
        (Path(folder) / "files").mkdir()
        shelf = Shelf(Databases("sqlite", Path(folder) / "files"))
        ledger, clock = shelf.open(), shelf.clock
        unpaced = Turns(every=0.0, longest_pause=0.0)  # the weeks pass by another clock than the turns
        world = replace(world_of(ledger, clock), desk=cast("Any", paper), book=cast("Any", Book()), turns=unpaced)
        await start(world, ledger, clock)
        while len(paper.posted) < count:
            clock.at += timedelta(hours=dice.choice(DOWN_FOR))
            await ledger.decide(lambda _, n=starts: filing(f"REQ-{n}", of=f"a{n}", at=clock.at))
            filed[Week.of(BERLIN.today(clock.at))] += 1
            await start(world, ledger, clock)
            starts += 1
        told = [line.entry for line in await log(ledger) if line.entry.kind is Kind.DIGEST]
        shelf.close()
    recorded = Counter(entry.facts["week"] for entry in told)
    at = {entry.facts["week"]: entry.at for entry in told}
    by_week = {digest.week: digest for digest in paper.posted}
    broken, week = abs(len(told) - len(paper.posted)), Week.of(BERLIN.today(AT))
    for number in range(len(paper.posted)):
        posted = by_week.get(week)
        once = posted is not None and recorded[str(week)] == 1 and posted.filed == filed[week]
        broken += not once or at[str(week)] < due(week, BERLIN.digest_rules, BERLIN.timezone)
        week = week.next()
        if number < count:
            tried()
    figures = {"weeks": len(paper.posted), "starts, two at a time": starts, "requests summed": filed.total()}
    return Counts(tried=count, broken=broken, figures=figures)


CAMPAIGN = Campaign(
    name="digests",
    threat="R18",
    claim="a week without its one digest, or one whose sums are not the log's",
    smoke=40,
    full=520,
    run=run,
)
