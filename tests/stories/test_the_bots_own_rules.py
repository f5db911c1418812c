"""Who is on the roster, what is protected and whether the guard enforces are changed like anything else: by asking."""

from typing import Any

from bot.core.request import State
from bot.policy_book import read_policy
from bot.sandbox.slack.records import Message, View
from bot.sandbox.slack.server import APPROVALS
from tests.stories.scene import ADA, MARIA, MONA, OMAR, REX, SAM, TESSA, WITHIN, Scene, id_of, inputs, state_of, text_of

REASON = "The contract ends, says the note from HR."


async def rule_form(scene: Scene, user: str, text: str) -> View:
    answer = await scene.workspace.command(user, "/countersign", text)
    assert answer.ok, answer
    return await scene.workspace.wait_for_view(user, lambda v: "reason" in inputs(v), timeout=WITHIN)


async def change(scene: Scene, user: str, text: str, **values: Any) -> Message:
    """Ask for a change and find its card."""
    known = {m.ts for m in scene.cards()}
    view = await rule_form(scene, user, text)
    sent = await scene.workspace.submit(user, view, {"reason": REASON, **values})
    assert sent.ok, sent
    assert not sent.errors, sent.errors
    return await scene.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts not in known and state_of(m) is not None, timeout=WITHIN
    )


async def test_a_last_day_takes_one_person_and_binds_at_once(scene: Scene) -> None:
    card = await change(scene, ADA, "roster leave @omar", last_day="2026-11-20")

    done = await scene.card_becomes(card, "done")
    assert "Done and verified" in text_of(done)
    asked = await scene.ask("maria_k")
    await scene.workspace.click(OMAR, asked, "approve")
    said = await scene.workspace.wait_for_ephemeral(OMAR, lambda m: "last day" in m.text)
    assert said
    assert (await scene.request(asked)).state is State.PENDING
    await scene.log_agrees()


async def test_that_the_last_of_a_group_leaves_needs_the_quorum(scene: Scene) -> None:
    view = await rule_form(scene, ADA, "roster leave @tessa")
    assert "1 approval (managers)" in text_of(view)

    card = await change(scene, ADA, "roster leave @tessa", last_day="2020-01-01")

    assert state_of(card) == "pending"


async def test_the_form_says_that_a_stricter_change_is_made_at_once(scene: Scene) -> None:
    view = await rule_form(scene, ADA, "roster remove @rex")
    assert "as soon as you send this" in text_of(view)


async def test_the_channel_is_shown_what_changed(scene: Scene) -> None:
    card = await change(scene, ADA, "roster remove @rex")

    notice = await scene.workspace.wait_for_message(APPROVALS, lambda m: "policy in force was changed" in m.text)

    assert "roster remove rex" in text_of(notice)
    assert f"By ada, asked for in {id_of(card)}" in text_of(notice)
    await scene.workspace.wait_for_dm(ADA, lambda m: "done" in m.text)


async def test_who_is_added_needs_the_quorum_and_approves_only_a_day_later(scene: Scene) -> None:
    card = await change(scene, ADA, "roster add @sam", slack_user=SAM, groups=["manager"], team="operations")
    assert state_of(card) == "pending"
    for user in (OMAR, TESSA):
        await scene.workspace.click(user, card, "approve")
    await scene.card_becomes(card, "done")

    asked = await scene.ask("maria_k")
    await scene.workspace.click(SAM, asked, "approve")
    await scene.workspace.wait_for_ephemeral(SAM, lambda m: "You were added of late" in m.text)
    assert (await scene.request(asked)).approvals == ()
    await scene.until(lambda: "sam" in scene.world.policy.people)


async def test_a_protected_account_needs_both_groups_from_then_on(scene: Scene) -> None:
    card = await change(scene, ADA, "protect @maria_k")
    await scene.card_becomes(card, "done")

    asked = await scene.ask("maria_k")

    request = await scene.request(asked)
    assert (request.tier, request.subject.id) == ("protected", MARIA)


async def test_a_pending_request_is_asked_for_anew_when_its_account_becomes_protected(scene: Scene) -> None:
    asked = await scene.ask("maria_k")
    await scene.card_becomes(await change(scene, ADA, "protect @maria_k"), "done")

    await scene.workspace.click(OMAR, asked, "approve")

    shown = await scene.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts == asked.ts and "Changed since" in text_of(m), timeout=WITHIN
    )
    assert "trust & safety" in text_of(shown)


