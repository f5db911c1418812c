"""T9: the same signed bytes again, at once or after a restart, have no second effect.

On SQLite with one process, on PostgreSQL with two, of which each request comes to one and its replays to either.
"""

import asyncio
import math
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.sandbox.slack.delivery import Outcome
from bot.sandbox.slack.records import Message
from tests import postgres
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.clicks import DATABASES, Stand, stand
from tests.stories.scene import ADA, MONA, OMAR, REASON, TESSA, Scene, inputs, payload_of

AT_ONCE = 4
IN_A_BATCH = 200
"""Signed requests made before they are replayed: all of it is over before the signatures are too old."""
IDLE_WITHIN = PATIENCE = 30.0
SAID_WITHIN = 20_000
"""Milliseconds: what Slack is told after a pause is still to come."""
LATE_MOST = 100
ASKS = ("chat.postMessage", "chat.postEphemeral", "views.open", "views.push", "conversations.open")
"""What the bot does in Slack that people would see twice; redrawing in place is none of it."""
ROWS = {
    "requests": "select id, version from requests order by id",
    "votes": "select count(*) from votes",
    "log": "select count(*) from audit where kind not in ('guard_started', 'policy_in_force', 'judged')",
    "suppressed": "select person, count from suppressed order by person",
}
LIMITS = re.compile(r"(requests_per_person_hour|deactivations_per_hour) = \d+")


class LateError(Exception):
    """On a busy machine the bot did not do its part in time: nothing is said of replays by it."""


@dataclass
class Played:
    """The bot with people at work, and every signed request that Slack has sent it."""

    scene: Scene
    stand: Stand
    sent: list[tuple[str, Outcome]] = field(default_factory=list)
    rounds: int = 0

    def keep(self, kind: str, outcome: Outcome) -> None:
        if not outcome.ok:
            raise LateError(f"{kind} was answered {outcome.status} {outcome.error} {outcome.errors}")
        self.sent.append((kind, outcome))
        self.stand.next()

    async def round(self, choice: int) -> None:
        """One request from the command to a decision, by one of the ways there are."""
        self.rounds += 1
        workspace, handle = self.scene.workspace, await self._account(f"replayed_{self.rounds}_")
        known = {message.ts for message in self.scene.cards()}
        self.keep("command", await workspace.command(ADA, "/deactivate", f"@{handle} {REASON}"))
        view = await workspace.wait_for_view(ADA, lambda v: "reason" in inputs(v), PATIENCE)
        values = {"handle": handle, "category": "spam", "reason": REASON}
        self.keep("form", await workspace.submit(ADA, view, values))
        card = await workspace.wait_for(lambda: self._card_of(known), PATIENCE, what="card")
        await (self._approved, self._denied, self._withdrawn, self._refused)[choice % 4](card)

    def _card_of(self, known: set[str]) -> Message | None:
        return next((m for m in self.scene.cards() if m.ts not in known and payload_of(m).get("state")), None)

    async def _account(self, prefix: str) -> str:
        url = f"{self.scene.platform.control_url}/control/v1/accounts"
        async with self.scene.session.post(url, json={"count": 1, "prefix": prefix}) as answer:
            answer.raise_for_status()
        return f"{prefix}1"

    async def _approved(self, card: Message) -> None:
        self.keep("approve", await self.scene.workspace.click(MONA, card, "approve"))
        await self.scene.card_becomes(card, "done", within=PATIENCE)

    async def _denied(self, card: Message) -> None:
        workspace = self.scene.workspace
        self.keep("deny", await workspace.click(OMAR, card, "deny"))
        view = await workspace.wait_for_view(OMAR, lambda v: inputs(v) == {"reason"}, PATIENCE)
        self.keep("reason", await workspace.submit(OMAR, view, {"reason": "Not what it seems."}))

    async def _withdrawn(self, card: Message) -> None:
        self.keep("withdraw", await self.scene.workspace.click(ADA, card, "withdraw"))

    async def _refused(self, card: Message) -> None:
        """A click that does not count, a command that records nothing, and a look at the Home."""
        self.keep("a vote refused", await self.scene.workspace.click_raw(TESSA, card, "approve"))
        self.keep("help", await self.scene.workspace.command(MONA, "/countersign", "help"))
        self.keep("home", await self.scene.workspace.open_home(MONA))

    async def effects(self, since: float) -> dict[str, object]:
        """All that a replay could double: what is on record, on the platform, and what people were told since then."""
        async with asyncio.timeout(IDLE_WITHIN):
            while self._busy():  # noqa: ASYNC110 - there is no event for nothing being left to do
                await asyncio.sleep(0.02)
        async with self.scene.session.get(f"{self.scene.platform.control_url}/control/v1/state") as answer:
            platform = len((await answer.json())["effects"])
        told = Counter(call.method for call in self.scene.workspace.calls() if call.method in ASKS and call.at > since)
        return {**self._rows(), "platform": platform, "told": dict(told)}

    def _busy(self) -> bool:
        """Whether anything is under way, or waits for its turn in Slack."""
        now = int(1000 * time.time())
        soon = f"due <= {now + SAID_WITHIN} and kind in ('draw', 'tell', 'thread', 'call', 'remove')"
        waits = f"state = 'waiting' and (due <= {now} or {soon})"
        return bool(self.scene.sql(f"select 1 from tasks where state = 'running' or ({waits}) limit 1"))  # noqa: S608 - numbers

    def _rows(self) -> dict[str, object]:
        """Without what a start writes about itself."""
        return {name: self.scene.sql(question) for name, question in ROWS.items()}


