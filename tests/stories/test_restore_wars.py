"""Who deactivates again and again is locked out on the platform; restoring goes on whether or not that succeeds."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.incident import Incident
from bot.core.latching import set_latch
from bot.core.request import Action, State
from bot.core.tasks import contain
from bot.core.transition import ActorStands, Change, Standing
from bot.sandbox.slack.records import Message
from bot.sandbox.slack.server import APPROVALS
from tests.databases import Databases
from tests.stories.scene import (
    ADA,
    MARIA,
    MONA,
    OMAR,
    PRESIDENT,
    TESSA,
    TOM,
    WITHIN,
    Scene,
    inputs,
    set_scene,
    state_of,
    text_of,
)

REASON = "It was a script of his, stopped by now."


async def war(scene: Scene, account: str, *, actor: str = "staff:rex", every: float = 0.05) -> None:
    await scene.fault(kind="reattack", actor=actor, account=account, every=every)
    token = "staff-dev-token:rex" if actor == "staff:rex" else f"system-dev-token:{actor.partition(':')[2]}"
    await scene.act(token, account, active=False)


async def standing(scene: Scene, actor: str = "staff:rex") -> ActorStands | None:
    found: ActorStands | None = await scene.world.ledger.read(lambda view: view.actor(actor))
    return found


async def stands(scene: Scene, wanted: Standing, actor: str = "staff:rex") -> ActorStands:
    async def so() -> ActorStands | None:
        found = await standing(scene, actor)
        return found if found is not None and found.standing is wanted else None

    found = await scene.eventually(so)
    assert isinstance(found, ActorStands)
    return found


async def restores(scene: Scene, account: str) -> int:
    return sum(effect["action"] == "restore" for effect in await scene.effects(account))


async def pages(scene: Scene, text: str) -> list[Message]:
    return [m for m in scene.cards() if "Somebody has to look" in text_of(m) and text in text_of(m)]


async def suspended(scene: Scene) -> list[str]:
    async with scene.session.get(f"{scene.platform.control_url}/control/v1/state") as answer:
        return list((await answer.json())["suspended"])


async def contained(scene: Scene) -> Message:
    """Rex fights for maria's account and is locked out; answers the card that says so."""
    await war(scene, MARIA)
    await stands(scene, Standing.CONTAINED)
    return await scene.workspace.wait_for_message(APPROVALS, lambda m: "is locked out" in text_of(m), timeout=WITHIN)


async def acknowledged(scene: Scene) -> None:
    """Every card of an incident, by ada: until then its actor has no say in anything."""
    for card in [m for m in scene.cards() if "Acknowledge" in text_of(m)]:
        await scene.workspace.click(ADA, card, "acknowledge")


async def asked(scene: Scene, user: str, card: Message, button: str = "reinstate") -> Message:
    """Press the button, fill the form, and find the request's card."""
    await scene.workspace.click(user, card, button)
    view = await scene.workspace.wait_for_view(user, lambda v: "reason" in inputs(v), timeout=WITHIN)
    sent = await scene.workspace.submit(user, view, {"reason": REASON})
    assert not sent.errors, sent.errors
    return await scene.workspace.wait_for_message(APPROVALS, lambda m: state_of(m) == "pending", timeout=WITHIN)


async def test_a_war_ends_after_three_restores_at_most_with_its_actor_locked_out_and_told_of(scene: Scene) -> None:
    card = await contained(scene)

    await scene.public_becomes(MARIA, "active")
    await asyncio.sleep(0.3)
    assert await suspended(scene) == ["rex"]
    assert await restores(scene, MARIA) <= 3
    assert (await scene.public(MARIA))["state"] == "active"
    assert "staff:rex\n is locked out on the platform since" in text_of(card)
    assert "Reinstate" in text_of(card)
    assert len(await pages(scene, "keeps this actor out")) == 1
    told = await scene.workspace.wait_for_dm(MONA, lambda m: "locked out" in m.text)
    assert "staff:rex" in text_of(told)
    await scene.log_agrees()


