"""What only one process does at a time: who holds it, until when, and with which token."""

from sqlalchemy import Connection, bindparam, select

from bot.core.errors import Fenced
from bot.ports import Clock, Fence
from storage import dialect
from storage.rows import millis
from storage.tables import table

LEASES = table("leases")
LEASE = select(LEASES).where(LEASES.c.name == bindparam("name")).with_for_update()


class Leases:
    """The statements on `leases`, each inside its caller's transaction."""

    def __init__(self, *, clock: Clock, owner: str) -> None:
        self._clock = clock
        self._owner = owner

    def hold(self, connection: Connection, name: str, *, seconds: float) -> Fence | None:
        """Take the lease where nobody has it or its time is over, or keep it; the token rises with each new holder."""
        now = millis(self._clock.now())
        found = connection.execute(LEASE, {"name": name}).mappings().one_or_none()
        mine = found is not None and found["owner"] == self._owner
        if found is not None and not mine and found["until"] > now:
            return None
        token = (found["token"] if found is not None else 0) + (0 if mine else 1)
        row = {"name": name, "owner": self._owner, "token": token, "until": now + int(seconds * 1000)}
        connection.execute(dialect.putting(connection, LEASES), row)
        return Fence(name=name, token=token)

    def check(self, connection: Connection, fence: Fence) -> None:
        """Raises Fenced where the lease has had another holder since."""
        found = connection.execute(LEASE, {"name": fence.name}).mappings().one_or_none()
        if found is None or found["token"] != fence.token:
            raise Fenced(f"Another process has taken over the {fence.name}.")

    def reclaim(self, connection: Connection) -> None:
        """Let go of what others held; only for one who knows that they are gone. Their tokens stay used."""
        connection.execute(LEASES.update().where(LEASES.c.owner != self._owner).values(until=0))
