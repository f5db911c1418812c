"""An emergency acts at once, is ratified by others in time, or undoes itself."""

import asyncio
from collections.abc import Callable

from bot.core.request import State, Undo
from bot.sandbox.slack.records import Message
from bot.sandbox.slack.server import APPROVALS
from tests.stories.scene import ADA, MARIA, MONA, OMAR, TOM, Scene, id_of, inputs, state_of, text_of


def within(seconds: str) -> Callable[[str], str]:
    return lambda text: text.replace('ratify_within = "15m"', f'ratify_within = "{seconds}"')


async def declared(scene: Scene, handle: str, *, user: str = MONA) -> Message:
    """File an emergency and find its card once it stands provisional."""
    view = await scene.form(user, f"@{handle} it sends malware to every follower")
    assert "emergency" in inputs(view)
    sent = await scene.fill(user, view, handle, emergency=["emergency"])
    assert sent.ok, sent
    assert not sent.errors, sent.errors
    return await scene.workspace.wait_for_message(APPROVALS, lambda m: state_of(m) == "provisional")


async def test_it_acts_at_once_and_stands_once_others_ratify_it(scene: Scene) -> None:
    card = await declared(scene, "maria_k")
    assert (await scene.public(MARIA))["state"] == "deactivated"
    assert "Undone" in text_of(card)

    await scene.workspace.click(OMAR, card, "approve")

    ratified = await scene.card_becomes(card, "ratified")
    assert not set(ratified.action_ids) & {"approve", "deny", "withdraw"}
    assert (await scene.public(MARIA))["state"] == "deactivated"
    await scene.workspace.wait_for_dm(MONA, lambda m: "ratified" in m.text)
    assert [(e["action"]) for e in await scene.effects(MARIA)] == ["deactivate"]
    await scene.log_agrees()


async def test_nobody_ratifies_their_own(scene: Scene) -> None:
    card = await declared(scene, "maria_k")

    await scene.workspace.click(MONA, card, "approve")

    said = await scene.workspace.wait_for_ephemeral(MONA, lambda m: "own request" in m.text)
    assert said
    assert (await scene.request(card)).state is State.PROVISIONAL


async def test_a_deny_undoes_it_and_the_card_says_so(scene: Scene) -> None:
    card = await declared(scene, "maria_k")

    await scene.deny(OMAR, card)

    await scene.public_becomes(MARIA, "active")
    shown = await scene.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts == card.ts and "restored and verified" in text_of(m)
    )
    assert state_of(shown) == "denied"
    request = await scene.request(card)
    assert (request.state, request.undo, request.undone_by) == (State.DENIED, Undo.RESTORED, "countersign")
    await scene.workspace.wait_for_dm(MONA, lambda m: "undoing has ended" in m.text)
    assert [(e["action"]) for e in await scene.effects(MARIA)] == ["deactivate", "restore"]
    assert await scene.world.ledger.read(lambda view: view.incidents()) == []
    await scene.log_agrees()


async def test_its_author_can_take_it_back(scene: Scene) -> None:
    card = await declared(scene, "maria_k")

    await scene.workspace.click(MONA, card, "withdraw")

    await scene.public_becomes(MARIA, "active")
    said = await scene.workspace.wait_for_ephemeral(MONA, lambda m: "Withdrawn" in m.text)
    assert "being restored" in said.text


async def test_not_ratified_in_time_it_undoes_itself(scene: Scene) -> None:
    await scene.stop()
    scene.policy(within("2s"))
    await scene.start()
    card = await declared(scene, "maria_k")

    lapsed = await scene.card_becomes(card, "lapsed")

    await scene.public_becomes(MARIA, "active")
    assert not set(lapsed.action_ids) & {"approve", "deny", "withdraw"}
    await scene.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts == card.ts and "restored and verified" in text_of(m)
    )
    await scene.workspace.wait_for_message(
        APPROVALS, lambda m: "not ratified in time" in text_of(m) and m.ts != card.ts
    )
    await scene.log_agrees()


async def test_with_the_platform_away_over_the_lapse_it_is_undone_on_its_return(scene: Scene) -> None:
    await scene.stop()
    scene.policy(within("1s"))
    await scene.start()
    card = await declared(scene, "maria_k")
    await scene.fault(kind="status", code=503, on="any")
    await scene.card_becomes(card, "lapsed")

    await scene.mend()

    await scene.public_becomes(MARIA, "active", within=5.0)