async def test_security_hears_of_it_where_the_policy_names_its_channel(unstarted: Scene) -> None:
    unstarted.policy(lambda text: text.replace('security = ""', 'security = "C0SUPPORT"'))
    await unstarted.start()

    await contained(unstarted)

    await unstarted.workspace.wait_for_message("C0SUPPORT", lambda m: "locked out" in m.text, timeout=WITHIN)


async def test_an_actor_is_let_in_again_by_the_quorum(scene: Scene) -> None:
    card = await contained(scene)
    await scene.mend()

    request = await asked(scene, ADA, card)
    assert "Reinstate staff:rex" in text_of(request)
    for user in (OMAR, TESSA):
        await scene.workspace.click(user, request, "approve")
    done = await scene.card_becomes(request, "done")

    assert await suspended(scene) == []
    assert "Done and verified" in text_of(done)
    assert (await stands(scene, Standing.FREE)).why == "reinstated"
    let_in = await scene.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts == card.ts and "let in again" in text_of(m), timeout=WITHIN
    )
    assert "Reinstate" not in text_of(let_in)
    await scene.workspace.wait_for_dm(ADA, lambda m: "done" in m.text)
    assert await scene.act("staff-dev-token:rex", TOM, active=False) == 200
    await scene.public_becomes(TOM, "active")
    assert await suspended(scene) == []
    await scene.log_agrees()


async def test_one_approval_lets_nobody_in(scene: Scene) -> None:
    card = await contained(scene)
    request = await asked(scene, ADA, card)

    await scene.workspace.click(OMAR, request, "approve")

    await scene.workspace.wait_for_ephemeral(OMAR, lambda m: "1 more from trust" in m.text)
    assert await suspended(scene) == ["rex"]
    assert (await scene.request(request)).state is State.PENDING


async def test_an_actor_neither_asks_nor_votes_on_being_let_in(unstarted: Scene) -> None:
    unstarted.policy(lambda text: text.replace("staff:rex", "staff:rex.old").replace("staff:omar", "staff:rex"))
    await unstarted.start()
    scene = unstarted
    card = await contained(scene)
    await scene.public_becomes(MARIA, "active")
    await acknowledged(scene)

    await scene.workspace.click(OMAR, card, "reinstate")
    view = await scene.workspace.wait_for_view(OMAR, lambda v: "reason" in inputs(v), timeout=WITHIN)
    sent = await scene.workspace.submit(OMAR, view, {"reason": REASON})
    assert "your own principal" in sent.errors["reason"]
    request = await asked(scene, ADA, card)
    await scene.workspace.click(OMAR, request, "approve")

    await scene.workspace.wait_for_ephemeral(OMAR, lambda m: "your own principal" in m.text)
    assert (await scene.request(request)).votes == ()


async def test_a_platform_that_does_not_answer_is_asked_to_let_in_again_until_it_does(scene: Scene) -> None:
    request = await asked(scene, ADA, await contained(scene))
    await scene.mend()
    await scene.fault(kind="status", code=503, on="staff", times=2)

    for user in (OMAR, TESSA):
        await scene.workspace.click(user, request, "approve")

    await scene.card_becomes(request, "done")
    assert await suspended(scene) == []
    states = [e.facts["changes"].get("state") for _, e in await scene.log() if e.kind == "settled"]
    assert "uncertain" in states


async def test_where_the_platform_refuses_to_let_in_again_the_lock_stays(scene: Scene) -> None:
    request = await asked(scene, ADA, await contained(scene))
    await scene.fault(kind="status", code=403, on="staff")

    for user in (OMAR, TESSA):
        await scene.workspace.click(user, request, "approve")

    assert "refused with 403" in text_of(await scene.card_becomes(request, "failed"))
    assert (await stands(scene, Standing.CONTAINED)).actor == "staff:rex"
    assert await suspended(scene) == ["rex"]


