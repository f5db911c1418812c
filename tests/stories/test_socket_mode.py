"""Socket Mode: the same stories without a public address."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.stories.scene import ADA, MARIA, MONA, Scene, set_scene


@pytest.fixture
async def wired(tmp_path: Path, databases: Databases) -> AsyncIterator[Scene]:
    async with set_scene(tmp_path, socket=True, database=databases.migrated()) as scene:
        await scene.start()
        await scene.until(lambda: scene.workspace.sockets == 1)
        yield scene


async def test_a_request_goes_its_way_over_the_socket(wired: Scene) -> None:
    card = await wired.ask("maria_k")

    await wired.workspace.click(MONA, card, "approve")

    await wired.card_becomes(card, "done")
    assert (await wired.public(MARIA))["state"] == "deactivated"


async def test_an_envelope_that_comes_again_has_one_effect_and_a_bare_acknowledgement(wired: Scene) -> None:
    card = await wired.ask("president")
    clicked = await wired.workspace.click(MONA, card, "approve")

    again = await wired.workspace.redeliver(clicked)

    assert again.ok
    assert not again.reply
    assert len((await wired.request(card)).votes) == 1


async def test_the_form_shows_its_errors_over_the_socket(wired: Scene) -> None:
    view = await wired.form(ADA, "@maria_k")

    sent = await wired.fill(ADA, view, "no_such_one")

    assert "handle" in sent.errors


async def test_http_is_not_served_beside_the_socket(wired: Scene) -> None:
    assert wired.bot is not None
    async with wired.session.post(f"http://127.0.0.1:{wired.bot.port}/slack/events", data=b"x") as answer:
        assert answer.status == 404
