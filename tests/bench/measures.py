"""What is measured, one function a figure of the agreement; each answers the lines of its table."""

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from bot.core.request import State
from bot.sandbox.slack.records import Message
from bot.slack.cards import request_card
from bot.slack.language import LANGUAGES, language
from tests.bench.figures import Figures, Line, milliseconds
from tests.bench.flood import flood
from tests.bench.gate import gate
from tests.bench.guard import mass, outage
from tests.bench.judge import judge
from tests.bench.rig import AGENTS, APPROVALS, MONA, REASON, Rig, floor, progress, repeat, resident, rig
from tests.bench.sweep import sweep
from tests.bench.throughput import throughput
from tests.slack.examples import LONG, PENDING, URL, hostile, in_state

COMMANDS_A_SECOND = 20
WARM_UP = 3
"""Of each before the clock counts: connections, statement caches and imports are there afterwards."""


async def ack(scale: float) -> list[Line]:
    """Open load: each command leaves at its time, whether the last one was answered or not."""
    count = max(int(15 * COMMANDS_A_SECOND * scale), WARM_UP)
    async with rig() as stand:
        [(_, handle)] = await stand.new_accounts(1, "bench_ack_")
        where = stand.workspace.events_url
        async with floor("bolt", stand) as (address, _):
            stand.workspace.events_url = address
            least = await _commands(stand, count, handle, "floor")
        stand.workspace.events_url = where
        reached = await _commands(stand, count, handle, "ack")
    what = f"command → acknowledged, {COMMANDS_A_SECOND} a second"
    return [_timed(what, reached, least, median_goal=30)]


async def _commands(stand: Rig, count: int, handle: str, what: str) -> list[float]:
    async def one(number: int) -> float:
        agent = AGENTS[number % len(AGENTS)]
        outcome = await stand.workspace.command(agent, "/deactivate", f"@{handle} {REASON}")
        if not outcome.ok:
            raise RuntimeError(f"the command was answered {outcome.status} {outcome.error}")
        return outcome.seconds

    for number in range(WARM_UP):
        await one(number)
    began, sent = time.perf_counter(), []
    for number in progress(range(count), what):
        await asyncio.sleep(began + number / COMMANDS_A_SECOND - time.perf_counter())
        sent.append(asyncio.create_task(one(number)))
    return list(await asyncio.gather(*sent))


async def click(scale: float) -> list[Line]:
    """The approving click on a standard account's card, one request at a time."""
    count = max(int(120 * scale), 1)
    async with rig() as stand:
        accounts = await stand.new_accounts(2 * (count + WARM_UP), "bench_click_")
        with stand.ledger() as ledger:
            seconds, acknowledged = [], []
            for number in progress(range(count + WARM_UP), "click"):
                id, handle = accounts[number]
                took, answered = await _approved(stand, ledger, number, id, handle)
                seconds.append(took)
                acknowledged.append(answered)
            card = stand.workspace.messages(APPROVALS)[-1]
        await stand.stage.stop_bot()
        async with floor("bolt", stand) as (address, _):
            stand.workspace.events_url = address
            least = await repeat(count + WARM_UP, "floor", _bare_click(stand, card, accounts[count + WARM_UP :]))
    return [
        _timed("click → deactivated in public, done in the ledger", seconds[WARM_UP:], least[WARM_UP:], median_goal=40),
        Line(what="click → acknowledged", unit="ms", reached=milliseconds(acknowledged[WARM_UP:])),
    ]


async def _approved(
    stand: Rig, ledger: sqlite3.Connection, number: int, account: str, handle: str
) -> tuple[float, float]:
    """Seconds from the click to both the public view deactivated and the ledger `done`; and to its acknowledgement."""
    card = await stand.ask(number, handle)
    await stand.idle(ledger)
    await stand.listen()
    watch = asyncio.create_task(stand.until(account, "account.deactivated", "deactivated"))
    await asyncio.sleep(0)
    began = time.perf_counter()
    clicking = asyncio.create_task(stand.workspace.click(MONA, card, "approve"))
    seen = await watch
    settled = await stand.done(ledger, (card.metadata or {})["event_payload"]["id"])
    outcome = await clicking
    if not outcome.ok:
        raise RuntimeError(f"the click was answered {outcome.status} {outcome.error}")
    await stand.idle(ledger)
    return max(seen, settled) - began, outcome.seconds


def _bare_click(stand: Rig, card: Message, accounts: list[tuple[str, str]]) -> Callable[[int], Awaitable[float]]:
    async def once(number: int) -> float:
        account = accounts[number][0]
        watch = asyncio.create_task(stand.until(account, "account.deactivated", "deactivated"))
        await asyncio.sleep(0)
        began = time.perf_counter()
        await stand.workspace.click_raw(MONA, card, "approve", value=account)
        return await watch - began

    return once