async def stand_so(scene: Scene, standing: Standing, *, since: timedelta) -> Incident:
    """Rex acted once, and stands so on record since then."""
    await scene.act("staff-dev-token:rex", TOM, active=False)
    await scene.public_becomes(TOM, "active")
    await scene.incident_card("restored")
    (incident,) = await scene.world.ledger.read(lambda view: view.incidents())
    assert isinstance(incident, Incident)
    at = scene.world.now() - since
    row = ActorStands(actor="staff:rex", standing=standing, since=at, why="war", incident=incident.id)
    tasks = (contain(row, due=scene.world.now()),) if standing is Standing.CONTAINING else ()
    await scene.world.ledger.decide(lambda _: Change(actors=(row,), tasks=tasks))
    return incident


async def test_who_acts_though_the_platform_has_said_that_they_cannot_is_locked_out_once_more(scene: Scene) -> None:
    await stand_so(scene, Standing.CONTAINED, since=timedelta(minutes=1))

    await scene.act("staff-dev-token:rex", MARIA, active=False)

    await scene.public_becomes(MARIA, "active")
    found = await stands(scene, Standing.CONTAINED)

    async def again() -> bool:
        return (await stands(scene, Standing.CONTAINED)).why == "contained_acts"

    await scene.eventually(again)
    assert found.actor == "staff:rex"
    assert await suspended(scene) == ["rex"]
    await scene.eventually(lambda: pages(scene, "and the actor acts"))


async def test_a_platform_that_never_answers_wakes_somebody_once(scene: Scene) -> None:
    await scene.fault(kind="status", code=503, on="staff")

    await stand_so(scene, Standing.CONTAINING, since=timedelta(seconds=11))

    await scene.eventually(lambda: pages(scene, "does not answer when this actor"))
    await asyncio.sleep(0.7)
    assert len(await pages(scene, "does not answer when this actor")) == 1


async def test_by_command_the_same_is_asked_and_for_nobody_else(scene: Scene) -> None:
    await contained(scene)

    answer = await scene.workspace.command(ADA, "/countersign", "reinstate staff:mona she is fine")
    assert "keeps no such actor out" in str(answer)
    answer = await scene.workspace.command(ADA, "/countersign", f"reinstate staff:rex {REASON}")
    assert answer.ok
    view = await scene.workspace.wait_for_view(ADA, lambda v: "reason" in inputs(v), timeout=WITHIN)
    assert "staff:rex" in text_of(view)
    listed = await scene.workspace.command(ADA, "/countersign", "guard")
    assert listed.ok
    await scene.workspace.wait_for_ephemeral(ADA, lambda m: "staff:rex is locked out" in text_of(m).replace("\n", ""))


@pytest.mark.parametrize("account", [MARIA, PRESIDENT])
async def test_who_cannot_be_locked_out_is_restored_for_ever_with_pauses_and_one_page(
    scene: Scene, account: str
) -> None:
    await war(scene, account, actor="system:rogue")

    async def four() -> bool:
        return await restores(scene, account) >= 4

    await scene.eventually(four, within=20)

    assert (await stands(scene, Standing.UNCONTAINABLE, "system:rogue")).why == "no_staff"
    assert len(await pages(scene, "cannot lock this actor out")) == 1
    downs = [e for e in await scene.effects(account) if e["action"] == "deactivate"]
    ups = [e for e in await scene.effects(account) if e["action"] == "restore"]
    pauses = [seconds(up["at"]) - seconds(down["at"]) for down, up in zip(downs, ups, strict=False)]
    assert max(pauses[:2]) < 1
    third, fourth = pauses[2:4]
    assert third >= 1
    assert (fourth >= 2) is (account == MARIA)
    assert account == MARIA or max(pauses) < 2


async def test_a_definitive_no_of_the_platform_is_told_once_and_restoring_goes_on(scene: Scene) -> None:
    await scene.fault(kind="status", code=403, on="staff")
    await war(scene, MARIA)

    assert (await stands(scene, Standing.UNCONTAINABLE)).why == "refused: 403"

    async def three() -> bool:
        return await restores(scene, MARIA) >= 3

    await scene.eventually(three, within=20)
    assert len(await pages(scene, "cannot lock this actor out")) == 1


async def test_a_platform_that_is_away_is_asked_until_it_answers(scene: Scene) -> None:
    await scene.fault(kind="status", code=503, on="staff", times=3)

    await contained(scene)

    assert await suspended(scene) == ["rex"]


