"""The script of mixed events: owners, registered systems, the bot's own requests, relabels, and the guard as a weapon.

It knows of each account whether it is rightly down, by no rule of the bot's: somebody who may took it down since it
was last up. A restore of such a one by the bot is wrong. What nobody may have done must not stay.
"""

import json
from collections import Counter, deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Any

from tests.campaign.scripted import EXTENSION, LONGEST, OURS, now, written

REQUESTS = 4
"""Approved requests that the ledger holds of each account."""
ONE_PROTECTED_IN = 100
UP = {"owner": 30, "registered": 20, "ours": 30, "renamed": 8, "rogue": 0.6, "key again": 0.5, "another's key": 0.4}
DOWN = {"owner restores": 30, "registered restores": 20, "owner": 8, "registered": 12, "relabelled": 5, "renamed": 6}
"""What comes next, by weight, for an account that is up or down."""
UNAPPROVED = frozenset({"rogue", "key again", "another's key"})
UNJUDGED = frozenset({"renamed", "relabelled"})
"""Left out where what counts is how fast events are judged: the guard has nothing to do with the ones, and with the
others a read."""
AGAIN = 0.02
"""Events told twice."""


def account_of(number: int) -> str:
    return f"acct_{number:08}"


def key_of(account: int, place: int) -> str:
    """The operation key of an account's request; the ledger is filled by the same rule."""
    return f"key-{account}-{place}"


@dataclass(slots=True)
class Standing:
    """One account that anything has happened to."""

    version: int = 1
    down: tuple[str, int, str | None] | None = None
    """By whom, when, with which key."""
    rightly: bool = False
    at: int = 0
    used: int = 0
    """How many of its requests have been carried out."""
    lately: deque[str] = field(default_factory=lambda: deque(maxlen=6))
    """Its last acts, to be told where something went wrong."""


class Mixed:
    """`count` events on `accounts` accounts."""

    def __init__(self, *, count: int, accounts: int, seed: int, rogues: bool = True) -> None:
        self._left = count
        self._accounts = accounts
        self._dice = Random(seed)
        self._standing: dict[int, Standing] = {}
        left_out = frozenset[str]() if rogues else UNJUDGED | UNAPPROVED
        self._acts = {True: _drawn(UP, left_out), False: _drawn(DOWN, left_out)}
        self._seen: Counter[str] = Counter()
        self._wrong: list[str] = []
        self._restored = 0

    # the feed

    def following(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while self._left and len(found) < LONGEST:
            event = self._one()
            self._left -= 1
            found.append(event)
            if self._left and len(found) < LONGEST and self._dice.random() < AGAIN:
                self._left -= 1
                self._seen["told again"] += 1
                found.append({**event, "again": True})
        return found

    def _one(self) -> dict[str, Any]:
        number = self._dice.randrange(self._accounts)
        one = self._standing.setdefault(number, Standing())
        acts, weights = self._acts[one.down is None]
        act = self._dice.choices(acts, cum_weights=weights)[0]
        if (act == "ours" and one.used == REQUESTS) or (act == "key again" and not one.used):
            act = "registered"
        if act.endswith("restores") and not one.rightly:
            act = "renamed"  # who has been wronged waits for the bot
        self._seen[act if one.down is None else f"{act}, down already"] += 1
        one.at = max(now(), one.at + 1)
        one.version += 1
        one.lately.append(act)
        actor, key = self._who(act, number, one)
        if act == "renamed":
            return _event("account.updated", number, actor, one.at, key)
        if act.endswith("restores"):
            one.down, one.rightly = None, False
            return _event("account.restored", number, actor, one.at, key)
        one.rightly = one.rightly or act in {"owner", "registered", "ours"}
        one.down = (actor, one.at, key)
        return _event("account.deactivated", number, actor, one.at, key)

    def _who(self, act: str, number: int, one: Standing) -> tuple[str, str | None]:
        if act == "ours":
            one.used += 1
            return OURS, key_of(number, one.used - 1)
        if act == "key again":
            return OURS, key_of(number, self._dice.randrange(one.used))
        if act == "another's key":
            return OURS, key_of((number + 1) % self._accounts, 0)
        names = {
            "owner": f"owner:{account_of(number)}",
            "registered": self._dice.choice(("system:legal", "system:spam")),
            "relabelled": "system:sync",
            "renamed": "system:names",
            "rogue": self._dice.choice(("staff:rex", "system:sync", "unknown")),
        }
        return names[act.removesuffix(" restores")], None

    # what the API shows

    def user(self, account: str) -> str | None:
        number = int(account.removeprefix("acct_"))
        one = self._standing.get(number) or Standing()
        down = one.down and {
            "actor": {"id": one.down[0], "kind": one.down[0].partition(":")[0]},
            "at": written(one.down[1]),
            "operation": one.down[2],
            "reason": None,
            "purgeAt": None,
        }
        tags = ["head-of-state"] if number % ONE_PROTECTED_IN == 0 else []
        shown = {"followers": 10, "following": 3, "verified": False, "tags": tags, "deactivation": down}
        named = {"id": account, "userName": account, "displayName": account, "active": one.down is None}
        return json.dumps({**named, EXTENSION: shown, "meta": {"version": self.etag(account)}})

    def active(self, account: str) -> bool:
        return self._of(account).down is None

    def etag(self, account: str) -> str:
        return f'W/"{self._of(account).version}"'

    def _of(self, account: str) -> Standing:
        return self._standing.get(int(account.removeprefix("acct_"))) or Standing()

    def restore(self, account: str, *, operation: str | None) -> dict[str, Any]:
        number = int(account.removeprefix("acct_"))
        one = self._standing[number]
        if one.rightly:
            self._wrong.append(f"{account}: {_chain(one)}")
        self._restored += 1
        one.lately.append("the bot restores")
        one.down, one.rightly, one.version, one.at = None, False, one.version + 1, max(now(), one.at + 1)
        return _event("account.restored", number, OURS, one.at, operation)

    def page(self, since: str | None, start: int, count: int) -> tuple[list[str], int]:
        found = sorted(
            n for n, one in self._standing.items() if one.down and (since is None or written(one.at) > since)
        )
        shown = [self.user(account_of(number)) for number in found[start - 1 : start - 1 + count]]
        return [user for user in shown if user], len(found)

    def told(self) -> dict[str, Any]:
        missed = [f"{account_of(n)}: {_chain(o)}" for n, o in self._standing.items() if o.down and not o.rightly]
        return {
            "left": self._left,
            "acts": dict(self._seen.most_common()),
            "wrong": self._wrong,
            "missed": missed,
            "restored": self._restored,
        }


def _chain(one: Standing) -> str:
    return ", then ".join(one.lately)


def _drawn(weights: Mapping[str, float], left_out: AbstractSet[str]) -> tuple[list[str], list[float]]:
    """Acts, and their weights added up."""
    acts = [act for act in weights if act not in left_out]
    return acts, list(accumulate(weights[act] for act in acts))


def _event(kind: str, number: int, actor: str, at: int, operation: str | None) -> dict[str, Any]:
    account = account_of(number)
    return {
        "type": kind,
        "account": {"id": account, "handle": account},
        "actor": {"id": actor, "kind": actor.partition(":")[0]},
        "at": written(at),
        "operation": operation,
        "reason": None,
    }
