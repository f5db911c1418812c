"""Several `countersign run` on one PostgreSQL, and what stands before them: each dies, hangs and is woken alone."""

import asyncio
import itertools
import os
import signal
import time
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
from aiohttp import web

from bot.sandbox.stage import STOPPED_WITHIN, _environment
from tests.commands import Running, begun
from tests.databases import query
from tests.stories.scene import Scene

GUARD = "select owner, token from leases where name = 'guard'"
TAKEN_WITHIN = 2.5
"""Seconds that a balancer waits for an answer; then that replica is asked nothing for a while."""
OUT_FOR = 1.0
LOOK_EVERY = 0.02
STARTED_WITHIN = 60.0


@dataclass
class Replica:
    """One process, in a folder of its own, with its own copy of the policy."""

    folder: Path
    environment: Mapping[str, str]
    session: aiohttp.ClientSession
    process: Running | None = None
    url: str = ""
    stopped: bool = False

    @property
    def policy(self) -> Path:
        return self.folder / "policy.toml"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def start(self) -> Self:
        """Start it and wait until it is ready to record."""
        with (self.folder / "bot.log").open("ab") as log:
            self.process = await begun("bot", "run", cwd=self.folder, env=self.environment, stdout=PIPE, stderr=log)
        assert self.process.stdout is not None
        said = (await asyncio.wait_for(self.process.stdout.readline(), STARTED_WITHIN)).decode()
        found = [word.removesuffix(".") for word in said.split() if word.startswith("http://") and "readyz" in word]
        assert found, f"{said}{(self.folder / 'bot.log').read_text()[-2000:]}"
        self.url = found[0].removesuffix("/readyz")
        async with asyncio.timeout(STARTED_WITHIN):
            while (await self.ask("readyz"))[0] != 200:  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(LOOK_EVERY)
        return self

    async def ask(self, path: str) -> tuple[int, dict[str, Any]]:
        """The status and the answer; 0 where there is none in time."""
        try:
            async with asyncio.timeout(3), self.session.get(f"{self.url}/{path}") as answer:
                return answer.status, await answer.json()
        except (aiohttp.ClientError, TimeoutError):
            return 0, {}

    def signal(self, what: signal.Signals) -> None:
        self.stopped = what is signal.SIGSTOP or (self.stopped and what is not signal.SIGCONT)
        os.kill(self.pid, what)

    async def kill(self) -> None:
        """kill −9, by the process's own handle, whether it runs or was stopped."""
        assert self.process is not None
        self.process.kill()
        await self.process.communicate()
        self.stopped = False

    async def end(self) -> None:
        """Asked first, then made."""
        assert self.process is not None
        self.signal(signal.SIGCONT)
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.communicate(), STOPPED_WITHIN)
        except TimeoutError:
            await self.kill()

    async def doctor(self) -> str:
        """What `countersign doctor` says beside it."""
        process = await begun("bot", "doctor", stdout=PIPE, stderr=STDOUT, env=self.environment, cwd=self.folder)
        printed, _ = await process.communicate()
        return (printed or b"").decode()

    def memory(self) -> tuple[float, int]:
        """Resident megabytes, and open file descriptors."""
        with Path(f"/proc/{self.pid}/status").open(encoding="ascii") as lines:
            resident = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
        return resident * 1024 / 1e6, len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


@dataclass
class Balancer:
    """A load balancer as README asks for: by turns, round those that give no answer; nothing is sent twice."""

    session: aiohttp.ClientSession
    targets: Sequence[Replica] = ()
    url: str = ""
    _turns: "itertools.count[int]" = field(default_factory=itertools.count)
    _out: dict[str, float] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.Response:
        body, headers = await request.read(), {k: v for k, v in request.headers.items() if k != "Host"}
        for replica in self._next():
            try:
                async with (
                    asyncio.timeout(TAKEN_WITHIN),
                    self.session.post(f"{replica.url}{request.path}", data=body, headers=headers) as answer,
                ):
                    kept = {k: v for k, v in answer.headers.items() if k in {"Content-Type", "X-Slack-No-Retry"}}
                    return web.Response(status=answer.status, body=await answer.read(), headers=kept)
            except aiohttp.ClientConnectorError:
                self._out[replica.url] = time.monotonic()  # nothing was sent: another may have it
            except (aiohttp.ClientError, TimeoutError):
                self._out[replica.url] = time.monotonic()
                break
        return web.Response(status=502)

    def _next(self) -> list[Replica]:
        now, turn = time.monotonic(), next(self._turns)
        known = [replica for replica in self.targets if replica.url]
        round_ = [known[(turn + place) % len(known)] for place in range(len(known))]
        return [one for one in round_ if now - self._out.get(one.url, -OUT_FOR) >= OUT_FOR]


@asynccontextmanager
async def balancer(session: aiohttp.ClientSession, targets: Sequence[Replica]) -> AsyncIterator[Balancer]:
    found = Balancer(session, targets)
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.router.add_post("/slack/events", found.handle)
    serving = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await serving.setup()
    try:
        await web.TCPSite(serving, "127.0.0.1", 0).start()
        found.url = f"http://127.0.0.1:{serving.addresses[0][1]}/slack/events"
        yield found
    finally:
        await serving.cleanup()


@dataclass
class Replicas:
    """Those that run on the scene's database; Slack reaches them through the balancer, or by sockets of their own."""

    scene: Scene
    all: list[Replica]

    @property
    def database(self) -> str:
        return self.scene.settings.database_url

    def holder(self) -> tuple[str, int]:
        """Whose the guard's lease is, and its token."""
        (found,) = query(self.database, GUARD)
        return str(found[0]), int(found[1])

    @property
    def guard(self) -> Replica:
        """The process whose lease it is: a name begins with the process's id."""
        pid = int(self.holder()[0].partition("-")[0])
        return next(one for one in self.all if one.runs and one.pid == pid)

    @property
    def others(self) -> list[Replica]:
        guard = self.guard
        return [one for one in self.all if one is not guard]

    async def handed_over(self, token: int, *, within: float) -> float:
        """Seconds until somebody else is the guard than who had that token."""
        began = time.monotonic()
        async with asyncio.timeout(within):
            while (await asyncio.to_thread(self.holder))[1] == token:  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(LOOK_EVERY)
        return time.monotonic() - began


@asynccontextmanager
async def replicas(scene: Scene, count: int, *, socket: bool = False) -> AsyncIterator[Replicas]:
    """So many processes, ready, started at once."""
    text = scene.settings.policy_file.read_text()
    found = Replicas(scene, [_replica(scene, number, text, socket=socket) for number in range(count)])
    try:
        await asyncio.gather(*(one.start() for one in found.all))
        async with balancer(scene.session, found.all) as front:
            scene.workspace.events_url = front.url
            yield found
    finally:
        await asyncio.gather(*(one.kill() for one in found.all if one.runs))


def _replica(scene: Scene, number: int, policy: str, *, socket: bool) -> Replica:
    folder = scene.folder / f"replica{number}"
    folder.mkdir(exist_ok=True)
    environment = _environment(scene.workspace, scene.platform, folder)
    environment["DATABASE_URL"] = scene.settings.database_url
    environment["PLATFORM_URL"] = scene.settings.platform_url
    if socket:
        environment["SLACK_APP_TOKEN"] = scene.workspace.app_token
    (folder / "policy.toml").write_text(policy)
    return Replica(folder, environment, scene.session)
