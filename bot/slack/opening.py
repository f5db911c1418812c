"""A form that was opened at once is filled in a moment later: a `trigger_id` lives three seconds, a look-up may not."""

import asyncio
import logging
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.core.errors import LedgerAway
from bot.core.refusal import Refusal, Why
from bot.core.request import Action
from bot.flows.submit import Facts, look_up
from bot.slack.call import SAID_AGAIN_AFTER, Call
from bot.slack.desk import is_away

log = logging.getLogger(__name__)


async def facts_of(call: Call, action: Action, handle: str, user: str) -> Facts | Refusal:
    """Who the account is, or what stands against knowing it; never raises for the ledger."""
    if not handle:
        return Refusal(why=Why.HANDLE_EMPTY, input="handle")
    try:
        return await look_up(call.world, action=action, handle=handle, slack_user=user)
    except LedgerAway:
        return Refusal(why=Why.LEDGER_AWAY)


async def draw_in(call: Call, view: dict[str, Any], drawn: dict[str, Any]) -> None:
    """Draw the form over the view that was opened; where the person has closed it there is nothing to draw on.

    Until then they see a form that is looking up: what Slack does not take now is drawn again. The hash has it drawn
    once, also where an answer was lost.
    """
    trouble = ""
    for pause in (*SAID_AGAIN_AFTER, None):
        try:
            await call.client.views_update(view_id=view["id"], hash=view.get("hash"), view=drawn)
        except SlackApiError as error:
            trouble = type(error).__name__
            if not is_away(error):
                log.info("the form was gone: %s", error.response.get("error"))
                return
        except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError) as error:
            trouble = type(error).__name__
        else:
            return
        if pause is not None:
            await asyncio.sleep(pause)
    log.warning("could not draw the form: %s", trouble)
