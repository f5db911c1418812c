"""T8: whatever is sent to the door without Slack's signature reaches no listener, and learns nothing of why."""

import asyncio
import contextlib
import random
import re
import sqlite3
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from bot.listener import runner
from bot.slack.door import Door
from bot.slack.gate import Answer, Gate
from tests.campaign.campaign import SEED, Campaign, Counts, dice_of
from tests.campaign.forgeries import ALL, OLD_SECRET, SECRET, drawn, rightly_signed
from tests.stories.scene import Scene, set_scene

AT_ONCE = 12
"""Connections that are kept open; each sends one request after the other."""
BODY_WITHIN = 0.2
"""Seconds that the door waits for a body here, so that what never comes does not hold the campaign up."""
ANSWERED_WITHIN = 30.0
DATE = re.compile(rb"\r\nDate: [^\r]*")
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass
class Target:
    """The listener as it runs, in front of a bot as it runs, with a count of what the door lets through."""

    scene: Scene
    port: int = 0
    passed: int = 0

    async def dispatch(self, text: str, headers: dict[str, str], door: Door) -> Answer:
        self.passed += 1
        assert self.scene.bot is not None
        return await self.scene.bot.dispatch(text, headers, door)

    def written(self) -> int:
        """Keys of requests and lines of the log in the store."""
        file = self.scene.settings.database_url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
            return sum(store.execute(f"select count(*) from {name}").fetchone()[0] for name in ("replays", "audit"))  # noqa: S608 - our own names


@asynccontextmanager
async def target() -> AsyncIterator[Target]:
    with tempfile.TemporaryDirectory(prefix="countersign-forged-") as folder:
        async with set_scene(Path(folder)) as scene:
            await scene.start()
            found, world = Target(scene), scene.world
            gate = Gate(
                secrets=(SECRET, OLD_SECRET),
                ledger=world.ledger,
                clock=world.clock,
                dispatch=found.dispatch,
                body_within=BODY_WITHIN,
            )
            serving = runner(world, events=gate.handle)
            await serving.setup()
            await web.TCPSite(serving, "127.0.0.1", 0).start()
            found.port = serving.addresses[0][1]
            yield found
            await serving.cleanup()


class Line:
    """A connection, opened anew when the other side has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, wire: bytes) -> bytes:
        """The whole answer, without its date; empty where there was none."""
        if self._open is None:
            self._open = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._open
        try:
            writer.write(wire)
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            answer = head + (await reader.readexactly(int(length[1])) if length else b"")
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.close()
            return b""
        if b"\r\nconnection: close" in head.lower():
            await self.close()
        return DATE.sub(b"", answer)

    async def close(self) -> None:
        if self._open is not None:
            self._open[1].transport.abort()
            self._open = None


@dataclass
class Tally:
    """What was answered to what."""

    kinds: Counter[str] = field(default_factory=Counter)
    answers: Counter[bytes] = field(default_factory=Counter)
    strays: Counter[str] = field(default_factory=Counter)
    """Kinds that were answered with anything but the plain 401."""

    def count(self, kind: str, answer: bytes, plain: bytes) -> None:
        self.kinds[kind] += 1
        self.answers[answer] += 1
        if answer != plain:
            self.strays[kind] += 1

    @property
    def statuses(self) -> dict[str, int]:
        found: Counter[str] = Counter()
        for answer, times in self.answers.items():
            found[answer[9:12].decode() or "none"] += times
        return dict(sorted(found.items()))

    @property
    def server_errors(self) -> int:
        return sum(times for status, times in self.statuses.items() if status.startswith("5"))


async def run(count: int, tried: Callable[[], object], *, seed: int = SEED) -> Counts:
    """Send `count` forgeries, several at once. Broken is whatever is not answered with the one plain 401, or passes."""
    async with target() as door:
        await _is_open(door)
        plain = await _plain(door)
        passed, before, tally = door.passed, door.written(), Tally()
        numbers = iter(range(count))

        async def sender() -> None:
            line = Line(door.port)
            for number in numbers:
                kind, forgery = drawn(dice_of(seed, number), number)
                using = Line(door.port) if forgery.alone else line
                async with asyncio.timeout(ANSWERED_WITHIN):
                    tally.count(kind, await using.ask(forgery.wire), plain)
                if forgery.alone:
                    await using.close()
                tried()
            await line.close()

        await asyncio.gather(*(sender() for _ in range(AT_ONCE)))
        listeners, after = door.passed - passed, door.written()
        await _is_open(door)
    return Counts(
        tried=sum(tally.kinds.values()),
        broken=sum(tally.strays.values()) + listeners + (after != before),
        figures={
            "kinds": f"{len(tally.kinds)} of {len(ALL)}",
            "answers": tally.statuses,
            "different answers": len(tally.answers),
            "answers of 5xx": tally.server_errors,
            "listeners run": listeners,
            "lines and keys written": after - before,
            "answered otherwise": dict(tally.strays),
        },
    )


async def _is_open(door: Target) -> None:
    """What is rightly signed passes, with either secret: else a door that is shut for all would pass for safe."""
    before = door.passed
    for nth, secret in enumerate((SECRET, OLD_SECRET), 1):
        line = Line(door.port)
        answer = await line.ask(rightly_signed(random.Random(before), secret=secret))
        await line.close()
        if not answer.startswith(b"HTTP/1.1 200 ") or door.passed != before + nth:
            raise RuntimeError(f"what is rightly signed was answered {answer[:60]!r}")


async def _plain(door: Target) -> bytes:
    """The one answer to every bad request."""
    line = Line(door.port)
    answer = await line.ask(b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: 0\r\n\r\n")
    await line.close()
    if not answer.startswith(b"HTTP/1.1 401 "):
        raise RuntimeError(f"an empty request was answered {answer[:60]!r}")
    return answer


CAMPAIGN = Campaign(
    name="forged",
    threat="T8",
    claim="a forged request runs a listener, leaves a trace in the store or gets anything but the one plain 401",
    smoke=2_000,
    full=1_000_000,
    run=run,
)
