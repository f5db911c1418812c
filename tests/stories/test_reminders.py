"""A request that nobody decides is brought up again, in the thread of its card, before it expires."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from bot.sandbox.slack.records import Message
from bot.sandbox.slack.server import APPROVALS
from tests.stories.scene import ADA, MONA, OMAR, Scene, elements_of, id_of, state_of, text_of

FAR = '"1h"'


def with_reminders(
    scene: Scene, *, after: str = "", escalate_after: str = FAR, to: str = "", expires: str = '"24h"'
) -> None:
    """Rewrite `[reminders]` of the policy: the durations of a day in milliseconds."""
    changes = {
        'after = ["1h", "4h"]': f"after = [{after}]",
        'escalate_after = "8h"': f"escalate_after = {escalate_after}",
        "escalate_to = []": f"escalate_to = [{to}]",
        'request_expires = "24h"': f"request_expires = {expires}",
    }

    def change(text: str) -> str:
        for old, new in changes.items():
            assert text.count(old) == 1
            text = text.replace(old, new)
        return text

    scene.policy(change)


def mentioned(message: Message) -> list[str]:
    """The Slack users that the blocks mention, in order."""
    return [element["user_id"] for element in elements_of(message, "user")]


async def said(scene: Scene, card: Message, count: int) -> list[Message]:
    """The thread of the card, once it is so long."""

    async def long_enough() -> list[Message] | None:
        found = scene.workspace.replies(card)
        return found if len(found) >= count else None

    found = await scene.eventually(long_enough)
    return list(found)


def tasks(scene: Scene, kind: str = "remind") -> list[tuple[str, str, int, dict[str, Any]]]:
    """Key, state, due (milliseconds since 1970) and payload of every such task, from the database."""
    rows = scene.sql(f"select key, state, due, payload from tasks where kind = '{kind}' order by key")  # noqa: S608 - a kind
    return [(key, state, due, json.loads(payload)) for key, state, due, payload in rows]


async def falls_due(scene: Scene, card: Message, step: int) -> None:
    """The time of that reminder, the first being 0, has come."""

    def waits() -> bool:
        return [(key.rsplit(":", 1)[-1], state) for key, state, *_ in tasks(scene)][-1:] == [(str(step + 1), "waiting")]

    await scene.until(waits)
    policy, passed = scene.world.policy, scene.world.now() - (await scene.request(card)).filed_at
    times = [*policy.reminders.after, policy.reminders.escalate_after]
    times[step] = passed
    rules = replace(policy.reminders, after=tuple(times[:-1]), escalate_after=times[-1])
    scene.world.book.policy = replace(policy, reminders=rules)
    scene.sql("update tasks set due = 0 where kind = 'remind' and state = 'waiting'")


async def test_reminders_stand_in_the_thread_and_the_last_mentions_those_it_is_escalated_to(unstarted: Scene) -> None:
    with_reminders(unstarted, after='"1h", "2h"', escalate_after='"3h"', to='"manager", "ada"')
    await unstarted.start()
    card = await unstarted.ask("maria_k")
    for step in range(3):
        await falls_due(unstarted, card, step)
        await said(unstarted, card, step + 1)

    first, second, last = await said(unstarted, card, 3)

    assert all(id_of(card) in message.text for message in (first, second, last))
    assert all("Still needed: 1 more from managers." in text_of(message) for message in (first, second, last))
    assert [mentioned(message) for message in (first, second)] == [[], []]
    assert mentioned(last) == [MONA, OMAR]
    assert ADA not in mentioned(last)
    assert state_of(unstarted.cards()[-1]) == "pending"
    await unstarted.until(lambda: {state for _, state, *_ in tasks(unstarted)} == {"done"})
    await asyncio.sleep(0.5)
    assert len(unstarted.workspace.replies(card)) == 3
    await unstarted.log_agrees()


async def test_each_reminder_is_counted_from_the_filing(unstarted: Scene) -> None:
    with_reminders(unstarted, after='"400ms", "1h"', escalate_after='"2h"', to='"omar"')
    await unstarted.start()
    card = await unstarted.ask("maria_k")
    (first,) = await said(unstarted, card, 1)
    filed_at = round((await unstarted.request(card)).filed_at.timestamp() * 1000)
    await unstarted.until(lambda: len(tasks(unstarted)) == 2)
    second = tasks(unstarted)[-1]
    await falls_due(unstarted, card, 1)
    await unstarted.until(lambda: len(tasks(unstarted)) == 3)
    last = tasks(unstarted)[-1]

    assert float(first.ts) * 1000 - filed_at >= 400 - 5
    assert (second[0].rsplit(":", 1)[-1], second[2] - filed_at) == ("2", 3_600_000)
    assert (last[0].rsplit(":", 1)[-1], last[2] - filed_at) == ("3", 7_200_000)


async def test_a_deleted_card_is_posted_again_at_the_reminder_which_stands_below_it(unstarted: Scene) -> None:
    with_reminders(unstarted, after='"30m"')
    await unstarted.start()
    card = await unstarted.ask("maria_k")
    unstarted.workspace.delete_message(APPROVALS, card.ts)
    await falls_due(unstarted, card, 0)

    again = await unstarted.workspace.wait_for_message(
        APPROVALS, lambda m: m.ts != card.ts and state_of(m) == "pending" and id_of(m) == id_of(card)
    )

    await said(unstarted, again, 1)
    assert unstarted.workspace.replies(card) == []
    await unstarted.workspace.click(OMAR, again, "approve")
    await unstarted.card_becomes(again, "done")
    await unstarted.log_agrees()


async def test_a_card_that_stands_is_not_posted_twice(unstarted: Scene) -> None:
    with_reminders(unstarted, after='"300ms"')
    await unstarted.start()
    card = await unstarted.ask("maria_k")

    await said(unstarted, card, 1)

    assert [m.ts for m in unstarted.cards()] == [card.ts]


async def test_after_one_of_two_approvals_only_the_other_is_said_to_be_needed(unstarted: Scene) -> None:
    with_reminders(unstarted, after='"30m"')
    await unstarted.start()
    card = await unstarted.ask("president")
    assert (await unstarted.workspace.click(OMAR, card, "approve")).ok
    await unstarted.workspace.wait_for_ephemeral(OMAR, lambda m: "Counted" in m.text)
    await falls_due(unstarted, card, 0)

    (only,) = await said(unstarted, card, 1)

    assert "Still needed: 1 more from trust & safety." in text_of(only)
    assert "managers" not in text_of(only)


async def test_decided_while_slack_redraws_the_card_it_gets_no_reminder_after_its_end(unstarted: Scene) -> None:
    with_reminders(unstarted, after='"30m"')
    await unstarted.start()
    card = await unstarted.ask("maria_k")
    slow = unstarted.workspace.faults.add("chat.update", delay=0.7, times=1)
    await falls_due(unstarted, card, 0)
    await unstarted.until(lambda: slow.hits == 1)
    await unstarted.workspace.click(ADA, card, "withdraw")

    await unstarted.until(lambda: tasks(unstarted)[0][1] == "done")
    await unstarted.card_becomes(card, "withdrawn")
    await said(unstarted, card, 1)

    assert [m.text for m in unstarted.workspace.replies(card) if "still waits" in m.text] == []


async def test_decided_while_the_reminder_waits_for_its_turn_in_the_channel_it_gets_none(unstarted: Scene) -> None:
    with_reminders(unstarted, after='"30m"')
    unstarted.posts_every = 1.5
    await unstarted.start()
    card = await unstarted.ask("maria_k")
    redrawn = len(unstarted.workspace.calls("chat.update"))
    await falls_due(unstarted, card, 0)
    await unstarted.until(lambda: len(unstarted.workspace.calls("chat.update")) > redrawn)
    await unstarted.workspace.click(ADA, card, "withdraw")

    await unstarted.card_becomes(card, "withdrawn")
    await unstarted.until(lambda: tasks(unstarted)[0][1] == "done")
    await said(unstarted, card, 1)

    assert [m.text for m in unstarted.workspace.replies(card) if "still waits" in m.text] == []


@pytest.mark.parametrize("how", ["approve", "deny", "withdraw"])
async def test_a_decided_request_gets_none(unstarted: Scene, how: str) -> None:
    with_reminders(unstarted, after='"1h"', escalate_after='"2h"', to='"tessa"')
    await unstarted.start()
    card = await unstarted.ask("maria_k")

    if how == "deny":
        await unstarted.deny(OMAR, card)
    else:
        await unstarted.workspace.click(ADA if how == "withdraw" else OMAR, card, how)
    ended = await unstarted.card_becomes(card, {"approve": "done", "deny": "denied", "withdraw": "withdrawn"}[how])
    await said(unstarted, card, 1)
    unstarted.workspace.delete_message(APPROVALS, ended.ts)
    known = len(unstarted.cards())

    await falls_due(unstarted, card, 0)

    await unstarted.until(lambda: tasks(unstarted)[0][1] == "done")
    assert [key.rsplit(":", 1)[-1] for key, *_ in tasks(unstarted)] == ["1"]
    assert len(unstarted.workspace.replies(card)) == 1, "the end, and nothing after it"
    assert len(unstarted.cards()) == known


async def test_a_policy_that_reminds_of_nothing_files_none(unstarted: Scene) -> None:
    with_reminders(unstarted, escalate_after='"200ms"')
    await unstarted.start()
    card = await unstarted.ask("maria_k")

    assert tasks(unstarted) == []
    assert unstarted.workspace.replies(card) == []


async def test_a_reminder_that_would_come_after_the_end_is_not_filed(unstarted: Scene) -> None:
    with_reminders(unstarted, after='"500ms"', escalate_after='"1s"', to='"omar"', expires='"500ms"')
    await unstarted.start()
    card = await unstarted.ask("maria_k")

    await unstarted.card_becomes(card, "expired")

    assert tasks(unstarted) == []


async def test_those_that_fell_due_while_the_bot_was_down_are_said_as_one(unstarted: Scene) -> None:
    with_reminders(unstarted, after='"1s", "1100ms", "1200ms"', escalate_after='"1300ms"', to='"omar"')
    await unstarted.start()
    card = await unstarted.ask("maria_k")
    await unstarted.stop()
    assert unstarted.workspace.replies(card) == []
    await asyncio.sleep(1.4)

    await unstarted.start()

    (only,) = await said(unstarted, card, 1)
    assert mentioned(only) == [OMAR]
    await unstarted.until(lambda: {state for _, state, *_ in tasks(unstarted)} == {"done"})
    assert len(unstarted.workspace.replies(card)) == 1
    await unstarted.log_agrees()


async def test_a_reminder_that_slack_did_not_take_is_said_when_it_does(unstarted: Scene) -> None:
    with_reminders(unstarted, after='"300ms"')
    await unstarted.start()
    card = await unstarted.ask("maria_k")
    unstarted.workspace.faults.add("chat.postMessage", status=503, times=1)

    (only,) = await said(unstarted, card, 1)

    assert id_of(card) in only.text


async def test_a_channel_that_refuses_is_asked_again_later_and_ends_no_chain(unstarted: Scene) -> None:
    with_reminders(unstarted, after='"300ms", "1h"', escalate_after='"2h"')
    await unstarted.start()
    card = await unstarted.ask("maria_k")
    unstarted.workspace.faults.add("chat.update", error="is_archived", times=1)

    (only,) = await said(unstarted, card, 1)

    assert id_of(card) in only.text
    await unstarted.until(lambda: len(tasks(unstarted)) == 2)
    assert [(key, state) for key, state, *_ in tasks(unstarted)] == [
        (f"remind:{id_of(card)}:1", "done"),
        (f"remind:{id_of(card)}:2", "waiting"),
    ]
