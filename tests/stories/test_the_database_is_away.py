"""While nothing can be recorded nothing is acknowledged as done: people are told to try again, and `/readyz` is red."""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tests import postgres
from tests.databases import migrated, occupied, query
from tests.stories.scene import ADA, MONA, Scene, set_scene, text_of

Away = Callable[[Scene], AbstractAsyncContextManager[None]]
WRITTEN = ("audit", "audit_head", "leases", "tasks")
NO_ROOM = (
    "create function no_room() returns trigger language plpgsql as $$ begin "
    "raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$"
)
"""What a server says whose disk is full."""


@asynccontextmanager
async def locked(scene: Scene) -> AsyncIterator[None]:
    """Somebody else has the turn to write and keeps it."""
    with occupied(scene.settings.database_url):
        yield


@asynccontextmanager
async def full(scene: Scene) -> AsyncIterator[None]:
    """The disk is: no file may grow beyond what it has."""
    url = scene.settings.database_url
    if url.startswith("postgresql"):
        before = "before insert or update on"
        query(url, NO_ROOM, *(f"create trigger full_{t} {before} {t} execute function no_room()" for t in WRITTEN))
        yield
        query(url, *(f"drop trigger full_{t} on {t}" for t in WRITTEN))
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size(f"{url.removeprefix('sqlite:///')}-wal") + 100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def size(file: str) -> int:
    return Path(file).stat().st_size


async def status(scene: Scene, path: str) -> int:
    assert scene.bot is not None
    async with scene.session.get(f"http://127.0.0.1:{scene.bot.port}/{path}") as answer:
        return answer.status


async def becomes(scene: Scene, wanted: int) -> None:
    async def so() -> bool:
        return await status(scene, "readyz") == wanted

    await scene.eventually(so, within=20)


async def nothing_is_promised(scene: Scene, away: Away) -> None:
    """A click and a form, while it is away and when it is back."""
    card = await scene.ask("maria_k")
    view = await scene.form(ADA, "@tom_w")
    await asyncio.sleep(0.3)  # in which what the card left behind is recorded
    async with away(scene):
        clicked = await scene.workspace.click(MONA, card, "approve")
        assert clicked.ok, clicked
        await scene.workspace.wait_for_ephemeral(MONA, lambda m: "could not be recorded" in m.text)
        sent = await scene.fill(ADA, view, "tom_w")
        assert sent.errors, "the form stays open with what was typed"
        assert (await status(scene, "readyz"), await status(scene, "healthz")) == (503, 200)
    assert "0 of 1" in text_of(scene.workspace.message(card.channel, card.ts) or card)
    assert len(scene.cards()) == 1
    await becomes(scene, 200)
    assert (await scene.workspace.click(MONA, card, "approve")).ok
    await scene.card_becomes(card, "done", within=20)
    await scene.log_agrees()


@pytest.mark.parametrize("away", [locked, full])
async def test_nothing_is_promised_while_nothing_can_be_recorded(scene: Scene, away: Away) -> None:
    await nothing_is_promised(scene, away)


@postgres.needed
async def test_nor_while_the_server_is_gone(tmp_path: Path) -> None:
    # what it has acknowledged outlives its processes, as in production
    server = await asyncio.to_thread(postgres.started, settings=("fsync=off", "full_page_writes=off"))

    @asynccontextmanager
    async def gone(_: Scene) -> AsyncIterator[None]:
        await asyncio.to_thread(server.kill)
        yield
        await asyncio.to_thread(server.start)

    try:
        migrated(server.url)
        async with set_scene(tmp_path, database=server.url) as scene:
            await scene.start()
            await nothing_is_promised(scene, gone)
    finally:
        await asyncio.to_thread(server.stop)
