"""Charts and tables, which neither `slack_sdk` nor `blockkit` knows: the limits of Slack's reference as JSON Schema.

Where builders of others are stricter than the reference, theirs stand: 6 series, 101 rows.
"""

from typing import Any

from jsonschema import Draft202012Validator

Json = dict[str, Any]


def _object(required: Json, optional: Json | None = None) -> Json:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _text(most: int) -> Json:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _list(items: Json, least: int, most: int) -> Json:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


POINT = _object({"label": _text(20), "value": {"type": "number"}})
SERIES = _object({"name": _text(20), "data": _list(POINT, 1, 20)})
AXIS = _object({"categories": _list(_text(20), 1, 20)}, {"x_label": _text(50), "y_label": _text(50)})
CHART = _object({"type": {"const": "bar"}, "series": _list(SERIES, 1, 6), "axis_config": AXIS})
CELL = _object({"type": {"const": "raw_text"}, "text": _text(20_000)})
NATIVE = {
    "data_visualization": _object({"type": {}, "title": _text(50), "chart": CHART}),
    "data_table": _object(
        {"type": {}, "caption": _text(150), "rows": _list(_list(CELL, 1, 20), 2, 101)},
        {"page_size": {"type": "integer", "minimum": 1, "maximum": 100}},
    ),
}
CHARTS_MOST, TABLE_MOST = 2, 20_000
"""Charts in a message, characters in a table."""


def check_native(blocks: list[Json]) -> None:
    """Raises AssertionError or jsonschema's ValidationError."""
    charts = [block["chart"] for block in blocks if block["type"] == "data_visualization"]
    for block in blocks:
        Draft202012Validator(NATIVE[block["type"]]).validate(block)
        if block["type"] == "data_table":
            assert len({len(row) for row in block["rows"]}) == 1, "a table whose rows differ in length"
            assert sum(len(cell["text"]) for row in block["rows"] for cell in row) <= TABLE_MOST
    assert len(charts) <= CHARTS_MOST
    for chart in charts:
        names = [series["name"] for series in chart["series"]]
        assert len(set(names)) == len(names), f"a series twice: {names}"
        categories = chart["axis_config"]["categories"]
        assert len(set(categories)) == len(categories), f"a category twice: {categories}"
        for series in chart["series"]:
            assert [point["label"] for point in series["data"]] == categories