@asynccontextmanager
async def played(kind: str) -> AsyncIterator[Played]:
    async with stand(kind, lambda text: LIMITS.sub(r"\1 = 1_000_000", text)) as found:
        yield Played(found.scene, found)


@dataclass
class Tally:
    """What came of the replays."""

    tried: int = 0
    restarts: int = 0
    late: int = 0
    """Rounds given up because the bot was not in time."""
    kinds: Counter[str] = field(default_factory=Counter)
    strays: Counter[str] = field(default_factory=Counter)
    """Answers other than 401."""
    seconds: Counter[str] = field(default_factory=Counter)
    """Second effects, by where they are seen."""


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    """Play, then send each signed request again before and after a restart: `count` replays in all."""
    tally = Tally()
    with postgres.one_at_hand():
        for place, kind in enumerate(DATABASES, start=1):
            async with played(kind) as play:
                await _all_of(play, count * place // len(DATABASES), tally, tried, seed=seed)
    return Counts(
        tried=tally.tried,
        broken=sum(tally.strays.values()) + sum(tally.seconds.values()),
        figures={
            "kinds": dict(tally.kinds),
            "restarts": tally.restarts,
            "rounds given up": tally.late,
            "answered otherwise than 401": dict(tally.strays),
            "second effects": dict(tally.seconds),
        },
    )


async def _all_of(play: Played, count: int, tally: Tally, tried: Callable[[], object], *, seed: int) -> None:
    """Until so many replays were made."""
    number = 0
    while tally.tried < count:
        play.sent.clear()
        wanted = min(IN_A_BATCH, math.ceil((count - tally.tried) / 2))
        while len(play.sent) < wanted:
            try:
                await play.round(number + dice_of(seed, 0).randrange(4))
            except LateError:
                tally.late += 1
                if tally.late > LATE_MOST:
                    raise
            number += 1
        await _replayed(play, play.sent[:wanted], count, tally, tried)


async def _replayed(
    play: Played, sent: list[tuple[str, Outcome]], count: int, tally: Tally, tried: Callable[[], object]
) -> None:
    """All of it again, a restart, and all of it once more; what changed by it is a second effect."""
    await play.effects(0)
    since = time.time()
    before = await play.effects(since)
    await _again(play, sent[: count - tally.tried], tally, tried)
    await play.stand.restart()
    tally.restarts += 1
    await _again(play, sent[: count - tally.tried], tally, tried)
    after = await play.effects(since)
    tally.seconds.update(name for name in before if before[name] != after[name])


async def _again(play: Played, sent: list[tuple[str, Outcome]], tally: Tally, tried: Callable[[], object]) -> None:
    waiting = iter(sent)

    async def sender() -> None:
        for kind, outcome in waiting:
            play.stand.next()
            answer = await play.scene.workspace.redeliver(outcome)
            tally.tried += 1
            tally.kinds[kind] += 1
            if answer.status != 401 or answer.body != "unauthorized":
                tally.strays[f"{kind}: {answer.status} {answer.error}"] += 1
            tried()

    await asyncio.gather(*(sender() for _ in range(AT_ONCE)))


CAMPAIGN = Campaign(
    name="replays",
    threat="T9",
    claim="a signed request sent again, before or after a restart, has a second effect or gets anything but a 401",
    smoke=100,
    full=10_000,
    run=run,
)
