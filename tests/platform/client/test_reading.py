"""What the client makes of accounts, handles and the public view of a real platform over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.account import Account
from bot.core.errors import PlatformAway, PlatformRefused
from bot.platform.scim import ScimPlatform
from tests.platform.client.world import PRESIDENT, World


async def test_an_account_reads_as_the_platform_holds_it(world: World) -> None:
    account = await world.client.account(PRESIDENT)
    assert account is not None
    assert account == Account(
        id=PRESIDENT,
        handle="president",
        display_name="The President",
        active=True,
        verified=True,
        followers=41_700_000,
        following=45,
        tags=("head-of-state",),
        etag=account.etag,
        deactivation=None,
        created=account.created,
    )
    assert account.created is not None
    assert account.etag


async def test_a_deactivation_reads_with_actor_time_and_purge(world: World) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    await world.takes_down("staff-dev-token:rex")
    account = await world.client.account(PRESIDENT)
    assert account is not None
    assert not account.active
    assert account.deactivation is not None
    assert account.deactivation.actor == "staff:rex"
    assert account.deactivation.operation is None
    assert account.deactivation.at is not None
    assert before < account.deactivation.at
    assert account.deactivation.purge_at == account.deactivation.at + timedelta(days=30)


async def test_a_read_and_the_feed_speak_of_the_same_instance(world: World) -> None:
    await world.takes_down("staff-dev-token:rex")
    account = await world.client.account(PRESIDENT)
    (event,), _ = await world.client.events(after=0, wait=0)
    assert account is not None
    assert account.instance == event.instance


async def test_a_deactivation_that_nobody_did_is_still_one(world: World) -> None:
    await world.fault("impossible_list", on="get")
    account = await world.client.account(PRESIDENT)
    assert account is not None
    assert account.instance is not None
    assert (account.deactivation, account.instance.actor, account.instance.at) == (None, None, None)


@pytest.mark.parametrize(
    "id", ["acct_none", "", " ", ".", "..", "../Users", "a/b", "a?b#c", "%2e", "a\nb", "日本", "\ud800"]
)
async def test_an_id_that_no_account_has_is_none(world: World, id: str) -> None:
    assert await world.client.account(id) is None
    assert await world.client.public(id) is None


async def test_a_purged_account_is_none(world: World) -> None:
    await world.fault("status", on="any", code=410)
    assert await world.client.account(PRESIDENT) is None
    assert await world.client.public(PRESIDENT) is None


@pytest.mark.parametrize("text", ["president", "@president", "PRESIDENT", "@President", PRESIDENT])
async def test_an_account_is_found_by_handle_or_id(world: World, text: str) -> None:
    found = await world.client.find(text)
    assert found is not None
    assert found.id == PRESIDENT
    assert found == await world.client.account(PRESIDENT)


@pytest.mark.parametrize(
    "text",
    ["", "@", "@@president", "nobody", f"@{PRESIDENT}", 'x" or active eq true or userName eq "y', '"', "\\", "a/b"],
)
async def test_what_no_account_is_called_finds_none(world: World, text: str) -> None:
    assert await world.client.find(text) is None


@pytest.mark.parametrize("text", ["the president", " president", "president\n", "\tpresident", "pre\x00sident", "@ "])
async def test_what_no_account_could_be_called_is_not_even_asked_for(world: World, text: str) -> None:
    await world.fault("status", on="any", code=503)
    assert await world.client.find(text) is None


@pytest.mark.parametrize("handle", ['o"brien', "back\\slash", "naïve", "日本", "a+b&c=d%20"])
async def test_a_handle_with_signs_of_the_filters_language_is_found(world: World, handle: str) -> None:
    await world.changes(userName=handle)
    found = await world.client.find(handle)
    assert found is not None
    assert (found.id, found.handle) == (PRESIDENT, handle)


async def test_the_public_view_is_what_anybody_sees(world: World) -> None:
    view = await world.client.public(PRESIDENT)
    assert view is not None
    assert (view.active, view.followers, view.following) == (True, 41_700_000, 45)
    assert datetime.now(UTC) - view.as_of < timedelta(seconds=5)


async def test_the_public_view_of_an_account_that_is_down_says_so(world: World) -> None:
    await world.takes_down("staff-dev-token:rex")
    view = await world.client.public(PRESIDENT)
    assert view is not None
    assert (view.active, view.followers) == (False, 0)


@pytest.mark.parametrize("curve", ["negative", "hidden"])
async def test_a_count_that_cannot_be_one_is_unknown(world: World, curve: str) -> None:
    await world.counters(account=PRESIDENT, curve=curve, seconds=60)
    await world.takes_down("staff-dev-token:rex")
    await world.changes(active=True)
    view = await world.client.public(PRESIDENT)
    assert view is not None
    assert view.active
    assert view.followers is None


# Lists


async def test_the_inactive_are_listed_page_by_page(world: World) -> None:
    ids = [account for account in (await world.accounts(7)) if account]
    for id in ids:
        await world.takes_down("staff-dev-token:rex", id)
    first, total = await world.client.inactive(count=4)
    second, _ = await world.client.inactive(start=5, count=4)
    assert total == 7
    assert sorted(ids) == [account.id for account in (*first, *second)]
    assert not any(account.active for account in first)


async def test_an_account_in_a_list_is_the_one_that_a_read_shows(world: World) -> None:
    await world.takes_down("staff-dev-token:rex")
    (listed,), _ = await world.client.inactive()
    assert listed == await world.client.account(PRESIDENT)


async def test_all_accounts_are_listed_page_by_page_whatever_their_state(world: World) -> None:
    everybody, total = await world.client.listed(start=1, count=1000)
    first, _ = await world.client.listed(start=1, count=2)
    second, _ = await world.client.listed(start=3, count=2)
    assert len(everybody) == total
    assert [account.id for account in (*first, *second)] == [account.id for account in everybody[:4]]
    assert await world.client.listed(start=total + 1, count=1000) == ([], total)


async def test_the_inactive_since_a_moment_are_those_changed_after_it(world: World) -> None:
    await world.takes_down("staff-dev-token:rex")
    now = datetime.now(UTC)
    assert (await world.client.inactive(since=now - timedelta(minutes=1)))[1] == 1
    assert await world.client.inactive(since=now + timedelta(minutes=1)) == ([], 0)


# Who calls


async def test_the_platform_is_ready_for_our_token(world: World) -> None:
    await world.client.ready()


async def test_a_token_that_the_platform_does_not_know_is_refused(world: World) -> None:
    async with ScimPlatform(world.mock.url, "no-such-token") as stranger:
        for call in (stranger.ready(), stranger.account(PRESIDENT), stranger.find("president")):
            with pytest.raises(PlatformRefused) as refusal:
                await call
            assert refusal.value.status == 401
            assert "no-such-token" not in f"{refusal.value!r} {stranger!r}"


async def test_what_anybody_sees_is_asked_for_without_a_token(world: World) -> None:
    async with ScimPlatform(world.mock.url, "no-such-token") as stranger:
        assert await stranger.public(PRESIDENT) is not None


async def test_a_session_handed_in_outlives_the_client(world: World) -> None:
    async with ScimPlatform(world.mock.url, "bot-dev-token", session=world.hands) as borrower:
        await borrower.ready()
    assert not world.hands.closed


async def test_a_platform_that_is_not_there_is_away() -> None:
    async with ScimPlatform("http://127.0.0.1:9", "secret") as client:
        with pytest.raises(PlatformAway) as away:
            await client.account(PRESIDENT)
    assert "secret" not in repr(away.value)
