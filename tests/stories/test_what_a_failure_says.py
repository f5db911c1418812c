"""Why something failed is on record as a code, for every language to say; the platform's own word stays beside it."""

from typing import Any

import pytest

from bot.core.settling import Failed
from bot.printing import print_requests
from tests.stories.scene import MONA, Scene


@pytest.mark.parametrize(
    ("fault", "outcome", "printed"),
    [
        ({"kind": "status", "code": 403}, "refused: 403", "The platform refused with 403."),
        ({"kind": "no_op"}, Failed.NO_EFFECT, "The platform said yes and nothing happened."),
    ],
)
async def test_a_failure_is_a_code_on_record_and_a_sentence_on_the_command_line(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: dict[str, Any],
    outcome: str,
    printed: str,
) -> None:
    await scene.fault(**fault, on="patch", by="svc:countersign")
    card = await scene.ask("maria_k")

    await scene.workspace.click(MONA, card, "approve")

    await scene.card_becomes(card, "failed")
    request = await scene.request(card)
    assert request.outcome == outcome
    monkeypatch.setenv("DATABASE_URL", scene.settings.database_url)
    await print_requests(request.id, None, as_json=False)
    assert f"  outcome: {printed}\n" in capsys.readouterr().out
    await scene.log_agrees()


async def test_an_unknown_outcome_is_a_code_too(scene: Scene) -> None:
    await scene.fault(kind="status", code=500, on="patch", by="svc:countersign")
    card = await scene.ask("maria_k")

    await scene.workspace.click(MONA, card, "approve")

    await scene.card_becomes(card, "uncertain")
    assert (await scene.request(card)).outcome == Failed.NO_ANSWER
    await scene.mend()
    await scene.card_becomes(card, "done", within=20)


async def test_what_somebody_typed_is_never_taken_for_a_code(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    card = await scene.ask("maria_k")
    await scene.deny(MONA, card, "refused: no {words}")
    await scene.card_becomes(card, "denied")
    monkeypatch.setenv("DATABASE_URL", scene.settings.database_url)

    await print_requests((await scene.request(card)).id, None, as_json=False)

    assert "  outcome: refused: no {words}\n" in capsys.readouterr().out
