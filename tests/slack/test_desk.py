"""The desk over HTTP against the stand-in, with its faults."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientSession
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.errors import CardGone, SlackAway, SlackRefused, SlackShut
from bot.core.incident import Incident
from bot.core.policy_file import parse_policy
from bot.core.request import Request, State
from bot.ports import CardAt, Message, Notice
from bot.sandbox.slack.records import Channel, User
from bot.sandbox.slack.server import APPROVALS, CHANNELS, Workspace
from bot.sandbox.stage import sample_policy
from bot.slack.desk import SlackDesk
from bot.slack.users import Users
from tests.slack.examples import (
    BUSY_WEEK,
    HOSTILE,
    INCIDENT,
    LONG,
    PENDING,
    URL,
    WEEK,
    endless_week,
    hostile,
    in_state,
    life,
)
from tests.slack.validators import shown

ADA = "U01ADA"
OLD, SECRET = "C0OLD", "C0SECRET"
LONGEST = replace(PENDING, reason="x" * 3000)


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    more = (Channel(id=OLD, is_archived=True), Channel(id=SECRET, is_private=True, members=frozenset({ADA})))
    async with Workspace([User(id=ADA, name="ada")], (*CHANNELS, *more)) as running:
        yield running


@pytest.fixture
async def client(workspace: Workspace) -> AsyncIterator[AsyncWebClient]:
    async with ClientSession() as session:
        yield AsyncWebClient(workspace.bot_token, base_url=workspace.api_url, session=session)


class Book:
    """The policy in force; it says the channel's language."""

    def __init__(self, language: str = "en") -> None:
        text = sample_policy().replace('channel_language = "en"', f'channel_language = "{language}"')
        self.policy = parse_policy(text)


def desk_of(client: AsyncWebClient, *, channel: str = APPROVALS, language: str = "en") -> SlackDesk:
    return SlackDesk(client, Users(client, Book(language)), approvals_channel=channel, within=1.0)


@pytest.fixture
def desk(client: AsyncWebClient) -> SlackDesk:
    return desk_of(client)


def cards(workspace: Workspace) -> list[str]:
    return [message.ts for message in workspace.messages(APPROVALS)]


async def test_a_card_is_posted_once_and_redrawn_in_place(desk: SlackDesk, workspace: Workspace) -> None:
    at = await desk.draw(PENDING, None)
    assert (at.channel, at.drawn) == (APPROVALS, PENDING.version)
    again = await desk.draw(in_state(State.DONE, version=7), at)
    assert (again.ts, again.drawn) == (at.ts, 7)
    message = workspace.message(at.channel, at.ts)
    assert message is not None
    assert message.metadata is not None
    assert message.metadata["event_payload"]["state"] == "done"
    assert cards(workspace) == [at.ts]


@pytest.mark.parametrize("text", [*HOSTILE, LONG])
async def test_the_stand_in_takes_whatever_was_typed(desk: SlackDesk, workspace: Workspace, text: str) -> None:
    request = hostile(replace(PENDING, evidence=URL), text)
    at = await desk.draw(request, None)
    await desk.draw(replace(request, state=State.DENIED, ended_at=PENDING.filed_at, outcome=text), at)
    await desk.tell(ADA, Message(notice=Notice.FILED, record=request))
    await desk.post_digest(WEEK)
    said = workspace.calls("chat.postMessage") + workspace.calls("chat.update")
    assert "section" not in {b["type"] for m in workspace.dms(ADA) for b in m.blocks}, "it was said short"
    assert said


@pytest.mark.parametrize("record", [PENDING, INCIDENT, in_state(State.DONE)])
async def test_a_card_that_was_deleted_is_said_to_be_gone(
    desk: SlackDesk, workspace: Workspace, record: Request | Incident
) -> None:
    at = await desk.draw(record, None)
    workspace.delete_message(at.channel, at.ts)
    with pytest.raises(CardGone):
        await desk.draw(record, at)
    assert cards(workspace) == [], "it is posted again in its turn"


async def test_a_card_of_a_former_approvals_channel_is_gone_where_it_was(desk: SlackDesk) -> None:
    with pytest.raises(CardGone):
        await desk.draw(PENDING, CardAt(channel="C0GONE", ts="1.000001", drawn=1))


async def test_a_thread_in_a_former_approvals_channel_is_waited_for_by_nobody(desk: SlackDesk) -> None:
    with pytest.raises(SlackRefused):
        await desk.thread(CardAt(channel=OLD, ts="1.000001", drawn=1), Message(notice=Notice.DONE, record=PENDING))


