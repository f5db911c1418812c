"""The accounts a platform starts with.

A seed file is one JSON object:

    {"accounts": [{"handle": "president", "id": "acct_25073877", "display_name": "The President",
                   "followers": 41700000, "following": 45, "verified": true, "tags": ["head-of-state"],
                   "active": true, "deactivation": null}]}

Only `handle` is needed. Where `active` is false, `deactivation` may say `{"actor": "staff:rex",
"at": "2017-11-02T22:45:00.000Z", "operation": null, "reason": null, "purge_at": null}`; without it, `system:seed`
did it at the start. `purge_at` is 30 days after `at` unless given.
"""

import json
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bot.sandbox.platform.accounts import Account, Accounts, Actor, Deactivation, HandleTakenError
from bot.sandbox.platform.moments import KEPT_WHILE_DOWN, read
from bot.sandbox.platform.principals import SeedError, first_line


class SeededDeactivation(BaseModel):
    """A deactivation as a seed file states it."""

    model_config = ConfigDict(extra="forbid")

    actor: str
    at: AwareDatetime
    operation: str | None = None
    reason: str | None = None
    purge_at: AwareDatetime | None = None


class Seeded(BaseModel):
    """An account as a seed file states it."""

    model_config = ConfigDict(extra="forbid")

    handle: str = Field(min_length=1)
    id: str | None = Field(default=None, min_length=1)
    display_name: str | None = None
    followers: int = Field(default=0, ge=0)
    following: int = Field(default=0, ge=0)
    verified: bool = False
    tags: list[str] = []
    active: bool = True
    deactivation: SeededDeactivation | None = None


class _SeedFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    accounts: list[Seeded]


_NOTABLE = 1_000_000  # followers from which on the platform verifies without being asked


def _of(handle: str, number: int, name: str, followers: int, following: int, *tags: str) -> Seeded:
    """Return one of the dozen. Verified are those with a tag, and the creators."""
    return Seeded(
        handle=handle,
        id=f"acct_{number}",
        display_name=name,
        followers=followers,
        following=following,
        verified=bool(tags) or followers >= _NOTABLE,
        tags=list(tags),
    )


A_DOZEN = (
    _of("president", 25073877, "The President", 41_700_000, 45, "head-of-state"),
    _of("platform_support", 10000783, "Platform Support", 310_000, 12, "staff"),
    _of("nightowl_films", 30418265, "Nightowl Films", 1_200_000, 381),
    _of("dailyledger", 31554920, "The Daily Ledger", 5_400_000, 902, "press"),
    _of("city_of_arden", 44190327, "City of Arden", 88_000, 210, "government"),
    _of("weekend_baker", 52380114, "The Weekend Baker", 40_000, 640),
    _of("maria_k", 61702458, "María Kovač", 812, 455),
    _of("tom.reads", 63390071, "Tom reads", 154, 203),
    _of("hollow_pine", 70025518, "hollow pine", 12, 88),
    _of("tanaka_yui", 72846600, "たなか・ゆい 🌸", 2_300, 517),
    _of("pres\u0456dent", 81117342, "The President", 31, 1_904),  # the i is Cyrillic
    _of("leaving_soon", 90264413, "Sam, leaving soon", 96, 140),
)


def seeds_from(file: Path) -> list[Seeded]:
    """Read a seed file; SeedError in one sentence where it is none."""
    try:
        return _SeedFile.model_validate(json.loads(file.read_text(encoding="utf-8"))).accounts
    except (OSError, ValueError) as error:
        raise SeedError(f"The seed file {file} cannot be used: {first_line(error)}.") from error


def plant(accounts: Accounts, seeds: Iterable[Seeded], *, at: int, source: str) -> None:
    """Add the seeds; SeedError where two of them share an id or a handle."""
    for seed in seeds:
        account_id = seed.id or accounts.new_id()
        if accounts.get(account_id) is not None:
            raise SeedError(f"The {source} cannot be used: the id {account_id} is there twice.")
        try:
            accounts.add(_account(seed, account_id, at=at))
        except HandleTakenError as error:
            raise SeedError(f"The {source} cannot be used: the handle {seed.handle} is there twice.") from error


def fill(accounts: Accounts, *, up_to: int, at: int) -> None:
    """Add generated accounts so that there are that many in all, most of them small."""
    numbers = count(1)
    while len(accounts) < up_to:
        number = next(numbers)
        handle = f"member_{number}"
        if accounts.named(handle) is None:
            followers = number * 7919 % 5_000 if number % 100 else 50_000
            seed = Seeded(handle=handle, display_name=f"Member {number}", followers=followers, following=number % 700)
            accounts.add(_account(seed, accounts.new_id(), at=at))


def _account(seed: Seeded, account_id: str, *, at: int) -> Account:
    return Account(
        id=account_id,
        handle=seed.handle.removeprefix("@"),
        display_name=seed.display_name,
        followers=seed.followers,
        following=seed.following,
        verified=seed.verified,
        tags=tuple(seed.tags),
        active=seed.active,
        deactivation=None if seed.active else _deactivation(seed.deactivation, at=at),
        created=at,
        modified=at,
    )


def _deactivation(seed: SeededDeactivation | None, *, at: int) -> Deactivation:
    if seed is None:
        return Deactivation.made(by=Actor("system:seed", "system"), at=at, operation=None, reason=None)
    began = read(seed.at.isoformat())
    return Deactivation(
        actor=Actor(seed.actor, seed.actor.partition(":")[0]),
        at=began,
        operation=seed.operation,
        reason=seed.reason,
        purge_at=began + KEPT_WHILE_DOWN if seed.purge_at is None else read(seed.purge_at.isoformat()),
    )
