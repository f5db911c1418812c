"""The characters that every database, UTF-8 and a digest can hold, and how many of them an index can."""

import hashlib
import re
from typing import Any

_UNHELD = re.compile("[\0\ud800-\udfff]")
"""JSON can carry them: PostgreSQL knows no NUL, and halves of a surrogate pair are no text anywhere else."""
LONGEST = 200
"""Characters of what an index holds: PostgreSQL's takes some 2,700 bytes for all that is in one row of it."""
SHOWN = 120
SEEN_INSTEAD = "�"


def storable(text: str) -> str:
    """The text, with what cannot be held seen to be replaced. Two that differ in that alone become the same."""
    return _UNHELD.sub(SEEN_INSTEAD, text)


def indexable(text: str) -> str:
    """The text, or the beginning of one that is too long with the digest of it all: two that differ stay two."""
    if len(text) <= LONGEST:
        return text
    return f"{text[:SHOWN]}…{hashlib.sha256(text.encode()).hexdigest()}"


def storable_json(value: Any) -> Any:
    """The same of every text in parsed JSON, names of members included."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable_json(name): storable_json(member) for name, member in value.items()}
    if isinstance(value, list):
        return [storable_json(member) for member in value]
    return value
