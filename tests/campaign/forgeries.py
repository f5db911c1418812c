"""What somebody without the secret can send to the door, and what nobody may send with it: one function a kind."""

import gzip
import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

SECRET, OLD_SECRET = "the-secret-of-now", "the-secret-of-before"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
TIMESTAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"
LONGEST = 1_000_000
"""Bytes of a body that the door reads, by what it promises."""
WIDE = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}
"""Another alphabet's digits, which Python's `int` reads too."""
TEAM, USER = "T0SANDBOX", "U02MONA"

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Forgery:
    """One request as it goes over the wire. `alone` wants a connection of its own: the answer comes before its end."""

    wire: bytes
    alone: bool = False


def body_of(dice: random.Random) -> tuple[bytes, str]:
    """What Slack sends when somebody acts: a command, a click, a form sent in, the Home opened."""
    who = {"id": USER, "team_id": TEAM}
    trigger = f"{dice.randrange(10**12)}.{dice.randrange(10**12)}"
    digest = f"{dice.getrandbits(256):064x}"
    kind = dice.randrange(4)
    if kind == 0:
        fields = {"command": "/deactivate", "text": "@president spam", "user_id": USER, "team_id": TEAM}
        return urlencode({**fields, "trigger_id": trigger, "response_url": "https://example.com/x"}).encode(), FORM
    if kind == 1:
        action = {"type": "button", "action_id": "approve", "block_id": "actions", "value": f"REQ-ABC {digest}"}
        place = {"container": {"type": "message", "channel_id": "C0APPROVALS"}, "channel": {"id": "C0APPROVALS"}}
        payload = {"type": "block_actions", "user": who, "trigger_id": trigger, "actions": [action], **place}
        return urlencode({"payload": json.dumps(payload)}).encode(), FORM
    if kind == 2:
        view = {"id": "V1", "callback_id": "submit_request", "type": "modal", "state": {"values": {}}}
        payload = {"type": "view_submission", "user": who, "trigger_id": trigger, "view": view}
        return urlencode({"payload": json.dumps(payload)}).encode(), FORM
    event = {"type": "app_home_opened", "user": USER, "tab": "home", "event_ts": trigger}
    return json.dumps({"type": "event_callback", "team_id": TEAM, "event": event}).encode(), JSON


def signature_of(body: bytes, timestamp: str, *, secret: str = SECRET, version: str = "v0") -> str:
    base = b":".join((version.encode(), timestamp.encode(), body))
    return f"{version}={hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()}"


def now(offset: int = 0) -> str:
    return str(int(time.time()) + offset)


