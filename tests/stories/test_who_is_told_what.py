"""The table “who is told what”, cell by cell, where the other stories do not tell it already."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.core.digest import Week, due
from bot.core.record import stamp
from bot.core.tasks import digest as digest_task
from bot.core.transition import Task
from bot.flows.show import call, waiting
from bot.sandbox.slack.records import Message
from tests.stories.scene import (
    ADA,
    MARIA,
    MONA,
    OMAR,
    PINE,
    PRESIDENT,
    TESSA,
    TOM,
    Scene,
    elements_of,
    id_of,
    state_of,
    text_of,
)

APPROVALS = "C0APPROVALS"


def dms(scene: Scene, user: str, word: str) -> list[str]:
    return [m.text for m in scene.workspace.dms(user) if word in text_of(m)]


async def task_of(scene: Scene, key: str) -> Task:
    """A task as it stands, whoever holds it."""
    found = await scene.world.ledger.read(lambda view: view.task(key))
    assert isinstance(found, Task)
    return found


async def test_filed_tells_the_requester_what_it_needs(scene: Scene) -> None:
    card = await scene.ask("president")

    told = await scene.workspace.wait_for_dm(ADA, lambda m: "is filed" in m.text)

    assert id_of(card) in told.text
    assert "manager" in text_of(told)
    assert "trust & safety" in text_of(told)


async def test_nobody_eligible_is_told_at_filing_with_the_groups_name(unstarted: Scene) -> None:
    """All of trust & safety has left, and the president needs one of them."""
    unstarted.policy(
        lambda text: text.replace('slack = ["U05TESSA"]', 'slack = ["U05TESSA"]\nlast_day = 2020-01-01', 1)
    )
    await unstarted.start()
    view = await unstarted.form(ADA, "@president")

    sent = await unstarted.fill(ADA, view, "president")

    assert "trust & safety" in sent.errors["handle"]


async def test_the_voter_alone_hears_what_is_still_missing(scene: Scene) -> None:
    card = await scene.ask("president")

    await scene.workspace.click(OMAR, card, "approve")

    said = await scene.workspace.wait_for_ephemeral(OMAR, lambda m: "Counted" in m.text)
    assert "1 more from trust & safety" in text_of(said)
    assert not scene.workspace.ephemerals(TESSA)


async def _rename(scene: Scene, account: str, handle: str) -> None:
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "userName", "value": handle}],
    }
    url, token = f"{scene.platform.url}/scim/v2/Users/{account}", "system-dev-token:names"
    async with scene.session.patch(url, json=body, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 200


async def test_revised_tells_the_requester_what_changed_and_the_voters_to_vote_again(scene: Scene) -> None:
    """The account is renamed between the first approval and the second."""
    card = await scene.ask("president")
    await scene.workspace.click(OMAR, card, "approve")
    await scene.workspace.wait_for_ephemeral(OMAR, lambda m: "Counted" in m.text)
    await _rename(scene, PRESIDENT, "mr_president")

    await scene.workspace.click(TESSA, card, "approve")

    again = await scene.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts == card.ts and "Changed since it was first shown: the handle" in text_of(m)
    )
    assert "0 of 2" in text_of(again)
    assert "@mr_president" in text_of(again)
    asked = await scene.workspace.wait_for_dm(ADA, lambda m: "It has changed." in m.text)
    assert "What changed: the handle" in text_of(asked)
    for voter in (OMAR, TESSA):
        voted = await scene.workspace.wait_for_dm(voter, lambda m: "It has changed." in m.text)
        assert "vote again" in text_of(voted)
    for voter in (OMAR, TESSA):
        await scene.workspace.click(voter, again, "approve")
    await scene.card_becomes(again, "done")


async def test_failed_and_withdrawn_are_told_to_the_requester_with_a_way_to_ask_again(scene: Scene) -> None:
    await scene.fault(kind="status", code=400, on="patch", by="svc:countersign")
    failing = await scene.ask("maria_k")
    await scene.workspace.click(MONA, failing, "approve")
    await scene.card_becomes(failing, "failed")
    told = await scene.workspace.wait_for_dm(ADA, lambda m: "It failed." in m.text)
    assert "Why: " in text_of(told)
    assert told.action_ids == ["ask_again"]
    await scene.mend()
    withdrawn = await scene.ask("maria_k")
    await scene.workspace.click(ADA, withdrawn, "withdraw")

    told = await scene.workspace.wait_for_dm(ADA, lambda m: "It was withdrawn." in m.text)

    assert told.action_ids == ["ask_again"]
    assert not [m for user in (MONA, OMAR, TESSA) for m in scene.workspace.dms(user)], "voters hear nothing of an end"


async def test_a_refused_command_is_told_to_its_sender_alone(scene: Scene) -> None:
    await scene.workspace.command(TESSA, "/deactivate", "@president")

    said = await scene.workspace.wait_for_ephemeral(TESSA, lambda m: "Only members of agents may ask" in m.text)

    assert said.ephemeral_to == TESSA
    assert scene.cards() == []


async def test_the_security_channel_hears_of_changed_rules_too(scene: Scene) -> None:
    await scene.stop()
    scene.policy(lambda text: text.replace('security = ""', 'security = "C0SUPPORT"').replace("hour = 9", "hour = 10"))

    await scene.start()

    notice = await scene.workspace.wait_for_message("C0SUPPORT", lambda m: "policy" in m.text.lower())
    assert "hour = 10" in text_of(notice)


async def test_void_tells_the_requester_and_the_card_why(unstarted: Scene) -> None:
    """The approver's last day passes between the vote and the claim."""
    await unstarted.start()
    card = await unstarted.ask("maria_k")
    await unstarted.fault(kind="status", code=503, on="any", by="svc:countersign")
    await unstarted.workspace.click(OMAR, card, "approve")
    await unstarted.card_becomes(card, "approved")
    await unstarted.stop()
    unstarted.policy(lambda text: text.replace('slack = ["U03OMAR"]', 'slack = ["U03OMAR"]\nlast_day = 2020-01-01', 1))
    await unstarted.mend()

    await unstarted.start()

    void = await unstarted.card_becomes(card, "void")
    assert "quorum" in text_of(void)
    await unstarted.workspace.wait_for_dm(ADA, lambda m: "void" in m.text)
    assert await unstarted.effects("acct_61702458") == []


