"""Ways around two-person control that were tried on emergencies and on the bot's own rules, and stay shut."""

import asyncio

from bot.core.request import State, Undo
from bot.sandbox.slack.server import APPROVALS
from tests.stories.scene import ADA, MARIA, MONA, OMAR, SAM, Scene, id_of, state_of, text_of
from tests.stories.test_emergencies import declared, within
from tests.stories.test_the_bots_own_rules import REASON, change, rule_form


async def filed(scene: Scene) -> str:
    """File an emergency without waiting for what becomes of it; its id."""
    view = await scene.form(MONA, "@maria_k it sends malware to every follower")
    assert not (await scene.fill(MONA, view, "maria_k", emergency=["emergency"])).errors
    card = await scene.workspace.wait_for_message(APPROVALS, lambda m: state_of(m) is not None)
    return id_of(card)


async def undone(scene: Scene, id: str) -> bool:
    request = await scene.world.ledger.read(lambda view: view.request(id))
    return request is not None and request.undo is Undo.RESTORED


async def test_a_withdrawal_while_the_call_is_under_way_still_has_it_undone(scene: Scene) -> None:
    """Also where nobody hears of it: the event is lost, and the guard only observes."""
    await scene.stop()
    scene.policy(lambda text: text.replace('mode = "enforce"', 'mode = "observe"'))
    await scene.start()
    await scene.fault(kind="drop", on="feed")
    await scene.fault(kind="late", on="patch", seconds=1.0, times=1)
    id = await filed(scene)
    card = next(m for m in scene.cards() if state_of(m) is not None)

    await scene.workspace.click(MONA, card, "withdraw")
    await asyncio.sleep(1.5)

    await scene.public_becomes(MARIA, "active")
    await scene.eventually(lambda: undone(scene, id))
    await asyncio.sleep(0.3)
    assert (await scene.public(MARIA))["state"] == "active"


async def test_a_public_view_that_lags_makes_no_failure_of_what_was_done(scene: Scene) -> None:
    await scene.stop()
    scene.policy(within("6s"))
    await scene.start()
    await scene.fault(kind="status", code=404, on="public")
    id = await filed(scene)

    async def uncertain() -> bool:
        request = await scene.world.ledger.read(lambda view: view.request(id))
        return request is not None and request.state is State.UNCERTAIN

    await scene.eventually(uncertain)
    await scene.mend()
    await scene.workspace.wait_for_message(APPROVALS, lambda m: state_of(m) in {"provisional", "lapsed"})
    await scene.eventually(lambda: undone(scene, id), within=20)
    assert (await scene.public(MARIA))["state"] == "active"


async def test_a_passing_no_such_account_does_not_end_the_undoing(scene: Scene) -> None:
    card = await declared(scene, "maria_k")
    await scene.fault(kind="status", code=404, on="patch", times=1)

    await scene.deny(OMAR, card)

    await scene.public_becomes(MARIA, "active")
    await scene.eventually(lambda: undone(scene, id_of(card)))


async def test_nobody_is_added_who_is_there_to_silence_them_for_a_day(scene: Scene) -> None:
    view = await rule_form(scene, ADA, "roster add @omar")
    values = {"reason": REASON, "slack_user": OMAR, "groups": ["manager"], "team": "operations"}

    sent = await scene.workspace.submit(ADA, view, values)

    assert "on the roster already" in sent.errors["handle"]


async def test_the_owner_of_the_file_has_the_last_word_on_the_guards_mode(scene: Scene) -> None:
    await scene.stop()
    scene.policy(lambda text: text.replace('mode = "enforce"', 'mode = "observe"'))
    await scene.start()
    await scene.card_becomes(await change(scene, ADA, "guard enforce"), "done")
    await scene.until(lambda: scene.world.policy.guard.enforces_at(scene.world.now()))
    await scene.restart()
    assert scene.world.policy.guard.enforces_at(scene.world.now())

    scene.policy(lambda text: text + "\n# read again, and it is to observe\n")
    await scene.restart()

    assert not scene.world.policy.guard.enforces_at(scene.world.now())


async def test_whose_slack_account_is_added_stands_on_the_card(scene: Scene) -> None:
    view = await rule_form(scene, ADA, "roster add @" + "n" * 60)
    values = {"reason": REASON, "slack_user": SAM, "groups": ["manager"]}
    sent = await scene.workspace.submit(ADA, view, values)
    assert "no longer than 40 characters" in sent.errors["handle"]

    card = await change(scene, ADA, "roster add @sam", slack_user=SAM, groups=["manager"])

    assert SAM in text_of(card)


async def test_a_last_day_that_no_window_can_be_counted_from_is_refused(scene: Scene) -> None:
    view = await rule_form(scene, ADA, "roster leave @omar")

    sent = await scene.workspace.submit(ADA, view, {"reason": REASON, "last_day": "0001-01-01"})

    assert "between 1970-01-01 and 2999-12-31" in str(sent.errors)
