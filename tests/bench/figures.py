"""Medians, 99th percentiles, and the table they are shown in."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a series came to. The 99th percentile is one of its values, by the nearest rank."""

    median: float
    p99: float
    worst: float
    count: int

    @classmethod
    def of(cls, series: Sequence[float]) -> "Figures":
        ordered = sorted(series)
        return cls(
            median=statistics.median(ordered),
            p99=ordered[math.ceil(0.99 * len(ordered)) - 1],
            worst=ordered[-1],
            count=len(ordered),
        )


@dataclass(frozen=True, kw_only=True)
class Line:
    """One figure beside its floor and its goal, all in `unit`; a goal of None is none."""

    what: str
    unit: str
    reached: Figures
    floor: Figures | None = None
    median_goal: float | None = None
    p99_goal: float | None = None
    least_goal: float | None = None
    """For what is the better the more it is: the median must reach it."""

    @property
    def met(self) -> bool | None:
        goals = [(self.reached.median, self.median_goal), (self.reached.p99, self.p99_goal)]
        said = [value <= goal for value, goal in goals if goal is not None]
        said += [self.reached.median >= self.least_goal] if self.least_goal is not None else []
        return all(said) if said else None

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "met": self.met}


def milliseconds(series: Sequence[float]) -> Figures:
    """Figures of a series of seconds, in milliseconds."""
    return Figures.of([1000 * seconds for seconds in series])


HEAD = ("", "unit", "n", "median", "p99", "worst", "floor median", "floor p99", "goal median", "goal p99", "")


def table(lines: Sequence[Line]) -> str:
    rows = [HEAD, *(_row(line) for line in lines)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    left = (0, 1, len(HEAD) - 1)
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _row(line: Line) -> tuple[str, ...]:
    reached, floor = line.reached, line.floor
    return (
        line.what,
        line.unit,
        str(reached.count),
        _said(reached.median),
        _said(reached.p99),
        _said(reached.worst),
        _said(floor.median if floor else None),
        _said(floor.p99 if floor else None),
        _said(line.median_goal) if line.least_goal is None else f"≥ {_said(line.least_goal)}",
        _said(line.p99_goal),
        {True: "met", False: "MISSED", None: ""}[line.met],
    )


def _said(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"
