"""`uv run --group test python -m tests.bench NAME`: the figures, each beside its floor and its goal."""

import asyncio
import json
import os
import platform
import tempfile
import time

import click

from tests.bench.figures import milliseconds, table
from tests.bench.measures import MEASURES


@click.command()
@click.argument("name", type=click.Choice([*MEASURES, "all"]))
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.option("--scale", default=1.0, show_default=True, help="How much of the full run: 0.1 is a quick look.")
def main(name: str, *, as_json: bool, scale: float) -> None:
    """Measure NAME on this machine."""
    lines = [line for each in MEASURES if name in {each, "all"} for line in asyncio.run(MEASURES[each](scale))]
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load of the last minute": round(os.getloadavg()[0], 2),
        "fsync of 4 KB, median ms": round(_fsync(), 2),
    }
    if as_json:
        click.echo(json.dumps({"machine": machine, "lines": [line.as_json() for line in lines]}, indent=2))
        return
    click.echo(table(lines))
    click.echo(", ".join(f"{key}: {value}" for key, value in machine.items()))


def _fsync() -> float:
    """What the disk takes to make a page durable: every commit waits for one such."""
    series = []
    with tempfile.NamedTemporaryFile(prefix="countersign-bench-") as file:
        for _ in range(50):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            series.append(time.perf_counter() - began)
    return milliseconds(series).median


if __name__ == "__main__":
    main(prog_name="python -m tests.bench")