async def test_a_card_that_shows_less_than_the_whole_reason_says_so_and_the_thread_has_it(
    desk: SlackDesk, workspace: Workspace
) -> None:
    assert not (await desk.draw(PENDING, None)).cut
    at = await desk.draw(LONGEST, None)
    assert at.cut
    await desk.thread(at, Message(notice=Notice.WHOLE_REASON, record=LONGEST))
    (reply,) = workspace.messages(APPROVALS, thread_ts=at.ts)[-1:]
    assert "x" * 3000 in shown(reply.blocks)


async def test_a_card_is_removed_and_one_that_is_gone_is_as_good(desk: SlackDesk, workspace: Workspace) -> None:
    at = await desk.draw(PENDING, None)
    await desk.remove(at)
    assert cards(workspace) == []
    await desk.remove(at)


@pytest.mark.parametrize("error", ["invalid_blocks", "msg_too_long", "msg_blocks_too_long"])
@pytest.mark.parametrize("record", [PENDING, INCIDENT])
async def test_a_card_that_slack_refuses_is_drawn_short_with_its_buttons(
    desk: SlackDesk, workspace: Workspace, record: Request | Incident, error: str
) -> None:
    workspace.faults.add("chat.postMessage", error=error)
    at = await desk.draw(record, None)
    message = workspace.message(at.channel, at.ts)
    assert message is not None
    kind = "request" if isinstance(record, Request) else "incident"
    assert message.blocks[0]["block_id"] == f"{kind}:{record.id}"
    assert record.id in shown(message.blocks)
    assert set(message.action_ids) == (
        {"approve", "deny", "withdraw"} if kind == "request" else {"acknowledge", "incident_report"}
    )
    workspace.faults.add("chat.update", error=error)
    assert (await desk.draw(record, at)).ts == at.ts


@pytest.mark.parametrize("channel", [OLD, SECRET, "C0NOWHERE"])
async def test_a_channel_that_cannot_be_written_to_is_waited_for(client: AsyncWebClient, channel: str) -> None:
    with pytest.raises(SlackShut) as shut:
        await desk_of(client, channel=channel).draw(PENDING, None)
    assert shut.value.error in {"is_archived", "not_in_channel", "channel_not_found"}


async def test_a_token_that_was_taken_back_is_waited_for_and_nobody_for_one_person(
    desk: SlackDesk, workspace: Workspace
) -> None:
    workspace.faults.add("conversations.open", error="token_revoked")
    with pytest.raises(SlackShut):
        await desk.tell(ADA, Message(notice=Notice.FILED, record=PENDING))
    workspace.faults.add("chat.postMessage", error="channel_not_found")
    with pytest.raises(SlackRefused):
        await desk.tell(ADA, Message(notice=Notice.FILED, record=PENDING))


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        ({"status": 500}, None),
        ({"status": 503}, None),
        ({"status": 429, "retry_after": 7}, 7),
        ({"status": 429, "retry_after": 3600}, 30),
        ({"error": "internal_error"}, None),
        ({"error": "ratelimited"}, None),
        ({"drop": True}, None),
        ({"hang": True}, None),
    ],
)
async def test_what_may_mend_is_tried_again_and_never_after_more_than_half_a_minute(
    desk: SlackDesk, workspace: Workspace, fault: dict[str, Any], again: float | None
) -> None:
    workspace.faults.add("chat.postMessage", times=None, **fault)
    with pytest.raises(SlackAway) as away:
        await desk.draw(PENDING, None)
    assert away.value.retry_after == again


async def test_slack_being_down_altogether_is_slack_being_away(workspace: Workspace) -> None:
    address = workspace.api_url
    await workspace.stop()
    desk = desk_of(AsyncWebClient("xoxb-none", base_url=address))
    with pytest.raises(SlackAway):
        await desk.tell(ADA, Message(notice=Notice.FILED, record=PENDING))


async def test_a_person_is_told_in_a_direct_message_that_is_opened_once(desk: SlackDesk, workspace: Workspace) -> None:
    for notice, state in ((Notice.FILED, State.PENDING), (Notice.DENIED, State.DENIED), (Notice.DONE, State.DONE)):
        await desk.tell(ADA, Message(notice=notice, record=in_state(state)))
    assert len(workspace.calls("conversations.open")) == 1
    assert [message.action_ids for message in workspace.dms(ADA)] == [["withdraw"], ["ask_again"], []]


