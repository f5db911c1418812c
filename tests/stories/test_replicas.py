"""Several processes on one PostgreSQL: whichever is asked, asleep or dead, there is one of everything."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.record import stamp
from bot.policy_book import DIFFERS_FOR, read_policy
from bot.sandbox.slack.records import Message
from bot.sandbox.slack.server import APPROVALS
from bot.wiring import Bot, running
from tests import postgres
from tests.databases import Databases, query
from tests.replicas import replicas
from tests.stories.scene import (
    MARIA,
    MONA,
    PINE,
    PRESIDENT,
    TESSA,
    TOM,
    WITHIN,
    Scene,
    event_of,
    id_of,
    set_scene,
    state_of,
    text_of,
)

OVER_WITHIN = 12.0
"""Seconds on a busy machine; what it takes alone is measured by the campaign `handed_over`."""
LEASE_OVER = (
    "update tasks set due = 0 where state = 'running' and owner in "
    "(select owner from tasks where state = 'running' and kind = 'carry_out')"
)
"""Of all that the one holds who carries out: the drawings of a card go one after the other, whoever has them."""


@pytest.fixture(scope="module")
def kind() -> str:
    """SQLite has one process."""
    if postgres.is_off():
        pytest.skip(f"{postgres.OFF}=off")
    return "postgresql"


@dataclass
class Pair:
    """Two replicas in the test's process; the first is the guard."""

    scene: Scene
    both: tuple[Bot, Bot]

    def reach(self, which: int) -> None:
        """Whom Slack's next request reaches, over HTTP; over sockets they take turns."""
        self.scene.workspace.events_url = f"http://127.0.0.1:{self.both[which].port}/slack/events"

    async def ask(self, which: int, path: str) -> tuple[int, dict[str, Any]]:
        async with self.scene.session.get(f"http://127.0.0.1:{self.both[which].port}/{path}") as answer:
            return answer.status, await answer.json()

    async def says(self, which: int, path: str, key: str, *, ok: bool) -> str:
        """Wait until that key of an answer holds, or does not; what it says then."""

        async def so() -> dict[str, Any] | None:
            found = (await self.ask(which, path))[1][key]
            return dict(found) if found["ok"] is ok else None

        return str((await self.scene.eventually(so))["says"])


