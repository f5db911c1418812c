"""Joining a workspace: the one client, whose workspace it is, and a Bolt that is new enough."""

import logging

import aiohttp
from slack_bolt.version import __version__ as bolt_version
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.errors import Misconfigured
from bot.settings import Settings
from bot.slack.call import Workspace

SLACK_WITHIN = 10
"""Seconds that a call to Slack may take."""
CLIENT_LOG = "bot.slack.client"
"""The logger that Slack's library is given for its own."""
OLDEST_BOLT = (1, 30)
"""Below it unsigned requests reached listeners, or signed bytes were taken again and again."""


def slack_client(settings: Settings, session: aiohttp.ClientSession | None = None) -> AsyncWebClient:
    """The one client; what fails is tried again by tasks, not inside a call."""
    return AsyncWebClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        timeout=SLACK_WITHIN,
        session=session,
        logger=logging.getLogger(CLIENT_LOG),
    )


async def who_we_are(client: AsyncWebClient, settings: Settings) -> Workspace:
    """Ask `auth.test`. Raises Misconfigured for a token that Slack refuses, SlackClientError and OSError else."""
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        reason = error.response.get("error")
        if reason in {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}:
            raise Misconfigured(f"SLACK_BOT_TOKEN: Slack refuses it ({reason}); copy it again.") from None
        raise
    team = str(answer["team_id"])
    if settings.slack_team_id not in {None, team}:
        raise Misconfigured(f"SLACK_TEAM_ID is {settings.slack_team_id}, but the token belongs to {team}.")
    return Workspace(
        team_id=team,
        bot_id=answer.get("bot_id"),
        bot_user_id=str(answer.get("user_id")),
        url=str(answer.get("url") or ""),
    )


def assert_bolt_is_new_enough(version: str = bolt_version) -> None:
    """Raises Misconfigured for a Bolt whose own checks are known to be wrong."""
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_BOLT:
        raise Misconfigured(f"slack-bolt {version} is too old; this program needs 1.30 or newer.")
