"""The stage of a story: workspace, platform and bot, joined by HTTP, with SQLite in a file."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.core.audit import Line, compare, gaps, replay
from bot.core.request import Request
from bot.policy_book import read_policy
from bot.sandbox.platform.server import MockPlatform
from bot.sandbox.slack.people import Outcome
from bot.sandbox.slack.records import Message, User, View
from bot.sandbox.slack.server import APPROVALS, Workspace
from bot.sandbox.stage import PEOPLE, sample_policy
from bot.settings import Settings
from bot.wiring import Bot, running
from storage.view import ConnectionView
from tests.databases import query

ADA, MONA, MONA_ALT, OMAR, TESSA, REX, SAM = (
    "U01ADA", "U02MONA", "U02MONAALT", "U03OMAR", "U05TESSA", "U04REX", "U09SAM",
)  # fmt: skip
NOT_RECORDED = "could not be recorded"
REASON = "Pretends to be the support desk and asks for passwords."
PRESIDENT, MARIA, TOM, PINE = "acct_25073877", "acct_61702458", "acct_63390071", "acct_70025518"
WITHIN = 20.0
"""Seconds that anything may take on a machine that is busy; how long it takes is measured in tests/bench."""


@dataclass
class Scene:
    """What a story's sentences are made of."""

    folder: Path
    workspace: Workspace
    platform: MockPlatform
    session: aiohttp.ClientSession
    settings: Settings
    stack: AsyncExitStack
    bot: Bot | None = None
    posts_every: float = 0.0
    """A story waits for no pace but where it is about it."""
    _running: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def world(self) -> Any:
        assert self.bot is not None
        return self.bot.world

    async def start(self) -> None:
        self._running = AsyncExitStack()
        policy = read_policy(self.settings.policy_file)
        self.bot = await self._running.enter_async_context(running(self.settings, policy, posts_every=self.posts_every))
        self.workspace.events_url = f"http://127.0.0.1:{self.bot.port}/slack/events"
        await self.until(lambda: self.world.status.listed)

    async def stop(self) -> None:
        await self._running.aclose()
        self.bot = None

    def let_go(self) -> None:
        """The story is over: whatever keeps the bot waiting for an answer does so no longer."""
        self.workspace.faults.clear()
        self.workspace._stopping.set()
        self.platform._world.faults.clear()
        self.platform._background._stopping.set()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def policy(self, change: Callable[[str], str]) -> None:
        """Rewrite the policy file; it comes into force at the next start."""
        file = self.settings.policy_file
        file.write_text(change(file.read_text()))

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """What somebody with the database and no program does."""
        return query(self.settings.database_url, *statements)

    async def until(self, holds: Callable[[], Any], *, within: float = WITHIN) -> None:
        """Wait for something of this process."""
        async with asyncio.timeout(within):
            while not holds():  # noqa: ASYNC110 - whatever it is, there is no event for it
                await asyncio.sleep(0.005)

    async def eventually(self, ask: Callable[[], Any], *, within: float = WITHIN) -> Any:
        """Wait until an awaited question is answered with something true."""
        async with asyncio.timeout(within):
            while not (answer := await ask()):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.005)
        return answer

    # what people do

    async def form(self, user: str, text: str, *, command: str = "/deactivate") -> View:
        """Type a command and wait for the form with the account's facts."""
        answer = await self.workspace.command(user, command, text)
        assert answer.ok, answer
        return await self.workspace.wait_for_view(user, lambda v: "reason" in inputs(v), timeout=WITHIN)

    async def fill(self, user: str, view: View, handle: str, **values: Any) -> Outcome:
        given: dict[str, Any] = {"handle": handle, "category": "impersonation", "reason": REASON}
        if "confirm_handle" in inputs(view):
            given["confirm_handle"] = handle
        return await self.workspace.submit(user, view, {**given, **values})

    async def insist(self, do: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """What a person does who is told to try again, as a busy machine may have it."""
        for _ in range(4):
            if NOT_RECORDED not in str(sent := await do()):
                break
        return sent

    async def ask(self, handle: str, *, user: str = ADA, command: str = "/deactivate", **values: Any) -> Message:
        """File a request through the form and find its card."""
        known = {m.ts for m in self.cards()}
        view = await self.form(user, f"@{handle} {REASON}", command=command)
        sent = await self.insist(lambda: self.fill(user, view, handle, **values))
        assert sent.ok, sent
        assert not sent.errors, sent.errors
        return await self.workspace.wait_for_message(
            APPROVALS, lambda m: m.ts not in known and state_of(m) == "pending", timeout=WITHIN
        )

    async def deny(self, user: str, card: Message, reason: str = "Not what it seems.") -> Outcome:
        clicked = await self.workspace.click(user, card, "deny")
        assert clicked.ok, clicked
        view = await self.workspace.wait_for_view(user, lambda v: inputs(v) == {"reason"}, timeout=WITHIN)
        return await self.workspace.submit(user, view, {"reason": reason})

    async def act(self, token: str, account: str, *, active: bool) -> int:
        """Somebody changes the account on the platform itself."""
        operation = {"op": "replace", "path": "active", "value": active}
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
        url = f"{self.platform.url}/scim/v2/Users/{account}"
        async with self.session.patch(url, json=body, headers={"Authorization": f"Bearer {token}"}) as answer:
            return answer.status

    async def fault(self, **rule: Any) -> None:
        async with self.session.post(f"{self.platform.control_url}/control/v1/faults", json=rule) as answer:
            assert answer.status < 300, await answer.text()

    async def mend(self) -> None:
        async with self.session.delete(f"{self.platform.control_url}/control/v1/faults") as answer:
            assert answer.status < 300

    # what there is to see

    def cards(self) -> list[Message]:
        return list(self.workspace.messages(APPROVALS))

    async def card_becomes(self, card: Message, state: str, *, within: float = WITHIN) -> Message:
        return await self.workspace.wait_for_message(
            APPROVALS, lambda m: m.ts == card.ts and state_of(m) == state, timeout=within
        )

    async def incident_card(self, state: str, *, within: float = WITHIN) -> Message:
        return await self.workspace.wait_for_message(
            APPROVALS, lambda m: event_of(m) == "countersign_incident" and state_of(m) == state, timeout=within
        )

    async def request(self, card: Message) -> Request:
        found = await self.world.ledger.read(lambda view: view.request(id_of(card)))
        assert isinstance(found, Request)
        return found

    async def public(self, account: str) -> dict[str, Any]:
        async with self.session.get(f"{self.platform.url}/public/v1/accounts/{account}") as answer:
            return dict(await answer.json())

    async def effects(self, account: str) -> list[dict[str, Any]]:
        url = f"{self.platform.control_url}/control/v1/state"
        async with self.session.get(url, params={"account": account}) as answer:
            found = await answer.json()
        return [e for e in found["effects"] if e["action"] in {"deactivate", "restore"}]

    async def public_becomes(self, account: str, state: str, *, within: float = WITHIN) -> None:
        async def so() -> bool:
            return (await self.public(account))["state"] == state

        await self.eventually(so, within=within)

    async def log_agrees(self) -> None:
        """The log, replayed, is what the tables hold, and has no gap."""
        lines, head, stored = await self.world.ledger.read(_everything)
        assert list(gaps(lines, head)) == []
        assert list(compare(replay(lines), stored)) == []

    def log(self) -> Any:
        """The audit log, from the file."""
        return self.world.ledger.read(lambda view: list(view.whole_log()))


def _everything(view: ConnectionView) -> tuple[list[Line], int, dict[str, Any]]:
    lines = [Line(seq=seq, entry=entry) for seq, entry in view.whole_log()]
    stored: dict[str, Any] = {request.id: request for request in view.all_requests()}
    stored |= {incident.id: incident for incident in view.all_incidents()}
    return lines, view.head(), stored


def inputs(view: View) -> set[str]:
    return {block["block_id"] for block in view.blocks if block["type"] == "input"}


def payload_of(message: Message) -> dict[str, Any]:
    return dict((message.metadata or {}).get("event_payload") or {})


def event_of(message: Message) -> str:
    return str((message.metadata or {}).get("event_type"))


def state_of(message: Message) -> str | None:
    return payload_of(message).get("state")


def id_of(message: Message) -> str:
    return str(payload_of(message)["id"])


def elements_of(message: Message | View, kind: str) -> list[dict[str, Any]]:
    """Every element of that type in the blocks, in order: mentions, links, dates."""
    found: list[dict[str, Any]] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("type") == kind:
                found.append(value)
            value = list(value.values())
        if isinstance(value, list | tuple):
            for item in value:
                walk(item)

    walk(message.blocks)
    return found


def text_of(message: Message | View) -> str:
    """Everything a person can read in the blocks, one piece a line."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("text"), str):
                found.append(value["text"])
            for item in value.values():
                walk(item)
        elif isinstance(value, list | tuple):
            for item in value:
                walk(item)

    walk(message.blocks)
    return "\n".join(found)


def settings_of(
    folder: Path, workspace: Workspace, platform: MockPlatform, *, socket: bool = False, database: str | None = None
) -> Settings:
    return Settings(
        slack_bot_token=SecretStr(workspace.bot_token),
        slack_signing_secrets=() if socket else (SecretStr(workspace.signing_secret),),
        slack_app_token=SecretStr(workspace.app_token) if socket else None,
        slack_api_url=workspace.api_url,
        approvals_channel=APPROVALS,
        database_url=database or f"sqlite:///{folder / 'countersign.db'}",
        platform_url=platform.url,
        platform_token=SecretStr("bot-dev-token"),
        policy_file=folder / "policy.toml",
        port=0,
    )


@asynccontextmanager
async def set_scene(
    folder: Path, *, socket: bool = False, tokens: Path | None = None, database: str | None = None
) -> AsyncIterator[Scene]:
    """Everything but the bot, which the story starts; `tokens` says who may call the platform besides.

    `database` is the URL of its database; without, a new file.
    """
    async with AsyncExitStack() as stack:
        workspace = Workspace(people=[*PEOPLE, User(id=MONA_ALT, name="mona-alt")])
        await workspace.start()
        stack.push_async_callback(workspace.stop)
        platform = MockPlatform(tokens=tokens)
        await platform.start()
        stack.push_async_callback(platform.stop)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        settings = settings_of(folder, workspace, platform, socket=socket, database=database)
        settings.policy_file.write_text(sample_policy())
        scene = Scene(folder, workspace, platform, session, settings, stack)
        stack.push_async_callback(scene.stop)
        stack.callback(scene.let_go)
        yield scene
