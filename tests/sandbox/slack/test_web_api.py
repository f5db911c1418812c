from typing import Any

import pytest
from aiohttp import ClientSession
from slack_sdk.errors import SlackApiError
from slack_sdk.models.metadata import Metadata
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.slack.records import Channel
from bot.sandbox.slack.server import Workspace

Json = dict[str, Any]


async def refusal(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    response = caught.value.response
    assert isinstance(response, AsyncSlackResponse)
    return str(response["error"])


async def test_the_bot_learns_who_it_is_and_with_which_scopes(client: AsyncWebClient) -> None:
    answer = await client.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == ("T0SANDBOX", "U0BOT", "B0BOT")
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


async def test_tokens_are_checked(workspace: Workspace, session: ClientSession) -> None:
    def using(token: str | None) -> AsyncWebClient:
        return AsyncWebClient(token, base_url=workspace.api_url, session=session)

    assert await refusal(using(None).auth_test()) == "not_authed"
    assert await refusal(using("xoxb-wrong").auth_test()) == "invalid_auth"
    assert await refusal(using(workspace.app_token).auth_test()) == "not_allowed_token_type"


async def test_unknown_methods_are_named_so(client: AsyncWebClient) -> None:
    assert await refusal(client.api_call("chat.shout")) == "unknown_method"


async def test_a_missing_scope_is_named(workspace: Workspace, client: AsyncWebClient) -> None:
    workspace.web_api.scopes = ("commands",)
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0APPROVALS", text="x")
    assert caught.value.response["needed"] == "chat:write"
    assert caught.value.response["provided"] == "commands"


async def test_a_message_stands_until_it_is_rewritten_and_keeps_its_history(
    workspace: Workspace, client: AsyncWebClient, card: list[Json], approvals: str
) -> None:
    about = Metadata("countersign_request", {"id": 7, "revision": 1})
    posted = await client.chat_postMessage(channel=approvals, text="first", blocks=card, metadata=about)
    message = workspace.message(approvals, posted["ts"])
    assert message is not None
    assert message.metadata == {"event_type": "countersign_request", "event_payload": {"id": 7, "revision": 1}}
    assert message.action_ids == ["approve", "deny"]

    await client.chat_update(channel=approvals, ts=posted["ts"], text="second")
    now = workspace.message(approvals, posted["ts"])
    assert now is not None
    assert (now.text, now.blocks) == ("second", [])
    assert [version.text for version in now.versions] == ["first", "second"]
    assert now.metadata == message.metadata
    assert message.text == "first"

    await client.chat_postMessage(channel=approvals, text="reply", thread_ts=posted["ts"])
    assert [reply.text for reply in workspace.replies(now)] == ["reply"]
    assert [seen.text for seen in workspace.messages(approvals)] == ["second"]

    link = await client.chat_getPermalink(channel=approvals, message_ts=posted["ts"])
    assert link["permalink"].endswith(posted["ts"].replace(".", ""))
    await client.chat_delete(channel=approvals, ts=posted["ts"])
    assert workspace.messages(approvals) == []
    assert await refusal(client.chat_update(channel=approvals, ts=posted["ts"], text="x")) == "message_not_found"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "C0SECRET", "text": "x"}, "channel_not_found"),
        ({"channel": "C0ELSEWHERE", "text": "x"}, "not_in_channel"),
        ({"channel": "C0OLD", "text": "x"}, "is_archived"),
        ({"channel": "C0APPROVALS", "text": ""}, "no_text"),
        ({"channel": "C0APPROVALS", "text": "x", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"channel": "C0APPROVALS", "text": "x", "blocks": "{"}, "invalid_blocks_format"),
        ({"channel": "C0APPROVALS", "text": "x", "metadata": {"event_type": "e"}}, "invalid_metadata_schema"),
        (
            {
                "channel": "C0APPROVALS",
                "text": "x",
                "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "y" * 2500}}] * 5,
            },
            "msg_blocks_too_long",
        ),
    ],
)
async def test_a_message_that_slack_would_not_take_is_refused(
    client: AsyncWebClient, workspace: Workspace, arguments: Json, error: str
) -> None:
    assert await refusal(client.api_call("chat.postMessage", json=arguments)) == error
    assert not workspace.messages("C0APPROVALS")


async def test_posting_cuts_long_text_and_updating_refuses_it(client: AsyncWebClient, approvals: str) -> None:
    posted = await client.chat_postMessage(channel=approvals, text="x" * 40_001)
    assert len(posted["message"]["text"]) == 40_000
    assert await refusal(client.chat_update(channel=approvals, ts=posted["ts"], text="x" * 4001)) == "msg_too_long"


