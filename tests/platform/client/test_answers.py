"""Answers that no platform should give: a server that says whatever the test tells it to."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from bot.core.account import OWN_PRINCIPAL, Event, EventType, Instance
from bot.core.errors import PlatformAway, WorldMoved
from bot.platform.records import EXTENSION, LARGEST
from bot.platform.scim import ScimPlatform
from tests.platform.client.world import asked

AT = "2026-11-21T12:00:00.000Z"
ACCOUNT: dict[str, Any] = {"followers": 5, "following": 1, "verified": True, "tags": ["staff"], "deactivation": None}
USER: dict[str, Any] = {"id": "a", "userName": "someone", "displayName": "Some One", "active": True, EXTENSION: ACCOUNT}
DOWN: dict[str, Any] = {"actor": {"id": "staff:rex"}, "at": AT, "operation": "op", "reason": "r", "purgeAt": None}
OURS = {"id": OWN_PRINCIPAL}
EVENT: dict[str, Any] = {
    "seq": 7,
    "type": "account.deactivated",
    "account": {"id": "a", "handle": "someone"},
    "actor": {"id": "staff:rex", "kind": "anything"},
    "at": AT,
    "operation": None,
}


@dataclass
class Told:
    """What the server answers to everything, and what it was asked."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[web.Request] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return web.Response(status=self.status, body=raw, headers=self.headers)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def client(told: Told) -> AsyncIterator[ScimPlatform]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", told.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ScimPlatform(f"http://127.0.0.1:{runner.addresses[0][1]}/base/", "token") as client:
        yield client
    await runner.cleanup()


Call = Callable[[ScimPlatform], Awaitable[Any]]


def account_call(client: ScimPlatform) -> Awaitable[Any]:
    return client.account("a")


def public_call(client: ScimPlatform) -> Awaitable[Any]:
    return client.public("a")


def feed_call(client: ScimPlatform) -> Awaitable[Any]:
    return client.events(after=5, wait=0)


def latest_call(client: ScimPlatform) -> Awaitable[Any]:
    return client.latest_cursor()


def but(whole: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {key: value for key, value in {**whole, **changed}.items() if value is not ...}


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"[]", b"null", b"\xff", b"[" * 9999, b'{"id": "a"}'])
@pytest.mark.parametrize("call", [account_call, public_call, feed_call, latest_call])
async def test_a_body_that_is_not_what_was_promised_tells_nothing(
    client: ScimPlatform, told: Told, body: bytes, call: Call
) -> None:
    told.body = body
    with pytest.raises(PlatformAway, match="cannot be read"):
        await call(client)


async def test_a_user_with_all_that_a_decision_rests_on_is_an_account(client: ScimPlatform, told: Told) -> None:
    told.body = USER
    account = await client.account("a")
    assert account is not None
    assert (account.followers, account.tags, account.etag) == (5, ("staff",), None)


@pytest.mark.parametrize(
    "user",
    [
        but(USER, id=...),
        but(USER, id="b"),
        but(USER, userName=...),
        but(USER, userName=1),
        but(USER, active=...),
        but(USER, active="true"),
        but(USER, **{EXTENSION: but(ACCOUNT, tags="staff")}),
        but(USER, **{EXTENSION: but(ACCOUNT, tags=[1])}),
        but(USER, **{EXTENSION: but(ACCOUNT, deactivation="rex")}),
        but(USER, **{EXTENSION: but(ACCOUNT, deactivation=but(DOWN, actor=OURS, at="yesterday"))}),
        but(USER, **{EXTENSION: but(ACCOUNT, deactivation=but(DOWN, actor=OURS, at="2026-11-21T12:00:00"))}),
    ],
)
async def test_a_user_without_it_tells_nothing(client: ScimPlatform, told: Told, user: dict[str, Any]) -> None:
    told.body = user
    with pytest.raises(PlatformAway, match="cannot be read"):
        await client.account("a")


@pytest.mark.parametrize("extension", [..., None, {}, {"followers": -1}, {"followers": True}, {"followers": "5"}])
async def test_counts_that_are_none_are_unknown(client: ScimPlatform, told: Told, extension: Any) -> None:
    told.body = but(USER, displayName=None, **{EXTENSION: extension})
    account = await client.account("a")
    assert account is not None
    assert (account.followers, account.following, account.tags, account.verified) == (None, None, (), False)
    assert account.display_name == ""


@pytest.mark.parametrize("actor", [..., None, {}, {"id": None}, {"id": 7}, "staff:rex"])
async def test_an_actor_that_is_none_is_unknown(client: ScimPlatform, told: Told, actor: Any) -> None:
    told.body = but(USER, active=False, **{EXTENSION: but(ACCOUNT, deactivation=but(DOWN, actor=actor))})
    account = await client.account("a")
    assert account is not None
    assert account.deactivation is not None
    assert account.deactivation.actor is None


