"""Slack is away, full or shut, and forgets what it was told: no decision waits for it and the cards come right."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from bot.policy_book import read_policy
from bot.sandbox.slack.records import Message
from bot.sandbox.slack.server import APPROVALS
from bot.wiring import Bot, running
from tests.stories.scene import (
    ADA,
    MARIA,
    MONA,
    OMAR,
    Scene,
    id_of,
    state_of,
    text_of,
)

PAGED = "select count(*) from tasks where key like 'page:%slack_shut%'"


def calls(scene: Scene, method: str, id: str) -> list[Any]:
    """The calls that were about a request's card."""
    found = scene.workspace.calls(method)
    return [call for call in found if (call.args.get("metadata") or {}).get("event_payload", {}).get("id") == id]


def posted(scene: Scene, id: str) -> list[Message]:
    return [message for message in scene.cards() if (message.metadata or {}).get("event_payload", {}).get("id") == id]


async def filed(scene: Scene, handle: str, *, user: str = ADA, **values: Any) -> str:
    """A request filed by form while no card can be seen; its id."""
    known = {id for (id,) in scene.sql("select id from requests")}
    view = await scene.form(user, f"@{handle} it pretends to be somebody else")
    sent = await scene.fill(user, view, handle, **values)
    assert sent.ok, sent
    assert not sent.errors, sent.errors
    (new,) = {id for (id,) in scene.sql("select id from requests")} - known
    return str(new)


async def shows(scene: Scene, id: str, state: str, *, within: float = 12.0) -> Message:
    """The one card of the record, once it shows that."""

    def so() -> bool:
        return [state_of(card) for card in posted(scene, id)] == [state]

    await scene.until(so, within=within)
    return posted(scene, id)[0]


# Slack is away


