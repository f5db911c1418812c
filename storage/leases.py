"""What only one process does at a time: who holds it, until when, and with which token."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from bot.core.errors import Fenced
from bot.ports import Clock, Fence
from storage import dialect
from storage.driver import Question
from storage.rows import millis
from storage.tables import table
from storage.writes import Writes

LEASES = table("leases")
LEASE = Question(select(LEASES).where(LEASES.c.name == bindparam("name")).with_for_update())
HOLDERS = Question(select(LEASES.c.owner).where(LEASES.c.until > 0).distinct())
TAKEN_BACK = update(LEASES).where(LEASES.c.owner == bindparam("holder")).values(until=0)


class Leases:
    """The statements on `leases`, each inside its caller's transaction."""

    def __init__(self, *, clock: Clock, owner: str) -> None:
        self._clock = clock
        self._owner = owner

    def hold(
        self, connection: Connection, name: str, *, seconds: float, facts: Mapping[str, Any]
    ) -> tuple[Fence | None, str | None]:
        """Take the lease where nobody has it or its time is over, or keep it; the token rises with each new holder.

        Answers who had it before where that was another and did not give it back, too.
        """
        now = millis(self._clock.now())
        found = _lease(connection, name)
        mine = found is not None and found["owner"] == self._owner
        if found is not None and not mine and found["until"] > now:
            return None, None
        token = (found["token"] if found is not None else 0) + (0 if mine else 1)
        until = now + int(seconds * 1000)
        row = {"name": name, "owner": self._owner, "token": token, "until": until, "since": now, "facts": dict(facts)}
        writes = Writes(connection)
        writes.add(dialect.putting(connection, LEASES), [row])
        writes.send()
        return Fence(name=name, token=token), (
            found["owner"] if found is not None and not mine and found["until"] else None
        )

    def check(self, connection: Connection, fence: Fence) -> None:
        """Raises Fenced where the lease has had another holder since."""
        found = _lease(connection, fence.name)
        if found is None or found["token"] != fence.token:
            raise Fenced(f"Another process has taken over the {fence.name}.")

    def holders(self, connection: Connection) -> frozenset[str]:
        """The processes that hold a lease, or would if its time were not over."""
        return frozenset(HOLDERS.firsts(connection))

    def take_back(self, connection: Connection, owner: str) -> None:
        """Let go of what `owner` held; only for one who knows that it is gone, or is it. Its tokens stay used."""
        connection.execute(TAKEN_BACK, {"holder": owner})


def _lease(connection: Connection, name: str) -> Mapping[str, Any] | None:
    return next(iter(LEASE.rows(connection, name=name)), None)