async def test_a_second_waits_until_the_first_is_ratified(scene: Scene) -> None:
    await scene.stop()
    scene.policy(lambda text: text.replace("emergencies_per_person_day = 1", "emergencies_per_person_day = 5"))
    await scene.start()
    first = await declared(scene, "maria_k")

    view = await scene.form(MONA, "@tom.reads it sends malware as well")
    refused = await scene.fill(MONA, view, "tom.reads", emergency=["emergency"])

    assert "not ratified yet" in refused.errors["emergency"]
    assert (await scene.public(TOM))["state"] == "active"
    await scene.workspace.click(OMAR, first, "approve")
    await scene.card_becomes(first, "ratified")
    again = await scene.fill(MONA, view, "tom.reads", emergency=["emergency"])
    assert not again.errors


async def test_the_day_has_its_limit(scene: Scene) -> None:
    first = await declared(scene, "maria_k")
    await scene.workspace.click(OMAR, first, "approve")
    await scene.card_becomes(first, "ratified")

    view = await scene.form(MONA, "@tom.reads it sends malware as well")
    refused = await scene.fill(MONA, view, "tom.reads", emergency=["emergency"])

    assert "1 emergency a day" in refused.errors["emergency"]


async def test_only_those_whom_the_tier_names_are_offered_it(scene: Scene) -> None:
    for user, handle in ((ADA, "maria_k"), (MONA, "president")):
        view = await scene.form(user, f"@{handle} it sends malware to every follower")
        assert "emergency" not in inputs(view)


async def test_the_security_channel_hears_of_it_at_once(scene: Scene) -> None:
    await scene.stop()
    scene.policy(lambda text: text.replace('security = ""', f'security = "{APPROVALS}"'))
    await scene.start()

    card = await declared(scene, "maria_k")

    told = await scene.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts != card.ts and "emergency" in m.text and id_of(card) in m.text
    )
    assert "withdraw" not in told.action_ids


async def test_it_survives_a_restart_between_the_deed_and_its_deadline(scene: Scene) -> None:
    await scene.stop()
    scene.policy(within("3s"))
    await scene.start()
    card = await declared(scene, "maria_k")

    await scene.restart()

    await scene.card_becomes(card, "lapsed")
    await scene.public_becomes(MARIA, "active")
    assert await scene.world.ledger.read(lambda view: view.incidents()) == []


async def test_what_changed_since_the_form_was_drawn_is_shown_before_anything_is_done(scene: Scene) -> None:
    view = await scene.form(MONA, "@maria_k it sends malware to every follower")
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "displayName", "value": "The Weekend Baker"}],
    }
    url, headers = f"{scene.platform.url}/scim/v2/Users/{MARIA}", {"Authorization": "Bearer system-dev-token:bulk"}
    async with scene.session.patch(url, json=body, headers=headers) as answer:
        assert answer.status == 200

    sent = await scene.fill(MONA, view, "maria_k", emergency=["emergency"])

    assert "The Weekend Baker" in sent.body
    assert (await scene.public(MARIA))["state"] == "active"
    assert not scene.cards()


async def test_killed_before_the_call_and_started_after_its_deadline_it_does_nothing(scene: Scene) -> None:
    await scene.stop()
    scene.policy(within("1s"))
    await scene.start()
    await scene.fault(kind="status", code=503, on="patch")
    view = await scene.form(MONA, "@maria_k it sends malware to every follower")
    assert not (await scene.fill(MONA, view, "maria_k", emergency=["emergency"])).errors
    card = await scene.workspace.wait_for_message(APPROVALS, lambda m: state_of(m) in {"running", "uncertain"})
    await scene.stop()
    await scene.mend()
    await asyncio.sleep(1.2)

    await scene.start()

    shown = await scene.card_becomes(card, "lapsed")
    nothing = "Nothing was left to undo"
    await scene.workspace.wait_for_message(APPROVALS, lambda m: m.ts == shown.ts and nothing in text_of(m))
    assert await scene.effects(MARIA) == []


async def test_it_is_not_ratified_once_the_account_is_up_again(scene: Scene) -> None:
    card = await declared(scene, "maria_k")
    await scene.act("staff-dev-token:tessa", MARIA, active=True)
    await scene.public_becomes(MARIA, "active")
    await scene.eventually(lambda: scene.world.ledger.read(lambda view: view.restored_at(MARIA)))

    await scene.workspace.click(OMAR, card, "approve")

    await scene.workspace.wait_for_ephemeral(OMAR, lambda m: "Counted" in m.text)
    assert (await scene.request(card)).state is State.PROVISIONAL
