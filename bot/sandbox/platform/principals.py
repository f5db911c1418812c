"""Who calls: the token tells, never the body.

A table maps tokens to actors. A token that ends in `:*` stands for all with that beginning, and the `*` of
its actor's id for what stands there: `staff-dev-token:*` is `staff:*`. The file of `--tokens` is one JSON
object `{"<token>": {"id": "…", "kind": "service|staff|owner|system|unknown"}}` and replaces the table.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bot.sandbox.platform.accounts import Actor

SERVICE, STAFF, OWNER, SYSTEM, UNKNOWN = "service", "staff", "owner", "system", "unknown"

DEV_TOKENS = {
    "bot-dev-token": Actor("svc:countersign", SERVICE),
    "staff-dev-token:*": Actor("staff:*", STAFF),
    "owner-dev-token:*": Actor("owner:*", OWNER),
    "system-dev-token:*": Actor("system:*", SYSTEM),
    "shared-dev-token": Actor("unknown", UNKNOWN),  # the shared admin password
}


class SeedError(Exception):
    """A file given at the start cannot be used; the sentence names it and says why."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str
    kind: Literal["service", "staff", "owner", "system", "unknown"]


class Principals:
    """The table of tokens."""

    def __init__(self, table: Mapping[str, Actor]) -> None:
        self._exact = {token: actor for token, actor in table.items() if not token.endswith(":*")}
        self._beginnings = {token[:-1]: actor for token, actor in table.items() if token.endswith(":*")}

    def of(self, authorization: str | None) -> Actor | None:
        """Return who bears the token of an `Authorization` header, None where nobody does."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        if (actor := self._exact.get(token)) is not None:
            return actor
        beginning, colon, name = token.partition(":")
        pattern = self._beginnings.get(beginning + colon)
        if pattern is None or not name:
            return None
        return Actor(pattern.id.replace("*", name), pattern.kind)


def tokens_from(file: Path) -> dict[str, Actor]:
    """Read a table of tokens; SeedError in one sentence where it is none."""
    try:
        table = TypeAdapter(dict[str, _Entry]).validate_python(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise SeedError(f"The tokens file {file} cannot be used: {first_line(error)}.") from error
    return {token: Actor(entry.id, entry.kind) for token, entry in table.items()}


def first_line(error: Exception) -> str:
    """Return the first thing that is wrong, without a full stop."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place}: {first['msg']}" if place else str(first["msg"])
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).rstrip(".")
