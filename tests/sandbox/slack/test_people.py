import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.slack.forms import NotThere
from bot.sandbox.slack.records import Message, View
from bot.sandbox.slack.server import Workspace

Json = dict[str, Any]
AGENT, MANAGER = "U1AGENT", "U2MANAGER"
GOOD = {"handle": "@x", "reason": "a reason that is long enough"}


@pytest.fixture
async def opened(bolt: AsyncApp, workspace: Workspace, form: Json) -> View:
    """The form, open before the agent."""

    @bolt.command("/deactivate")
    async def deactivate(ack: AsyncAck, command: Json, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=command["trigger_id"], view=form)

    assert (await workspace.command(AGENT, "/deactivate", "@x")).ok
    return await workspace.wait_for_view(AGENT)


@pytest.fixture
async def posted(client: AsyncWebClient, workspace: Workspace, card: list[Json], approvals: str) -> Message:
    await client.chat_postMessage(channel=approvals, text="card", blocks=card)
    return await workspace.wait_for_message(approvals)


def answering(bolt: AsyncApp, *answers: Json) -> list[Json]:
    """Acknowledge submissions of the form with these, one after another; the bodies received."""
    bodies: list[Json] = []

    @bolt.view("form")
    async def submitted(ack: AsyncAck, body: Json) -> None:
        bodies.append(body)
        await ack(**answers[len(bodies) - 1])

    return bodies


async def test_a_command_carries_all_that_slack_sends(bolt: AsyncApp, workspace: Workspace) -> None:
    seen: list[Json] = []

    @bolt.command("/deactivate")
    async def deactivate(ack: AsyncAck, command: Json) -> None:
        seen.append(command)
        await ack("looking *up*")

    outcome = await workspace.command(AGENT, "/deactivate", "@x he's <gone> & more", channel="C0SUPPORT")
    assert (outcome.status, outcome.ok) == (200, True)
    assert outcome.seconds < 3
    command = seen[0]
    assert command["text"] == "@x he's <gone> & more"
    assert (command["user_id"], command["user_name"], command["channel_name"]) == (AGENT, "ada", "support")
    assert (command["team_id"], command["team_domain"], command["api_app_id"]) == ("T0SANDBOX", "sandbox", "A0SANDBOX")
    assert command["trigger_id"] == outcome.trigger_id
    assert command["response_url"] == outcome.response_url
    assert [message.text for message in workspace.ephemerals(AGENT, "C0SUPPORT")] == ["looking *up*"]


async def test_an_acknowledgement_in_the_channel_is_seen_by_all(bolt: AsyncApp, workspace: Workspace) -> None:
    @bolt.command("/loud")
    async def loud(ack: AsyncAck) -> None:
        await ack(text="all of you", response_type="in_channel")

    await workspace.command(AGENT, "/loud")
    assert [message.text for message in workspace.messages("C0SUPPORT")] == ["all of you"]


async def test_a_late_acknowledgement_is_an_operation_timeout(bolt: AsyncApp, workspace: Workspace) -> None:
    @bolt.command("/slow")
    async def slow(ack: AsyncAck) -> None:
        await asyncio.sleep(0.3)
        await ack()

    workspace._delivery.ack_within = 0.1
    outcome = await workspace.command(AGENT, "/slow")
    assert (outcome.error, outcome.ok) == ("operation_timeout", False)
    assert 0.1 <= outcome.seconds < 3


async def test_a_bot_that_fails_or_is_away_is_dispatch_failed(bare: list[web.Request], workspace: Workspace) -> None:
    outcome = await workspace.command(AGENT, "/deactivate")
    assert (outcome.status, outcome.error) == (500, "dispatch_failed")
    assert len(bare) == 1
    workspace.events_url = "http://127.0.0.1:9/slack/events"
    assert (await workspace.command(AGENT, "/deactivate")).error == "dispatch_failed"


async def test_nobody_types_where_they_are_not(workspace: Workspace) -> None:
    with pytest.raises(NotThere):
        await workspace.command(MANAGER, "/deactivate", channel="C0SECRET")
    with pytest.raises(NotThere):
        await workspace.command("U9", "/deactivate")


