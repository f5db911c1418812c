"""Accounts as they stand, and the indexes that make any page of them cost the same."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, TypeVar

from bot.sandbox.platform.moments import KEPT_WHILE_DOWN, written

_Key = TypeVar("_Key", str, tuple[int, str])


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: `svc:countersign`, `staff:rex`, `owner:acct_25073877`, `system:legal`, `unknown`."""

    id: str
    kind: str

    def drawn(self) -> dict[str, str]:
        return {"id": self.id, "kind": self.kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deactivation:
    """Why and since when an account is down. Replaced as a whole, cleared by a restore."""

    actor: Actor
    at: int
    operation: str | None = None
    reason: str | None = None
    purge_at: int

    @classmethod
    def made(cls, *, by: Actor, at: int, operation: str | None, reason: str | None) -> "Deactivation":
        return cls(actor=by, at=at, operation=operation, reason=reason, purge_at=at + KEPT_WHILE_DOWN)

    def drawn(self) -> dict[str, Any]:
        return {
            "actor": self.actor.drawn(),
            "at": written(self.at),
            "operation": self.operation,
            "reason": self.reason,
            "purgeAt": written(self.purge_at),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account. `version` moves with everything the ETag covers: not the counts, nor a foreign id."""

    id: str
    handle: str
    display_name: str | None
    external_id: str | None = None
    followers: int = 0
    following: int = 0
    verified: bool = False
    tags: tuple[str, ...] = ()
    active: bool = True
    deactivation: Deactivation | None = None
    created: int
    modified: int
    version: int = 1

    @property
    def etag(self) -> str:
        """Weak, because two answers with one tag may differ in their counts."""
        return f'W/"{self.version}"'

    def covered(self) -> tuple[object, ...]:
        return (self.handle, self.display_name, self.active, self.tags, self.verified, self.deactivation)

    def counts(self) -> tuple[int, int]:
        return (self.followers, self.following)


class HandleTakenError(Exception):
    """Another account has that handle, in whatever case."""


class Accounts:
    """All accounts by id and by handle, with sorted indexes of ids: all, inactive, and inactive by last change.

    A page is a slice of an index, so its cost depends neither on where it starts nor on how many there are.
    """

    def __init__(self) -> None:
        self._by_id: dict[str, Account] = {}
        self._by_handle: dict[str, str] = {}
        self._ids: list[str] = []
        self._inactive: list[str] = []
        self._inactive_by_change: list[tuple[int, str]] = []
        self._purges: list[tuple[int, str]] = []
        self._purged: set[str] = set()
        self._last_number = 9_000_000_000  # of one width and above the seeds, so that new ids append to the index
        self._changed_after: tuple[int, list[str]] | None = None

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Account]:
        return (self._by_id[account_id] for account_id in self._ids)

    def new_id(self) -> str:
        """Return an id nobody has; ids grow, and are never used again."""
        while True:
            self._last_number += 1
            if (account_id := f"acct_{self._last_number}") not in self._by_id:
                return account_id

    def get(self, account_id: str) -> Account | None:
        return self._by_id.get(account_id)

    def named(self, handle: str) -> Account | None:
        """Return the account of that handle, in whatever case."""
        account_id = self._by_handle.get(handle.casefold())
        return None if account_id is None else self._by_id[account_id]

    def is_purged(self, account_id: str, *, at: int) -> bool:
        self._purge(at=at)
        return account_id in self._purged

    def add(self, account: Account) -> None:
        """Add a new account; HandleTakenError where its handle is taken."""
        key = account.handle.casefold()
        if self._by_handle.setdefault(key, account.id) != account.id:
            raise HandleTakenError(account.handle)
        self._by_id[account.id] = account
        _place(self._ids, account.id)
        self._went_down(account)

    def put(self, account: Account) -> None:
        """Replace an account by its next state; HandleTakenError where its new handle is another's."""
        before = self._by_id[account.id]
        key, old_key = account.handle.casefold(), before.handle.casefold()
        if key != old_key:
            if self._by_handle.setdefault(key, account.id) != account.id:
                raise HandleTakenError(account.handle)
            del self._by_handle[old_key]
        self._came_up(before)
        self._by_id[account.id] = account
        self._went_down(account)

    def remove(self, account_id: str) -> None:
        account = self._by_id.pop(account_id)
        del self._by_handle[account.handle.casefold()]
        _take_out(self._ids, account_id)
        self._came_up(account)

    def _went_down(self, account: Account) -> None:
        if account.active:
            return
        self._changed_after = None
        _place(self._inactive, account.id)
        _place(self._inactive_by_change, (account.modified, account.id))
        if account.deactivation is not None:
            heappush(self._purges, (account.deactivation.purge_at, account.id))

    def _came_up(self, account: Account) -> None:
        if account.active:
            return
        self._changed_after = None
        _take_out(self._inactive, account.id)
        _take_out(self._inactive_by_change, (account.modified, account.id))

    def _purge(self, *, at: int) -> None:
        """Take out of sight what stayed down too long. An entry of the heap may have been overtaken by a restore."""
        while self._purges and self._purges[0][0] <= at:
            _, account_id = heappop(self._purges)
            account = self._by_id.get(account_id)
            if account is None or account.deactivation is None or account.deactivation.purge_at > at:
                continue
            if account_id not in self._purged:
                self._purged.add(account_id)
                del self._by_handle[account.handle.casefold()]
                _take_out(self._ids, account_id)
                self._came_up(account)

    def page(self, *, start: int, count: int, at: int) -> tuple[int, list[Account]]:
        """Return how many there are, and those from `start` (0-based) on, by id."""
        self._purge(at=at)
        return len(self._ids), self._fetch(self._ids[start : start + count])

    def inactive_page(self, *, start: int, count: int, at: int) -> tuple[int, list[Account]]:
        self._purge(at=at)
        return len(self._inactive), self._fetch(self._inactive[start : start + count])

    def inactive_changed_after(self, moment: int, *, start: int, count: int, at: int) -> tuple[int, list[Account]]:
        """Return the inactive ones changed after the moment, by id.

        Sorting costs what the matches cost, once for all pages of one sweep.
        """
        self._purge(at=at)
        if self._changed_after is None or self._changed_after[0] != moment:
            first = bisect_right(self._inactive_by_change, (moment, "\U0010ffff"))
            self._changed_after = moment, sorted(account_id for _, account_id in self._inactive_by_change[first:])
        ids = self._changed_after[1]
        return len(ids), self._fetch(ids[start : start + count])

    def active_after(self, account_id: str) -> Account | None:
        """Return the first active account after that id; "" begins."""
        for index in range(bisect_right(self._ids, account_id), len(self._ids)):
            account = self._by_id[self._ids[index]]
            if account.active:
                return account
        return None

    def _fetch(self, ids: Iterable[str]) -> list[Account]:
        return [self._by_id[account_id] for account_id in ids]


def _place(index: list[_Key], item: _Key) -> None:
    if not index or index[-1] < item:
        index.append(item)
    else:
        insort(index, item)


def _take_out(index: list[_Key], item: _Key) -> None:
    position = bisect_left(index, item)
    if position < len(index) and index[position] == item:
        del index[position]