def wire(body: bytes, headers: Headers, *, kind: str | None = FORM, length: int | None = None) -> bytes:
    lines = ["POST /slack/events HTTP/1.1", "Host: bot", f"Content-Length: {len(body) if length is None else length}"]
    lines += [] if kind is None else [f"Content-Type: {kind}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


def rightly_signed(dice: random.Random, *, secret: str = SECRET) -> bytes:
    """What must pass: without it a door that is shut for all would look safe."""
    body, kind = body_of(dice)
    return wire(body, signed(body, secret=secret), kind=kind)


def signed(body: bytes, *, at: str | None = None, secret: str = SECRET, version: str = "v0") -> Headers:
    timestamp = at or now()
    return [(TIMESTAMP, timestamp), (SIGNATURE, signature_of(body, timestamp, secret=secret, version=version))]


Kind = Callable[[random.Random], Forgery]
KINDS: dict[str, Kind] = {}
RARE: dict[str, Kind] = {}
"""Those that take long: once in a thousand."""


def kind(name: str, *, among: dict[str, Kind] = KINDS) -> Callable[[Kind], Kind]:
    def named(function: Kind) -> Kind:
        among[name] = function
        return function

    return named


def _with(dice: random.Random, change: Callable[[bytes, Headers], Headers]) -> Forgery:
    """A request of Slack's with its headers changed."""
    body, content = body_of(dice)
    return Forgery(wire(body, change(body, signed(body)), kind=content))


# no signature


@kind("without a signature")
def _(dice: random.Random) -> Forgery:
    return _with(dice, lambda _, headers: headers[:1])


@kind("without a timestamp")
def _(dice: random.Random) -> Forgery:
    return _with(dice, lambda _, headers: headers[1:])


@kind("with neither")
def _(dice: random.Random) -> Forgery:
    return _with(dice, lambda *_: [])


@kind("ssl_check, unsigned")
def _(dice: random.Random) -> Forgery:
    return Forgery(wire(f"ssl_check=1&token={dice.getrandbits(64)}".encode(), []))


@kind("url_verification, unsigned")
def _(dice: random.Random) -> Forgery:
    challenge = {"type": "url_verification", "challenge": str(dice.getrandbits(64)), "token": "x"}
    return Forgery(wire(json.dumps(challenge).encode(), [], kind=JSON))


@kind("a command that says ssl_check too")
def _(dice: random.Random) -> Forgery:
    return Forgery(wire(b"ssl_check=1&" + body_of(dice)[0], []))


# a signature by somebody else


@kind("another secret")
def _(dice: random.Random) -> Forgery:
    secret = dice.choice(["", "x", SECRET[:-1], SECRET + " ", SECRET.upper(), f"{SECRET},{OLD_SECRET}", "0" * 32])
    return _with(dice, lambda body, _: signed(body, secret=secret))


@kind("another version")
def _(dice: random.Random) -> Forgery:
    version = dice.choice(["v1", "V0", "v00", "", " v0"])
    return _with(dice, lambda body, _: signed(body, version=version))


@kind("another prefix")
def _(dice: random.Random) -> Forgery:
    prefix = dice.choice(["v1=", "V0=", "", "v0", "v0==", "sha256=", "v0=v0="])
    return _with(dice, lambda _, h: [h[0], (SIGNATURE, prefix + h[1][1].removeprefix("v0="))])


@kind("a signature made up")
def _(dice: random.Random) -> Forgery:
    made_up = dice.choice(["0" * 64, "f" * 64, f"{dice.getrandbits(256):064x}", "", "0" * 63, "0" * 4000, "ß" * 64])
    return _with(dice, lambda _, h: [h[0], (SIGNATURE, f"v0={made_up}")])


@kind("one digit of the signature altered")
def _(dice: random.Random) -> Forgery:
    def change(_: bytes, headers: Headers) -> Headers:
        value = headers[1][1]
        place = dice.randrange(3, len(value))
        other = dice.choice([digit for digit in "0123456789abcdef" if digit != value[place]])
        return [headers[0], (SIGNATURE, value[:place] + other + value[place + 1 :])]

    return _with(dice, change)


@kind("the signature cut, lengthened or in capitals")
def _(dice: random.Random) -> Forgery:
    change = dice.choice(
        [lambda s: s[:-1], lambda s: s + "0", lambda s: "v0=" + s[3:].upper() + "!", lambda s: s[::-1]]
    )
    return _with(dice, lambda _, h: [h[0], (SIGNATURE, change(h[1][1]))])


@kind("another digest of the same secret")
def _(dice: random.Random) -> Forgery:
    algorithm = dice.choice([hashlib.sha1, hashlib.sha512, hashlib.md5])

    def change(body: bytes, headers: Headers) -> Headers:
        base = f"v0:{headers[0][1]}:".encode() + body
        return [headers[0], (SIGNATURE, f"v0={hmac.new(SECRET.encode(), base, algorithm).hexdigest()}")]

    return _with(dice, change)


# something signed, altered


@kind("one byte of the body altered")
def _(dice: random.Random) -> Forgery:
    body, content = body_of(dice)
    place = dice.randrange(len(body))
    altered = body[:place] + bytes([body[place] ^ (1 << dice.randrange(8))]) + body[place + 1 :]
    return Forgery(wire(altered, signed(body), kind=content))


@kind("the body cut or lengthened")
def _(dice: random.Random) -> Forgery:
    body, content = body_of(dice)
    altered = dice.choice([body[:-1], body + b"\n", body + b"&user_id=U04REX", b"", body * 2])
    return Forgery(wire(altered, signed(body), kind=content))


@kind("the signature of another body")
def _(dice: random.Random) -> Forgery:
    return _with(dice, lambda body, _: signed(body[::-1]))


@kind("the timestamp altered")
def _(dice: random.Random) -> Forgery:
    offset = dice.choice([-1, 1, -30, 30])
    return _with(dice, lambda _, h: [(TIMESTAMP, str(int(h[0][1]) + offset)), h[1]])


# rightly signed, of another time


@kind("too old")
def _(dice: random.Random) -> Forgery:
    age = dice.choice([302, 330, 3600, 86_400, 10**9])
    return _with(dice, lambda body, _: signed(body, at=now(-age)))


@kind("of the future")
def _(dice: random.Random) -> Forgery:
    ahead = dice.choice([75, 120, 3600, 10**9, 10**13])
    return _with(dice, lambda body, _: signed(body, at=now(ahead)))


@kind("a timestamp that is none")
def _(dice: random.Random) -> Forgery:
    at = dice.choice(
        [
            "soon",
            "1e9",
            f"+{now()}",
            f"-{now()}",
            f"{now()}.0",
            f"0x{int(now()):x}",
            now().translate(WIDE),
            "²",
            f"{now()},0",
        ]
    )
    return _with(dice, lambda body, _: signed(body, at=at))


# headers


@kind("a header twice")
def _(dice: random.Random) -> Forgery:
    def change(_: bytes, headers: Headers) -> Headers:
        name, value = dice.choice(headers)
        more = (name.swapcase(), dice.choice([value, value[:-1], "v0=" + "0" * 64]))
        return dice.choice([[more, *headers], [*headers, more]])

    return _with(dice, change)


@kind("x-slack-bolt-*, unsigned")
def _(dice: random.Random) -> Forgery:
    names = ("Retry-Num", "Signature-Verified", "Context", "Lazy-Only", "Lazy-Function-Name")
    return _with(dice, lambda *_: [(f"X-Slack-Bolt-{name}", "1") for name in dice.sample(names, 3)])


@kind("what proxies and retries say, unsigned")
def _(dice: random.Random) -> Forgery:
    headers = [
        ("X-Forwarded-For", "3.3.3.3"),
        ("X-HTTP-Method-Override", "GET"),
        ("X-Slack-Retry-Num", "1"),
        ("X-Slack-No-Retry", "1"),
        ("Authorization", "Bearer xoxb-1"),
        ("X-Original-URL", "/healthz"),
        ("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)"),
        ("Accept-Encoding", "gzip"),
    ]
    return _with(dice, lambda *_: dice.sample(headers, 4))


@kind("bytes that are no text in the headers")
def _(dice: random.Random) -> Forgery:
    junk = bytes(dice.randrange(128, 256) for _ in range(20)).decode("utf-8", "surrogateescape")
    return _with(dice, lambda _, h: [(h[0][0], dice.choice([h[0][1], junk])), (SIGNATURE, f"v0={junk}")])


@kind("packed, the signature of the unpacked")
def _(dice: random.Random) -> Forgery:
    body, content = body_of(dice)
    packing = dice.choice(["gzip", "deflate", "br", "identity, gzip"])
    packed = gzip.compress(body, 1)
    return Forgery(wire(packed, [*signed(body), ("Content-Encoding", packing)], kind=content))


@kind("packed nonsense, unsigned")
def _(dice: random.Random) -> Forgery:
    junk = dice.randbytes(50)
    return Forgery(wire(junk, [("Content-Encoding", dice.choice(["gzip", "deflate", "br", "zstd"]))]))


# rightly signed, and of no use


def _no_use(body: bytes, content: str | None = FORM) -> Forgery:
    return Forgery(wire(body, signed(body), kind=content))


@kind("bad JSON, signed")
def _(dice: random.Random) -> Forgery:
    bad = [b"payload=%7B", b"payload=", b"payload=1", b"payload=[]", b"payload=" + b"[" * 5000, b"payload=null"]
    return _no_use(dice.choice(bad) + f"&x={dice.getrandbits(64)}".encode())


@kind("a bad event, signed")
def _(dice: random.Random) -> Forgery:
    bad = [b"", b"{", b"[]", b"1", b'"x"', b"null", b'{"a":' * 2000, b"\xff\xfe", b"{'a': 1}"]
    return _no_use(dice.choice(bad) + b" " * dice.randrange(1000), JSON)


@kind("another content type, signed")
def _(dice: random.Random) -> Forgery:
    types = ["text/plain", "text/json", "multipart/form-data; boundary=x", "application/xml", "*/*", "a", "", None]
    return _no_use(body_of(dice)[0], dice.choice(types))


@kind("bytes that are no text, signed")
def _(dice: random.Random) -> Forgery:
    return _no_use(b"command=\xff" + dice.randbytes(30))


@kind("too many fields, signed")
def _(dice: random.Random) -> Forgery:
    return _no_use(b"&".join(b"f%d=%d" % (n, dice.randrange(9)) for n in range(120)))


# too much


@kind("too long by what it says")
def _(dice: random.Random) -> Forgery:
    length = dice.choice([LONGEST + 1, 10 * LONGEST, 10**12])
    return Forgery(wire(b"", [], length=length), alone=True)


@kind("too long, rightly signed", among=RARE)
def _(dice: random.Random) -> Forgery:
    body = b"command=" + dice.choice([b"a", b"%"]) * LONGEST
    return Forgery(wire(body, signed(body)), alone=True)


@kind("too long, in chunks that do not say so", among=RARE)
def _(dice: random.Random) -> Forgery:
    chunk = b"%x\r\n" % 65_536 + dice.choice([b"a", b"%"]) * 65_536 + b"\r\n"
    head = b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nTransfer-Encoding: chunked\r\n\r\n"
    return Forgery(head + chunk * 17, alone=True)


@kind("a body that does not come", among=RARE)
def _(dice: random.Random) -> Forgery:
    body, content = body_of(dice)
    return Forgery(wire(body, signed(body + b"x"), kind=content, length=len(body) + 1), alone=True)


COMMON = tuple(KINDS)
ALL = KINDS | RARE


def drawn(dice: random.Random, number: int) -> tuple[str, Forgery]:
    """The forgery of this number: each kind in turn, a rare one in a thousand."""
    rare = tuple(RARE)
    name = rare[number // 1000 % len(rare)] if number % 1000 == 999 else COMMON[number % len(COMMON)]
    return name, ALL[name](dice)