async def restore(scale: float) -> list[Line]:
    """A rogue's call straight to the platform, one at a time, fifty actors in turn."""
    count = max(int(200 * scale), 1)
    async with rig() as stand:
        await stand.stage.stop_bot()
        accounts = await stand.new_accounts(2 * (count + WARM_UP), "bench_restore_")
        async with floor("loop", stand):
            least = await repeat(count + WARM_UP, "floor", lambda n: stand.incident(n, accounts[n][0]))
        await stand.stage.start_bot()
        reached = await _incidents(stand, [id for id, _ in accounts[count + WARM_UP :]], "restore")
    what = "rogue's call → active in public again"
    line = _timed(what, reached[WARM_UP:], least[WARM_UP:], median_goal=20, p99_goal=80)
    assert line.floor is not None
    times = Figures.of([line.reached.median / line.floor.median])
    return [line, Line(what="… its median over the floor's", unit="×", reached=times, median_goal=2.5)]


async def _incidents(stand: Rig, accounts: list[str], what: str) -> list[float]:
    await stand.listen()
    with stand.ledger() as ledger:

        async def once(number: int) -> float:
            took = await stand.incident(number, accounts[number])
            await stand.idle(ledger)
            return took

        return await repeat(len(accounts), what, once)


async def cli(scale: float) -> list[Line]:
    """The installed command, and a Python that imports only click, in turn."""
    script = Path(sys.executable).parent / "countersign"
    command = [str(script)] if script.exists() else [sys.executable, "-m", "bot"]
    least, reached = [], []
    for _ in progress(range(max(int(10 * scale), 1)), "cli"):
        least.append(_seconds([sys.executable, "-c", "import click"]))
        reached.append(_seconds([*command, "--help"]))
    return [_timed("countersign --help", reached, least, median_goal=500, p99_goal=None)]


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - the bench's own words
    return time.perf_counter() - began


async def memory(scale: float) -> list[Line]:
    """VmRSS of `run`: ready and asked nothing, and after the work of a busy week; a bare Bolt app's beside it."""
    incidents, requests = max(int(200 * scale), 1), max(int(100 * scale), 1)
    async with rig(bot=False) as stand:
        async with floor("bolt", stand) as (_, process_id):
            least = Figures.of([resident(process_id)])
        began = time.perf_counter()
        await stand.stage.start_bot()
        started = time.perf_counter() - began
        await asyncio.sleep(1)
        fresh = stand.resident()
        accounts = await stand.new_accounts(incidents + requests, "bench_memory_")
        await _incidents(stand, [id for id, _ in accounts[:incidents]], "incidents")
        with stand.ledger() as ledger:
            for number in progress(range(requests), "requests"):
                await _approved(stand, ledger, number, *accounts[incidents + number])
        worked = stand.resident()
    after = f"memory after {incidents} incidents, {requests} requests"
    return [
        Line(what="memory after the start", unit="MB", reached=Figures.of([fresh]), floor=least, median_goal=150),
        Line(what=after, unit="MB", reached=Figures.of([worked]), floor=least, median_goal=150),
        Line(what="start of `run` → ready", unit="ms", reached=milliseconds([started])),
    ]


async def card(scale: float) -> list[Line]:
    """The card of a request in every state, and one with 3,000 characters wherever there can be so many.

    Its floor is the making of its JSON.
    """
    count = max(int(1000 * scale), 10)
    longest = hostile(replace(PENDING, evidence=URL, revised_why="handle, tags"), LONG, tags=5)
    lines = []
    for lang in map(language, LANGUAGES):
        for what, requests in {"cards": [in_state(s) for s in State], "the longest card": [longest]}.items():
            reached, least = [], []
            for number in range(WARM_UP + count):
                began = time.perf_counter()
                drawn = request_card(lang, requests[number % len(requests)])
                reached.append(time.perf_counter() - began)
                began = time.perf_counter()
                json.dumps(drawn.blocks)
                least.append(time.perf_counter() - began)
            lines.append(
                _timed(f"{what} drawn ({lang.code})", reached[WARM_UP:], least[WARM_UP:], median_goal=1, p99_goal=None)
            )
    return lines


def _timed(
    what: str, reached: list[float], least: list[float], *, median_goal: float, p99_goal: float | None = 150
) -> Line:
    return Line(
        what=what,
        unit="ms",
        reached=milliseconds(reached),
        floor=milliseconds(least),
        median_goal=median_goal,
        p99_goal=p99_goal,
    )


MEASURES: dict[str, Callable[[float], Awaitable[list[Line]]]] = {
    "ack": ack,
    "click": click,
    "restore": restore,
    "cli": cli,
    "memory": memory,
    "card": card,
    "gate": gate,
    "mass": mass,
    "judge": judge,
    "sweep": sweep,
    "outage": outage,
    "throughput": throughput,
    "flood": flood,
}
