"""The stage of the demo: workspace and platform in this process, the bot in one of its own, joined by HTTP alone."""

import asyncio
import contextlib
import os
import re
import shlex
import sys
import tempfile
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import aiohttp

import bot
from bot.sandbox.page.mount import page
from bot.sandbox.platform.server import MockPlatform
from bot.sandbox.slack.records import User
from bot.sandbox.slack.server import APPROVALS, Workspace

PEOPLE = (
    User(id="U01ADA", name="ada", real_name="Ada (agent)"),
    User(id="U02MONA", name="mona", real_name="Mona (manager, support)"),
    User(id="U03OMAR", name="omar", real_name="Omar (manager, operations)"),
    User(id="U05TESSA", name="tessa", real_name="Tessa (trust & safety)"),
    User(id="U04REX", name="rex", real_name="Rex (agent, last day today)"),
    User(id="U09SAM", name="sam", real_name="Sam (of no roster)"),
)
READY_WITHIN = 15.0
STOPPED_WITHIN = 20.0
PRESIDENT = "acct_25073877"


class NotStaged(Exception):
    """The bot did not start; the message holds what it printed."""


@dataclass(slots=True)
class Stage:
    """What a player has: the people, the platform's two addresses, the bot's process and its folder."""

    workspace: Workspace
    platform: MockPlatform
    folder: Path
    session: aiohttp.ClientSession
    environment: dict[str, str]
    process: Process | None = None
    bot_url: str = ""

    @property
    def policy(self) -> Path:
        return self.folder / "policy.toml"

    def write_environment(self) -> Path:
        """The bot's settings as a file that a shell can read."""
        file = self.folder / "bot.env"
        names = ("SLACK_", "APPROVALS", "DATABASE", "PLATFORM", "POLICY")
        lines = [f"{k}={shlex.quote(v)}" for k, v in self.environment.items() if k.startswith(names)]
        file.write_text("\n".join(lines) + "\n")
        return file

    async def begin(self, *words: str, stdout: int | IO[bytes], stderr: int | IO[bytes]) -> Process:
        """Begin a command of the bot in its folder, with its environment."""
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *words, stdout=stdout, stderr=stderr, env=self.environment, cwd=self.folder
        )

    async def start_bot(self) -> None:
        """Start `countersign run` and wait until it hears Slack. Raises NotStaged."""
        with (self.folder / "bot.log").open("ab") as log:
            self.process = await self.begin("run", stdout=PIPE, stderr=log)
        assert self.process.stdout is not None
        try:
            said = (await asyncio.wait_for(self.process.stdout.readline(), READY_WITHIN)).decode()
        except TimeoutError:
            said = ""
        found = re.search(r"http://\S+?(?=/slack/events)", said)
        if found is None:
            await self.stop_bot()
            raise NotStaged(f"The bot did not start: {said}{(self.folder / 'bot.log').read_text()[-2000:]}")
        self.bot_url = found[0]
        self.workspace.events_url = f"{self.bot_url}/slack/events"
        await self._until_ready()

    async def _until_ready(self) -> None:
        async with asyncio.timeout(READY_WITHIN):
            while True:
                async with self.session.get(f"{self.bot_url}/readyz") as answer:
                    if answer.status == 200:  # noqa: PLR2004 - HTTP's OK
                        return
                await asyncio.sleep(0.02)

    async def stop_bot(self) -> None:
        """End the process by its own handle: asked first, then made."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.communicate(), STOPPED_WITHIN)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    async def command(self, *words: str) -> str:
        """Run a command of the bot beside it, and answer what it printed."""
        process = await self.begin(*words, stdout=PIPE, stderr=STDOUT)
        try:
            printed, _ = await process.communicate()
        finally:
            if process.returncode is None:  # nobody waits for it any more
                process.kill()
                await process.communicate()
        if process.returncode != 0:
            raise NotStaged(f"countersign {' '.join(words)}: {printed.decode().strip()}")
        return printed.decode()

    async def post_digest(self) -> str | None:
        """Have the running bot post the digest of this week, by its own command. Why not, where it cannot."""
        if self.process is None or self.process.returncode is not None:
            return "The bot is not running, so nobody can post the digest."
        year, week, _ = datetime.now(UTC).isocalendar()  # the sample policy's days are UTC's
        try:
            await self.command("digest", "--week", f"{year}-W{week:02}", "--post")
        except NotStaged as error:
            return str(error)
        return None

    async def bot_ended(self) -> int:
        """Wait until the bot's process ends, however it does; its exit code."""
        assert self.process is not None
        return await self.process.wait()

    async def act(self, token: str, account: str, *, active: bool) -> None:
        """Somebody other than the bot changes an account on the platform itself."""
        operation = {"op": "replace", "path": "active", "value": active}
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
        url = f"{self.platform.url}/scim/v2/Users/{account}"
        async with self.session.patch(url, json=body, headers={"Authorization": f"Bearer {token}"}) as answer:
            answer.raise_for_status()

    async def public(self, account: str) -> dict[str, Any]:
        """What the public sees of an account."""
        async with self.session.get(f"{self.platform.url}/public/v1/accounts/{account}") as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found


@asynccontextmanager
async def stage(*, port: int = 0, policy: str | None = None, of: type[Stage] = Stage) -> AsyncIterator[Stage]:
    """Set it up in a folder that is gone afterwards; the bot is started by whoever plays."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="countersign-")))
        platform = MockPlatform()
        stack.push_async_callback(platform.stop)
        await platform.start()
        workspace = Workspace(people=PEOPLE)
        stack.push_async_callback(workspace.stop)
        mount = page(
            workspace,
            platform_url=platform.url,
            control_url=platform.control_url,
            post_digest=lambda: found.post_digest(),  # noqa: PLW0108 - `found` is there by the time it is called
        )
        await workspace.start(port=port, mount=mount)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        found = of(
            workspace=workspace,
            platform=platform,
            folder=folder,
            session=session,
            environment=_environment(workspace, platform, folder),
        )
        found.policy.write_text(policy if policy is not None else sample_policy())
        stack.push_async_callback(found.stop_bot)
        yield found


def sample_policy() -> str:
    """The sample, with today for the last day of who leaves, and the demo's channel for security."""
    text = (Path(__file__).parent / "policy.toml").read_text(encoding="utf-8")
    today = datetime.now(UTC).date().isoformat()
    return re.sub(r"^last_day = \S+", f"last_day = {today}", text, flags=re.MULTILINE)


def _environment(workspace: Workspace, platform: MockPlatform, folder: Path) -> dict[str, str]:
    """The bot's whole environment: nothing of the caller's settings gets in."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    with contextlib.suppress(TypeError):
        kept["PYTHONPATH"] = str(Path(str(bot.__file__)).parent.parent)
    return {
        **kept,
        "PYTHONUNBUFFERED": "1",
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_SIGNING_SECRET": workspace.signing_secret,
        "SLACK_API_URL": workspace.api_url,
        "APPROVALS_CHANNEL": APPROVALS,
        "DATABASE_URL": f"sqlite:///{folder / 'countersign.db'}",
        "PLATFORM_URL": platform.url,
        "PLATFORM_TOKEN": "bot-dev-token",
        "POLICY_FILE": str(folder / "policy.toml"),
        "HOST": "127.0.0.1",
        "PORT": "0",
    }
