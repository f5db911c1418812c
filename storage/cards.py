"""Where cards stand in Slack, and when a channel takes the next post; each inside its caller's transaction.

Writing transactions come one after the other over all processes, so what was read here still holds when it is written.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select

from bot.ports import CardAt
from storage import dialect
from storage.rows import from_millis, millis
from storage.tables import table

CARDS, CURSORS = table("cards"), table("cursors")
CARD = select(CARDS).where(CARDS.c.record == bindparam("of"))
GONE = delete(CARDS).where(CARDS.c.record == bindparam("of"))
LAST_POST = select(CURSORS.c.value).where(CURSORS.c.name == bindparam("of"))
FURTHEST = timedelta(minutes=1)
"""No queue of processes is as long: a place further away was taken by a clock that went wrong."""


class Cards:
    """The statements on `cards`, and on the cursors named `post:<channel>`."""

    def at(self, connection: Connection, record: str) -> CardAt | None:
        row = connection.execute(CARD, {"of": record}).mappings().one_or_none()
        return CardAt(channel=row["channel"], ts=row["ts"], drawn=row["drawn"]) if row else None

    def put(self, connection: Connection, record: str, card: CardAt, *, was: CardAt | None) -> None:
        """Where it stands, unless it was found to stand elsewhere meanwhile, or a newer version of it is there."""
        now = self.at(connection, record)
        elsewhere = now is not None and now.place not in {card.place, was.place if was else None}
        if not elsewhere and (now is None or now.drawn <= card.drawn):
            self._put(connection, record, card)

    def replace(self, connection: Connection, record: str, card: CardAt | None, *, was: CardAt) -> bool:
        """It stands there instead, or nowhere; False where somebody else found that out first."""
        now = self.at(connection, record)
        if now is None or now.place != was.place:
            return False
        if card is None:
            connection.execute(GONE, {"of": record})
        else:
            self._put(connection, record, card)
        return True

    def _put(self, connection: Connection, record: str, card: CardAt) -> None:
        row = {"record": record, "channel": card.channel, "ts": card.ts, "drawn": card.drawn}
        connection.execute(dialect.putting(connection, CARDS), row)

    def slot(self, connection: Connection, channel: str, *, every: float, at: datetime) -> float:
        """Seconds until the channel's next free place, which is taken with that."""
        last = connection.execute(LAST_POST, {"of": f"post:{channel}"}).scalar_one_or_none()
        free = from_millis(last) + timedelta(seconds=every) if last is not None else at
        place = free if at < free <= at + FURTHEST else at
        connection.execute(dialect.putting(connection, CURSORS), {"name": f"post:{channel}", "value": millis(place)})
        return (place - at).total_seconds()
