"""The gate alone, with raw sockets where a client library is too polite."""

import asyncio
import contextlib
import hashlib
import hmac
import re
import sqlite3
import time
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.clock import SystemClock
from bot.core.errors import Misconfigured
from bot.slack.door import Door
from bot.slack.gate import BODY_LIMIT, NEWEST, OLDEST, Answer, Gate
from bot.slack.joining import assert_bolt_is_new_enough
from storage.database import Database
from storage.ledger import SqlLedger

NEW, OLD = "the-new-secret", "the-old-secret"
IN_FLIGHT = 20
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Bolt:
    """Stands where Bolt does: remembers what reached it, records what it is told to."""

    heard: list[str] = field(default_factory=list)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)
    records: bool = False
    replays: bool = False

    async def dispatch(self, text: str, headers: dict[str, str], door: Door) -> Answer:
        assert headers
        self.heard.append(text)
        await self.goes_on.wait()
        door.settled, door.replayed = self.records, self.replays
        return Answer(status=200, body="heard", headers={"X-From": "bolt"})


class Watch(SystemClock):
    """This machine's clock until a test stops it."""

    stopped: datetime | None = None

    def now(self) -> datetime:
        return self.stopped or super().now()


@dataclass
class Doorway:
    """The gate on a port of its own."""

    url: str
    port: int
    bolt: Bolt
    ledger: SqlLedger
    clock: Watch
    session: aiohttp.ClientSession

    async def post(self, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        async with self.session.post(self.url, data=body, headers=headers) as answer:
            return answer.status, await answer.text()

    async def raw(self, request: bytes, *, then: bytes = b"", pause: float = 0.0) -> bytes:
        """Send bytes as they are, some of them late."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            await writer.drain()
            await asyncio.sleep(pause)
            writer.write(then)
            await writer.drain()
            return await asyncio.wait_for(reader.read(200), 10)
        finally:
            writer.close()


def signed(body: bytes, *, secret: str = NEW, at: int | None = None) -> dict[str, str]:
    timestamp = str(at if at is not None else int(time.time()))
    base = b"v0:" + timestamp.encode() + b":" + body
    signature = "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {**FORM, "X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}


@pytest.fixture
async def doorway(tmp_path: Path) -> AsyncIterator[Doorway]:
    clock, bolt = Watch(), Bolt()
    bolt.goes_on.set()
    database = Database(f"sqlite:///{tmp_path / 'gate.db'}")
    database.migrate()
    ledger = SqlLedger(database, clock=clock, owner="gate")
    gate = Gate(
        secrets=(NEW, OLD), ledger=ledger, clock=clock, dispatch=bolt.dispatch, body_within=0.5, in_flight=IN_FLIGHT
    )
    app = web.Application(client_max_size=0)
    app.router.add_post("/", gate.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as session:
        yield Doorway(f"http://127.0.0.1:{port}/", port, bolt, ledger, clock, session)
    await runner.cleanup()
    ledger.close()


async def test_what_is_signed_passes_once(doorway: Doorway) -> None:
    headers = signed(b"command=x")

    assert await doorway.post(b"command=x", headers) == (200, "heard")
    assert await doorway.post(b"command=x", headers) == (401, "unauthorized")
    assert doorway.bolt.heard == ["command=x"]


@pytest.mark.parametrize("secret", [NEW, OLD])
async def test_both_secrets_pass_during_a_rotation(doorway: Doorway, secret: str) -> None:
    assert (await doorway.post(b"command=x", signed(b"command=x", secret=secret)))[0] == 200


@pytest.mark.parametrize("secret", ["", "another", NEW + " "])
async def test_no_other_secret_does(doorway: Doorway, secret: str) -> None:
    assert await doorway.post(b"command=x", signed(b"command=x", secret=secret)) == (401, "unauthorized")
    assert doorway.bolt.heard == []


@pytest.mark.parametrize("at", [-1, 0, 1, 10**13])
async def test_absurd_timestamps_do_not(doorway: Doorway, at: int) -> None:
    assert (await doorway.post(b"command=x", signed(b"command=x", at=at)))[0] == 401


@pytest.mark.parametrize(
    ("age", "status"), [(OLDEST - 1, 401), (OLDEST, 200), (0, 200), (NEWEST, 200), (NEWEST + 1, 401)]
)
async def test_the_window_is_five_minutes_back_and_one_ahead(doorway: Doorway, age: int, status: int) -> None:
    now = int(time.time())
    doorway.clock.stopped = datetime.fromtimestamp(now, UTC)

    answer, _ = await doorway.post(b"command=x", signed(b"command=x", at=now + age))

    assert (OLDEST, NEWEST, answer) == (-300, 60, status)


def wire(body: bytes, *headers: tuple[str, str]) -> bytes:
    """A request as it goes over the wire; headers may be there twice."""
    lines = ["POST / HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize("twice", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
@pytest.mark.parametrize("other", ["the same", "another"])
@pytest.mark.parametrize("place", ["before", "behind"])
async def test_a_header_that_is_there_twice_does_not_count(
    doorway: Doorway, twice: str, other: str, place: str
) -> None:
    headers = signed(b"command=x")
    once = list(headers.items())
    more = (twice, headers[twice] if other == "the same" else headers[twice][:-1] + "0")

    assert b" 401 " in await doorway.raw(wire(b"command=x", *([more, *once] if place == "before" else [*once, more])))
    assert doorway.bolt.heard == []
    assert b" 200 " in await doorway.raw(wire(b"command=x", *once))


@pytest.mark.parametrize("version", ["v1=", "V0=", "v0", "", "v0==", "v0=v0="])
async def test_a_signature_of_another_version_does_not_pass(doorway: Doorway, version: str) -> None:
    headers = signed(b"command=x")
    headers["X-Slack-Signature"] = version + headers["X-Slack-Signature"].removeprefix("v0=")

    assert (await doorway.post(b"command=x", headers))[0] == 401


async def test_no_byte_of_a_signed_body_can_be_changed(doorway: Doorway) -> None:
    body = b"command=%2Fdeactivate&user_id=U01ADA"
    headers = signed(body)

    for place in range(len(body)):
        altered = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert (await doorway.post(altered, headers))[0] == 401
    for altered in (body[:-1], body + b" ", b""):
        assert (await doorway.post(altered, headers))[0] == 401
    assert doorway.bolt.heard == []
    assert (await doorway.post(body, headers))[0] == 200


@pytest.mark.parametrize("signed_part", ["packed", "unpacked"])
async def test_nothing_is_unpacked(doorway: Doorway, signed_part: str) -> None:
    body = b"command=x" * 1000
    packed = zlib.compress(body)
    headers = {**signed(packed if signed_part == "packed" else body), "Content-Encoding": "deflate"}

    assert (await doorway.post(packed, headers))[0] == 401
    assert doorway.bolt.heard == []


async def test_every_bad_request_gets_the_same_bytes(doorway: Doorway) -> None:
    body = b"command=x"
    good = list(signed(body).items())
    bad = {
        "unsigned": wire(body, *good[:1]),
        "forged": wire(body, *signed(body, secret="another").items()),
        "altered": wire(b"command=y", *good),
        "old": wire(body, *signed(body, at=int(time.time()) - 400).items()),
        "of another kind": wire(body, *good[1:], ("Content-Type", "text/plain")),
        "no json": wire(b"payload=%7B", *signed(b"payload=%7B").items()),
        "ssl_check": wire(b"ssl_check=1&token=x", *good[:1]),
        "url_verification": wire(b'{"type": "url_verification"}', ("Content-Type", "application/json")),
        "too long": wire(b"a" * (BODY_LIMIT + 1), *good),
        "empty": wire(b""),
        "replayed": wire(body, *good),
    }
    assert b" 200 " in await doorway.raw(bad["replayed"])

    answers = {name: await doorway.raw(request) for name, request in bad.items()}

    undated = {name: re.sub(rb"Date: [^\r]+\r\n", b"", answer) for name, answer in answers.items()}
    assert set(undated.values()) == {undated["unsigned"]}
    assert undated["unsigned"].startswith(b"HTTP/1.1 401 ")
    assert doorway.bolt.heard == ["command=x"]


NONSENSE = {
    "no utf-8": b"\xff\xfe",
    "no json": b"payload=%7B",
    "json that is no object": b"payload=1",
    "json too deep": b"payload=" + b"[" * 100_000,
    "too many fields": b"a&" * 200,
}


@pytest.mark.parametrize("case", NONSENSE)
async def test_signed_nonsense_never_reaches_bolt(doorway: Doorway, case: str) -> None:
    body = NONSENSE[case]

    assert await doorway.post(body, signed(body)) == (401, "unauthorized")
    assert doorway.bolt.heard == []


@pytest.mark.parametrize(("content", "body"), [("text/plain", b"a=b"), ("application/json", b"[1]"), ("", b"a=b")])
async def test_other_content_does_not_pass(doorway: Doorway, content: str, body: bytes) -> None:
    assert (await doorway.post(body, {**signed(body), "Content-Type": content}))[0] == 401


async def test_json_of_an_event_passes(doorway: Doorway) -> None:
    body = b'{"type": "event_callback"}'

    assert (await doorway.post(body, {**signed(body), "Content-Type": "application/json; charset=utf-8"}))[0] == 200


async def test_a_body_longer_than_it_says_is_not_read_to_its_end(doorway: Doorway) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(BODY_LIMIT // 50_000 + 5):
            yield b"a" * 50_000

    async with doorway.session.post(doorway.url, data=endless(), headers=signed(b"")) as answer:
        assert answer.status == 401


async def test_a_body_that_announces_too_much_is_refused_at_once(doorway: Doorway) -> None:
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {BODY_LIMIT + 1}\r\n\r\n".encode()

    assert b" 401 " in await doorway.raw(head)


async def test_a_client_that_goes_away_in_the_middle_harms_nobody(doorway: Doorway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", doorway.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert await reader.read() == b""

    assert (await doorway.post(b"command=x", signed(b"command=x")))[0] == 200


async def test_broken_chunks_are_refused(doorway: Doorway) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n"

    answer = await doorway.raw(head)

    assert b" 401 " in answer or b" 400 " in answer
    assert doorway.bolt.heard == []


async def test_what_recorded_its_own_key_is_not_remembered_twice(doorway: Doorway) -> None:
    doorway.bolt.records = True
    headers = signed(b"command=x")

    assert (await doorway.post(b"command=x", headers))[0] == 200
    assert not await doorway.ledger.seen(f"signature:{headers['X-Slack-Signature']}")


async def test_what_a_handler_found_replayed_is_a_401(doorway: Doorway) -> None:
    doorway.bolt.replays = True

    assert await doorway.post(b"command=x", signed(b"command=x")) == (401, "unauthorized")


async def test_the_same_bytes_at_once_pass_once(doorway: Doorway) -> None:
    headers = signed(b"command=x")

    answers = await asyncio.gather(*(doorway.post(b"command=x", headers) for _ in range(20)))

    assert sorted(status for status, _ in answers) == [200] + [401] * 19


async def test_the_same_bytes_pass_once_though_their_key_cannot_be_written_yet(
    doorway: Doorway, tmp_path: Path
) -> None:
    headers = signed(b"command=x")
    with contextlib.closing(sqlite3.connect(tmp_path / "gate.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answers = await asyncio.gather(*(doorway.post(b"command=x", headers) for _ in range(5)))
        late = await doorway.post(b"command=x", headers)
        other.execute("ROLLBACK")

    assert sorted(status for status, _ in [*answers, late]) == [200] + [401] * 5
    assert len(doorway.bolt.heard) == 1


async def test_with_the_ledger_away_what_records_nothing_is_still_answered(doorway: Doorway) -> None:
    doorway.ledger.close()

    assert (await doorway.post(b"command=x", signed(b"command=x")))[0] == 200


async def test_a_key_that_had_to_wait_is_written_all_the_same(doorway: Doorway, tmp_path: Path) -> None:
    bodies = [b"command=%d" % n for n in range(4)]
    headers = [signed(body) for body in bodies]
    with contextlib.closing(sqlite3.connect(tmp_path / "gate.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        first = await asyncio.gather(*map(doorway.post, bodies, headers))
        other.execute("ROLLBACK")
    assert [status for status, _ in first] == [200] * 4

    async with asyncio.timeout(20):
        for one in headers:
            while not await doorway.ledger.seen(f"signature:{one['X-Slack-Signature']}"):  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.01)
    again = await asyncio.gather(*map(doorway.post, bodies, headers))
    assert [status for status, _ in again] == [401] * 4


async def test_a_slow_body_is_refused_and_costs_no_more_than_its_time(doorway: Doorway) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"

    assert b" 401 " in await doorway.raw(head, pause=1.0)


@pytest.mark.parametrize("version", ["1.30.0", "1.31.0rc1", "2.0.0"])
def test_a_bolt_that_is_new_enough_is_taken(version: str) -> None:
    assert_bolt_is_new_enough(version)


@pytest.mark.parametrize("version", ["1.29.9", "1.4.0", "0.99.0"])
def test_an_older_one_is_refused_with_a_sentence(version: str) -> None:
    with pytest.raises(Misconfigured, match=rf"slack-bolt {version} is too old"):
        assert_bolt_is_new_enough(version)


@pytest.mark.parametrize(("others", "answer"), [(IN_FLIGHT - 1, (200, "heard")), (IN_FLIGHT, (503, "busy"))])
async def test_beyond_so_many_that_are_being_answered_one_is_told_so(
    doorway: Doorway, others: int, answer: tuple[int, str]
) -> None:
    doorway.bolt.goes_on.clear()
    bodies = [f"command={n}".encode() for n in range(others)]
    held = [asyncio.create_task(doorway.post(body, signed(body))) for body in bodies]
    while len(doorway.bolt.heard) < others:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.01)

    asked = asyncio.create_task(doorway.post(b"command=x", signed(b"command=x")))
    await asyncio.wait([asked], timeout=0.3)
    doorway.bolt.goes_on.set()

    assert await asked == answer
    assert await asyncio.gather(*held) == [(200, "heard")] * others
    assert await doorway.post(b"command=y", signed(b"command=y")) == (200, "heard")


async def test_who_has_not_sent_all_of_it_takes_nobodys_place(doorway: Doorway) -> None:
    head = b"POST / HTTP/1.1\r\nHost: door\r\nContent-Length: 9\r\n\r\n"
    held = [asyncio.create_task(doorway.raw(head, pause=0.4)) for _ in range(2 * IN_FLIGHT)]
    await asyncio.sleep(0.2)

    assert await doorway.post(b"command=x", signed(b"command=x")) == (200, "heard")

    await asyncio.gather(*held)