async def test_a_channel_is_told_without_buttons(desk: SlackDesk, workspace: Workspace) -> None:
    await desk.tell(APPROVALS, Message(notice=Notice.FILED, record=PENDING))
    (message,) = workspace.messages(APPROVALS)
    assert message.action_ids == []
    assert not workspace.calls("conversations.open")


async def test_a_page_with_an_unknown_user_group_is_still_said(desk: SlackDesk, workspace: Workspace) -> None:
    workspace.faults.add("chat.postMessage", error="invalid_blocks")
    await desk.tell(
        APPROVALS, Message(notice=Notice.PAGE, record=INCIDENT, facts={"why": "stuck", "on_call": "S0NONE"})
    )
    (message,) = workspace.messages(APPROVALS)
    assert INCIDENT.id in shown(message.blocks)


async def test_the_thread_of_a_card_is_answered(desk: SlackDesk, workspace: Workspace) -> None:
    at = await desk.draw(PENDING, None)
    await desk.thread(at, Message(notice=Notice.DONE, record=in_state(State.DONE)))
    reply = workspace.messages(APPROVALS, thread_ts=at.ts)[-1]
    assert "done and verified" in reply.text
    assert reply.action_ids == []


async def test_the_digest_is_posted_in_the_approvals_channel(desk: SlackDesk, workspace: Workspace) -> None:
    await desk.post_digest(WEEK)
    (message,) = workspace.messages(APPROVALS)
    assert message.text.startswith("Countersign in week 2026-W46")


async def test_cards_are_in_the_channels_language_and_direct_messages_in_the_persons(
    client: AsyncWebClient, workspace: Workspace
) -> None:
    workspace.choose_locale(ADA, "fr-FR")
    desk = desk_of(client)
    at = await desk.draw(PENDING, None)
    await desk.tell(ADA, Message(notice=Notice.FILED, record=PENDING))
    card, (told,) = workspace.message(*at_place(at)), workspace.dms(ADA)
    assert card is not None
    assert "Waits for a decision" in shown(card.blocks)
    assert "Elle est déposée." in shown(told.blocks)


async def test_the_policy_says_the_channels_language(client: AsyncWebClient, workspace: Workspace) -> None:
    at = await desk_of(client, language="fr").draw(PENDING, None)
    card = workspace.message(*at_place(at))
    assert card is not None
    assert "Attend une décision" in shown(card.blocks)


def at_place(at: CardAt) -> tuple[str, str]:
    return at.channel, at.ts


async def test_at_its_end_the_thread_holds_the_timeline(desk: SlackDesk, workspace: Workspace) -> None:
    at = await desk.draw(in_state(State.DONE), None)
    told = Message(notice=Notice.DONE, record=in_state(State.DONE), timeline=life("ada", moves=20))
    await desk.thread(at, told)
    (reply,) = workspace.messages(APPROVALS, thread_ts=at.ts)[-1:]
    said = shown(reply.blocks)
    for fact in ("How it went", " · filed by ", " · approved by ", "lines in between are in the log"):
        assert fact in said


@pytest.mark.parametrize("text", ["plain", LONG, *HOSTILE])
async def test_the_stand_in_takes_a_digest_of_an_endless_week(desk: SlackDesk, workspace: Workspace, text: str) -> None:
    await desk.post_digest(endless_week(text))
    (posted,) = workspace.messages(APPROVALS)
    kinds = [block["type"] for block in posted.blocks]
    assert (kinds.count("data_visualization"), kinds.count("data_table")) == (2, 1)


async def test_a_digest_whose_pictures_slack_refuses_is_said_in_words(desk: SlackDesk, workspace: Workspace) -> None:
    workspace.faults.add("chat.postMessage", error="invalid_blocks")
    await desk.post_digest(BUSY_WEEK)
    (posted,) = workspace.messages(APPROVALS)
    assert not {"data_visualization", "data_table"} & {block["type"] for block in posted.blocks}
    assert "INC-ABCDEFGH23: deactivated, down for 840 ms" in shown(posted.blocks)


async def test_a_digest_that_slack_refuses_in_words_too_is_said_in_a_sentence(
    desk: SlackDesk, workspace: Workspace
) -> None:
    workspace.faults.add("chat.postMessage", error="invalid_blocks", times=2)
    await desk.post_digest(BUSY_WEEK)
    (posted,) = workspace.messages(APPROVALS)
    assert [block["type"] for block in posted.blocks] == ["section"]
    assert posted.text.startswith("Countersign in week 2026-W46")
