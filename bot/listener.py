"""What this process answers over HTTP: Slack's requests, and how it is doing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from bot.core.errors import LedgerAway
from bot.core.latching import SWEEP
from bot.core.transition import Standing
from bot.flows.status import Watch
from bot.flows.world import World
from bot.metrics import Stands, exposition

PROBED_WITHIN = 2.0
FEED_LAG_MAX = 30.0
"""Seconds without an answer of the feed before the guard counts as blind."""
Events = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Check:
    """One key of an answer: whether it holds, and what there is to say."""

    ok: bool
    says: str


class Probe:
    """Whether a change could be recorded now: reading is possible on a full disk, too.

    However many ask, one question is under way: whoever asks much writes no more for it.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._asking: asyncio.Future[None] | None = None

    async def ask(self) -> Check:
        if self._asking is None:
            self._asking = asyncio.ensure_future(self._world.ledger.probe())
            self._asking.add_done_callback(self._answered)
        try:
            async with asyncio.timeout(PROBED_WITHIN):
                await asyncio.shield(self._asking)
        except (LedgerAway, TimeoutError) as away:
            return Check(False, str(away) or "the database takes too long")
        return Check(True, "the ledger records")

    def _answered(self, asking: asyncio.Future[None]) -> None:
        self._asking = None
        if not asking.cancelled():
            asking.exception()  # told above, or too late to be told


def runner(world: World, *, events: Events | None) -> web.AppRunner:
    """Bodies come as they were sent: the bytes on the wire are what is signed, and nothing unpacks what is not."""
    return web.AppRunner(
        listener(world, events=events),
        access_log=None,
        handle_signals=False,
        shutdown_timeout=2.0,
        auto_decompress=False,
    )


def listener(world: World, *, events: Events | None) -> web.Application:
    """The routes; `events` is the gate, None in Socket Mode."""
    probe = Probe(world)

    async def alive(_: web.Request) -> web.Response:
        return await _answer({"process": Check(True, "alive")})

    async def ready(_: web.Request) -> web.Response:
        return await _ready(world, probe)

    async def guard(_: web.Request) -> web.Response:
        return await _guard(world, probe)

    async def metrics(_: web.Request) -> web.Response:
        return await _metrics(world)

    app = web.Application(client_max_size=0)
    if events is not None:
        app.router.add_post("/slack/events", events)
    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/guardz", guard)
    app.router.add_get("/metrics", metrics)
    return app


async def _answer(checks: dict[str, Check]) -> web.Response:
    status = 200 if all(check.ok for check in checks.values()) else 503
    return web.json_response({name: {"ok": c.ok, "says": c.says} for name, c in checks.items()}, status=status)


async def _ready(world: World, probe: Probe) -> web.Response:
    """Red only when this process cannot record."""
    ledger = await probe.ask()
    status = world.status
    return await _answer(
        {
            "ledger": ledger,
            "first_list": Check(status.listed, "complete" if status.listed else "not complete yet"),
            "draining": Check(not status.draining, "shutting down" if status.draining else "taking requests"),
        }
    )


async def _guard(world: World, probe: Probe) -> web.Response:
    """Red when something could happen on the platform that the guard would not see or not undo, or nobody hear of."""
    guard, watch = world.policy.guard, world.status.watch(world.clock.monotonic(), world.now())
    enforces, lag, swept = guard.enforces_at(world.now()), watch.lag, watch.swept
    overdue = 2 * guard.sweep_every.total_seconds() + FEED_LAG_MAX
    return await _answer(
        {
            "guard": Check(True, f"{_guard_of(world)} is the guard"),
            "ledger": await probe.ask(),
            "feed": Check(lag is not None and lag <= FEED_LAG_MAX, _since("the feed answered", lag)),
            "platform": Check(lag is not None and not watch.platform_away, _platform(watch)),
            "sweep": Check(swept is not None and swept <= overdue, _since("a sweep ended", swept)),
            "latch": await _latch(world),
            "mode": Check(enforces, "enforces" if enforces else "only observes"),
            "policy": await _policy(world),
            "channel": Check(world.status.shut is None, world.status.shut or "takes cards, as far as Slack has said"),
        }
    )


def _guard_of(world: World) -> str:
    """Which of the processes; that nobody is shows by what is silent then."""
    if world.status.fence is not None:
        return "this process"
    other = world.status.guard
    return f"the process {other.owner}" if other is not None and other.until > world.now() else "nobody"


def _platform(watch: Watch) -> str:
    if watch.platform_away:
        return "away"
    return "answers" if watch.lag is not None else "has not answered yet"


async def _latch(world: World) -> Check:
    """Whether sweeps restore; not known is no yes."""
    try:
        async with asyncio.timeout(PROBED_WITHIN):
            latch = await world.ledger.read(lambda view: view.latch(SWEEP))
    except (LedgerAway, TimeoutError):
        return Check(False, "the database does not say")
    return Check(latch is None, "sweeps restore" if latch is None else "the sweep is latched")


async def _policy(world: World) -> Check:
    """Whether the rules in force are those of this process's file: which of several files is meant people must say."""
    try:
        async with asyncio.timeout(PROBED_WITHIN):
            row = await world.ledger.read(lambda view: view.policy_in_force())
    except (LedgerAway, TimeoutError):
        return Check(False, "the database does not say")
    return Check(*world.book.stands(row, at=world.now()))


def _since(what: str, seconds: float | None) -> str:
    return f"{what} {seconds:.1f} s ago" if seconds is not None else "not yet since the start"


async def _stands(world: World) -> Stands | None:
    """What the ledger holds; None where it cannot be read in time: the other figures are told all the same."""
    try:
        async with asyncio.timeout(PROBED_WITHIN):
            return await world.ledger.read(
                lambda view: Stands(
                    open_incidents=view.open_incidents(), contained_actors=len(view.actors((Standing.CONTAINED,)))
                )
            )
    except (LedgerAway, TimeoutError):
        return None


async def _metrics(world: World) -> web.Response:
    body, content_type = exposition(
        world.status, world.status.watch(world.clock.monotonic(), world.now()), await _stands(world)
    )
    return web.Response(body=body, headers={"Content-Type": content_type})