async def test_a_trigger_works_once_and_not_for_long(
    bare: list[web.Request], workspace: Workspace, client: AsyncWebClient, form: Json
) -> None:
    del bare
    outcome = await workspace.command(AGENT, "/deactivate")

    async def opening(trigger_id: str) -> str:
        try:
            return str((await client.views_open(trigger_id=trigger_id, view=form))["ok"])
        except SlackApiError as refused:
            return str(refused.response["error"])

    assert await opening("made.up") == "invalid_trigger_id"
    assert await opening(outcome.trigger_id) == "True"
    assert await opening(outcome.trigger_id) == "exchanged_trigger_id"
    late = await workspace.command(AGENT, "/deactivate")
    workspace._state.trigger_life = 0.05
    await asyncio.sleep(0.1)
    assert await opening(late.trigger_id) == "expired_trigger_id"


async def test_a_modal_that_slack_would_not_take_is_refused(
    bare: list[web.Request], workspace: Workspace, client: AsyncWebClient, form: Json
) -> None:
    del bare
    outcome = await workspace.command(AGENT, "/deactivate")
    del form["submit"]
    with pytest.raises(SlackApiError) as caught:
        await client.views_open(trigger_id=outcome.trigger_id, view=form)
    assert caught.value.response["error"] == "invalid_arguments"
    large = {"type": "modal", "title": {"type": "plain_text", "text": "T"}}
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}
    with pytest.raises(SlackApiError) as caught:
        await client.views_open(trigger_id=outcome.trigger_id, view={**large, "blocks": [section] * 90})
    assert caught.value.response["error"] == "view_too_large"
    assert workspace.views(AGENT) == []


async def test_a_view_is_updated_by_id_and_hash(
    opened: View, workspace: Workspace, client: AsyncWebClient, form: Json
) -> None:
    form["title"]["text"] = "Looked up"
    await client.views_update(view_id=opened.id, hash=opened.hash, view=form)
    (now,) = workspace.views(AGENT)
    assert (now.id, now.title) == (opened.id, "Looked up")
    assert now.hash != opened.hash
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_update(view_id=opened.id, hash=opened.hash, view=form)
    with pytest.raises(SlackApiError, match="not_found"):
        await client.views_update(view_id="V9", view=form)


async def test_slack_refuses_a_bad_form_before_the_bot_hears_of_it(
    opened: View, bolt: AsyncApp, workspace: Workspace
) -> None:
    bodies = answering(bolt)
    outcome = await workspace.submit(AGENT, opened, {"reason": "short", "evidence": "no url"})
    assert set(outcome.errors) == {"handle", "reason", "evidence"}
    assert outcome.sent is None
    assert bodies == []
    assert (await workspace.submit(AGENT, opened, {"reason": "x" * 3001})).errors["reason"]
    with pytest.raises(NotThere):
        await workspace.submit(AGENT, opened, {"nickname": "x"})
    with pytest.raises(NotThere):
        await workspace.submit(AGENT, opened, {"category": "gossip"})


async def test_a_submission_carries_what_was_put_in_and_closes_the_modal(
    opened: View, bolt: AsyncApp, workspace: Workspace
) -> None:
    bodies = answering(bolt, {})
    values = {**GOOD, "evidence": "https://x.test/1", "emergency": ["legal"]}
    assert (await workspace.submit(AGENT, opened, values)).ok
    held = bodies[0]["view"]["state"]["values"]
    assert held["handle"]["handle"] == {"type": "plain_text_input", "value": "@x"}
    assert held["category"]["category"]["selected_option"]["value"] == "spam"
    assert held["evidence"]["evidence"]["value"] == "https://x.test/1"
    assert [chosen["value"] for chosen in held["emergency"]["emergency"]["selected_options"]] == ["legal"]
    assert bodies[0]["view"]["private_metadata"] == "kept"
    assert workspace.views(AGENT) == []
    with pytest.raises(NotThere):
        await workspace.submit(AGENT, opened, GOOD)


