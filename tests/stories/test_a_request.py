"""A request from the slash command to the verified end, through HTTP alone."""

import pytest

from bot.sandbox.slack.server import APPROVALS
from tests.stories.scene import (
    ADA,
    MARIA,
    MONA,
    MONA_ALT,
    OMAR,
    PRESIDENT,
    REASON,
    SAM,
    TESSA,
    TOM,
    Scene,
    id_of,
    inputs,
    state_of,
    text_of,
)


async def test_a_request_is_approved_carried_out_verified_and_told(scene: Scene) -> None:
    card = await scene.ask("maria_k")

    await scene.workspace.click(MONA, card, "approve")

    done = await scene.card_becomes(card, "done")
    assert (await scene.public(MARIA))["state"] == "deactivated"
    assert not set(done.action_ids) & {"approve", "deny", "withdraw"}
    request = await scene.request(card)
    effects = await scene.effects(MARIA)
    assert [(e["action"], e["actor"]["id"], e["operation"]) for e in effects] == [
        ("deactivate", "svc:countersign", request.operation)
    ]
    told = await scene.workspace.wait_for_dm(ADA, lambda m: "done" in m.text)
    assert id_of(card) in told.text
    said = await scene.workspace.wait_for_ephemeral(MONA, lambda m: "Counted" in m.text)
    assert "quorum" in said.text


async def test_the_form_says_who_the_account_really_is_and_who_must_approve(scene: Scene) -> None:
    view = await scene.form(ADA, "@president because of a court order")

    text = text_of(view)

    for fact in ("The President", "@president", PRESIDENT, "41,700,000", "verified", "head-of-state", "protected"):
        assert fact in text
    assert "manager" in text
    assert "trust & safety" in text
    assert "confirm_handle" in inputs(view)


async def test_what_was_typed_after_the_handle_stands_in_the_form(scene: Scene) -> None:
    view = await scene.form(ADA, f"@maria_k {REASON}")

    element = next(b["element"] for b in view.blocks if b.get("block_id") == "reason")

    assert element["initial_value"] == REASON


async def test_a_protected_account_needs_both_groups(scene: Scene) -> None:
    card = await scene.ask("president")

    await scene.workspace.click(OMAR, card, "approve")
    said = await scene.workspace.wait_for_ephemeral(OMAR, lambda m: "Counted" in m.text)
    assert "1 more from trust & safety" in text_of(said)
    pending = await scene.workspace.wait_for_message(APPROVALS, lambda m: m.ts == card.ts and "1 of 2" in text_of(m))
    assert state_of(pending) == "pending"
    assert (await scene.public(PRESIDENT))["state"] == "active"

    await scene.workspace.click(TESSA, pending, "approve")
    await scene.card_becomes(card, "done")
    assert (await scene.public(PRESIDENT))["state"] == "deactivated"


async def test_a_deny_ends_it_and_the_requester_is_told_who_and_why(scene: Scene) -> None:
    card = await scene.ask("tom.reads")

    sent = await scene.deny(OMAR, card, "A parody account, marked as one.")

    assert sent.ok
    denied = await scene.card_becomes(card, "denied")
    assert not set(denied.action_ids) & {"approve", "deny", "withdraw"}
    assert "A parody account, marked as one." in text_of(denied)
    told = await scene.workspace.wait_for_dm(ADA, lambda m: "denied" in m.text)
    assert "A parody account, marked as one." in text_of(told)
    assert (await scene.public(TOM))["state"] == "active"


async def test_one_approval_and_a_deny_is_a_deny(scene: Scene) -> None:
    card = await scene.ask("president")
    await scene.workspace.click(OMAR, card, "approve")
    pending = await scene.workspace.wait_for_message(APPROVALS, lambda m: m.ts == card.ts and "1 of 2" in text_of(m))

    await scene.deny(TESSA, pending)

    await scene.card_becomes(card, "denied")
    assert (await scene.public(PRESIDENT))["state"] == "active"


async def test_the_requester_withdraws(scene: Scene) -> None:
    card = await scene.ask("maria_k")

    await scene.workspace.click(ADA, card, "withdraw")

    await scene.card_becomes(card, "withdrawn")
    assert (await scene.public(MARIA))["state"] == "active"


async def test_nobody_else_withdraws(scene: Scene) -> None:
    card = await scene.ask("maria_k")

    await scene.workspace.click(OMAR, card, "withdraw")

    said = await scene.workspace.wait_for_ephemeral(OMAR, lambda m: "withdraw" in m.text)
    assert "ada" in said.text
    assert (await scene.request(card)).state == "pending"


