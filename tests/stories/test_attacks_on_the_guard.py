"""Ways around the guard, and ways to turn it on what was right, that were found once; they are shut."""

import asyncio
from typing import Any

from bot.core.incident import BACK, Incident
from bot.flows.guard import Found, judge_found
from tests.stories.scene import MARIA, MONA, Scene


def often(text: str) -> str:
    return text.replace('sweep_every = "60s"', 'sweep_every = "300ms"')


async def incidents(scene: Scene) -> list[Incident]:
    return list(await scene.world.ledger.read(lambda view: view.incidents(limit=1000)))


async def accounts(scene: Scene, count: int) -> list[str]:
    body = {"count": count, "prefix": "many_"}
    async with scene.session.post(f"{scene.platform.control_url}/control/v1/accounts", json=body) as answer:
        ids: list[str] = (await answer.json())["ids"]
        return ids


async def taken_down_as_approved(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.workspace.click(MONA, card, "approve")
    await scene.card_becomes(card, "done", within=20)


async def swept_twice(scene: Scene) -> None:
    """Until two sweeps have come through since now."""
    for _ in range(2):
        before = scene.world.status.swept

        async def again(before: Any = before) -> bool:
            return bool(scene.world.status.swept != before)

        await scene.eventually(again)


async def stays_down(scene: Scene) -> None:
    await swept_twice(scene)
    assert (await scene.public(MARIA))["state"] == "deactivated"
    assert [one.why for one in await incidents(scene) if one.kind == "deactivated" and one.person is None] == []


async def test_a_feed_that_tells_late_of_a_restore_with_its_clock_ahead_undoes_nothing_approved(
    unstarted: Scene,
) -> None:
    unstarted.policy(often)
    await unstarted.start()
    await unstarted.act(f"owner-dev-token:{MARIA}", MARIA, active=False)
    await unstarted.fault(kind="feed_down")
    await unstarted.fault(kind="clock", offset=3600)
    await unstarted.act(f"owner-dev-token:{MARIA}", MARIA, active=True)
    await taken_down_as_approved(unstarted)
    await unstarted.mend()
    await stays_down(unstarted)


async def test_a_clock_behind_and_a_lost_answer_undo_nothing_approved(unstarted: Scene) -> None:
    unstarted.policy(often)
    await unstarted.start()
    await unstarted.act("staff-dev-token:rex", MARIA, active=False)
    await unstarted.incident_card("restored")
    await unstarted.fault(kind="clock", offset=-3600)
    await unstarted.fault(kind="timeout_after", seconds=2, times=1)
    await taken_down_as_approved(unstarted)
    await stays_down(unstarted)


async def test_a_public_view_that_cannot_be_asked_for_a_moment_latches_no_sweep(unstarted: Scene) -> None:
    unstarted.policy(often)
    await unstarted.start()
    ids = await accounts(unstarted, 60)
    await unstarted.fault(kind="silent")
    await unstarted.fault(kind="status", code=503, on="public", times=5)
    await asyncio.gather(*(unstarted.act(f"staff-dev-token:rogue{n}", id, active=False) for n, id in enumerate(ids)))

    async def all_back() -> bool:
        found = [one for one in await incidents(unstarted) if one.state in BACK]
        return len(found) == len(ids)

    await unstarted.eventually(all_back, within=30)
    assert await unstarted.world.ledger.read(lambda view: view.latch("sweep")) is None


async def test_one_account_that_the_public_view_cannot_tell_of_keeps_no_other_down(unstarted: Scene) -> None:
    unstarted.policy(often)
    await unstarted.start()
    odd, plain = sorted(await accounts(unstarted, 2))
    await unstarted.fault(kind="status", code=500, on="public", account=odd)
    await unstarted.fault(kind="silent")
    for id in (odd, plain):
        await unstarted.act("staff-dev-token:rex", id, active=False)
    await unstarted.public_becomes(plain, "active", within=20)
    await swept_twice(unstarted)


async def test_a_read_from_before_a_restore_opens_no_second_incident(scene: Scene) -> None:
    await scene.fault(kind="feed_down")
    await scene.act("staff-dev-token:rex", MARIA, active=False)
    account = await scene.world.platform.account(MARIA)
    await scene.mend()
    await scene.incident_card("restored")
    await judge_found(scene.world, Found(instance=account.instance, account=account, event=None, by="feed"))

    async def looked_again() -> bool:
        return not await scene.world.ledger.read(lambda view: view.awaiting_judgement())

    await scene.eventually(looked_again)
    assert len(await incidents(scene)) == 1
