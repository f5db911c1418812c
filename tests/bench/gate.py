"""What the door costs each request, timed where it stands; the bare HMAC of the same bytes is its floor."""

import hmac
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import aiohttp
from aiohttp import web

from bot.clock import SystemClock
from bot.slack.door import Door
from bot.slack.gate import Answer, Gate
from storage.database import Database
from storage.ledger import SqlLedger
from tests.bench.figures import Line, milliseconds
from tests.bench.rig import progress

SECRET = "the-secret-of-the-bench"
FORM = "application/x-www-form-urlencoded"
BODY = b"payload=%7B%22type%22%3A%22block_actions%22%7D&pad=" + b"x" * 6000
"""As long as a click on a card: Slack sends the whole message with it."""
WARM_UP = 3


@dataclass
class Timed:
    """The gate with a clock around it, and a stand-in for what comes after, which records its effect or does not."""

    gate: Gate
    url: str = ""
    records: bool = False
    seconds: list[float] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        began = time.perf_counter()
        answer = await self.gate.handle(request)
        self.seconds.append(time.perf_counter() - began)
        return answer


@asynccontextmanager
async def _timed() -> AsyncIterator[Timed]:
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as folder:
        clock, database = SystemClock(), Database(f"sqlite:///{Path(folder) / 'gate.db'}")
        database.migrate()
        ledger = SqlLedger(database, clock=clock, owner="bench")

        async def dispatch(_: str, __: dict[str, str], door: Door) -> Answer:
            door.settled = timed.records
            return Answer(status=200, body="", headers={})

        timed = Timed(Gate(secrets=(SECRET, f"{SECRET} of before"), ledger=ledger, clock=clock, dispatch=dispatch))
        app = web.Application(client_max_size=0)
        app.router.add_post("/", timed.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, auto_decompress=False)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        timed.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        yield timed
        await runner.cleanup()
        ledger.close()


def _signed(number: int, secret: str) -> tuple[bytes, dict[str, str], float]:
    """A request like no other, its headers, and the seconds that its bare HMAC takes."""
    body, timestamp = b"%s&n=%d" % (BODY, number), str(int(time.time()))
    base = b"v0:" + timestamp.encode() + b":" + body
    began = time.perf_counter()
    digest = hmac.new(secret.encode(), base, sha256).hexdigest()
    took = time.perf_counter() - began
    headers = {"Content-Type": FORM, "X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}
    return body, headers, took


async def gate(scale: float) -> list[Line]:
    """One request at a time: forged, passed with an effect that carries its key, passed with none."""
    count = max(int(2000 * scale), 1)
    async with _timed() as timed, aiohttp.ClientSession() as session:

        async def line(what: str, *, secret: str, status: int, records: bool) -> Line:
            timed.records, timed.seconds, least = records, [], []
            for number in progress(range(WARM_UP + count), what):
                body, headers, took = _signed(number, secret)
                least.append(took)
                async with session.post(timed.url, data=body, headers=headers) as answer:
                    if answer.status != status:
                        raise RuntimeError(f"{what} was answered {answer.status}")
            reached, floor = milliseconds(timed.seconds[WARM_UP:]), milliseconds(least[WARM_UP:])
            return Line(what=f"gate: {what}", unit="ms", reached=reached, floor=floor)

        return [
            await line("forged, refused", secret="another", status=401, records=False),
            await line("signed, let through to what records it", secret=SECRET, status=200, records=True),
            await line("signed, and its key written alone", secret=f"{SECRET} of before", status=200, records=False),
        ]
