"""What is kept of the counts that were sampled, so that the table stays small however long the bot runs."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select
from sqlmodel import SQLModel

from bot.core.counts import KEPT
from bot.core.record import stamp
from storage import tables as _tables  # noqa: F401 - fills the metadata

samples = SQLModel.metadata.tables["samples"]

KEPT_WHOLE = timedelta(hours=1)
"""Of this time every sample is kept, of the rest the last of each day."""
MOST = 1_000_000
"""Samples of all accounts together; of more the oldest go."""
AT_ONCE = 2_000
"""Rows deleted in one transaction at most beside those of the accounts named: the guard's commits wait for none."""
DAY = len("2026-11-21")


def thin(connection: Connection, accounts: Collection[str], *, at: datetime) -> None:
    """Of each day before the last hour only the last sample of these accounts stays."""
    fresh, later = stamp(at - KEPT_WHOLE), samples.alias("later")
    better = select(later.c.at).where(
        later.c.account == samples.c.account,
        later.c.at > samples.c.at,
        later.c.at < fresh,
        func.substr(later.c.at, 1, DAY) == func.substr(samples.c.at, 1, DAY),
    )
    old = delete(samples).where(samples.c.account.in_(list(accounts)), samples.c.at < fresh, better.exists())
    connection.execute(old)


def drop(connection: Connection, *, at: datetime) -> bool:
    """Drop some of what is too old or, of all accounts together, too much; answers whether there is more of it."""
    many = connection.execute(select(func.count()).select_from(samples)).scalar_one() > MOST
    return _drop(connection, older_than=stamp(at if many else at - KEPT)) >= AT_ONCE


def _drop(connection: Connection, *, older_than: str) -> int:
    oldest = select(samples.c.at).where(samples.c.at < older_than).order_by(samples.c.at).limit(AT_ONCE)
    last = select(func.max(oldest.subquery().c.at)).scalar_subquery()
    return connection.execute(delete(samples).where(samples.c.at <= last)).rowcount
