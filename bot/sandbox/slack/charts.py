"""The blocks that `slack_sdk` has no model for: native charts and data tables."""

import math
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.rules import Rule, both, kinds, listed, number, problem, shape, string

LABEL = string(20, 1)
VALUE = number(-math.inf, math.inf)
SERIES = 12
CATEGORIES = 20
TABLE_ROWS = 201
TABLE_COLUMNS = 20
TABLE_CHARACTERS = 20_000


def series_match_axis(chart: dict[str, Any], path: str) -> Iterator[str]:
    names = [series["name"] for series in chart["series"]]
    if len(set(names)) != len(names):
        yield problem("series names must be unique", f"{path}/series")
    categories = chart["axis_config"]["categories"]
    for index, series in enumerate(chart["series"]):
        if [point["label"] for point in series["data"]] != categories:
            yield problem("data labels must match axis_config.categories", f"{path}/series/{index}/data")


POINT = shape({"label": LABEL, "value": VALUE})
XY = both(
    shape(
        {
            "series": listed(shape({"name": LABEL, "data": listed(POINT, 1, CATEGORIES)}), 1, SERIES),
            "axis_config": shape(
                {"categories": listed(LABEL, 1, CATEGORIES)},
                {"x_label": string(50), "y_label": string(50)},
            ),
        }
    ),
    series_match_axis,
)
SEGMENT = shape({"label": LABEL, "value": number(math.ulp(0.0), math.inf)})
PIE = shape({"segments": listed(SEGMENT, 1, 12)})

DATA_VISUALIZATION = {
    "title": string(50, 1),
    "chart": kinds({"line": XY, "bar": XY, "area": XY, "pie": PIE}),
}

Cells = list[list[dict[str, Any]]]


def characters(cells: Cells) -> int:
    return sum(len(str(cell.get("text", cell.get("value", "")))) for row in cells for cell in row)


def table_is_even(block: dict[str, Any], path: str) -> Iterator[str]:
    rows: Cells = block["rows"]
    if len({len(row) for row in rows}) > 1:
        yield problem("all rows must have the same number of cells", f"{path}/rows")
    if any(cell["type"] == "rich_text" for cell in rows[0]):
        yield problem("header cells must not be rich_text", f"{path}/rows/0")
    if characters(rows) > TABLE_CHARACTERS:
        yield problem(f"must be less than {TABLE_CHARACTERS + 1} characters", f"{path}/rows")


def data_table(rich_text: Rule) -> Rule:
    cell = kinds(
        {
            "raw_text": shape({"text": string(TABLE_CHARACTERS, 1)}),
            "raw_number": shape({"value": VALUE}, {"text": string(TABLE_CHARACTERS)}),
            "rich_text": rich_text,
        }
    )
    return both(
        shape(
            {
                "caption": string(TABLE_CHARACTERS, 1),
                "rows": listed(listed(cell, 1, TABLE_COLUMNS), 2, TABLE_ROWS),
            },
            {
                "block_id": string(255, 1),
                "page_size": number(1, 100, whole=True),
                "row_header_column_index": number(0, TABLE_COLUMNS - 1, whole=True),
            },
        ),
        table_is_even,
    )