CHOICES = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("agent", "manager", "duty")]


def choosing(form: Json) -> Json:
    """The form with a person and some of several groups to choose."""
    groups = {"type": "multi_static_select", "action_id": "groups", "options": CHOICES, "max_selected_items": 2}
    inputs = {"person": {"type": "users_select", "action_id": "person"}, "groups": groups}
    blocks = [
        {"type": "input", "block_id": name, "label": {"type": "plain_text", "text": name}, "element": element}
        for name, element in inputs.items()
    ]
    return {**form, "blocks": blocks}


@pytest.fixture
async def to_choose(bolt: AsyncApp, workspace: Workspace, form: Json) -> View:
    """The form of choices, open before the agent."""

    @bolt.command("/roster")
    async def roster(ack: AsyncAck, command: Json, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=command["trigger_id"], view=choosing(form))

    assert (await workspace.command(AGENT, "/roster")).ok
    return await workspace.wait_for_view(AGENT)


async def test_people_and_several_options_are_chosen_as_slack_tells_them(
    to_choose: View, bolt: AsyncApp, workspace: Workspace
) -> None:
    bodies = answering(bolt, {})
    values = {"person": MANAGER, "groups": ["manager", "agent", "manager"]}
    assert (await workspace.submit(AGENT, to_choose, values)).ok
    held = bodies[0]["view"]["state"]["values"]
    assert held["person"]["person"] == {"type": "users_select", "selected_user": MANAGER}
    assert held["groups"]["groups"] == {"type": "multi_static_select", "selected_options": [CHOICES[1], CHOICES[0]]}


@pytest.mark.parametrize("nothing", [{}, {"person": None, "groups": []}])
async def test_a_choice_that_is_demanded_is_not_left_out(
    to_choose: View, bolt: AsyncApp, workspace: Workspace, nothing: Json
) -> None:
    bodies = answering(bolt, {})
    outcome = await workspace.submit(AGENT, to_choose, nothing)
    assert set(outcome.errors) == {"person", "groups"}
    assert bodies == []


async def test_no_more_is_chosen_than_may_be(to_choose: View, bolt: AsyncApp, workspace: Workspace) -> None:
    bodies = answering(bolt, {})
    values = {"person": MANAGER, "groups": ["agent", "manager", "duty"]}
    assert "at most 2" in (await workspace.submit(AGENT, to_choose, values)).errors["groups"]
    assert bodies == []


@pytest.mark.parametrize("wrong", [{"person": "U0NOBODY"}, {"person": ["U2MANAGER"]}, {"groups": ["owner"]}])
async def test_nobody_chooses_what_is_not_there(to_choose: View, workspace: Workspace, wrong: Json) -> None:
    with pytest.raises(NotThere):
        await workspace.submit(AGENT, to_choose, {"person": MANAGER, "groups": ["agent"], **wrong})


async def test_the_bots_errors_stand_at_the_field_and_the_text_is_kept(
    opened: View, bolt: AsyncApp, workspace: Workspace
) -> None:
    answering(bolt, {"response_action": "errors", "errors": {"handle": "no such account"}}, {})
    outcome = await workspace.submit(AGENT, opened, GOOD)
    assert outcome.errors == {"handle": "no such account"}
    assert len(workspace.views(AGENT)) == 1
    assert (await workspace.submit(AGENT, opened, {"handle": "@y"})).ok


async def test_an_error_at_a_field_that_is_not_there_is_trouble(
    opened: View, bolt: AsyncApp, workspace: Workspace
) -> None:
    answering(bolt, {"response_action": "errors", "errors": {"nickname": "?"}})
    assert (await workspace.submit(AGENT, opened, GOOD)).error == "invalid_response_action"


