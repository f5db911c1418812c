"""A person's approved request, with the platform at its worst: verified only by reading, one effect."""

import pytest

from tests.stories.scene import ADA, MARIA, MONA, Scene, text_of


async def approved(scene: Scene) -> object:
    card = await scene.ask("maria_k")
    await scene.workspace.click(MONA, card, "approve")
    return card


async def test_a_yes_that_does_nothing_ends_in_failed(scene: Scene) -> None:
    await scene.fault(kind="no_op", by="svc:countersign")
    card = await scene.ask("maria_k")

    await scene.workspace.click(MONA, card, "approve")

    failed = await scene.card_becomes(card, "failed")
    assert "ask_again" in failed.action_ids
    assert "nothing happened" in text_of(failed)
    await scene.workspace.wait_for_dm(ADA, lambda m: "failed" in m.text)
    assert await scene.effects(MARIA) == []


LOST = [
    {"kind": "status_after", "code": 500},
    {"kind": "status_after", "code": 429},
    {"kind": "status", "code": 503, "times": 2},
    {"kind": "status", "code": 429, "times": 1},
]


@pytest.mark.parametrize("rule", LOST, ids=lambda rule: f"{rule['kind']}-{rule['code']}")
async def test_an_answer_that_is_lost_or_late_is_read_again_and_has_one_effect(
    scene: Scene, rule: dict[str, object]
) -> None:
    await scene.fault(**{"times": 1, **rule}, by="svc:countersign")
    card = await scene.ask("maria_k")

    await scene.workspace.click(MONA, card, "approve")

    await scene.card_becomes(card, "done")
    assert len(await scene.effects(MARIA)) == 1


async def test_a_call_that_hangs_after_its_effect_is_found_by_reading(scene: Scene) -> None:
    await scene.fault(kind="timeout_after", seconds=20, times=1, by="svc:countersign")
    card = await scene.ask("maria_k")

    await scene.workspace.click(MONA, card, "approve")

    await scene.card_becomes(card, "done", within=20)
    assert len(await scene.effects(MARIA)) == 1


async def test_a_definitive_no_fails_and_says_so(scene: Scene) -> None:
    await scene.fault(kind="status", code=403, by="svc:countersign")
    card = await scene.ask("maria_k")

    await scene.workspace.click(MONA, card, "approve")

    await scene.card_becomes(card, "failed")


async def test_a_renamed_account_is_shown_anew_before_anything_is_done(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    operation = {"op": "replace", "path": "userName", "value": "maria.kovac"}
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
    headers = {"Authorization": f"Bearer owner-dev-token:{MARIA}"}
    await scene.session.patch(f"{scene.platform.url}/scim/v2/Users/{MARIA}", json=body, headers=headers)

    await scene.workspace.click(MONA, card, "approve")

    revised = await scene.workspace.wait_for_message(
        "C0APPROVALS", lambda m: m.ts == card.ts and "maria.kovac" in text_of(m), timeout=20
    )
    assert "handle" in text_of(revised)
    await scene.workspace.wait_for_dm(ADA, lambda m: "changed" in m.text)
    await scene.workspace.wait_for_dm(MONA, lambda m: "vote" in text_of(m))
    assert (await scene.public(MARIA))["state"] == "active"
    await scene.workspace.click(MONA, revised, "approve")
    await scene.card_becomes(card, "done")


async def test_an_approved_request_waits_while_the_platform_is_away_and_says_so(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.fault(kind="status", code=503, on="any", by="svc:countersign")

    await scene.workspace.click(MONA, card, "approve")
    await scene.workspace.wait_for_message(
        "C0APPROVALS", lambda m: m.ts == card.ts and "platform" in text_of(m).lower(), timeout=20
    )
    await scene.mend()

    await scene.card_becomes(card, "done")
