import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bot.sandbox.platform.server import MockPlatform, SeedError, serve
from tests.platform.mock.api import PRESIDENT, REX, Api, api_of


async def test_accounts_are_made_by_the_control_port(api: Api) -> None:
    body = {"count": 3, "prefix": "fan", "followers": 9, "tags": ["press"], "active": False}
    ids = (await api.control("POST", "accounts", body)).json()["ids"]
    assert len(set(ids)) == 3
    made = await api.truth(ids[0])
    assert (made["handle"], made["followers"], made["tags"], made["active"]) == ("fan1", 9, ["press"], False)
    assert made["deactivation"]["actor"] == {"id": "system:seed", "kind": "system"}
    assert (await api.restore(ids[0])).status_code == 200
    again = (await api.control("POST", "accounts", {"prefix": "FAN"})).json()["ids"]
    assert (await api.truth(again[0]))["handle"] == "FAN4"
    assert (await api.users())["totalResults"] == 16
    assert (await api.control("POST", "accounts", {"count": "x"})).status_code == 400


async def test_the_state_is_the_truth_for_ever(api: Api) -> None:
    await api.fault("drop")
    await api.deactivate(token=REX, key="k")
    state = (await api.control("GET", "state")).json()
    assert set(state) == {"accounts", "suspended", "effects"}
    assert len(state["accounts"]) == 12
    [effect] = state["effects"]
    at = (await api.truth())["deactivation"]["at"]
    assert effect == {
        "seq": 1,
        "at": at,
        "account": PRESIDENT,
        "action": "deactivate",
        "actor": {"id": "staff:rex", "kind": "staff"},
        "operation": "k",
    }
    await api.restore()
    later = (await api.control("GET", f"state?account={PRESIDENT}&after=1")).json()
    assert [one["action"] for one in later["effects"]] == ["restore"]


async def test_many_accounts_take_little_time() -> None:
    async with api_of(MockPlatform(accounts=1_000)) as api:
        assert (await api.users(count=0))["totalResults"] == 1_000
        began = time.monotonic()
        await api.control("POST", "accounts", {"count": 50_000})
        assert time.monotonic() - began < 5
        assert (await api.users(count=0))["totalResults"] == 51_000


async def test_several_platforms_live_side_by_side() -> None:
    async with api_of(MockPlatform()) as one, api_of(MockPlatform()) as other:
        await one.deactivate()
        assert (await other.get()).json()["active"]
        assert one.platform.url != other.platform.url
        assert one.platform.control_url != one.platform.url


async def test_the_dozen_has_accounts_of_every_weight(api: Api) -> None:
    accounts = (await api.control("GET", "state")).json()["accounts"]
    assert len(accounts) == 12
    assert {"head-of-state", "staff"} <= {tag for account in accounts for tag in account["tags"]}
    assert {1_200_000, 40_000, 31} <= {account["followers"] for account in accounts}
    assert any(not account["display_name"].isascii() for account in accounts)
    assert sum(account["display_name"] == "The President" for account in accounts) == 2


async def test_it_listens_on_loopback_alone() -> None:
    with pytest.raises(ValueError, match="loopback only"):
        await MockPlatform().start(host="0.0.0.0")  # noqa: S104 - what must be refused


async def test_stopping_is_prompt_whoever_hangs_or_waits() -> None:
    platform = MockPlatform()
    await platform.start()
    async with httpx.AsyncClient() as http:
        api = Api(platform, http)
        await api.control("POST", "accounts", {"count": 1_000})
        await api.fault("timeout", seconds=60, times=1)
        await api.fault("late", seconds=60, times=1)
        await api.fault("delay", seconds=60, times=1)
        await api.fault("bulk", actor="staff:rex", count=1_000, per_second=10)
        calls = [api.restore(), api.restore(), api.events(0, wait=30)]
        waiting = [asyncio.create_task(call) for call in calls]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await platform.stop()
        assert time.monotonic() - began < 0.5
        await asyncio.gather(*waiting, return_exceptions=True)
        with pytest.raises(httpx.ConnectError):
            await api.get()