async def test_an_update_in_the_acknowledgement_keeps_what_was_typed(
    opened: View, bolt: AsyncApp, workspace: Workspace, form: Json
) -> None:
    form["title"]["text"] = "Again"
    form["blocks"].pop()
    bodies = answering(bolt, {"response_action": "update", "view": form}, {"response_action": "clear"})
    await workspace.submit(AGENT, opened, GOOD)
    (now,) = workspace.views(AGENT)
    assert (now.id, now.title) == (opened.id, "Again")
    await workspace.submit(AGENT)
    assert bodies[1]["view"]["state"]["values"]["reason"]["reason"]["value"] == GOOD["reason"]
    assert workspace.views(AGENT) == []


async def test_a_pushed_view_lies_on_top_and_comes_off_alone(
    opened: View, bolt: AsyncApp, workspace: Workspace, form: Json
) -> None:
    answering(bolt, {"response_action": "push", "view": form}, {})
    await workspace.submit(AGENT, opened, GOOD)
    bottom, top = workspace.views(AGENT)
    assert (top.previous_view_id, top.root_view_id) == (bottom.id, bottom.id)
    await workspace.submit(AGENT, top, GOOD)
    assert [view.id for view in workspace.views(AGENT)] == [opened.id]


async def test_closing_a_modal_is_told_when_the_bot_asked(opened: View, bolt: AsyncApp, workspace: Workspace) -> None:
    told: list[Json] = []

    @bolt.view_closed("form")
    async def closed(ack: AsyncAck, body: Json) -> None:
        told.append(body)
        await ack()

    assert (await workspace.close(AGENT, opened)).ok
    assert (told[0]["view"]["id"], told[0]["is_cleared"]) == (opened.id, False)
    assert workspace.views(AGENT) == []


async def test_a_modal_submitted_from_a_stale_copy_carries_that_copy(
    opened: View, bolt: AsyncApp, workspace: Workspace
) -> None:
    bodies = answering(bolt, {}, {})
    await workspace.submit(AGENT, opened, GOOD)
    outcome = await workspace.submit_raw(AGENT, opened, {"reason": "no"})
    assert outcome.status == 200
    assert bodies[1]["view"]["state"]["values"]["reason"]["reason"]["value"] == "no"


async def test_a_click_carries_message_button_and_place(
    posted: Message, bolt: AsyncApp, workspace: Workspace, approvals: str
) -> None:
    seen: list[Json] = []

    @bolt.action("approve")
    async def approve(ack: AsyncAck, body: Json, respond: AsyncRespond) -> None:
        seen.append(body)
        await ack()
        await respond("counted; 1 more")

    assert (await workspace.click(MANAGER, posted, "approve")).ok
    body = seen[0]
    assert body["container"]["message_ts"] == body["message"]["ts"] == posted.ts
    assert body["channel"] == {"id": approvals, "name": "account-approvals"}
    assert (body["user"]["id"], body["user"]["team_id"]) == (MANAGER, "T0SANDBOX")
    (action,) = body["actions"]
    assert (action["action_id"], action["block_id"], action["value"]) == ("approve", "buttons", "7 approve")
    told = await workspace.wait_for_ephemeral(MANAGER)
    assert told.text == "counted; 1 more"


async def test_only_what_stands_there_now_can_be_clicked(
    posted: Message, bolt: AsyncApp, workspace: Workspace, client: AsyncWebClient, approvals: str
) -> None:
    values: list[str] = []

    @bolt.action("approve")
    async def approve(ack: AsyncAck, action: Json) -> None:
        values.append(action["value"])
        await ack()

    await client.chat_update(channel=approvals, ts=posted.ts, text="ended")
    with pytest.raises(NotThere):
        await workspace.click(MANAGER, posted, "approve")
    assert (await workspace.click_raw(MANAGER, posted, "approve")).ok
    assert (await workspace.click_raw(MANAGER, posted, "approve", value="8 forged")).ok
    assert values == ["7 approve", "8 forged"]
    workspace.delete_message(approvals, posted.ts)
    with pytest.raises(NotThere):
        await workspace.click(MANAGER, posted, "approve")