@pytest.fixture(params=["http", "socket"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def _pair(scene: Scene, stack: AsyncExitStack) -> Pair:
    await scene.start()
    assert scene.bot is not None
    await scene.until(lambda: scene.world.status.fence)
    second = await stack.enter_async_context(running(scene.settings, read_policy(scene.settings.policy_file)))
    await scene.until(lambda: second.world.status.listed)
    return Pair(scene, (scene.bot, second))


@pytest.fixture
async def pair(tmp_path: Path, databases: Databases) -> AsyncIterator[Pair]:
    async with set_scene(tmp_path, database=databases.migrated()) as scene, AsyncExitStack() as stack:
        yield await _pair(scene, stack)


@pytest.fixture
async def wired(way: str, tmp_path: Path, databases: Databases) -> AsyncIterator[Pair]:
    database = databases.migrated()
    async with set_scene(tmp_path, socket=way == "socket", database=database) as scene, AsyncExitStack() as stack:
        yield await _pair(scene, stack)


async def test_each_act_may_reach_another_replica(wired: Pair) -> None:
    scene = wired.scene
    wired.reach(1)
    card = await scene.ask("president")
    wired.reach(0)
    assert (await scene.workspace.click(MONA, card, "approve")).ok
    now = await scene.workspace.wait_for_message(APPROVALS, lambda m: is_of(m, card) and "1 of 2" in text_of(m))
    wired.reach(1)
    assert (await scene.workspace.click(TESSA, now, "approve")).ok

    await scene.workspace.wait_for_message(
        APPROVALS, lambda m: is_of(m, card) and state_of(m) == "done", timeout=WITHIN
    )

    assert [e["action"] for e in await scene.effects(PRESIDENT)] == ["deactivate"]
    await scene.log_agrees()


async def test_the_same_signed_bytes_have_one_effect_whichever_replica_they_come_to(wired: Pair) -> None:
    scene = wired.scene
    wired.reach(0)
    card = await scene.ask("president")
    clicked = await scene.workspace.click(MONA, card, "approve")
    wired.reach(1)

    again = [await scene.workspace.redeliver(clicked) for _ in range(2)]  # over sockets, each gets one

    assert {answer.status for answer in again} == ({401} if clicked.headers else {200})
    assert not any(answer.reply for answer in again)
    assert len((await scene.request(card)).votes) == 1
    await scene.log_agrees()


async def test_fifty_clicks_at_once_over_two_replicas_have_one_outcome(pair: Pair) -> None:
    scene = pair.scene
    card = await scene.ask("maria_k")
    clicks = []
    for number in range(50):
        pair.reach(number % 2)
        clicks.append(asyncio.ensure_future(scene.workspace.click_raw(MONA, card, "approve")))
        await asyncio.sleep(0)

    answers = await asyncio.gather(*clicks)

    assert all(answer.ok for answer in answers), answers
    await scene.card_becomes(card, "done")
    assert len((await scene.request(card)).votes) == 1
    assert len(await scene.effects(MARIA)) == 1
    await scene.log_agrees()


async def test_whichever_replica_is_asked_tells_how_the_guard_is_doing(pair: Pair) -> None:
    assert [bot.world.status.fence is not None for bot in pair.both] == [True, False]
    for which in (0, 1):
        assert (await pair.ask(which, "readyz"))[0] == 200
        for key in ("feed", "platform", "sweep", "policy"):
            await pair.says(which, "guardz", key, ok=True)
    assert await pair.says(0, "guardz", "guard", ok=True) == "this process is the guard"
    (guard,) = pair.scene.sql("select owner from leases where name = 'guard'")[0]
    assert await pair.says(1, "guardz", "guard", ok=True) == f"the process {guard} is the guard"
    pair.reach(1)
    assert (await pair.scene.workspace.command(MONA, "/countersign", "guard")).ok
    said = await pair.scene.workspace.wait_for_ephemeral(MONA)
    assert "feed answered" in text_of(said)

    await pair.scene.fault(kind="status", code=503, on="any", by="svc:countersign")
    for account in (TOM, PINE):  # the open poll ends with news
        await pair.scene.act("staff-dev-token:rex", account, active=False)
    for which in (0, 1):
        assert await pair.says(which, "guardz", "platform", ok=False) == "away"
        assert (await pair.ask(which, "readyz"))[0] == 200
    await pair.scene.mend()
    for which in (0, 1):
        await pair.says(which, "guardz", "platform", ok=True)


async def test_there_is_one_digest(pair: Pair) -> None:
    tasks = query(pair.scene.settings.database_url, "select key from tasks where kind = 'digest'")
    assert len(tasks) == 1

    pair.scene.sql("update tasks set due = 0 where kind = 'digest'")

    async def posted() -> int:
        (found,) = pair.scene.sql("select count(*) from audit where kind = 'digest_posted'")
        return int(found[0])

    await pair.scene.eventually(posted)
    await asyncio.sleep(0.3)
    assert await posted() == 1
    assert len([message for message in pair.scene.cards() if event_of(message) == "None"]) == 1


async def test_a_change_of_the_rules_is_seen_by_a_replica_that_decides_nothing(pair: Pair) -> None:
    first, second = pair.both
    pair.scene.policy(lambda text: text.replace('mode = "enforce"', 'mode = "observe"'))
    await first.book.reload(first.world, first.policy_file)

    assert await pair.says(1, "guardz", "mode", ok=False) == "only observes"
    assert second.world.policy.digest == first.world.policy.digest


async def test_a_replica_whose_file_differs_says_so_until_it_is_the_same(pair: Pair) -> None:
    first, second = pair.both
    other = pair.scene.folder / "other.toml"
    other.write_text(second.policy_file.read_text().replace("hour = 9", "hour = 10"))
    await first.book.reload(first.world, other)

    assert "another file" in await pair.says(1, "guardz", "policy", ok=True), "the others have their turn"
    assert "this process's file" in await pair.says(0, "guardz", "policy", ok=True)
    await as_if_for_long(first, pair.scene)
    assert "another file" in await pair.says(1, "guardz", "policy", ok=False)

    await second.book.reload(second.world, other)
    assert "this process's file" in await pair.says(1, "guardz", "policy", ok=True)
    rows = pair.scene.sql("select count(*) from policies")
    assert rows == [(2,)]

    other.write_text("version = ")
    await second.book.reload(second.world, other)
    assert "no valid policy" in await pair.says(1, "guardz", "policy", ok=True)


async def test_two_that_start_at_once_with_different_files_agree_on_one_and_one_says_that_it_is_not_its_own(
    tmp_path: Path, databases: Databases
) -> None:
    async with set_scene(tmp_path, database=databases.new()) as scene, AsyncExitStack() as stack:
        text, other = scene.settings.policy_file.read_text(), tmp_path / "other.toml"
        other.write_text(text.replace("hour = 9", "hour = 10"))
        settings = (scene.settings, replace(scene.settings, policy_file=other))
        starting = (stack.enter_async_context(running(one, read_policy(one.policy_file))) for one in settings)
        both = await asyncio.gather(*starting)

        pair = Pair(scene, (both[0], both[1]))
        await as_if_for_long(both[0], scene)
        said = [(await pair.ask(which, "guardz"))[1]["policy"]["ok"] for which in (0, 1)]
        assert sorted(said) == [False, True]
        assert len(scene.sql("select digest from policies")) == 2
        await scene.until(lambda: both[0].world.policy.digest == both[1].world.policy.digest)
        assert both[0].world.policy.text == settings[said.index(True)].policy_file.read_text()


async def test_the_guards_place_and_its_tasks_are_taken_when_its_process_dies_and_when_it_hangs(
    tmp_path: Path, databases: Databases
) -> None:
    async with set_scene(tmp_path, database=databases.migrated()) as scene, replicas(scene, 3) as found:
        guard, (_, token) = found.guard, found.holder()
        await scene.fault(kind="timeout_after", seconds=30, on="patch", by="svc:countersign", times=1)
        await scene.act("staff-dev-token:rex", TOM, active=False)
        await under_way(scene, TOM)
        await guard.kill()
        began = time.monotonic()
        assert await found.handed_over(token, within=OVER_WITHIN) <= OVER_WITHIN
        await scene.incident_card("restored", within=OVER_WITHIN)
        assert time.monotonic() - began <= OVER_WITHIN + 1

        hangs, (_, token) = found.guard, found.holder()
        hangs.signal(signal.SIGSTOP)
        await found.handed_over(token, within=2 * OVER_WITHIN)
        await scene.act("staff-dev-token:rex", PINE, active=False)
        await scene.public_becomes(PINE, "active")
        await scene.act(f"owner-dev-token:{PINE}", PINE, active=False)
        await asyncio.sleep(0.3)
        owner, token = found.holder()
        hangs.signal(signal.SIGCONT)
        await asyncio.sleep(1)

        assert found.holder() == (owner, token)
        assert (await hangs.ask("guardz"))[0] == 200
        assert [e["action"] for e in await scene.effects(TOM)] == ["deactivate", "restore"]
        assert [e["action"] for e in await scene.effects(PINE)] == ["deactivate", "restore", "deactivate"]


async def test_what_a_replica_that_is_no_guard_had_under_way_is_done_by_another_once(
    tmp_path: Path, databases: Databases
) -> None:
    async with set_scene(tmp_path, database=databases.migrated()) as scene, replicas(scene, 2) as found:
        (other,) = found.others
        front = scene.workspace.events_url

        async def begun(handle: str, account: str) -> Message:
            card = await scene.ask(handle)
            await scene.fault(kind="timeout_after", seconds=6, on="patch", by="svc:countersign", times=1)
            scene.workspace.events_url = f"{other.url}/slack/events"
            assert (await scene.workspace.click(MONA, card, "approve")).ok
            scene.workspace.events_url = front
            await under_way(scene, account)
            return card

        card = await begun("maria_k", MARIA)
        other.signal(signal.SIGSTOP)
        await asyncio.sleep(0.5)
        assert ("running",) in scene.sql("select state from requests")
        scene.sql(LEASE_OVER)
        await scene.card_becomes(card, "done", within=OVER_WITHIN)
        other.signal(signal.SIGCONT)

        card = await begun("tom.reads", TOM)
        await other.kill()
        await scene.card_becomes(card, "done", within=OVER_WITHIN)

        for account in (MARIA, TOM):
            assert [e["action"] for e in await scene.effects(account)] == ["deactivate"]


def is_of(message: Message, card: Message) -> bool:
    """Whether it is a card of the same request: posted before the other's place was on record, there may be two."""
    return event_of(message) == event_of(card) and id_of(message) == id_of(card)


async def as_if_for_long(bot: Bot, scene: Scene) -> None:
    """What is in force has been so for longer than a change of the file from replica to replica takes."""
    since = stamp(bot.world.now() - DIFFERS_FOR - timedelta(seconds=1))
    scene.sql(f"update policies set since = '{since}'")  # noqa: S608 - a time of our own


async def under_way(scene: Scene, account: str) -> None:
    """Wait until the bot's call has had its effect, of which it does not hear."""

    async def so() -> bool:
        return any(e["actor"]["id"] == "svc:countersign" for e in await scene.effects(account))

    await scene.eventually(so)
