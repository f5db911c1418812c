"""What nobody approved is put back; what is explained is left alone."""

import asyncio
from typing import Any

import pytest

from bot.core.incident import Incident
from tests.stories.scene import ADA, MARIA, MONA, PINE, PRESIDENT, TOM, Scene, state_of, text_of


async def incidents(scene: Scene) -> list[Incident]:
    return list(await scene.world.ledger.read(lambda view: view.incidents(limit=1000)))


async def settled(scene: Scene) -> None:
    """Until nothing is being carried out any more."""

    async def so() -> bool:
        found = await scene.world.ledger.read(lambda view: view.in_state(["approved", "running", "uncertain"], limit=9))
        return not found

    await scene.eventually(so)


async def test_a_rogue_deactivation_is_restored_verified_and_shown(scene: Scene) -> None:
    await scene.act("staff-dev-token:rex", PRESIDENT, active=False)

    card = await scene.incident_card("restored")

    assert (await scene.public(PRESIDENT))["state"] == "active"
    (incident,) = await incidents(scene)
    assert (incident.actor, incident.person, incident.found_by) == ("staff:rex", "rex", "feed")
    assert incident.down_for is not None
    text = text_of(card)
    for fact in ("staff:rex", "rex", "president", PRESIDENT, "Down for", "11 min"):
        assert fact in text
    assert [e["action"] for e in await scene.effects(PRESIDENT)] == ["deactivate", "restore"]


EXPLAINED = [f"owner-dev-token:{TOM}", "system-dev-token:legal", "system-dev-token:spam"]


@pytest.mark.parametrize("token", EXPLAINED)
async def test_the_owner_and_registered_systems_are_left_alone_and_recorded(scene: Scene, token: str) -> None:
    await scene.act(token, TOM, active=False)

    async def judged() -> bool:
        return any(e.kind == "judged" and e.facts["account"] == TOM for _, e in await scene.log())

    await scene.eventually(judged)
    assert (await scene.public(TOM))["state"] == "deactivated"
    assert await incidents(scene) == []


PAGED = ["shared-dev-token", "system-dev-token:nobody-registered-this", "bot-dev-token"]


@pytest.mark.parametrize("token", PAGED)
async def test_unknown_unregistered_and_our_own_name_without_a_key_are_restored_and_paged(
    scene: Scene, token: str
) -> None:
    await scene.act(token, TOM, active=False)

    await scene.public_becomes(TOM, "active")
    await scene.incident_card("restored")
    await scene.workspace.wait_for_message("C0APPROVALS", lambda m: "Somebody has to look" in text_of(m), timeout=20)


