"""How fast events are judged, and whether the ledger's size matters to it.

The bot in a process of its own, held to one core, follows a scripted feed over HTTP; the time of a batch is from the
poll that takes it to the next one, which comes when all of it is recorded and the cursor has moved.
"""

import asyncio
import itertools
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.bench.figures import Figures, Line
from tests.bench.rig import Rig, progress, rig
from tests.campaign.filled import known, migrated, requests
from tests.campaign.guard_mixed import keys, on_script, told

EVENTS, BATCH = 40_000, 1_000
ACCOUNTS = 5_000
FEW, MANY = 20_000, 1_000_000
"""Requests in the ledger: the script's own, four an account; and with so many that nothing asks for."""
MOST = 200
"""Microseconds an event: five thousand a second."""
FLAT = 1.2
DONE_WITHIN = 600.0
LOOK_EVERY = 0.2
RECORDED = ("verdicts", "audit", "restores")


async def judge(scale: float) -> list[Line]:
    """Owners, registered systems and the bot's own requests mixed; nobody who may not."""
    events, many = max(int(EVENTS * scale), BATCH), max(int(MANY * scale), FEW)
    few_requests, busy, least = await _judged(events, FEW, "judge", measure_floor=True)
    many_requests, busier, _ = await _judged(events, many, "judge, large ledger", measure_floor=False)
    times = Figures.of([many_requests.median / few_requests.median])
    return [
        Line(what=f"event judged, {FEW} requests", unit="µs", reached=few_requests, floor=least, median_goal=MOST),
        Line(what=f"event judged, {many} requests", unit="µs", reached=many_requests, floor=least, median_goal=MOST),
        Line(what="… its median over that of few", unit="×", reached=times, median_goal=FLAT),
        Line(what="… processor time of the bot an event, few", unit="µs", reached=Figures.of([busy])),
        Line(what="… processor time of the bot an event, many", unit="µs", reached=Figures.of([busier])),
    ]


async def _judged(events: int, count: int, what: str, *, measure_floor: bool) -> tuple[Figures, float, Figures | None]:
    """Microseconds an event, a batch at a time; of processor; and of the same rows written by `executemany`."""
    async with rig(bot=False) as stand:
        file = stand.stage.folder / "countersign.db"
        migrated(file)
        requests(file, itertools.islice(keys(max(ACCOUNTS, count // 4)), count))
        known(file, (), cursor=0)
        with opened_file(file) as opened:
            before = {table: _count(opened, table) for table in RECORDED}
        script = {"play": "mixed", "count": events, "accounts": ACCOUNTS, "seed": 1, "rogues": False}
        async with on_script(stand, **script) as url:
            await stand.stage.start_bot()
            _hold_to_one_core(stand.process_id)
            began = _processor(stand.process_id)
            found = await _until_judged(stand, url, events, what)
            busy = 1e6 * (_processor(stand.process_id) - began) / events
        least = Figures.of(_floor(file, before)) if measure_floor else None
    if found["restored"]:
        raise RuntimeError(f"{found['restored']} were restored, and nobody had done wrong: {found['wrong'][:3]}")
    return Figures.of(_batches(found)), busy, least


async def _until_judged(stand: Rig, url: str, events: int, what: str) -> dict[str, Any]:
    until, done = time.monotonic() + DONE_WITHIN, 0
    bar = progress(range(events), what)
    while time.monotonic() < until:
        found = await told(stand, url)
        bar.update(events - found["left"] - done)
        done = events - found["left"]
        if "all judged" in found["times"]:
            bar.close()
            return found
        await asyncio.sleep(LOOK_EVERY)
    raise RuntimeError(f"after {DONE_WITHIN:.0f} s {found['left']} events are not judged")


def _batches(found: dict[str, Any]) -> list[float]:
    """Of each poll that took a batch: microseconds an event until the next poll; the first warms up."""
    polls = found["polls"]
    pairs = itertools.pairwise(polls)
    series = [1e6 * (then - at) / (upto - after) for (at, after), (then, upto) in pairs if upto - after >= BATCH // 2]
    return series[1:] or series


def _processor(process_id: int) -> float:
    """Seconds that the process has had of a processor, its own and the system's for it."""
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _hold_to_one_core(process_id: int) -> None:
    core = {max(os.sched_getaffinity(0))}
    for thread in Path(f"/proc/{process_id}/task").iterdir():
        os.sched_setaffinity(int(thread.name), core)


def _floor(file: Path, before: dict[str, int]) -> list[float]:
    """The rows that were recorded, written again into a file like it, as many a transaction as a batch had."""
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as folder:
        other = Path(folder) / "floor.db"
        migrated(other)
        return _written_again(file, other, before)


def _written_again(file: Path, other: Path, before: dict[str, int]) -> list[float]:
    series: list[float] = []
    with opened_file(file) as opened, opened_file(other) as into:
        into.execute("pragma synchronous = full")
        into.execute("drop trigger audit_only_the_next")  # the numbers before are not there
        rows = {table: opened.execute(f"select * from {table}").fetchall()[before[table] :] for table in RECORDED}  # noqa: S608
        judged = len(rows["verdicts"])
        for first in range(0, judged, BATCH):
            began = time.perf_counter()
            with into:
                for table, written in rows.items():
                    share = written[first * len(written) // judged : (first + BATCH) * len(written) // judged]
                    if share:
                        marks = ", ".join("?" * len(share[0]))
                        into.executemany(f"insert or replace into {table} values ({marks})", share)  # noqa: S608
            series.append(1e6 * (time.perf_counter() - began) / min(BATCH, judged - first))
    return series


def _count(opened: sqlite3.Connection, table: str) -> int:
    return int(opened.execute(f"select count(*) from {table}").fetchone()[0])  # noqa: S608 - a name of `RECORDED`


@contextmanager
def opened_file(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file)) as opened:
        yield opened
