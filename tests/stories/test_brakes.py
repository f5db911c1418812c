"""Brakes: a person is refused in the form with the text kept; all together wait, and security hears of it once."""

from bot.core.request import State
from bot.sandbox.slack.server import APPROVALS
from tests.stories.scene import ADA, MARIA, MONA, OMAR, TOM, Scene, text_of


async def test_over_the_limit_of_a_person_the_form_keeps_the_text_and_says_when(scene: Scene) -> None:
    await scene.stop()
    scene.policy(lambda text: text.replace("requests_per_person_hour = 20", "requests_per_person_hour = 1"))
    await scene.start()
    await scene.ask("maria_k")

    view = await scene.form(ADA, "@tom.reads he sells followers")
    sent = await scene.fill(ADA, view, "tom.reads")

    assert "try again after" in sent.errors["reason"]


async def test_over_the_limit_of_all_an_approved_one_waits_with_its_clock_and_security_hears_of_it_once(
    scene: Scene,
) -> None:
    await scene.stop()
    scene.policy(lambda text: text.replace("deactivations_per_hour = 200", "deactivations_per_hour = 1"))
    await scene.start()
    first = await scene.ask("maria_k")
    await scene.workspace.click(MONA, first, "approve")
    await scene.card_becomes(first, "done")

    waiting = []
    for handle in ("tom.reads", "leaving_soon"):
        card = await scene.ask(handle)
        await scene.workspace.click(OMAR, card, "approve")
        waiting.append(card)
    for card in waiting:
        shown = await scene.workspace.wait_for_message(
            APPROVALS, lambda m, ts=card.ts: m.ts == ts and "Its clock stands still" in text_of(m)
        )
        assert "Expires" not in text_of(shown)
        assert (await scene.request(card)).state is State.APPROVED

    def heard() -> list[str]:
        return [
            m.ts for m in scene.cards() if "deactivation an hour" in text_of(m) and "restores or ratifies" in text_of(m)
        ]

    await scene.until(heard)
    assert len(heard()) == 1
    assert (await scene.public(TOM))["state"] == "active"
    await scene.act("staff-dev-token:rex", TOM, active=False)
    await scene.incident_card("restored")
    assert (await scene.public(MARIA))["state"] == "deactivated"