async def test_five_in_ten_seconds_have_their_actor_locked_out(scene: Scene) -> None:
    await scene.fault(kind="bulk", actor="staff:rex", count=8, per_second=200)

    found = await stands(scene, Standing.CONTAINED)

    assert found.why == "burst"
    assert await suspended(scene) == ["rex"]


async def test_while_the_guard_only_observes_nobody_is_locked_out(unstarted: Scene) -> None:
    unstarted.policy(lambda text: text.replace('mode = "enforce"', 'mode = "observe"'))
    await unstarted.start()
    for account in (MARIA, TOM):
        await unstarted.act("staff-dev-token:rex", account, active=False)
        await unstarted.act("system-dev-token:legal", account, active=True)
        await unstarted.act("staff-dev-token:rex", account, active=False)

    async def seen() -> bool:
        return len(await unstarted.world.ledger.read(lambda view: view.incidents())) >= 2

    await unstarted.eventually(seen)
    assert await standing(unstarted) is None


TOKENS = {
    "bot-dev-token": {"id": "svc:countersign", "kind": "service"},
    "other-token": {"id": "svc:other", "kind": "service"},
    "staff-dev-token:*": {"id": "staff:*", "kind": "staff"},
}


async def test_who_is_let_in_by_another_hand_is_told_of_and_counted_anew(tmp_path: Path, databases: Databases) -> None:
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps(TOKENS))
    async with set_scene(tmp_path, tokens=tokens, database=databases.migrated()) as scene:
        await scene.start()
        await contained(scene)
        await scene.mend()

        await scene.fault(kind="duplicate")
        await by_another(scene, "reinstate")

        assert (await stands(scene, Standing.FREE)).why == "by_others"
        await scene.eventually(lambda: pages(scene, "without the quorum"))
        await by_another(scene, "suspend")

        async def both() -> list[str]:
            noted = [e for _, e in await scene.log() if e.kind == "actor" and e.by == "svc:other"]
            return [e.facts["event"] for e in noted] if len(noted) == 2 else []

        assert await scene.eventually(both) == ["staff.reinstated", "staff.suspended"]
        assert len(await pages(scene, "without the quorum")) == 1
        await scene.log_agrees()


async def by_another(scene: Scene, action: str) -> None:
    url = f"{scene.platform.url}/staff/v1/rex/{action}"
    async with scene.session.post(url, headers={"Authorization": "Bearer other-token"}) as answer:
        assert answer.status == 200


async def test_a_latched_sweep_is_released_by_the_quorum_alone_and_stays_so_over_a_restart(scene: Scene) -> None:
    facts = {"unannounced": 900, "known": 4, "sampled": 20, "down": 0}
    await scene.world.ledger.decide(lambda _: set_latch(facts, at=scene.world.now(), to=(scene.world.channel,)))
    notice = await scene.workspace.wait_for_message(APPROVALS, lambda m: "sweep is latched" in m.text, timeout=WITHIN)
    assert "900" in text_of(notice)

    await scene.restart()

    assert await guardz(scene) == {"ok": False, "says": "the sweep is latched"}
    request = await asked(scene, ADA, notice, "release")
    await scene.workspace.click(OMAR, request, "approve")
    await scene.workspace.wait_for_ephemeral(OMAR, lambda m: "1 more from trust" in m.text)
    assert (await guardz(scene))["ok"] is False
    await scene.workspace.click(TESSA, request, "approve")
    await scene.card_becomes(request, "done")

    assert (await guardz(scene))["ok"] is True
    kinds = [entry.kind for _, entry in await scene.log()]
    assert (kinds.count("latched"), kinds.count("unlatched")) == (1, 1)
    found = await scene.request(request)
    assert (found.action, found.tier) == (Action.RELEASE, "rules")
    answer = await scene.workspace.command(ADA, "/countersign", "release once more, to be sure")
    assert "nothing to release" in str(answer)
    await scene.log_agrees()


async def guardz(scene: Scene) -> Any:
    assert scene.bot is not None
    async with scene.session.get(f"http://127.0.0.1:{scene.bot.port}/guardz") as answer:
        return (await answer.json())["latch"]


def seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