async def test_a_restore_needs_the_same_quorum(scene: Scene) -> None:
    await scene.act(f"owner-dev-token:{MARIA}", MARIA, active=False)
    card = await scene.ask("maria_k", command="/restore")

    await scene.workspace.click(MONA, card, "approve")

    await scene.card_becomes(card, "done")
    assert (await scene.public(MARIA))["state"] == "active"


async def test_a_request_that_nobody_answers_expires_by_itself(unstarted: Scene) -> None:
    unstarted.policy(lambda text: text.replace('request_expires = "24h"', 'request_expires = "500ms"'))
    await unstarted.start()
    card = await unstarted.ask("maria_k")

    expired = await unstarted.card_becomes(card, "expired")

    assert not set(expired.action_ids) & {"approve", "deny", "withdraw"}
    await unstarted.workspace.wait_for_dm(ADA, lambda m: "expired" in m.text)
    said = await unstarted.workspace.click_raw(MONA, card, "approve")
    assert said.ok
    await unstarted.workspace.wait_for_ephemeral(MONA, lambda m: "expired" in m.text)


REFUSED_CLICKS = [
    (ADA, "own request"),
    (SAM, "roster"),
    ("U04REX", "manager"),
]


@pytest.mark.parametrize(("user", "word"), REFUSED_CLICKS)
async def test_a_click_of_the_wrong_person_changes_nothing_and_is_answered(scene: Scene, user: str, word: str) -> None:
    card = await scene.ask("maria_k")
    before = await scene.request(card)

    await scene.workspace.click(user, card, "approve")

    said = await scene.workspace.wait_for_ephemeral(user, lambda m: word in m.text)
    assert said.text.endswith(".")
    assert await scene.request(card) == before
    kinds = [entry.kind for _, entry in await scene.log()]
    assert kinds.count("refused") == 1


async def test_a_second_account_of_the_same_person_is_the_same_person(scene: Scene) -> None:
    card = await scene.ask("maria_k", user=MONA)

    await scene.workspace.click(MONA_ALT, card, "approve")

    await scene.workspace.wait_for_ephemeral(MONA_ALT, lambda m: "own request" in m.text)
    assert (await scene.request(card)).votes == ()


async def test_voting_twice_is_one_vote(scene: Scene) -> None:
    card = await scene.ask("president")
    await scene.workspace.click(OMAR, card, "approve")

    await scene.workspace.click_raw(OMAR, card, "approve")

    await scene.workspace.wait_for_ephemeral(OMAR, lambda m: "voted" in m.text)
    assert len((await scene.request(card)).votes) == 1