async def test_a_response_url_replaces_deletes_and_runs_out(
    posted: Message, bare: list[web.Request], workspace: Workspace, approvals: str
) -> None:
    del bare
    outcome = await workspace.click(MANAGER, posted, "approve")
    hook = AsyncWebhookClient(outcome.response_url)
    assert (await hook.send(text="replaced", replace_original=True)).body == "ok"
    assert workspace.messages(approvals)[0].text == "replaced"
    await hook.send(text="to all", response_type="in_channel")
    await hook.send(text="to one")
    assert (await hook.send(text="x", blocks=[{"type": "header"}])).status_code == 400
    await hook.send(delete_original=True)
    assert [message.text for message in workspace.messages(approvals)] == ["to all"]
    assert [message.text for message in workspace.ephemerals(MANAGER)] == ["to one"]
    assert (await hook.send(text="five")).status_code == 200
    used = await hook.send(text="six")
    assert (used.status_code, json.loads(used.body)["error"]) == (404, "used_url")


async def test_home_is_opened_clicked_and_used(bolt: AsyncApp, workspace: Workspace, card: list[Json]) -> None:
    seen: list[Json] = []

    @bolt.event("app_home_opened")
    async def home_opened(event: Json, client: AsyncWebClient) -> None:
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": card})

    @bolt.action("approve")
    async def approve(ack: AsyncAck, body: Json) -> None:
        seen.append(body)
        await ack()

    assert (await workspace.open_home(MANAGER)).ok
    home = await workspace.wait_for_home(MANAGER)
    await workspace.click(MANAGER, home, "approve")
    assert seen[0]["container"] == {"type": "view", "view_id": home.id}
    assert seen[0]["view"]["type"] == "home"
    assert "response_url" not in seen[0]


async def test_a_message_shortcut_carries_the_message(bolt: AsyncApp, workspace: Workspace) -> None:
    seen: list[Json] = []

    @bolt.shortcut("request_deactivation")
    async def shortcut(ack: AsyncAck, body: Json) -> None:
        seen.append(body)
        await ack()

    said = workspace.say(AGENT, "C0SUPPORT", "look at @x")
    assert (await workspace.shortcut(AGENT, said, "request_deactivation")).ok
    assert (seen[0]["message"]["text"], seen[0]["message_ts"]) == ("look at @x", said.ts)


async def test_an_event_that_is_not_acknowledged_comes_four_times(
    bare: list[web.Request], workspace: Workspace
) -> None:
    outcome = await workspace.event({"type": "app_mention", "user": AGENT, "text": "hi"})
    assert outcome.attempts == 4
    assert [request.headers.get("X-Slack-Retry-Num") for request in bare] == [None, "1", "2", "3"]
    assert bare[1].headers["X-Slack-Retry-Reason"] == "http_error"
    bodies = [await request.json() for request in bare]
    assert len({body["event_id"] for body in bodies}) == 1


async def test_requests_can_be_replayed_forged_and_stripped(bolt: AsyncApp, workspace: Workspace) -> None:
    texts: list[str] = []

    @bolt.command("/deactivate")
    async def deactivate(ack: AsyncAck, command: Json) -> None:
        texts.append(command["text"])
        await ack()

    outcome = await workspace.command(AGENT, "/deactivate", "first")
    assert outcome.sent is not None
    assert parse_qs(outcome.sent.body.decode())["command"] == ["/deactivate"]
    assert (await workspace.redeliver(outcome)).status == 200
    assert (await workspace.unsigned(outcome)).status == 401
    assert (await workspace.forged(outcome, secret="another")).status == 401
    assert (await workspace.forged(outcome, at=1_000_000)).status == 401
    changed = outcome.sent.body.replace(b"first", b"other")
    assert (await workspace.forged(outcome, body=changed)).status == 200
    assert (await workspace.forged(outcome, body=changed, headers={"X-Slack-Signature": "v0=00"})).status == 401
    assert texts == ["first", "first", "other"]


async def test_a_wait_that_is_in_vain_says_what_was_missing(workspace: Workspace) -> None:
    with pytest.raises(TimeoutError, match="modal of U1AGENT"):
        await workspace.wait_for_view(AGENT, timeout=0.05)
