"""On which line of a TOML text a key stands; `tomllib` does not tell."""

import tomllib
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]
"""From the top of the file to a key; tables of an array are numbered from 0."""


def lines_of(text: str) -> dict[Path, int]:
    """Every table and key of a valid TOML text with its line, counted from 1."""
    lines = text.replace("\r\n", "\n").split("\n")
    found: dict[Path, int] = {}
    arrays: dict[Path, int] = {}
    table: Path = ()
    at = 0
    while at < len(lines):
        statement, until = _statement(lines, at)
        if lines[at].lstrip().startswith("["):
            table = _header(statement, arrays)
            found.setdefault(table, at + 1)
        else:
            for path in _keys(statement):
                found.setdefault((*table, *path), at + 1)
        at = until
    return found


def line_of(found: dict[Path, int], path: Path) -> int:
    """The line of a key or, where it is missing, of the nearest table around it; else the first."""
    while path and path not in found:
        path = path[:-1]
    return found.get(path, 1)


def _statement(lines: list[str], at: int) -> tuple[dict[str, Any], int]:
    """What stands from line `at` on, read by itself, and the line after it: a value may span several."""
    for until in range(at + 1, len(lines)):
        try:
            return tomllib.loads("\n".join(lines[at:until])), until
        except tomllib.TOMLDecodeError:
            continue
    return tomllib.loads("\n".join(lines[at:])), len(lines)


def _header(statement: dict[str, Any], arrays: dict[Path, int]) -> Path:
    """The path of `[a.b]` or `[[a.b]]`; below an array of tables it is in the one begun last."""
    path: Path = ()
    inner: Any = statement
    while isinstance(inner, dict) and inner:
        name, inner = next(iter(inner.items()))
        path = (*path, name)
        if isinstance(inner, list):
            arrays[path] = arrays.get(path, -1) + 1
            return (*path, arrays[path])
        if path in arrays:
            path = (*path, arrays[path])
    return path


def _keys(statement: dict[str, Any]) -> Iterator[Path]:
    for name, value in statement.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *path) for path in _keys(value))
