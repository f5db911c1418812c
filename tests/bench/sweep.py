"""A whole sweep over very many inactive accounts, and one over what has changed, with a few that nobody approved."""

import asyncio
import itertools
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.core.account import Instance
from tests.bench.figures import Figures, Line, milliseconds
from tests.bench.rig import Rig, rig
from tests.campaign.filled import known, migrated
from tests.campaign.guard_mixed import on_script, told
from tests.campaign.guard_stage import guard
from tests.campaign.script_lists import DOWN_SINCE, OWNER, account_of

INACTIVE, FEWER = 1_000_000, 100_000
UNEXPLAINED, CHANGED = 10, 100
FLAT = 1.2
INCREMENTAL = 1000
"""Milliseconds."""
DONE_WITHIN = 1200.0
LOOK_EVERY = 0.2
PAGE = 1000
A_LOOK = 0.01
"""What is less than a quick look is only to see that it runs."""


@dataclass(frozen=True)
class Pace:
    """Seconds between two incremental sweeps, and how many of them are measured."""

    every: float
    times: int


MEASURED, LOOKED = Pace(every=1.0, times=3), Pace(every=0.25, times=1)


async def sweep(scale: float) -> list[Line]:
    """The ledger knows of all of them but ten; then a hundred more go down, ten of them by nobody who may."""
    many, fewer = max(int(INACTIVE * scale), 2 * PAGE), max(int(FEWER * scale), PAGE)
    pace = MEASURED if scale >= A_LOOK else LOOKED
    small, _, _, _ = await _swept(fewer, pace)
    large, whole, least, changes = await _swept(many, pace)
    flat = Figures.of([large / small])
    found = f"whole sweep over {many} inactive, {UNEXPLAINED} unexplained → restored"
    return [
        Line(what=found, unit="ms", reached=milliseconds([whole]), floor=milliseconds([least])),
        Line(what="… memory at its peak", unit="MB", reached=Figures.of([large]), floor=Figures.of([small])),
        Line(what=f"… over that of {fewer}", unit="×", reached=flat, median_goal=FLAT),
        Line(
            what=f"sweep of {CHANGED} changed, {UNEXPLAINED} unexplained → restored",
            unit="ms",
            reached=milliseconds(changes),
            median_goal=INCREMENTAL,
        ),
    ]


async def _swept(count: int, pace: Pace) -> tuple[float, float, float, list[float]]:
    """Megabytes at the peak; seconds of the whole sweep, of a bare listing, and of each incremental one."""
    async with rig(bot=False, policy=guard(sweep_every=f'"{1000 * pace.every:.0f}ms"')) as stand:
        file = stand.stage.folder / "countersign.db"
        migrated(file)
        known(file, _known(count), cursor=0)
        async with on_script(stand, play="lists", known=count) as url:
            least = await _bare(stand, url)
            calls = len((await told(stand, url))["lists"])
            gone = await _down(stand, url, UNEXPLAINED, rightly=0)
            began = time.time()
            await stand.stage.start_bot()
            whole = await _back(stand, url, gone, began) - await _first_list(stand, url, calls)
            await _listed(stand, url, pace)
            peak = _peak(stand.process_id)
            changes = [await _incremental(stand, url, pace) for _ in range(pace.times)]
    return peak, whole, least, changes


def _known(count: int) -> Iterator[Instance]:
    at = datetime.fromisoformat(DOWN_SINCE).astimezone(UTC)
    names = (account_of(number) for number in itertools.count())
    for account in itertools.islice(names, count):
        yield Instance(account=account, at=at, actor=f"owner:{account}", operation=None)


async def _bare(stand: Rig, url: str) -> float:
    """Page after page read and parsed, and nothing done with it."""
    began, start, total = time.perf_counter(), 1, 1
    while start <= total:
        query = {"filter": "active eq false", "startIndex": str(start), "count": str(PAGE)}
        async with stand.stage.session.get(f"{url}/scim/v2/Users", params=query) as answer:
            page = await answer.json(content_type=None)
        start, total = start + len(page["Resources"]), page["totalResults"]
    return time.perf_counter() - began


async def _down(stand: Rig, url: str, wrongly: int, *, rightly: int) -> set[str]:
    """Some go down and no event tells of it; those that nobody approved, each by another hand."""
    gone: set[str] = set()
    for by, count in [*((f"staff:rogue{n}", 1) for n in range(wrongly)), *([(OWNER, rightly)] if rightly else [])]:
        async with stand.stage.session.post(f"{url}/control/v1/silently", json={"by": by, "count": count}) as answer:
            gone |= set(await answer.json()) if by != OWNER else set()
    return gone


async def _back(stand: Rig, url: str, gone: set[str], began: float) -> float:
    """The moment at which the last of them was restored."""
    while time.time() - began < DONE_WITHIN:
        restored: dict[str, Any] = (await told(stand, url))["restored"]
        if gone <= restored.keys():
            return max(restored[account] for account in gone) / 1000
        await asyncio.sleep(LOOK_EVERY)
    raise RuntimeError(f"{len(gone - restored.keys())} of {len(gone)} are down yet")


async def _first_list(stand: Rig, url: str, calls: int) -> float:
    """When the bot began its whole list."""
    lists = (await told(stand, url))["lists"][calls:]
    return float(next(at for at, whole in lists if whole))


async def _listed(stand: Rig, url: str, pace: Pace) -> None:
    """Wait until no page of a whole list has been asked for in twice the time between two sweeps."""
    while time.time() - (await told(stand, url))["times"]["last whole list"] < 2 * pace.every:  # noqa: ASYNC110 - another process
        await asyncio.sleep(LOOK_EVERY)


async def _incremental(stand: Rig, url: str, pace: Pace) -> float:
    """From the first list that shows the changed ones to the last restore of those whom nobody approved."""
    gone = await _down(stand, url, UNEXPLAINED, rightly=CHANGED - UNEXPLAINED)
    since = time.time()
    back = await _back(stand, url, gone, since)
    lists = (await told(stand, url))["lists"]
    await asyncio.sleep(pace.every)
    return back - next((at for at, whole in lists if at >= since and not whole), since)


def _peak(process_id: int) -> float:
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024 / 1e6