async def test_observing_needs_the_quorum_and_ends_by_itself(scene: Scene) -> None:
    await scene.stop()
    scene.policy(lambda text: text.replace('observe_at_most = "30m"', 'observe_at_most = "2s"'))
    await scene.start()
    card = await change(scene, ADA, "guard observe")
    assert scene.world.policy.guard.enforces_at(scene.world.now())
    for user in (OMAR, TESSA):
        await scene.workspace.click(user, card, "approve")
    await scene.card_becomes(card, "done")
    await scene.until(lambda: not scene.world.policy.guard.enforces_at(scene.world.now()))
    await scene.act("staff-dev-token:rex", MARIA, active=False)
    await scene.incident_card("observed")

    await scene.until(lambda: scene.world.policy.guard.enforces_at(scene.world.now()))

    assert (await scene.public(MARIA))["state"] == "deactivated"


async def test_without_a_tier_for_them_the_rules_are_not_changed_in_slack(scene: Scene) -> None:
    await scene.stop()
    scene.policy(
        lambda text: text.replace('[[tier]]\nname = "rules"\napprovals = { manager = 1, trust-safety = 1 }\n', "")
    )
    await scene.start()

    answer = await scene.workspace.command(ADA, "/countersign", "roster leave @omar")

    assert "rules are changed in its file alone" in str(answer)


async def test_a_change_that_leaves_nobody_to_approve_is_refused_with_what_was_typed_kept(scene: Scene) -> None:
    view = await rule_form(scene, ADA, "roster remove @tessa")

    sent = await scene.workspace.submit(ADA, view, {"reason": REASON})

    assert "trust-safety" in sent.errors["handle"]


async def test_what_was_changed_outlives_a_restart_and_the_file(scene: Scene) -> None:
    await scene.card_becomes(await change(scene, ADA, "roster remove @rex"), "done")

    await scene.restart()

    assert "rex" not in scene.world.policy.people
    assert "rex" in read_policy(scene.settings.policy_file).people
    answer = await scene.workspace.command(REX, "/countersign", "pending")
    assert "not on the roster" in str(answer)


async def test_the_roster_does_not_know_a_name_and_says_the_nearest(scene: Scene) -> None:
    view = await rule_form(scene, ADA, "roster leave @omer")

    sent = await scene.workspace.submit(ADA, view, {"reason": REASON, "last_day": "2026-12-01"})

    assert "omar" in sent.errors["handle"]


async def test_nobody_approves_their_own_change(scene: Scene) -> None:
    card = await change(scene, MONA, "guard observe")

    await scene.workspace.click(MONA, card, "approve")

    await scene.workspace.wait_for_ephemeral(MONA, lambda m: "own request" in m.text)
    assert (await scene.request(card)).votes == ()


async def test_a_change_that_was_denied_can_be_asked_for_again(scene: Scene) -> None:
    card = await change(scene, ADA, "roster add @sam", slack_user=SAM, groups=["manager"], team="operations")
    await scene.deny(OMAR, card)
    denied = await scene.card_becomes(card, "denied")

    await scene.workspace.click(ADA, denied, "ask_again")

    view = await scene.workspace.wait_for_view(ADA, lambda v: "groups" in inputs(v), timeout=WITHIN)
    held = {b["block_id"]: b["element"] for b in view.blocks if b["type"] == "input"}
    assert held["handle"]["initial_value"] == "sam"
    assert held["slack_user"]["initial_user"] == SAM
    assert [o["value"] for o in held["groups"]["initial_options"]] == ["manager"]
    sent = await scene.workspace.submit(ADA, view, {"reason": REASON})
    assert not sent.errors


async def test_a_name_counts_in_any_case_and_as_a_mention(scene: Scene) -> None:
    for written in ("@REX", f"<@{REX}|rex>"):
        view = await rule_form(scene, ADA, f"roster remove {written}")
        handle = next(b["element"] for b in view.blocks if b.get("block_id") == "handle")
        assert handle["initial_value"] == "rex"


async def test_a_word_that_needs_another_behind_it_says_so(scene: Scene) -> None:
    for words in ("roster", "protect", "guard maybe"):
        await scene.workspace.command(ADA, "/countersign", words)
        await scene.workspace.wait_for_ephemeral(ADA, lambda m: "More is needed" in text_of(m))
