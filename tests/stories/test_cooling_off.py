"""Between the quorum and the deed there may be time for second thoughts: an approver's, or the requester's."""

from datetime import timedelta

from bot.core.request import State
from bot.sandbox.slack.records import Message
from bot.sandbox.slack.server import APPROVALS
from tests.stories.scene import ADA, MARIA, OMAR, Scene, state_of, text_of


async def cooling(scene: Scene, time: str) -> Message:
    """A request that is approved and cools off."""
    await scene.stop()
    standard = 'name = "standard"\napprovals = { manager = 1 }\n'
    scene.policy(lambda text: text.replace(standard, f'{standard}cooling_off = "{time}"\n'))
    await scene.start()
    card = await scene.ask("maria_k")
    await scene.workspace.click(OMAR, card, "approve")
    return await scene.workspace.wait_for_message(APPROVALS, lambda m: m.ts == card.ts and "cools off" in text_of(m))


async def test_who_approved_can_cancel_it_with_that_one_vote(scene: Scene) -> None:
    card = await cooling(scene, "1h")
    assert "Cancel it" in text_of(card)

    await scene.deny(OMAR, card, "On second thoughts this is the real support desk.")

    denied = await scene.card_becomes(card, "denied")
    assert "second thoughts" in text_of(denied)
    request = await scene.request(card)
    assert [(v.person, v.choice.value) for v in request.votes] == [("omar", "deny")]
    assert (await scene.public(MARIA))["state"] == "active"
    await scene.log_agrees()


async def test_the_requester_can_withdraw_it(scene: Scene) -> None:
    card = await cooling(scene, "1h")

    await scene.workspace.click(ADA, card, "withdraw")

    await scene.card_becomes(card, "withdrawn")
    assert (await scene.public(MARIA))["state"] == "active"


async def test_nothing_is_done_before_it_is_over_and_then_it_is(scene: Scene) -> None:
    card = await cooling(scene, "2s")
    assert state_of(card) == "approved"
    assert (await scene.public(MARIA))["state"] == "active"

    await scene.card_becomes(card, "done")

    request = await scene.request(card)
    assert request.state is State.DONE
    assert request.claimed_at is not None
    assert request.quorate_at is not None
    assert request.claimed_at - request.quorate_at >= timedelta(seconds=2)


async def test_the_same_asked_for_again_says_that_somebody_said_no(scene: Scene) -> None:
    first = await scene.ask("maria_k")
    await scene.deny(OMAR, first)
    await scene.card_becomes(first, "denied")

    again = await scene.ask("maria_k")

    request = await scene.request(first)
    assert f"denied: {request.id}" in text_of(again)
