"""The least that could do it: no ledger, no rules, no cards. Each in a process of its own, like the bot.

`bolt`: a bare Bolt app that acknowledges, and for a click deactivates first. `loop`: follows the feed and undoes.
It prints where it listens and its process id once it is ready, and lives until it is ended.
"""

import asyncio
import os
import sys
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

PLATFORM = os.environ.get("PLATFORM_URL", "")
AWAY = 0.2
"""Seconds until the platform is asked again where it did not answer."""
HEADERS = {"Authorization": "Bearer bot-dev-token"}


async def patch(session: aiohttp.ClientSession, account: str, *, active: bool) -> None:
    operation = {"op": "replace", "path": "active", "value": active}
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
    while True:
        async with session.patch(f"{PLATFORM}/scim/v2/Users/{account}", json=body, headers=HEADERS) as answer:
            await answer.read()
        if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return
        await asyncio.sleep(AWAY)


async def bolt(session: aiohttp.ClientSession) -> None:
    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0", bot_token="xoxb-floor")

    app = AsyncApp(signing_secret=os.environ["SECRET"], authorize=authorize)

    async def command(ack: Any) -> None:
        await ack()

    async def click(ack: Any, body: dict[str, Any]) -> None:
        await patch(session, body["actions"][0]["value"], active=False)
        await ack()

    app.command("/deactivate")(command)
    app.action("approve")(click)
    runner = web.AppRunner(app.web_app("/slack/events"), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ready(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
    await asyncio.Event().wait()


async def loop(session: aiohttp.ClientSession) -> None:
    url, cursor = f"{PLATFORM}/audit/v1/events", "latest"
    while True:
        async with session.get(url, params={"after": cursor, "wait": "25"}, headers=HEADERS) as answer:
            page = await answer.json()
        if not answer.ok:
            await asyncio.sleep(AWAY)
            continue
        for event in page["events"]:
            if event["type"] == "account.deactivated":
                await patch(session, event["account"]["id"], active=True)
        if cursor == "latest":
            ready("feed")
        cursor = str(page["next"])


def ready(where: str) -> None:
    print(where, os.getpid(), flush=True)


async def main(which: str) -> None:
    async with aiohttp.ClientSession() as session:
        await {"bolt": bolt, "loop": loop}[which](session)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
