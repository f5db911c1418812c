"""The mock platform: two servers on loopback, the API and its control port, over one state in memory.

Several may live in one process. As an async context manager it is started on free ports:

    async with MockPlatform() as platform:
        ...  # platform.url, platform.control_url
"""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from typing import Self

from aiohttp import web

from bot.sandbox.own_origin import own_origin
from bot.sandbox.platform import listing, public, scim, seeds, staff
from bot.sandbox.platform.attacks import Attacks
from bot.sandbox.platform.background import Background
from bot.sandbox.platform.control import Control
from bot.sandbox.platform.dispatch import Place, as_errors, exposed
from bot.sandbox.platform.feed import cursor_of, read_events
from bot.sandbox.platform.moments import now
from bot.sandbox.platform.principals import DEV_TOKENS, Principals, SeedError, tokens_from
from bot.sandbox.platform.schema import resource_types, schemas, service_provider_config
from bot.sandbox.platform.wire import Answer, Call
from bot.sandbox.platform.world import Handler, World

__all__ = ["MockPlatform", "SeedError", "serve"]

_ENDINGS = (signal.SIGTERM, signal.SIGINT)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class MockPlatform:
    """One mock platform.

    `accounts` is how many exist in all, generated ones beside a dozen known; `seed` and `tokens` are files that
    replace the dozen and the development tokens. Raises SeedError where a file cannot be used.
    """

    url: str
    control_url: str

    def __init__(self, *, accounts: int | None = None, seed: Path | None = None, tokens: Path | None = None) -> None:
        table = DEV_TOKENS if tokens is None else tokens_from(tokens)
        self._background = Background()
        self._world = World(principals=Principals(table), background=self._background)
        at = now()
        planted = seeds.A_DOZEN if seed is None else seeds.seeds_from(seed)
        seeds.plant(self._world.accounts, planted, at=at, source=f"seed file {seed}")
        seeds.fill(self._world.accounts, up_to=accounts or 0, at=at)
        self._runners: list[web.AppRunner] = []

    async def start(self, host: str = "127.0.0.1", port: int = 0, control_port: int = 0) -> None:
        """Listen; 0 is any free port. Only on loopback: whoever reaches the control port owns every account."""
        if host not in _LOOPBACK:
            raise ValueError(f"The mock platform listens on loopback only, not on {host}.")
        api, control = (web.Application(middlewares=[own_origin, as_errors]) for _ in range(2))
        self._route_api(api)
        self._route_control(control)
        self.url = await self._listen(api, host, port)
        self._world.base_url = self.url
        try:
            self.control_url = await self._listen(control, host, control_port)
        except OSError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End at once, whoever hangs or waits."""
        self._world.feed.wake()
        await self._background.end()
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _listen(self, app: web.Application, host: str, port: int) -> str:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0][1]
        return f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}"

    def _route_api(self, app: web.Application) -> None:
        def add(method: str, path: str, handler: Handler, place: Place) -> None:
            app.router.add_route(method, path, exposed(self._world, handler, place=place))

        async def events(world: World, call: Call) -> Answer:
            reader = world.who(call, kinds=("service", "system"))
            world.feed.heard(reader.id, upto=cursor_of(call) or 0)
            return await read_events(world.feed, call)

        add("GET", "/scim/v2/Users", listing.list_users, "list")
        add("POST", "/scim/v2/Users", scim.create_user, "any")
        add("GET", "/scim/v2/Users/{id}", scim.read_user, "get")
        add("PUT", "/scim/v2/Users/{id}", scim.replace_user, "patch")
        add("PATCH", "/scim/v2/Users/{id}", scim.patch_user, "patch")
        add("DELETE", "/scim/v2/Users/{id}", scim.delete_user, "any")
        add("POST", "/scim/v2/.search", scim.search, "any")
        add("GET", "/scim/v2/ServiceProviderConfig", scim.told(service_provider_config()), "any")
        for path, resources in (("Schemas", schemas()), ("ResourceTypes", resource_types())):
            add("GET", f"/scim/v2/{path}", scim.listed(resources), "any")
            add("GET", f"/scim/v2/{path}/{{id}}", scim.listed(resources), "any")
        add("GET", "/audit/v1/events", events, "feed")
        add("GET", "/public/v1/accounts/{id}", public.read_public, "public")
        add("GET", "/relationships/v1/accounts/{id}/count", public.count_edges, "any")
        add("POST", "/relationships/v1/accounts/{id}/recount", public.recount, "any")
        add("POST", "/staff/v1/{name}/suspend", staff.suspend, "staff")
        add("POST", "/staff/v1/{name}/reinstate", staff.reinstate, "staff")

    def _route_control(self, app: web.Application) -> None:
        control = Control(self._world, Attacks(self._world))

        def add(method: str, path: str, handler: Handler) -> None:
            app.router.add_route(method, f"/control/v1/{path}", exposed(self._world, handler, place=None))

        add("POST", "faults", control.add_fault)
        add("GET", "faults", control.list_faults)
        add("DELETE", "faults", control.clear_faults)
        add("POST", "counters", control.set_counters)
        add("POST", "accounts", control.add_accounts)
        add("GET", "state", control.read_state)
        add("GET", "heard", control.read_heard)


async def serve(
    port: int, control_port: int, accounts: int | None = None, seed: Path | None = None, tokens: Path | None = None
) -> None:
    """Run a mock platform until cancelled or told to end by SIGTERM or SIGINT; say where it listens."""
    platform = MockPlatform(accounts=accounts, seed=seed, tokens=tokens)
    await platform.start(port=port, control_port=control_port)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _ENDINGS:
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not every system and thread has signal handlers
            loop.add_signal_handler(number, ended.set)
    print(f"The mock platform listens on {platform.url}.")  # noqa: T201 - a command line's output
    print(f"Its control port is {platform.control_url}.", flush=True)  # noqa: T201 - as above
    try:
        await ended.wait()
    finally:
        for number in _ENDINGS:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
        await platform.stop()
