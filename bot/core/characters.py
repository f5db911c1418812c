"""The characters that every database, UTF-8 and a digest can hold."""

import re
from typing import Any

_UNHELD = re.compile("[\0\ud800-\udfff]")
"""JSON can carry them: PostgreSQL knows no NUL, and halves of a surrogate pair are no text anywhere else."""
SEEN_INSTEAD = "�"


def storable(text: str) -> str:
    """The text, with what cannot be held seen to be replaced. Two that differ in that alone become the same."""
    return _UNHELD.sub(SEEN_INSTEAD, text)


def storable_json(value: Any) -> Any:
    """The same of every text in parsed JSON, names of members included."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable_json(name): storable_json(member) for name, member in value.items()}
    if isinstance(value, list):
        return [storable_json(member) for member in value]
    return value