@pytest.mark.parametrize("at", [..., None, "yesterday", 7, "2026-11-21T12:00:00", "2026-13-41T99:00:00Z"])
async def test_a_time_that_is_none_costs_that_field_and_not_the_account(
    client: ScimPlatform, told: Told, at: Any
) -> None:
    told.body = but(USER, active=False, **{EXTENSION: but(ACCOUNT, deactivation=but(DOWN, at=at, purgeAt=at))})
    account = await client.account("a")
    assert account is not None
    assert account.instance == Instance(account="a", at=None, actor="staff:rex", operation="op")
    assert account.deactivation is not None
    assert account.deactivation.purge_at is None


async def test_times_are_kept_in_whole_milliseconds_of_utc(client: ScimPlatform, told: Told) -> None:
    """As the ledger writes them, so that an instance read back from it is the one that stands."""
    fine = but(DOWN, at="2026-11-21T13:00:00.123999+01:00")
    told.body = but(USER, active=False, **{EXTENSION: but(ACCOUNT, deactivation=fine)})
    account = await client.account("a")
    assert account is not None
    assert account.deactivation is not None
    assert account.deactivation.at is not None
    assert account.deactivation.at.isoformat() == "2026-11-21T12:00:00.123000+00:00"


@pytest.mark.parametrize(
    ("headers", "version", "etag"),
    [
        ({"ETag": 'W/"1"'}, 'W/"2"', 'W/"1"'),
        ({}, 'W/"2"', 'W/"2"'),
        ({}, 'W/"2"\r\nX-Evil: 1', None),
        ({}, "ü", None),
        ({}, 7, None),
    ],
)
async def test_the_etag_is_the_answers_or_else_the_users_own(
    client: ScimPlatform, told: Told, headers: dict[str, str], version: Any, etag: str | None
) -> None:
    told.headers, told.body = headers, but(USER, meta={"version": version})
    account = await client.account("a")
    assert account is not None
    assert account.etag == etag


@pytest.mark.parametrize(
    "meta", [None, {}, 7, {"created": "of old"}, {"created": 3}, {"created": "2026-11-21T12:00:00"}]
)
async def test_an_age_that_cannot_be_read_is_hidden_and_stops_nothing(
    client: ScimPlatform, told: Told, meta: Any
) -> None:
    told.body = but(USER, meta={"created": "2017-11-02T22:45:00.123456Z"})
    account = await client.account("a")
    assert account is not None
    assert account.created is not None
    assert account.created.isoformat() == "2017-11-02T22:45:00.123000+00:00"
    told.body = but(USER, meta=meta)
    account = await client.account("a")
    assert account is not None
    assert account.created is None


async def test_a_filter_that_the_platform_does_not_heed_finds_nobody_else(client: ScimPlatform, told: Told) -> None:
    told.body = {"totalResults": 1, "Resources": [USER]}
    assert await client.find("@other") is None
    assert await client.find("@Someone") is not None


@pytest.mark.parametrize("body", [{"totalResults": 0}, {"totalResults": 0, "Resources": None}])
async def test_a_list_of_nobody_may_leave_the_list_out(client: ScimPlatform, told: Told, body: dict[str, Any]) -> None:
    told.body = body
    assert await client.inactive() == ([], 0)


@pytest.mark.parametrize(
    "body",
    [{}, {"totalResults": "1"}, {"totalResults": 1, "Resources": {"0": 1}}, {"totalResults": 1, "Resources": ["a"]}],
)
async def test_a_list_that_is_none_tells_nothing(client: ScimPlatform, told: Told, body: dict[str, Any]) -> None:
    told.body = body
    with pytest.raises(PlatformAway, match="cannot be read"):
        await client.inactive()


@pytest.mark.parametrize("view", [{"state": "gone", "as_of": AT}, {"as_of": AT}, {"state": "active"}])
async def test_a_public_view_without_state_or_time_tells_nothing(
    client: ScimPlatform, told: Told, view: dict[str, Any]
) -> None:
    told.body = view
    with pytest.raises(PlatformAway, match="cannot be read"):
        await client.public("a")


# The feed


async def fed(client: ScimPlatform, told: Told, *events: Any, following: Any = 9) -> tuple[list[Event], int]:
    told.body = {"events": list(events), "next": following}
    found, cursor = await client.events(after=5, wait=0)
    return list(found), cursor


async def test_an_event_of_an_unknown_type_tells_only_its_number_and_the_cursor_moves(
    client: ScimPlatform, told: Told
) -> None:
    events, cursor = await fed(client, told, but(EVENT, type="account.renamed", account=None), EVENT)
    assert [(event.type, event.account) for event in events] == [
        (EventType.OTHER, ""),
        (EventType.DEACTIVATED, EVENT["account"]["id"]),
    ]
    assert cursor == 9


