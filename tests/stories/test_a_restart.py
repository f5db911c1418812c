"""The bot is ended and started again in the middle of each state; nothing is lost, nothing is done twice."""

import asyncio

from tests.stories.scene import ADA, MARIA, MONA, PRESIDENT, TESSA, Scene, text_of


async def test_in_pending_the_card_from_before_still_works(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.restart()

    await scene.workspace.click(MONA, card, "approve")

    await scene.card_becomes(card, "done")
    await scene.log_agrees()


async def test_with_one_of_two_approvals_the_first_still_counts(scene: Scene) -> None:
    card = await scene.ask("president")
    await scene.workspace.click(MONA, card, "approve")
    await scene.restart()
    now = await scene.workspace.wait_for_message("C0APPROVALS", lambda m: m.ts == card.ts and "1 of 2" in text_of(m))

    await scene.workspace.click(TESSA, now, "approve")

    await scene.card_becomes(card, "done")
    await scene.log_agrees()


async def test_approved_while_the_platform_is_away_it_is_carried_out_after_the_restart(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.fault(kind="status", code=503, on="any", by="svc:countersign")
    await scene.workspace.click(MONA, card, "approve")
    await scene.stop()
    await scene.mend()

    await scene.start()

    await scene.card_becomes(card, "done")
    assert len(await scene.effects(MARIA)) == 1
    await scene.log_agrees()


async def test_uncertain_it_is_settled_by_reading_after_the_restart(scene: Scene) -> None:
    """The call had its effect, its answer was lost, and the platform could not be read until after the restart."""
    card = await scene.ask("maria_k")
    await scene.fault(kind="status_after", code=500, on="patch", by="svc:countersign", times=1)
    await scene.fault(kind="status", code=500, on="public", times=1)
    await scene.workspace.click(MONA, card, "approve")
    await scene.card_becomes(card, "uncertain")
    await scene.stop()
    await scene.mend()

    await scene.start()

    await scene.card_becomes(card, "done")
    assert len(await scene.effects(MARIA)) == 1
    await scene.log_agrees()


async def test_a_request_due_to_expire_while_down_expires_at_the_start(unstarted: Scene) -> None:
    unstarted.policy(lambda text: text.replace('request_expires = "24h"', 'request_expires = "300ms"'))
    await unstarted.start()
    card = await unstarted.ask("maria_k")
    await unstarted.stop()
    await asyncio.sleep(0.4)

    await unstarted.start()

    await unstarted.card_becomes(card, "expired")
    await unstarted.log_agrees()


async def test_a_restore_under_way_is_finished_after_the_restart(scene: Scene) -> None:
    await scene.fault(kind="status", code=503, on="patch", by="svc:countersign")
    await scene.act("staff-dev-token:rex", PRESIDENT, active=False)
    await scene.incident_card("open")
    await scene.stop()
    await scene.mend()

    await scene.start()

    await scene.public_becomes(PRESIDENT, "active")
    await scene.incident_card("restored")
    assert [e["action"] for e in await scene.effects(PRESIDENT)] == ["deactivate", "restore"]
    await scene.log_agrees()


async def test_cards_that_slack_did_not_take_are_drawn_when_it_does(scene: Scene) -> None:
    scene.workspace.faults.add("chat.postMessage", status=503, times=3)
    view = await scene.form(ADA, "@maria_k")
    sent = await scene.fill(ADA, view, "maria_k")
    assert sent.ok
    assert not sent.errors

    await scene.workspace.wait_for_message("C0APPROVALS", lambda m: "maria_k" in text_of(m), timeout=20)

    await scene.log_agrees()


async def test_everything_acknowledged_is_in_the_log(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.workspace.click(MONA, card, "approve")
    await scene.stop()
    await scene.start()

    kinds = [e.kind for _, e in await scene.log() if e.request == (await scene.request(card)).id]

    assert kinds[:2] == ["filed", "approved"]
    await scene.log_agrees()
