"""The benches still run; what they measure is no test's business."""

import pytest

from tests.bench.figures import Figures, table
from tests.bench.measures import MEASURES


@pytest.mark.parametrize("name", MEASURES)
async def test_a_bench_runs_and_fills_its_table(name: str) -> None:
    lines = await MEASURES[name](0.002)

    assert lines
    assert all(line.reached.count and line.reached.median > 0 for line in lines)
    assert all(line.what in table(lines) for line in lines)


def test_the_ninety_ninth_percentile_is_one_of_the_values() -> None:
    figures = Figures.of([float(n) for n in range(1, 201)])

    assert (figures.median, figures.p99, figures.worst, figures.count) == (100.5, 198.0, 200.0, 200)
