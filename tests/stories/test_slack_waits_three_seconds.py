"""Whatever is slow, Slack has its answer in time, and the person hears what became of the click."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.databases import occupied
from tests.stories.scene import ADA, MONA, SAM, Scene, inputs, text_of

IN_TIME = 2.95
"""Seconds, measured by the stand-in, which gives up after three as Slack does."""


@asynccontextmanager
async def locked(scene: Scene) -> AsyncIterator[None]:
    """Somebody else holds the database's only writing place."""
    with occupied(scene.settings.database_url):
        yield


def users_hang(scene: Scene) -> None:
    scene.workspace.faults.add("users.info", times=None, hang=True)


@pytest.mark.parametrize("user", [MONA, SAM], ids=["approver", "stranger"])
async def test_a_click_on_a_locked_ledger_is_answered_in_time(scene: Scene, user: str) -> None:
    card = await scene.ask("maria_k")
    users_hang(scene)
    async with locked(scene):
        clicked = await scene.workspace.click(user, card, "approve")
        assert clicked.ok, clicked
        assert clicked.seconds < IN_TIME
        await scene.workspace.wait_for_ephemeral(user, lambda m: "could not be recorded" in m.text)
    assert "0 of 1" in text_of(scene.workspace.message(card.channel, card.ts) or card)
    again = await scene.workspace.click(MONA, card, "approve")
    assert again.ok
    await scene.card_becomes(card, "done")


async def test_a_withdrawal_on_a_locked_ledger_is_answered_in_time(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    users_hang(scene)
    async with locked(scene):
        clicked = await scene.workspace.click(ADA, card, "withdraw")
        assert clicked.ok, clicked
        assert clicked.seconds < IN_TIME


async def test_a_form_sent_in_with_all_slow_keeps_what_was_typed(scene: Scene) -> None:
    view = await scene.form(ADA, "@maria_k")
    users_hang(scene)
    await scene.fault(kind="timeout", seconds=20, on="any", by="svc:countersign")
    async with locked(scene):
        sent = await scene.fill(ADA, view, "maria_k")
        assert sent.status == 200, sent
        assert sent.seconds < IN_TIME
        assert sent.errors, "the form stays open with what was typed"
    assert scene.cards() == []


async def test_a_look_up_that_takes_long_is_acknowledged_first(scene: Scene) -> None:
    users_hang(scene)
    await scene.fault(kind="timeout", seconds=20, on="any", by="svc:countersign")
    asked = await scene.workspace.command(MONA, "/countersign", "status @president")
    assert asked.ok, asked
    assert asked.seconds < IN_TIME
    await scene.workspace.wait_for_ephemeral(MONA, lambda m: "platform does not answer" in text_of(m), timeout=25.0)


async def test_the_form_opens_though_nobody_says_which_language_is_read(scene: Scene) -> None:
    users_hang(scene)
    view = await scene.form(ADA, "@president")
    assert "reason" in inputs(view)


async def test_a_shortcut_of_a_stranger_is_refused_once_and_in_time(scene: Scene) -> None:
    said = scene.workspace.say(ADA, "C0SUPPORT", "please look at @president")
    async with locked(scene):
        used = await scene.workspace.shortcut(SAM, said, "request_deactivation")
    assert used.ok, used
    assert used.seconds < IN_TIME
