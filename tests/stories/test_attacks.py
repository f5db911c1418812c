"""Ways around the guard that were tried and found; each was open once."""

import asyncio

from tests.stories.scene import MARIA, MONA, TOM, Scene, state_of


async def test_a_rogue_act_right_after_the_owners_restore_is_undone_although_both_came_while_the_bot_was_down(
    scene: Scene,
) -> None:
    await scene.act(f"owner-dev-token:{TOM}", TOM, active=False)

    async def judged() -> bool:
        return any(e.kind == "judged" and e.facts["account"] == TOM for _, e in await scene.log())

    await scene.eventually(judged)
    await scene.stop()
    await scene.act(f"owner-dev-token:{TOM}", TOM, active=True)
    await scene.act("staff-dev-token:rex", TOM, active=False)

    await scene.start()

    await scene.public_becomes(TOM, "active")


async def test_a_restore_the_feed_never_told_of_explains_no_rogue_act_after_it(unstarted: Scene) -> None:
    await unstarted.act("staff-dev-token:rex", TOM, active=False)
    await unstarted.start()
    await unstarted.fault(kind="silent", times=1)
    await unstarted.act("staff-dev-token:mona", TOM, active=True)

    await unstarted.act("staff-dev-token:rex", TOM, active=False)

    await unstarted.public_becomes(TOM, "active")


async def test_an_incident_whose_restore_waited_while_others_restored_is_not_orphaned(unstarted: Scene) -> None:
    unstarted.policy(lambda text: text.replace('sweep_every = "60s"', 'sweep_every = "500ms"'))
    await unstarted.start()
    card = await unstarted.ask("tom.reads")
    await unstarted.fault(kind="status", code=503, on="patch", by="svc:countersign")
    await unstarted.workspace.click(MONA, card, "approve")
    await unstarted.card_becomes(card, "uncertain")
    await unstarted.act("staff-dev-token:rex", TOM, active=False)
    await unstarted.incident_card("open")
    await unstarted.act("staff-dev-token:mona", TOM, active=True)
    await asyncio.sleep(0.3)
    await unstarted.mend()

    await unstarted.act("staff-dev-token:rex", TOM, active=False)

    async def settled() -> bool:
        live = await unstarted.world.ledger.read(lambda v: v.in_state(["approved", "running", "uncertain"], limit=9))
        open_ = await unstarted.world.ledger.read(lambda v: v.incidents(account=TOM, open_only=True))
        return not live and not open_

    await unstarted.eventually(settled, within=20)
    request = await unstarted.request(card)
    expected = "deactivated" if request.state == "done" else "active"
    assert (await unstarted.public(TOM))["state"] == expected
    await unstarted.log_agrees()


async def test_a_restore_told_of_with_a_clock_ahead_does_not_undo_what_is_approved_later(scene: Scene) -> None:
    await scene.act(f"owner-dev-token:{MARIA}", MARIA, active=False)
    await scene.fault(kind="clock", offset=3600)
    await scene.act(f"owner-dev-token:{MARIA}", MARIA, active=True)
    await asyncio.sleep(0.3)
    await scene.mend()
    card = await scene.ask("maria_k")

    await scene.workspace.click(MONA, card, "approve")

    await scene.card_becomes(card, "done")
    await asyncio.sleep(0.5)
    assert (await scene.public(MARIA))["state"] == "deactivated"


async def test_a_no_that_may_pass_does_not_end_the_guards_restore(scene: Scene) -> None:
    await scene.fault(kind="status", code=403, times=2, by="svc:countersign")

    await scene.act("staff-dev-token:rex", TOM, active=False)

    await scene.public_becomes(TOM, "active")


async def test_a_yes_that_did_nothing_does_not_end_the_guards_restore(scene: Scene) -> None:
    await scene.fault(kind="no_op", times=1, by="svc:countersign")

    await scene.act("staff-dev-token:rex", TOM, active=False)

    await scene.public_becomes(TOM, "active")


async def test_an_approved_request_for_what_nobody_undoes_ends_with_its_clock(unstarted: Scene) -> None:
    unstarted.policy(
        lambda text: text.replace('mode = "enforce"', 'mode = "observe"').replace(
            'execution_expires = "10m"', 'execution_expires = "1s"'
        )
    )
    await unstarted.start()
    card = await unstarted.ask("tom.reads")
    await unstarted.act("staff-dev-token:rex", TOM, active=False)
    await unstarted.incident_card("observed")

    await unstarted.workspace.click(MONA, card, "approve")

    await unstarted.card_becomes(card, "expired")


async def test_what_is_long_over_supersedes_nothing(scene: Scene) -> None:
    card = await scene.ask("tom.reads")
    await scene.stop()
    await scene.act(f"owner-dev-token:{TOM}", TOM, active=False)
    await scene.act(f"owner-dev-token:{TOM}", TOM, active=True)

    await scene.start()
    await asyncio.sleep(0.5)

    assert (await scene.request(card)).state == "pending"


async def test_an_account_that_is_missed_once_is_looked_for_again(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.fault(kind="status", code=404, on="get", times=1, by="svc:countersign")

    await scene.workspace.click(MONA, card, "approve")

    done = await scene.card_becomes(card, "done")
    assert state_of(done) == "done"


async def test_a_signed_payload_of_another_shape_is_answered_and_records_nothing(scene: Scene) -> None:
    card = await scene.ask("maria_k")

    answer = await scene.workspace.click_raw(MONA, card, "approve", altered={"actions": []})

    assert answer.status < 500
    assert (await scene.request(card)).votes == ()