async def test_invalid_blocks_come_with_a_pointer_to_what_is_wrong(client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0APPROVALS", text="x", blocks=[{"type": "header"}])
    assert "json-pointer:/blocks/0" in caught.value.response["response_metadata"]["messages"][0]


async def test_a_bot_changes_only_its_own_messages(
    client: AsyncWebClient, workspace: Workspace, approvals: str
) -> None:
    said = workspace.say("U1AGENT", approvals, "hello")
    assert await refusal(client.chat_update(channel=approvals, ts=said.ts, text="x")) == "cant_update_message"
    assert await refusal(client.chat_delete(channel=approvals, ts=said.ts)) == "cant_delete_message"


async def test_an_ephemeral_message_is_seen_by_one_person(
    client: AsyncWebClient, workspace: Workspace, approvals: str
) -> None:
    await client.chat_postEphemeral(channel=approvals, user="U1AGENT", text="counted")
    assert [message.text for message in workspace.ephemerals("U1AGENT", approvals)] == ["counted"]
    assert workspace.ephemerals("U2MANAGER") == []
    assert workspace.messages(approvals) == []
    assert await refusal(client.chat_postEphemeral(channel=approvals, user="U9", text="x")) == "user_not_in_channel"


async def test_direct_messages_are_opened_once(client: AsyncWebClient, workspace: Workspace) -> None:
    opened = await client.conversations_open(users="U1AGENT")
    again = await client.conversations_open(users=["U1AGENT"])
    assert opened["channel"]["id"] == again["channel"]["id"]
    assert again["already_open"]
    await client.chat_postMessage(channel=opened["channel"]["id"], text="one")
    await client.chat_postMessage(channel="U1AGENT", text="two")
    assert [message.text for message in workspace.dms("U1AGENT")] == ["one", "two"]
    assert await refusal(client.conversations_open(users="U9")) == "user_not_found"
    assert await refusal(client.conversations_open(users="U5GONE")) == "user_disabled"


async def test_people_are_told_as_slack_tells_them(client: AsyncWebClient) -> None:
    mona = (await client.users_info(user="U2MANAGER", include_locale=True))["user"]
    assert (mona["tz"], mona["locale"], mona["team_id"]) == ("Europe/Paris", "fr-FR", "T0SANDBOX")
    assert (await client.users_info(user="U3GUEST"))["user"]["is_restricted"]
    assert (await client.users_info(user="U5GONE"))["user"]["deleted"]
    assert (await client.users_info(user="U0BOT"))["user"]["is_bot"]
    olga = (await client.users_info(user="U4OTHER"))["user"]
    assert (olga["is_stranger"], olga["team_id"]) == (True, "T0OTHER")
    assert await refusal(client.users_info(user="U9")) == "user_not_found"
    assert len((await client.users_list())["members"]) == 6


async def test_channels_are_told_and_joined(client: AsyncWebClient, workspace: Workspace) -> None:
    info = (await client.conversations_info(channel="C0APPROVALS"))["channel"]
    assert (info["name"], info["is_member"]) == ("account-approvals", True)
    assert await refusal(client.conversations_info(channel="C0SECRET")) == "channel_not_found"
    assert await refusal(client.conversations_join(channel="C0ELSEWHERE")) == "missing_scope"
    workspace.web_api.scopes += ("channels:join",)
    await client.conversations_join(channel="C0ELSEWHERE")
    assert (await client.chat_postMessage(channel="C0ELSEWHERE", text="here"))["ok"]
    workspace.put_channel(Channel(id="C0ELSEWHERE", name="elsewhere", is_archived=True))
    assert await refusal(client.chat_postMessage(channel="C0ELSEWHERE", text="x")) == "is_archived"


async def test_slack_itself_can_be_asked_about_blocks(client: AsyncWebClient, card: list[Json]) -> None:
    assert (await client.api_call("blocks.validate", json={"blocks": card}))["ok"]
    assert await refusal(client.api_call("blocks.validate", json={"blocks": [{"type": "x"}]})) == "invalid_blocks"


async def test_json_and_form_bodies_are_both_read(client: AsyncWebClient, workspace: Workspace) -> None:
    blocks = '[{"type": "divider"}]'
    await client.api_call("chat.postMessage", data={"channel": "C0APPROVALS", "text": "form", "blocks": blocks})
    await client.api_call("chat.postMessage", json={"channel": "C0APPROVALS", "text": "json", "blocks": blocks})
    assert [message.blocks[0]["type"] for message in workspace.messages("C0APPROVALS")] == ["divider", "divider"]
    assert [call.args["text"] for call in workspace.calls("chat.postMessage")] == ["form", "json"]


async def test_the_pace_of_a_channel_is_limited_when_switched_on(client: AsyncWebClient, workspace: Workspace) -> None:
    workspace.web_api.pace = 1.0
    await client.chat_postMessage(channel="C0APPROVALS", text="one")
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0APPROVALS", text="two")
    response = caught.value.response
    assert (response.status_code, response.headers["Retry-After"], response["error"]) == (429, "1", "ratelimited")
    assert (await client.chat_postMessage(channel="C0SUPPORT", text="another channel"))["ok"]


async def test_homes_are_published_with_a_hash(client: AsyncWebClient, workspace: Workspace) -> None:
    view = {"type": "home", "blocks": [{"type": "divider"}]}
    first = await client.views_publish(user_id="U1AGENT", view=view)
    await client.views_publish(user_id="U1AGENT", view=view, hash=first["view"]["hash"])
    stale = client.views_publish(user_id="U1AGENT", view=view, hash=first["view"]["hash"])
    assert await refusal(stale) == "hash_conflict"
    home = workspace.home("U1AGENT")
    assert home is not None
    assert home.id == first["view"]["id"]
    assert await refusal(client.views_publish(user_id="U1AGENT", view={"type": "home"})) == "invalid_arguments"


async def test_a_response_url_that_nobody_gave_out_is_none(workspace: Workspace) -> None:
    hook = AsyncWebhookClient(f"{workspace.url}/actions/T0SANDBOX/made-up")
    assert (await hook.send(text="x")).status_code == 404
