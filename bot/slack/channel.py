"""The approvals channel: whether a card could be posted there, asked before the first one is."""

import asyncio
import logging

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.errors import Misconfigured
from bot.flows.world import World

log = logging.getLogger(__name__)

LOOKED_EVERY = 60.0
"""Seconds. What was said in vain meanwhile waits and is tried by itself."""
NOT_LET_IN = frozenset({"channel_not_found", "not_in_channel", "missing_scope"})
UNREACHED = (SlackClientError, aiohttp.ClientError, OSError)
"""A network that gives no answer; `TimeoutError` is an `OSError`."""


async def channel_name(client: AsyncWebClient, channel: str) -> str:
    """Its name. Raises Misconfigured where no card could be posted; SlackClientError, OSError where nobody says."""
    try:
        answer = await client.conversations_info(channel=channel)
    except SlackApiError as error:
        reason = error.response.get("error")
        if reason not in NOT_LET_IN:
            raise
        cure = "put the channel's id there, and invite the bot to the channel"
        raise Misconfigured(f"APPROVALS_CHANNEL: Slack answers “{reason}”; {cure}.") from None
    found = answer.get("channel") or {}
    if found.get("is_archived"):
        raise Misconfigured("APPROVALS_CHANNEL: the channel is archived; unarchive it, or choose another.")
    if not found.get("is_member"):
        raise Misconfigured("APPROVALS_CHANNEL: the bot is not in the channel; invite it.")
    return str(found.get("name"))


async def mind_channel(world: World, client: AsyncWebClient, joined: asyncio.Event) -> None:
    """Once Slack is `joined`, say when no card could be posted, and when one can again; returns only by cancelling."""
    await joined.wait()
    while True:
        try:
            await look(world, client)
        except (*UNREACHED, ValueError) as error:  # slack_sdk lets what is no text through
            log.debug("whether the approvals channel takes cards is not known: %s", type(error).__name__)
        await asyncio.sleep(LOOKED_EVERY)


async def look(world: World, client: AsyncWebClient) -> None:
    """Ask once, and tell of what is new. Raises SlackClientError, OSError where Slack does not say."""
    shut, before = None, world.status.shut
    try:
        await channel_name(client, world.channel)
    except Misconfigured as wrong:
        shut = str(wrong)
    world.status.shut = shut
    if shut is not None and shut != before:
        log.error("no card can be posted, and all wait: %s", shut)
    elif shut is None and before is not None:
        log.warning("the approvals channel takes cards again")
