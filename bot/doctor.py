"""The command `doctor`: every part looked at, one line each, with the cure."""

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import click
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import SystemClock
from bot.core.errors import CountersignError, LedgerAway, Misconfigured, PlatformAway, PlatformRefused, SlackAway
from bot.core.overlay import file_of, overlay_of
from bot.core.policy_table import rows
from bot.flows.bring_into_force import with_overlay
from bot.flows.stand_guard import LEASE
from bot.platform.scim import ScimPlatform
from bot.policy_book import file_mark, read_policy
from bot.settings import Part, Settings, load_settings
from bot.slack.channel import UNREACHED, channel_name
from bot.slack.joining import slack_client, who_we_are
from bot.wiring import check_ledger_may_be_made, ledger_exists, reader_of

CLOCKS_DIFFER = timedelta(seconds=30)
"""The lease is in the database's time, and this command asks the machine's."""
SCOPES = frozenset(
    {"commands", "chat:write", "channels:read", "groups:read", "im:write", "users:read"},
)
"""What `manifest.yml` asks for; a test holds the two together."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line."""

    what: str
    ok: bool
    says: str


Check = Callable[[Settings], Awaitable[str]]


async def examine(*, as_json: bool) -> int:
    """Run every check; exit code 1 if one does not hold."""
    found: list[Finding] = []
    for what, part, check in CHECKS:
        try:
            settings = load_settings(needs={part})
            found.append(Finding(what, ok=True, says=await check(settings)))
        except Misconfigured as wrong:
            found.extend(Finding(part.value, ok=False, says=sentence) for sentence in wrong.sentences)
        except CountersignError as error:
            found.append(Finding(what, ok=False, says=str(error)))
    found = list(dict.fromkeys(found))  # two checks of one part tell of the same missing variable
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        for finding in found:
            click.echo(f"{'ok   ' if finding.ok else 'WRONG'} {finding.what}: {finding.says}")
    return 0 if all(finding.ok for finding in found) else 1


async def _policy(settings: Settings) -> str:
    policy = read_policy(settings.policy_file)
    warnings = [w for row in rows(policy, datetime.now(UTC)) for w in row.warnings]
    said = f"{settings.policy_file} is valid ({policy.digest[:12]})"
    return f"{said}; note: {'; '.join(dict.fromkeys(warnings))}" if warnings else f"{said}."


async def _database(settings: Settings) -> str:
    """The ledger, and whether the policy in force there is the file's."""
    if not await asyncio.to_thread(ledger_exists, settings.database_url):
        await asyncio.to_thread(check_ledger_may_be_made, settings.database_url)
        return "there is no ledger yet; the first start makes it."
    clock = SystemClock()
    async with reader_of(settings, clock) as ledger:
        row, head, guard = await ledger.read(lambda view: (view.policy_in_force(), view.head(), view.lease(LEASE)))
    try:
        policy = read_policy(load_settings(needs={Part.POLICY}).policy_file)
    except Misconfigured:
        return f"{head} audit entries."
    if row is not None and row.digest != with_overlay(policy, row, at=datetime.now(UTC)).digest:
        raise LedgerAway(
            f"The policy in force is not the file's: {file_mark(file_of(row.text))}, and the file is "
            f"{file_mark(policy.text)}. Restart the bot, or send it SIGHUP; "
            "where several run on one database, give all of them the same file."
        )
    changes = len(overlay_of(row.text)) if row is not None else 0
    more = f", with what was changed in Slack ({changes})" if changes else ""
    who = guard.owner if guard is not None and guard.until > clock.now() - CLOCKS_DIFFER else "nobody now"
    return f"{head} audit entries; the guard is {who}; the policy in force is the file's{more}."


async def _slack(settings: Settings) -> str:
    client = slack_client(settings)
    try:
        who = await who_we_are(client, settings)
        answer = await client.auth_test()
        granted = set((answer.headers.get("x-oauth-scopes") or "").replace(" ", "").split(",")) - {""}
    except SlackApiError as error:
        raise Misconfigured(_no(error)) from None
    except UNREACHED as error:
        raise SlackAway(f"{_unreached('Slack', settings.slack_api_url, error)} Check SLACK_API_URL.") from None
    if settings.slack_app_token is not None:
        await _hears(client, settings.slack_app_token.get_secret_value())
    missing = sorted(SCOPES - granted) if granted else []
    if missing:
        raise Misconfigured(f"The token lacks {', '.join(missing)}: reinstall the app from manifest.yml.")
    return f"the token is of workspace {who.team_id} and has the scopes."


async def _hears(client: AsyncWebClient, app_token: str) -> None:
    """Raises Misconfigured where Slack would not let the bot listen over Socket Mode."""
    try:
        await client.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        said = error.response.get("error")
        cure = "make an app-level token with the scope connections:write, and turn Socket Mode on"
        raise Misconfigured(f"SLACK_APP_TOKEN is refused by Slack ({said}): {cure}.") from None


async def _channel(settings: Settings) -> str:
    client = slack_client(settings)
    try:
        name = await channel_name(client, settings.approvals_channel)
    except SlackApiError as error:
        raise Misconfigured(_no(error)) from None
    except UNREACHED as error:
        raise SlackAway(f"{_unreached('Slack', settings.slack_api_url, error)} Check SLACK_API_URL.") from None
    return f"#{name} has the bot in it."


async def _platform(settings: Settings) -> str:
    async with AsyncExitStack() as stack:
        platform = ScimPlatform(settings.platform_url, settings.platform_token.get_secret_value())
        stack.push_async_callback(platform.close)
        try:
            await platform.ready()
            cursor = await platform.latest_cursor()
        except PlatformAway as away:
            unreached = isinstance(away.__context__, UNREACHED)
            said = _unreached("The platform", settings.platform_url, away.__context__) if unreached else str(away)
            raise PlatformAway(f"{said} Check PLATFORM_URL and whether the platform is up.") from None
        except PlatformRefused as refused:
            raise Misconfigured(f"{refused} Check PLATFORM_TOKEN.") from None
    return f"it answers; its feed is at {cursor}."


def _no(error: SlackApiError) -> str:
    """An answer of Slack's that is about neither the token nor the channel."""
    return f"Slack answers “{error.response.get('error')}”: try again in a minute, and look at status.slack.com."


def _unreached(whom: str, where: str, error: BaseException | None) -> str:
    """Why no answer came from an address, as people say it."""
    cause = getattr(error, "os_error", error)
    match cause:
        case TimeoutError():
            why = "no answer came in time; a firewall may drop the calls"
        case socket.gaierror():
            why = "no address is known for that name"
        case ssl.SSLError() | aiohttp.ClientSSLError() | ssl.CertificateError():
            why = "its certificate is not one that this machine trusts"
        case ConnectionRefusedError():
            why = "nothing listens there"
        case _:
            why = "the connection cannot be made or broke off"
    return f"{whom} cannot be reached at {where}: {why}."


CHECKS: tuple[tuple[str, Part, Check], ...] = (
    ("policy", Part.POLICY, _policy),
    ("database", Part.LEDGER, _database),
    ("Slack", Part.SLACK, _slack),
    ("approvals channel", Part.SLACK, _channel),
    ("platform", Part.PLATFORM, _platform),
)
