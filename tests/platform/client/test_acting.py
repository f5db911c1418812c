"""The one call that changes anything, under every fault: what it says and what really happened."""

import asyncio
from urllib.parse import unquote

import pytest

from bot.core.errors import PlatformAway, PlatformRefused, WorldMoved
from bot.core.request import Action
from bot.platform.scim import ScimPlatform, header_safe
from tests.platform.client.world import PRESIDENT, World, asked

REASON = "impersonates the president"


async def down(world: World, *, key: str = "op_key", etag: str | None = None) -> None:
    await world.client.set_active(asked(key=key, etag=etag), active=False, reason=REASON)


async def state(world: World) -> bool:
    account = await world.client.account(PRESIDENT)
    assert account is not None
    return account.active


async def test_a_deactivation_bears_our_name_key_and_reason(world: World) -> None:
    await down(world)
    account = await world.client.account(PRESIDENT)
    assert account is not None
    assert account.deactivation is not None
    assert account.deactivation.actor == "svc:countersign"
    assert account.deactivation.operation == "op_key"
    assert account.deactivation.reason == REASON


async def test_a_restore_brings_the_account_back(world: World) -> None:
    await world.takes_down("staff-dev-token:rex")
    await world.client.set_active(asked(Action.RESTORE), active=True, reason="unapproved")
    assert await state(world)
    assert [(e["action"], e["operation"]) for e in await world.effects()] == [
        ("deactivate", None),
        ("restore", "op_key"),
    ]


async def test_the_same_call_twice_has_one_effect(world: World) -> None:
    await down(world)
    await down(world)
    assert len(await world.effects()) == 1


async def test_the_same_key_for_something_else_is_refused(world: World) -> None:
    await down(world)
    with pytest.raises(PlatformRefused) as refusal:
        await world.client.set_active(asked(Action.RESTORE), active=True, reason=REASON)
    assert refusal.value.status == 422
    assert not await state(world)


async def test_an_account_already_so_is_no_error_and_no_effect(world: World) -> None:
    """Nothing is concluded from the answer: the read says whose deactivation stands."""
    await world.takes_down("staff-dev-token:rex")
    await down(world)
    assert [e["actor"]["id"] for e in await world.effects()] == ["staff:rex"]


async def test_with_the_etag_of_a_read_it_is_carried_out(world: World) -> None:
    account = await world.client.account(PRESIDENT)
    assert account is not None
    await down(world, etag=account.etag)
    assert not await state(world)


async def test_with_the_etag_of_an_older_read_the_world_has_moved(world: World) -> None:
    account = await world.client.account(PRESIDENT)
    assert account is not None
    await world.changes(displayName="Somebody else")
    with pytest.raises(WorldMoved):
        await down(world, etag=account.etag)
    assert await state(world)


@pytest.mark.parametrize("code", [408, 409, 425, 429, 500, 502, 503, 504, 302])
async def test_an_answer_that_tells_nothing_is_the_platform_away(world: World, code: int) -> None:
    await world.fault("status", code=code)
    with pytest.raises(PlatformAway) as away:
        await down(world)
    assert away.value.retry_after is None
    assert await state(world)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 422])
async def test_a_refusal_for_good_says_its_status(world: World, code: int) -> None:
    await world.fault("status", code=code)
    with pytest.raises(PlatformRefused) as refusal:
        await down(world)
    assert refusal.value.status == code
    assert await state(world)


async def test_restoring_what_was_purged_is_refused_with_410(world: World) -> None:
    await world.takes_down("staff-dev-token:rex")
    await world.fault("purged")
    with pytest.raises(PlatformRefused) as refusal:
        await world.client.set_active(asked(Action.RESTORE), active=True, reason=REASON)
    assert refusal.value.status == 410


@pytest.mark.parametrize(("asked_for", "taken"), [(2, 2.0), (0.5, 0.5), (3600, 60.0)])
async def test_a_pause_asked_for_is_passed_on_up_to_a_minute(world: World, asked_for: float, taken: float) -> None:
    await world.fault("status", code=429, retry_after=asked_for)
    with pytest.raises(PlatformAway) as away:
        await down(world)
    assert away.value.retry_after == taken


@pytest.mark.parametrize("kind", ["status_after", "timeout_after"])
async def test_after_a_lost_answer_the_same_call_is_answered_and_has_one_effect(impatient: World, kind: str) -> None:
    await impatient.fault(kind, code=503, times=1) if kind == "status_after" else await impatient.fault(
        kind, seconds=5, times=1
    )
    with pytest.raises(PlatformAway):
        await down(impatient)
    assert not await state(impatient)
    await down(impatient)
    assert len(await impatient.effects()) == 1


async def test_a_call_that_hangs_is_given_up(impatient: World) -> None:
    await impatient.fault("timeout", seconds=30)
    began = asyncio.get_running_loop().time()
    with pytest.raises(PlatformAway, match="in time"):
        await down(impatient)
    assert asyncio.get_running_loop().time() - began < 2
    assert await state(impatient)


async def test_a_call_processed_after_it_was_given_up_meets_its_etag(impatient: World) -> None:
    """What makes giving up safe: the late call is refused once the world has moved."""
    account = await impatient.client.account(PRESIDENT)
    assert account is not None
    await impatient.fault("late", seconds=0.8, times=1)
    with pytest.raises(PlatformAway):
        await down(impatient, etag=account.etag)
    await impatient.changes(displayName="Somebody else")
    await asyncio.sleep(0.6)
    assert await state(impatient)


async def test_an_answer_that_did_nothing_is_no_error(world: World) -> None:
    """A 2xx says nothing of the account: the read that follows does."""
    await world.fault("no_op")
    await down(world)
    assert await state(world)


async def test_a_cancelled_call_stays_cancelled(world: World) -> None:
    await world.fault("timeout", seconds=30)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(down(world), 0.1)


async def test_calls_at_once_share_the_connections(world: World) -> None:
    ids = await world.accounts(50)
    await asyncio.gather(
        *(world.client.set_active(asked(account=id, key=f"op_{id}"), active=False, reason=REASON) for id in ids)
    )
    assert (await world.client.inactive())[1] == 50


# The reason in a header


async def test_a_reason_that_no_header_could_carry_arrives_encoded(world: World) -> None:
    reason = "Grüße\r\nIf-Match: * 50 % 日本"
    await world.client.set_active(asked(), active=False, reason=reason)
    account = await world.client.account(PRESIDENT)
    assert account is not None
    assert account.deactivation is not None
    assert account.deactivation.reason is not None
    assert unquote(account.deactivation.reason) == "Grüße If-Match: * 50 % 日本"


async def test_an_empty_reason_is_left_out(world: World) -> None:
    await world.client.set_active(asked(), active=False, reason=" \n")
    account = await world.client.account(PRESIDENT)
    assert account is not None
    assert account.deactivation is not None
    assert account.deactivation.reason is None


@pytest.mark.parametrize("reason", ["x" * 500, "日" * 500, "\x00\x1b[31m\ud800" * 99, "é" + "x" * 197, '%"\\' * 99])
def test_a_reason_in_a_header_is_short_plain_and_whole(reason: str) -> None:
    said = header_safe(reason)
    assert len(said) <= 200
    assert said.isascii()
    assert said.isprintable() or said == ""
    assert unquote(said, errors="strict") in " ".join(c for c in reason if c.isprintable()).replace(" ", "") + " "


def test_the_token_stands_in_no_repr() -> None:
    assert "secret-token" not in repr(ScimPlatform("https://api.example.com", "secret-token"))