async def test_a_seed_file_replaces_the_dozen(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    account = {"handle": "@Ada", "id": "acct_7", "display_name": "Ada", "followers": 3, "tags": ["staff"]}
    by = {"actor": "owner:acct_8", "at": "2099-01-01T00:00:00Z", "purge_at": "2099-02-02T00:00:00Z"}
    down = {"handle": "bob", "id": "acct_8", "active": False, "deactivation": by}
    lost = {"handle": "eve", "active": False}
    seed.write_text(json.dumps({"accounts": [account, down, lost]}))
    async with api_of(MockPlatform(seed=seed, accounts=5)) as api:
        assert (await api.users(count=0))["totalResults"] == 5
        assert (await api.public("@ada"))["followers"] == 3
        assert (await api.truth("acct_8"))["deactivation"]["purgeAt"] == "2099-02-02T00:00:00.000Z"
        assert (await api.restore("acct_8", token="owner-dev-token:acct_8")).status_code == 200
        assert (await api.users(filter="active eq false"))["totalResults"] == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "Expecting property name"),
        ("[]", "valid dictionary"),
        ('{"accounts": [{"id": "x"}]}', "accounts.0.handle: Field required"),
        ('{"accounts": [{"handle": "a"}, {"handle": "A"}]}', "the handle A is there twice"),
        ('{"accounts": [{"handle": "a", "id": "x"}, {"handle": "b", "id": "x"}]}', "the id x is there twice"),
        ('{"accounts": [{"handle": "a", "folowers": 1}]}', "folowers"),
    ],
)
def test_a_bad_seed_file_is_one_sentence(tmp_path: Path, text: str, problem: str) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text(text)
    with pytest.raises(SeedError) as refused:
        MockPlatform(seed=seed)
    assert str(seed) in str(refused.value)
    assert problem in str(refused.value)
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"seed file .* cannot be used: No such file"):
        MockPlatform(seed=tmp_path / "none.json")
    with pytest.raises(SeedError, match=r"tokens file .* cannot be used: No such file"):
        MockPlatform(tokens=tmp_path / "none.json")


async def test_a_tokens_file_replaces_the_table(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    tokens.write_text('{"s3": {"id": "svc:x", "kind": "service"}, "in:*": {"id": "staff:*", "kind": "staff"}}')
    async with api_of(MockPlatform(tokens=tokens)) as api:
        assert (await api.get()).status_code == 401
        assert (await api.deactivate(token="in:zoe")).status_code == 200
        assert (await api.restore(token="s3")).status_code == 200
        assert [effect["actor"]["id"] for effect in await api.effects()] == ["staff:zoe", "svc:x"]
    tokens.write_text('{"s3": {"id": "svc:x", "kind": "king"}}')
    with pytest.raises(SeedError, match="tokens file"):
        MockPlatform(tokens=tokens)


@asynccontextmanager
async def _served(unused: tuple[int, int]) -> AsyncIterator[asyncio.Task[None]]:
    port, control_port = unused
    serving = asyncio.create_task(serve(port=port, control_port=control_port))
    async with httpx.AsyncClient() as http:
        for _ in range(100):
            await asyncio.sleep(0.02)
            try:
                await http.get(f"http://127.0.0.1:{control_port}/control/v1/state")
                break
            except httpx.ConnectError:
                continue
    yield serving


async def test_the_command_runs_until_it_is_told_to_end(
    unused_tcp_port_factory: "type[int]", capsys: pytest.CaptureFixture[str]
) -> None:
    ports = (unused_tcp_port_factory(), unused_tcp_port_factory())
    async with _served(ports) as serving:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(serving, 1)
    assert capsys.readouterr().out == (
        f"The mock platform listens on http://127.0.0.1:{ports[0]}.\nIts control port is http://127.0.0.1:{ports[1]}.\n"
    )


async def test_the_command_ends_when_cancelled(unused_tcp_port_factory: "type[int]") -> None:
    async with _served((unused_tcp_port_factory(), unused_tcp_port_factory())) as serving:
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving


async def test_a_port_in_use_leaves_nothing_behind(api: Api) -> None:
    taken = int(api.platform.url.rsplit(":", 1)[1])
    platform = MockPlatform()
    with pytest.raises(OSError, match="in use"):
        await platform.start(control_port=taken)
    await platform.start()
    await platform.stop()
