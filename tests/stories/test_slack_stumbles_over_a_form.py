"""Slack takes neither a form nor an answer for a moment: whoever typed a command has a word of it all the same."""

from typing import Any

import pytest

from tests.stories.scene import ADA, Scene, inputs

MOMENT: tuple[dict[str, Any], ...] = ({"status": 429, "retry_after": 1}, {"status": 503}, {"drop": True})


@pytest.mark.parametrize("fault", MOMENT, ids=("429", "503", "no answer"))
async def test_a_form_that_is_looking_up_is_filled_in_as_soon_as_slack_takes_it(
    scene: Scene, fault: dict[str, Any]
) -> None:
    scene.workspace.faults.add("views.update", times=2, **fault)

    assert (await scene.workspace.command(ADA, "/deactivate", "@maria_k")).ok

    assert await scene.workspace.wait_for_view(ADA, lambda view: "reason" in inputs(view))


@pytest.mark.parametrize("fault", MOMENT, ids=("429", "503", "no answer"))
async def test_what_was_typed_is_given_back_as_soon_as_slack_takes_it(scene: Scene, fault: dict[str, Any]) -> None:
    scene.workspace.faults.add("views.open", error="trigger_expired")
    scene.workspace.faults.add("response_url", times=2, **fault)

    assert (await scene.workspace.command(ADA, "/deactivate", "@maria_k spam")).ok

    said = await scene.workspace.wait_for_ephemeral(ADA, lambda message: "/deactivate" in message.text)
    assert "@maria_k spam" in said.text
