"""What is dropped of the ledger because nobody asks for it any more: a stretch of rows at a time.

Requests, votes, incidents and the log are kept for ever; samples and signed requests have bounds of their own.

A **task** that is done is its key: while that is there, filing it again is no second one. What files it again does so
within the life of what they are about: a deactivated account is deleted for good after thirty days, and with that its
incident's last task is due; a digest's key is asked for within its week, a page's within the incident. Five days more
are for an outage in between. What would be filed again after that finds its record ended, and does nothing.

A **verdict** answers whether an instance was judged before. Asked for is what stands on the platform and what stood
before it: the last instance of an account stays however old it is, and what comes behind it. A verdict on what bears a
request's key stays with the request: the key explains one instance, for ever.

A **sighting** counts for thirty days, and is dropped when it counts no more.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, not_, select, tuple_

from bot.core.policy import SEEN_FOR
from bot.core.record import stamp
from bot.ports import Place
from storage.questions import is_an_instance
from storage.rows import millis
from storage.tables import table

KEPT = timedelta(days=35)
"""Of what is dropped at all; longer than anything on the platform can be undone, and than a sighting counts."""
AT_ONCE = 300
"""Rows looked at in one transaction, so that whoever waits to write waits for few milliseconds."""
assert KEPT > SEEN_FOR

tasks, verdicts, sightings = table("tasks"), table("verdicts"), table("sightings")
ORDER = (tasks, verdicts, sightings)


def prune(connection: Connection, place: Place | None, *, at: datetime) -> Place | None:
    """Drop what may go of the rows from that place on; answers where to go on, None after the last."""
    which, *after = place if place is not None else (ORDER[0].name,)
    here = table(which)
    last = _last_of(connection, here, after)
    if last is not None:
        key = tuple_(*here.primary_key.columns)
        stretch = and_(key > tuple_(*after), key <= tuple_(*last)) if after else key <= tuple_(*last)
        connection.execute(delete(here).where(stretch, _may_go(here, at=at)))
        return (which, *last)
    following = ORDER[ORDER.index(here) + 1 :]
    return (following[0].name,) if following else None


def _last_of(connection: Connection, here: Table, after: list[str]) -> tuple[str, ...] | None:
    """The key at the end of the next stretch."""
    key = here.primary_key.columns
    rows = select(*key).order_by(*key).limit(AT_ONCE)
    rows = rows.where(tuple_(*key) > tuple_(*after)) if after else rows
    found = connection.execute(rows).all()
    return tuple(found[-1]) if found else None


def _may_go(here: Table, *, at: datetime) -> ColumnElement[bool]:
    if here is tasks:
        # of one that is done it is the end of its lease, a minute after it was begun
        return and_(tasks.c.state == "done", tasks.c.due < millis(at - KEPT))
    if here is sightings:
        return sightings.c.at < stamp(at - KEPT)
    later = verdicts.alias()
    last = (
        select(func.max(later.c.place))
        .where(later.c.account == verdicts.c.account, is_an_instance(later))
        .correlate(verdicts)
    )
    bears_a_key = and_(verdicts.c.operation.is_not(None), is_an_instance(verdicts))
    return and_(verdicts.c.judged_at < stamp(at - KEPT), not_(bears_a_key), verdicts.c.place < last.scalar_subquery())