async def test_voting_after_the_end_is_told_what_became_of_it(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.workspace.click(MONA, card, "approve")
    await scene.card_becomes(card, "done")

    await scene.workspace.click_raw(OMAR, card, "approve")

    await scene.workspace.wait_for_ephemeral(OMAR, lambda m: "Already decided" in m.text or "already" in m.text)
    assert len(await scene.effects(MARIA)) == 1


REFUSED_FORMS = [
    ("maria_k", {"reason": "too short"}, "reason"),
    ("maria_k", {"evidence": "https://"}, "evidence"),
    ("president", {"confirm_handle": "presIdent_"}, "confirm_handle"),
]


@pytest.mark.parametrize(("handle", "values", "field"), REFUSED_FORMS)
async def test_a_wrong_input_is_shown_at_its_field_and_files_nothing(
    scene: Scene, handle: str, values: dict[str, str], field: str
) -> None:
    view = await scene.form(ADA, f"@{handle}")

    given = {"handle": handle, "category": "spam", "reason": REASON, **values}
    sent = await scene.workspace.submit_raw(ADA, view, given)

    errors = sent.reply["errors"]
    assert list(errors) == [field]
    assert errors[field].endswith(".")
    assert await scene.world.ledger.read(lambda v: v.pending()) == []


async def test_an_unknown_account_is_told_in_the_form_and_refused(scene: Scene) -> None:
    view = await scene.form(ADA, "@no_such_one")
    assert "no_such_one" in text_of(view)

    sent = await scene.fill(ADA, view, "no_such_one")

    assert "handle" in sent.errors


async def test_a_second_live_request_for_the_same_is_refused_with_the_first_ones_name(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    view = await scene.form(MONA, "@maria_k")

    sent = await scene.fill(MONA, view, "maria_k")

    assert id_of(card) in sent.errors["handle"]


async def test_an_account_already_down_is_not_asked_for_again(scene: Scene) -> None:
    await scene.act(f"owner-dev-token:{MARIA}", MARIA, active=False)
    view = await scene.form(ADA, "@maria_k")

    sent = await scene.fill(ADA, view, "maria_k")

    assert "deactivated already" in sent.errors["handle"]


async def test_another_handle_than_the_one_looked_up_is_looked_up_first(scene: Scene) -> None:
    view = await scene.form(ADA, "@maria_k")

    sent = await scene.fill(ADA, view, "tom.reads")

    assert not sent.errors
    view = scene.workspace.views(ADA)[-1]
    assert TOM in text_of(view)
    known = {m.ts for m in scene.cards()}
    sent = await scene.fill(ADA, view, "tom.reads")
    card = await scene.workspace.wait_for_message(APPROVALS, lambda m: m.ts not in known and state_of(m) == "pending")
    assert (await scene.request(card)).subject.id == TOM


async def test_an_id_stands_for_the_handle(scene: Scene) -> None:
    view = await scene.form(ADA, MARIA)
    known = {m.ts for m in scene.cards()}
    assert not (await scene.fill(ADA, view, MARIA)).errors
    card = await scene.workspace.wait_for_message(APPROVALS, lambda m: m.ts not in known)

    assert (await scene.request(card)).subject.handle == "maria_k"


async def test_a_stranger_gets_a_sentence_and_no_form(scene: Scene) -> None:
    answer = await scene.workspace.command(SAM, "/deactivate", "@maria_k spam")

    assert "roster" in str(answer.body)
    assert not scene.workspace.views(SAM)


async def test_when_the_form_cannot_be_opened_the_command_is_given_back_to_copy(scene: Scene) -> None:
    scene.workspace.faults.add("views.open", error="internal_error")

    await scene.workspace.command(ADA, "/deactivate", f"@maria_k {REASON}")

    said = await scene.workspace.wait_for_ephemeral(ADA, lambda m: "/deactivate" in m.text)
    assert REASON in said.text


async def test_with_the_platform_away_the_form_opens_says_so_and_keeps_the_text(scene: Scene) -> None:
    await scene.fault(kind="status", code=503, on="any")

    view = await scene.form(ADA, f"@maria_k {REASON}")
    assert "platform" in text_of(view).lower()
    sent = await scene.fill(ADA, view, "maria_k")

    assert "handle" in sent.errors


async def test_markup_in_what_people_type_is_shown_and_never_obeyed(scene: Scene) -> None:
    hostile = "<!channel> *bold* <https://evil.example|Approve here> `code` " + "x" * 2900
    card = await scene.ask("maria_k", reason=hostile[:3000])

    def mrkdwn(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [str(value["text"])] if value.get("type") == "mrkdwn" else []
            return own + [t for v in value.values() for t in mrkdwn(v)]
        return [t for v in value for t in mrkdwn(v)] if isinstance(value, list | tuple) else []

    assert not any("evil" in text or "<!channel>" in text for text in mrkdwn(list(card.blocks)))
    assert "<!channel>" not in card.text
    assert (await scene.request(card)).reason == hostile[:3000]


async def test_a_card_altered_on_its_way_is_refused(scene: Scene) -> None:
    card, other = await scene.ask("maria_k"), await scene.ask("tom.reads")
    value = f"{id_of(card)} {(await scene.request(other)).digest}"

    await scene.workspace.click_raw(MONA, card, "approve", value=value)

    await scene.workspace.wait_for_ephemeral(MONA, lambda m: "changed" in m.text)
    assert (await scene.request(card)).votes == ()


async def test_approving_one_card_leaves_the_other_alone(scene: Scene) -> None:
    first, second = await scene.ask("maria_k"), await scene.ask("tom.reads")

    await scene.workspace.click(MONA, second, "approve")

    await scene.card_becomes(second, "done")
    assert (await scene.request(first)).state == "pending"
    assert (await scene.public(MARIA))["state"] == "active"


async def test_an_account_that_was_made_to_look_lighter_is_asked_for_as_before_and_somebody_hears_of_it(
    scene: Scene,
) -> None:
    await scene.form(ADA, f"@platform_support {REASON}")
    lighter = [
        {"op": "replace", "path": "urn:ietf:params:scim:schemas:extension:countersign:2.0:Account:tags", "value": []}
    ]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": lighter}
    url = f"{scene.platform.url}/scim/v2/Users/acct_10000783"
    headers = {"Authorization": "Bearer system-dev-token:bulk"}
    async with scene.session.patch(url, json=body, headers=headers) as answer:
        assert answer.status == 200

    card = await scene.ask("platform_support")

    assert (await scene.request(card)).tier == "protected"
    told = await scene.workspace.wait_for_message(APPROVALS, lambda m: "lighter than it was" in m.text)
    assert "would be high" in text_of(told)