async def test_what_was_approved_is_never_undone(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.workspace.click(MONA, card, "approve")
    await scene.card_becomes(card, "done")
    cursor = await scene.world.ledger.read(lambda view: view.cursor())

    async def followed() -> bool:
        return bool(await scene.world.ledger.read(lambda view: view.cursor()) > cursor) or cursor > 0

    await scene.eventually(followed)
    assert await incidents(scene) == []
    assert (await scene.public(MARIA))["state"] == "deactivated"


async def test_an_approval_is_used_once(scene: Scene) -> None:
    """Taken down with approval, restored with approval, taken down again without: that one is undone."""
    card = await scene.ask("maria_k")
    await scene.workspace.click(MONA, card, "approve")
    await scene.card_becomes(card, "done")
    back = await scene.ask("maria_k", command="/restore")
    await scene.workspace.click(MONA, back, "approve")
    await scene.card_becomes(back, "done")

    await scene.act("staff-dev-token:rex", MARIA, active=False)

    await scene.incident_card("restored")
    assert (await scene.public(MARIA))["state"] == "active"


async def test_what_was_down_before_the_first_start_is_known(unstarted: Scene) -> None:
    for account in (MARIA, TOM):
        await unstarted.act("staff-dev-token:rex", account, active=False)

    await unstarted.start()

    (started,) = [e for _, e in await unstarted.log() if e.kind == "guard_started"]
    assert started.facts["known"] == 2
    await unstarted.act("staff-dev-token:rex", PINE, active=False)
    await unstarted.public_becomes(PINE, "active")
    assert (await unstarted.public(MARIA))["state"] == "deactivated"


async def test_what_happened_while_the_bot_was_down_is_made_up_for(scene: Scene) -> None:
    await scene.stop()
    await scene.act("staff-dev-token:rex", PRESIDENT, active=False)
    await scene.act(f"owner-dev-token:{TOM}", TOM, active=False)

    await scene.start()

    await scene.public_becomes(PRESIDENT, "active")
    assert (await scene.public(TOM))["state"] == "deactivated"


@pytest.mark.parametrize("kind", ["silent", "drop"])
async def test_what_the_feed_does_not_tell_the_sweep_finds(unstarted: Scene, kind: str) -> None:
    unstarted.policy(lambda text: text.replace('sweep_every = "60s"', 'sweep_every = "300ms"'))
    await unstarted.start()
    await unstarted.fault(kind=kind)

    await unstarted.act("staff-dev-token:rex", TOM, active=False)

    await unstarted.public_becomes(TOM, "active")
    (incident,) = await incidents(unstarted)
    assert incident.found_by == "sweep"


async def test_an_impossible_list_restores_nothing(unstarted: Scene) -> None:
    unstarted.policy(lambda text: text.replace('sweep_every = "60s"', 'sweep_every = "200ms"'))
    await unstarted.start()
    await unstarted.fault(kind="impossible_list", on="list")

    await asyncio.sleep(1.0)

    assert await incidents(unstarted) == []
    assert await unstarted.effects(PRESIDENT) == []


async def test_duplicated_events_are_one_incident(scene: Scene) -> None:
    await scene.fault(kind="duplicate")

    await scene.act("staff-dev-token:rex", TOM, active=False)
    await scene.incident_card("restored")
    await scene.act("staff-dev-token:rex", PINE, active=False)
    await scene.public_becomes(PINE, "active")
    await settled(scene)

    assert sorted(i.account for i in await incidents(scene)) == sorted([TOM, PINE])
    assert [e["action"] for e in await scene.effects(TOM)] == ["deactivate", "restore"]


async def test_observing_records_and_alerts_and_restores_nothing(unstarted: Scene) -> None:
    unstarted.policy(lambda text: text.replace('mode = "enforce"', 'mode = "observe"'))
    await unstarted.start()

    await unstarted.act("staff-dev-token:rex", TOM, active=False)

    card = await unstarted.incident_card("observed")
    assert "restore" in card.action_ids
    assert (await unstarted.public(TOM))["state"] == "deactivated"
    answer = await unstarted.session.get(f"http://127.0.0.1:{unstarted.bot.port}/guardz")  # type: ignore[union-attr]
    assert answer.status == 503
    assert (await answer.json())["mode"]["ok"] is False


async def test_a_restore_whose_answer_is_lost_is_one_restore(scene: Scene) -> None:
    await scene.fault(kind="status_after", code=500, times=1, by="svc:countersign")

    await scene.act("staff-dev-token:rex", TOM, active=False)

    await scene.incident_card("restored")
    assert [e["action"] for e in await scene.effects(TOM)] == ["deactivate", "restore"]


async def test_a_restore_that_the_platform_refuses_for_a_while_is_tried_again(scene: Scene) -> None:
    await scene.fault(kind="status", code=503, times=3, by="svc:countersign")

    await scene.act("staff-dev-token:rex", TOM, active=False)

    await scene.public_becomes(TOM, "active")
    await scene.incident_card("restored")


async def test_an_account_that_cannot_be_read_at_first_is_read_again(scene: Scene) -> None:
    await scene.fault(kind="status", code=503, on="get", times=2, by="svc:countersign")

    await scene.act("staff-dev-token:rex", TOM, active=False)

    await scene.public_becomes(TOM, "active")


async def test_a_restore_the_platform_refuses_for_good_ends_and_wakes_a_person(scene: Scene) -> None:
    await scene.fault(kind="purged", on="patch", by="svc:countersign")

    await scene.act("staff-dev-token:rex", TOM, active=False)

    card = await scene.incident_card("stuck")
    assert "a person has to look" in text_of(card)
    await scene.workspace.wait_for_message("C0APPROVALS", lambda m: "Somebody has to look" in text_of(m), timeout=20)


async def test_a_rogue_who_does_it_again_is_undone_again(scene: Scene) -> None:
    await scene.act("staff-dev-token:rex", TOM, active=False)
    await scene.public_becomes(TOM, "active")

    await scene.act("staff-dev-token:rex", TOM, active=False)

    await scene.public_becomes(TOM, "active")
    await settled(scene)

    async def twice() -> bool:
        return len([i for i in await incidents(scene) if i.state == "restored"]) == 2

    await scene.eventually(twice)


async def test_the_owner_who_takes_it_down_during_the_restore_is_obeyed(scene: Scene) -> None:
    await scene.fault(kind="late", seconds=0.3, times=1, by="svc:countersign")
    await scene.act("staff-dev-token:rex", TOM, active=False)
    await asyncio.sleep(0.1)

    await scene.act(f"owner-dev-token:{TOM}", TOM, active=False)

    await scene.incident_card("left")
    await settled(scene)
    assert (await scene.public(TOM))["state"] == "deactivated"


async def test_a_pending_request_is_superseded_when_the_owner_does_it(scene: Scene) -> None:
    card = await scene.ask("tom.reads")

    await scene.act(f"owner-dev-token:{TOM}", TOM, active=False)

    await scene.card_becomes(card, "superseded")
    told = await scene.workspace.wait_for_dm(ADA, lambda m: "not needed" in m.text)
    assert f"owner:{TOM}" in text_of(told)


async def test_fifty_at_once_are_all_restored(scene: Scene) -> None:
    body = {"count": 50, "prefix": "crowd"}
    async with scene.session.post(f"{scene.platform.control_url}/control/v1/accounts", json=body) as answer:
        made: Any = await answer.json()
    ids = [a["id"] if isinstance(a, dict) else a for a in (made if isinstance(made, list) else made["ids"])]

    await asyncio.gather(*(scene.act("staff-dev-token:rex", id, active=False) for id in ids))

    for id in ids:
        await scene.public_becomes(id, "active")
    await settled(scene)
    assert len(await incidents(scene)) == 50


async def test_an_incident_is_acknowledged_by_another_and_not_by_its_actor(scene: Scene) -> None:
    await scene.act("staff-dev-token:mona", TOM, active=False)
    card = await scene.incident_card("restored")

    await scene.workspace.click(MONA, card, "acknowledge")
    await scene.workspace.wait_for_ephemeral(MONA, lambda m: "You acted in" in m.text)
    await scene.workspace.click(ADA, card, "acknowledge")

    acknowledged = await scene.workspace.wait_for_message(
        "C0APPROVALS", lambda m: m.ts == card.ts and "Acknowledged by" in text_of(m), timeout=20
    )
    assert state_of(acknowledged) == "restored"