async def test_withdrawn_and_expired_cards_offer_to_ask_again(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.workspace.click(ADA, card, "withdraw")
    withdrawn = await scene.card_becomes(card, "withdrawn")

    assert withdrawn.action_ids == ["ask_again"]
    await scene.workspace.click(ADA, withdrawn, "ask_again")

    view = await scene.workspace.wait_for_view(ADA, lambda v: "maria_k" in text_of(v) and "Tier" in text_of(v))
    element = next(b["element"] for b in view.blocks if b.get("block_id") == "reason")
    assert element["initial_value"] == (await scene.request(card)).reason


async def test_a_request_that_waits_half_a_minute_has_its_requester_told(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.fault(kind="status", code=503, on="any", by="svc:countersign")
    await scene.workspace.click(MONA, card, "approve")
    await scene.workspace.wait_for_message(APPROVALS, lambda m: m.ts == card.ts and "platform" in text_of(m).lower())
    request = await scene.request(card)
    assert request.waits_since is not None
    task = await task_of(scene, f"waiting:{request.id}:{stamp(request.waits_since)}")
    assert task.due - request.waits_since == timedelta(seconds=30)

    await waiting(scene.world, replace(task, key="looked at by hand"))

    await scene.workspace.wait_for_dm(ADA, lambda m: "waits" in m.text)
    await scene.mend()
    await scene.card_becomes(card, "done")
    await waiting(scene.world, replace(task, key="looked at by hand"))
    assert len(dms(scene, ADA, "still waits")) == 1


async def test_done_is_told_to_the_requester_on_the_card_and_in_its_thread(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.workspace.click(MONA, card, "approve")
    done = await scene.card_becomes(card, "done")

    await scene.workspace.wait_for_message(APPROVALS, lambda m: "done" in m.text, thread_ts=done.ts)

    await scene.workspace.wait_for_dm(ADA, lambda m: "done" in m.text)
    assert len(dms(scene, ADA, "done")) == 1


async def test_uncertain_is_told_and_pages_after_a_minute_only_if_it_still_is(scene: Scene) -> None:
    await scene.fault(kind="status", code=500, on="patch", by="svc:countersign")
    card = await scene.ask("maria_k")
    await scene.workspace.click(MONA, card, "approve")
    await scene.card_becomes(card, "uncertain")
    await scene.workspace.wait_for_dm(ADA, lambda m: "uncertain" in m.text or "unknown" in m.text)
    request = await scene.request(card)
    task = await task_of(scene, f"call:{request.id}:uncertain:{request.version - 1}")
    assert task.due - request.filed_at >= timedelta(seconds=60)

    await call(scene.world, replace(task, key="looked at by hand"))

    await scene.workspace.wait_for_message(APPROVALS, lambda m: "look" in text_of(m) and request.id in text_of(m))
    await scene.mend()
    await scene.card_becomes(card, "done", within=20)
    known = len(scene.cards())
    await call(scene.world, replace(task, key="looked at by hand"))
    assert len(scene.cards()) == known


@pytest.fixture
async def pager() -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a web hook, and the pages that it was sent."""
    pages: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        pages.append(await request.json())
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/page", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/page", pages
    await runner.cleanup()


@pytest.mark.parametrize(
    ("actor", "why"),
    [("shared-dev-token", "unknown_actor"), ("staff-dev-token:rex", "staff")],
    ids=["unknown", "known"],
)
async def test_an_incident_pages_once_however_often_the_feed_tells_it(
    unstarted: Scene, pager: tuple[str, list[dict[str, Any]]], actor: str, why: str
) -> None:
    address, hooked = pager
    unstarted.policy(lambda text: text.replace('on_call = ""', 'on_call = "S0ONCALL"'))
    unstarted.settings = replace(unstarted.settings, pager_url=address)
    await unstarted.start()
    await unstarted.fault(kind="duplicate")

    await unstarted.act(actor, TOM, active=False)
    card = await unstarted.incident_card("restored")
    await unstarted.act(f"owner-dev-token:{PRESIDENT}", PRESIDENT, active=False)
    await unstarted.public_becomes(PRESIDENT, "deactivated")
    await _all_done(unstarted)

    (page,) = [m for m in unstarted.cards() if "Somebody has to look" in text_of(m)]
    assert groups_mentioned(page) == ["S0ONCALL"]
    (sent,) = hooked
    assert sent["dedup_key"] == f"{id_of(card)}:{why}"
    assert sent["payload"]["summary"] == f"Countersign: {why} ({id_of(card)})"


async def test_the_on_call_is_woken_while_slack_keeps_silent(
    unstarted: Scene, pager: tuple[str, list[dict[str, Any]]]
) -> None:
    """More is to be said than Slack's lane holds, and nothing of it gets through."""
    address, hooked = pager
    unstarted.settings = replace(unstarted.settings, pager_url=address)
    unstarted.policy(lambda text: text.replace('on_call = ""', 'on_call = "S0ONCALL"'))
    await unstarted.start()
    unstarted.workspace.faults.add("chat.postMessage", hang=True)
    for account in (MARIA, PINE, PRESIDENT, TOM):
        await unstarted.act("staff-dev-token:rex", account, active=False)
        await unstarted.public_becomes(account, "active")

    await unstarted.until(lambda: len(hooked) == 4)


async def _all_done(scene: Scene) -> None:
    """Whoever was to be told has been told, and what follows from what the feed has told is done."""

    def so() -> bool:
        waits = "select count(*) from tasks where state <> 'done' and kind in ('page', 'call', 'draw', 'judge')"
        return scene.sql(waits) == [(0,)]

    await scene.until(so)


def groups_mentioned(message: Message) -> list[str]:
    """The Slack user groups that the blocks mention."""
    return [element["usergroup_id"] for element in elements_of(message, "usergroup")]


async def test_a_changed_policy_is_shown_as_a_difference_and_logged(scene: Scene) -> None:
    await scene.stop()
    scene.policy(lambda text: text.replace("requests_per_person_hour = 20", "requests_per_person_hour = 21"))

    await scene.start()

    notice = await scene.workspace.wait_for_message(APPROVALS, lambda m: "policy" in m.text.lower())
    assert "requests_per_person_hour = 21" in text_of(notice)
    rows = [e for _, e in await scene.log() if e.kind == "policy_in_force"]
    assert [bool(e.facts["before"]) for e in rows] == [False, True]
    assert "It is looser in limits.requests_per_person_hour." in text_of(notice)
    assert (rows[1].facts["looser"], rows[1].facts["stricter"]) == (["limits.requests_per_person_hour"], [])


async def test_the_digest_of_a_week_is_posted_once_whoever_files_it(scene: Scene) -> None:
    policy = scene.world.policy
    week = Week.of(policy.today(scene.world.now())).before()
    moment = due(week, policy.digest_rules, policy.timezone)
    task = digest_task(week, due=moment)

    await scene.world.ledger.add(task)
    await scene.workspace.wait_for_message(APPROVALS, lambda m: str(week) in text_of(m) or str(week) in m.text)
    await scene.world.ledger.add(replace(task, due=scene.world.now()))
    await scene.restart()

    digests = [m for m in scene.cards() if str(week) in text_of(m) + m.text]
    assert len(digests) == 1
    posted = [e for _, e in await scene.log() if e.kind == "digest_posted"]
    assert [e.facts["week"] for e in posted] == [str(week)]


async def test_a_deleted_card_is_posted_again_at_its_next_redraw(scene: Scene) -> None:
    card = await scene.ask("president")
    scene.workspace.delete_message(APPROVALS, card.ts)

    await scene.workspace.click_raw(OMAR, card, "approve")

    again = await scene.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts != card.ts and state_of(m) == "pending" and "1 of 2" in text_of(m)
    )
    await scene.workspace.click(TESSA, again, "approve")
    await scene.card_becomes(again, "done")