@pytest.mark.parametrize(
    "broken",
    ["text", None, {}, but(EVENT, account=None), but(EVENT, at="soon"), but(EVENT, seq="7"), but(EVENT, type=...)],
)
async def test_an_event_that_cannot_be_read_does_not_hold_up_the_next(
    client: ScimPlatform, told: Told, broken: Any
) -> None:
    events, cursor = await fed(client, told, broken, EVENT)
    assert [event.seq for event in events] == [7]
    assert cursor == 9


async def test_the_cursor_never_goes_back(client: ScimPlatform, told: Told) -> None:
    assert (await fed(client, told, following=3))[1] == 5


@pytest.mark.parametrize("following", [None, "9", -1, True])
async def test_a_feed_without_a_cursor_tells_nothing(client: ScimPlatform, told: Told, following: Any) -> None:
    with pytest.raises(PlatformAway, match="cannot be read"):
        await fed(client, told, EVENT, following=following)


# Headers and statuses


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 12:00:00 GMT", 60.0),
        ("soon", None),
        ("-1", None),
        ("nan", None),
        ("1e9", None),
        ("", None),
    ],
)
async def test_a_date_to_come_back_at_counts_from_the_platforms_own_clock(
    client: ScimPlatform, told: Told, header: str, pause: float | None
) -> None:
    told.status, told.headers = 503, {"Retry-After": header, "Date": "Sat, 21 Nov 2026 12:00:00 GMT"}
    with pytest.raises(PlatformAway) as away:
        await client.ready()
    assert away.value.retry_after == pause


async def test_412_is_an_answer_only_to_a_call_that_named_a_state(client: ScimPlatform, told: Told) -> None:
    told.status = 412
    with pytest.raises(WorldMoved):
        await client.set_active(asked(etag='"1"'), active=False, reason="r")
    with pytest.raises(PlatformAway):
        await client.set_active(asked(), active=False, reason="r")
    with pytest.raises(PlatformAway):
        await client.account("a")


async def test_a_redirect_is_not_followed(client: ScimPlatform, told: Told) -> None:
    """The token goes where the settings say, nowhere else."""
    told.status, told.headers = 307, {"Location": "/elsewhere"}
    with pytest.raises(PlatformAway):
        await client.account("a")
    assert [request.path for request in told.asked] == ["/base/scim/v2/Users/a"]


async def test_ids_and_filters_are_escaped_on_their_way(client: ScimPlatform, told: Told) -> None:
    told.status = 404
    assert await client.account("a/../b?c#d%e") is None
    told.status, told.body = 200, {"totalResults": 0}
    await client.find('@a"b\\c&d+e')
    account, found = told.asked
    assert account.raw_path == "/base/scim/v2/Users/a%2F..%2Fb%3Fc%23d%25e"
    assert found.query["filter"] == 'userName eq "a\\"b\\\\c&d+e"'


async def test_the_token_is_sent_to_all_but_the_public_view(client: ScimPlatform, told: Told) -> None:
    told.body = USER
    await client.account("a")
    told.body = {"state": "active", "as_of": AT}
    await client.public("a")
    assert [request.headers.get("Authorization") for request in told.asked] == ["Bearer token", None]


async def test_a_count_that_no_database_holds_is_the_largest_that_one_does(client: ScimPlatform, told: Told) -> None:
    """It must neither end the guard nor make a weighty account a light one."""
    told.body = {**USER, EXTENSION: {**ACCOUNT, "followers": 10**30}}
    account = await client.account("a")
    assert account is not None
    assert account.followers == LARGEST


@pytest.mark.parametrize(
    ("at", "year"),
    [("0001-01-01T00:00:00+14:00", 1970), ("9999-12-31T23:59:59-14:00", 9000), ("1969-12-31T23:59:59Z", 1970)],
)
async def test_a_time_that_no_day_can_be_reckoned_from_becomes_one_that_it_can(
    client: ScimPlatform, told: Told, at: str, year: int
) -> None:
    told.body = but(USER, **{EXTENSION: but(ACCOUNT, deactivation=but(DOWN, at=at, purgeAt=at))})
    found = await client.account("a")
    assert found is not None
    assert found.deactivation is not None
    assert found.deactivation.at == found.deactivation.purge_at == datetime(year, 1, 1, tzinfo=UTC)


async def test_what_no_database_holds_is_seen_to_be_replaced_in_every_text(client: ScimPlatform, told: Told) -> None:
    evil = "a\0\ud800"
    down = but(DOWN, actor={"id": evil, "kind": "staff"}, operation=evil, reason=evil)
    told.body = but(
        USER,
        userName=evil,
        displayName=evil,
        **{EXTENSION: but(ACCOUNT, tags=[evil], followers=2**99, deactivation=down)},
    )
    found = await client.account("a")
    assert found is not None
    assert (found.handle, found.display_name, found.tags, found.followers) == ("a��", "a��", ("a��",), 2**63 - 1)
    assert found.deactivation is not None
    assert {found.deactivation.actor, found.deactivation.operation, found.deactivation.reason} == {"a��"}