async def test_votes_count_while_slack_is_away_and_five_changes_are_drawn_once(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.fault(kind="status", code=503, on="any", by="svc:countersign")
    scene.workspace.faults.add("*", status=503, times=None)
    before = len(calls(scene, "chat.update", id_of(card)))

    clicked = await scene.workspace.click(MONA, card, "approve")

    assert clicked.ok
    await scene.until(lambda: scene.sql("select state from requests") != [("pending",)])
    await asyncio.sleep(0.5)
    await scene.mend()
    await scene.public_becomes(MARIA, "deactivated")
    await scene.until(lambda: scene.sql("select state from requests") == [("done",)])
    changes = scene.sql("select version from requests")[0][0]
    assert changes >= 4, "approved, waited, claimed, done"
    scene.workspace.faults.clear()
    done = await shows(scene, id_of(card), "done")
    await scene.workspace.wait_for_message(APPROVALS, lambda m: "done" in m.text, thread_ts=done.ts)
    assert len(calls(scene, "chat.update", id_of(card))) - before == 1
    await scene.log_agrees()


async def test_what_was_asked_while_slack_gave_no_answer_has_its_card_when_it_does(scene: Scene) -> None:
    scene.workspace.faults.add("chat.postMessage", drop=True, times=None)
    ids = [await filed(scene, handle) for handle in ("maria_k", "tom.reads")]
    scene.workspace.faults.clear()
    for id in ids:
        await shows(scene, id, "pending")


async def test_a_storm_of_429_is_waited_out_by_one_call_at_a_time(scene: Scene) -> None:
    scene.workspace.faults.add("chat.postMessage", status=429, retry_after=1, times=2, match={"channel": APPROVALS})
    ids = [await filed(scene, handle) for handle in ("maria_k", "tom.reads", "hollow_pine")]
    for id in ids:
        await shows(scene, id, "pending")
    refused = [call for call in scene.workspace.faults.as_json() if call["status"] == 429]
    assert [fault["hits"] for fault in refused] == [2], "nobody tried while it was closed"


# The pace


async def test_posts_are_paced_and_an_emergency_goes_before_them(unstarted: Scene) -> None:
    unstarted.posts_every = 0.5
    unstarted.workspace.web_api.pace = 0.45
    await unstarted.start()
    unstarted.workspace.faults.add("chat.postMessage", status=429, retry_after=1, times=1, match={"channel": APPROVALS})
    ids = [await filed(unstarted, handle) for handle in ("tom.reads", "hollow_pine", "tanaka_yui")]
    urgent = await filed(unstarted, "maria_k", user=MONA, emergency=["emergency"])

    await unstarted.until(lambda: len({event_id(m) for m in unstarted.cards()} & {*ids, urgent}) == 4, within=20)

    assert unstarted.bot is not None
    firsts = [event_id(message) for message in unstarted.cards() if event_id(message) in {*ids, urgent}]
    assert urgent in firsts[:2], "one may have been on its way"
    times = [float(message.ts) for message in unstarted.cards()]
    assert min(after - before for before, after in pairwise(sorted(times))) >= 0.45
    answers = [call.answer.get("error") for call in unstarted.workspace.calls("chat.postMessage")]
    assert answers.count("ratelimited") == 0


def event_id(message: Message) -> str:
    return str((message.metadata or {}).get("event_payload", {}).get("id"))


# The channel


@pytest.mark.parametrize("how", ["archived", "removed"])
async def test_a_channel_that_lets_nobody_in_loses_nothing_and_comes_right_when_mended(scene: Scene, how: str) -> None:
    card = await scene.ask("maria_k")
    (channel,) = [one for one in scene.workspace._state.channels.values() if one.id == APPROVALS]
    shut = replace(channel, is_archived=True) if how == "archived" else replace(channel, members=frozenset({ADA, MONA}))
    scene.workspace.put_channel(shut)
    id = await filed(scene, "tom.reads")
    await scene.act("staff-dev-token:rex", MARIA, active=False)
    await scene.public_becomes(MARIA, "active")
    await scene.until(lambda: scene.sql(PAGED) == [(1,)])

    scene.workspace.put_channel(replace(channel, name="renamed-meanwhile"))

    await shows(scene, id, "pending", within=20)
    await scene.incident_card("restored", within=20)
    assert state_of(await shows(scene, id_of(card), "pending")) == "pending"
    await scene.until(lambda: scene.sql(PAGED) == [(2,)])


# Twice


@pytest.mark.parametrize("used", ["older", "newer"])
async def test_after_a_lost_answer_both_cards_work_and_the_newer_is_kept(scene: Scene, used: str) -> None:
    scene.workspace.faults.add("chat.postMessage", drop=True, after=True, match={"channel": APPROVALS})
    id = await filed(scene, "maria_k")
    await scene.until(lambda: len(posted(scene, id)) == 2)
    older, newer = sorted(posted(scene, id), key=lambda m: float(m.ts))
    await scene.until(lambda: scene.sql("select ts from cards") == [(newer.ts,)])

    clicked = await scene.workspace.click(MONA, older if used == "older" else newer, "approve")

    assert clicked.ok
    await scene.until(lambda: scene.sql("select state from requests") == [("done",)])
    if used == "newer":
        assert len(posted(scene, id)) == 2, "nobody told the bot of the other yet"
        await scene.workspace.click_raw(OMAR, older, "approve", value=str(older.element("approve")[1]["value"]))
    done = await shows(scene, id, "done")
    assert done.ts == newer.ts
    await scene.log_agrees()


async def test_where_the_newer_card_is_the_one_unknown_it_is_kept_all_the_same(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    await scene.until(lambda: scene.sql("select ts from cards") == [(card.ts,)])
    scene.workspace._state.post(APPROVALS, card.versions[-1], user=card.user)
    older, newer = sorted(posted(scene, id_of(card)), key=lambda m: float(m.ts))

    await scene.workspace.click(MONA, newer, "approve")

    assert (await shows(scene, id_of(card), "done")).ts == newer.ts
    assert older.ts == card.ts


# Gone


async def test_the_channel_hears_of_an_outcome_that_came_while_the_card_was_gone(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    scene.workspace.delete_message(APPROVALS, card.ts)
    await scene.workspace.click_raw(MONA, card, "approve", value=str(card.element("approve")[1]["value"]))
    done = await shows(scene, id_of(card), "done")
    reply = await scene.workspace.wait_for_message(APPROVALS, lambda m: "done" in m.text, thread_ts=done.ts)
    assert id_of(card) in reply.text


async def test_a_card_deleted_after_its_end_comes_back_with_the_next_news(scene: Scene) -> None:
    await scene.act("staff-dev-token:rex", MARIA, active=False)
    card = await scene.incident_card("restored")
    await scene.until(lambda: scene.sql("select count(*) from cards") == [(1,)])
    scene.workspace.delete_message(APPROVALS, card.ts)
    await scene.workspace.click_raw(MONA, card, "acknowledge", value=str(card.element("acknowledge")[1]["value"]))
    await scene.until(lambda: [m.ts for m in posted(scene, id_of(card))] not in ([], [card.ts]))
    assert "Acknowledged by \nmona" in text_of(posted(scene, id_of(card))[0])


async def test_a_whole_reason_follows_its_card_in_its_thread_though_slack_was_away(scene: Scene) -> None:
    scene.workspace.faults.add("chat.postMessage", status=503, times=2)
    id = await filed(scene, "maria_k", reason="x" * 2900)
    card = await shows(scene, id, "pending")
    await scene.workspace.wait_for_message(APPROVALS, lambda m: "x" * 2900 in text_of(m), thread_ts=card.ts)


# The Home


async def test_an_older_home_that_lands_late_leaves_no_button_of_what_is_decided(scene: Scene) -> None:
    card = await scene.ask("maria_k")
    scene.workspace.faults.add("views.publish", delay=1.0)
    await scene.workspace.open_home(OMAR)
    await scene.workspace.click(MONA, card, "approve")
    await scene.card_becomes(card, "done")
    await scene.workspace.open_home(OMAR)
    await asyncio.sleep(1.2)
    home = await scene.workspace.wait_for_home(OMAR, bool)
    await scene.until(lambda: id_of(card) not in text_of(scene.workspace.home(OMAR) or home))


# Several processes


@asynccontextmanager
async def beside(scene: Scene) -> AsyncIterator[Bot]:
    """Another process on the same ledger, as far as Slack and the ledger can tell."""
    policy = read_policy(scene.settings.policy_file)
    async with running(scene.settings, policy, posts_every=scene.posts_every) as bot:
        yield bot


async def test_two_processes_draw_one_card_of_each_and_the_newest_stays(unstarted: Scene) -> None:
    if not unstarted.settings.database_url.startswith("postgresql"):
        pytest.skip("one process a file")
    await unstarted.start()
    assert unstarted.bot is not None
    async with beside(unstarted) as second:
        doors = [f"http://127.0.0.1:{bot.port}/slack/events" for bot in (unstarted.bot, second)]
        unstarted.workspace.faults.add("chat.postMessage", delay=0.3, times=None)
        for n, handle in enumerate(("maria_k", "tom.reads", "hollow_pine")):
            unstarted.workspace.events_url = doors[n % 2]
            id = await filed(unstarted, handle)
            unstarted.workspace.events_url = doors[(n + 1) % 2]
            home = await opened(unstarted, OMAR, id)
            await unstarted.workspace.click(OMAR, home, "approve", block_id=f"waiting:{id}")
        await unstarted.until(lambda: unstarted.sql("select distinct state from requests") == [("done",)], within=20)
        ids = [id for (id,) in unstarted.sql("select id from requests")]
        for id in ids:
            await shows(unstarted, id, "done")
    assert [len(posted(unstarted, id)) for id in ids] == [1, 1, 1]


async def opened(scene: Scene, user: str, id: str) -> Any:
    await scene.workspace.open_home(user)
    return await scene.workspace.wait_for_home(user, lambda view: id in text_of(view))
