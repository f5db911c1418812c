"""The control port: to make the platform misbehave, to fill it, and to ask what really happened. For tests alone."""

import asyncio
from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.sandbox.platform.accounts import Account, Actor, Deactivation
from bot.sandbox.platform.attacks import Attacks
from bot.sandbox.platform.counters import Curve
from bot.sandbox.platform.faults import Rule
from bot.sandbox.platform.moments import now
from bot.sandbox.platform.principals import first_line
from bot.sandbox.platform.wire import Answer, Call, RefusalError, said
from bot.sandbox.platform.world import World

_Body = TypeVar("_Body", bound=BaseModel)

_AT_A_TIME = 1_000  # accounts added before other calls get a turn


class NewAccounts(BaseModel):
    """The body of `POST /control/v1/accounts`. Handles are the prefix and a number; `actor` took down the inactive."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(default=1, ge=1)
    prefix: str = Field(default="user_", min_length=1)
    followers: int = Field(default=0, ge=0)
    tags: list[str] = []
    active: bool = True
    actor: str = "system:seed"


class Control:
    """The handlers of the control port."""

    def __init__(self, world: World, attacks: Attacks) -> None:
        self._attacks = attacks
        self._numbers: dict[str, int] = {}
        self._world = world

    async def add_fault(self, world: World, call: Call) -> Answer:
        rule = _parsed(Rule, call)
        forgets_before = world.feed.forget_cursors() if rule.kind == "cursor_lost" else 0
        rule_id = world.faults.add(rule, forgets_before=forgets_before)
        if rule.kind == "feed_down":
            world.feed.wake()  # who waits comes back, and finds it down
        if rule.kind == "bulk":
            self._attacks.begin_bulk(rule_id, rule)
        return said({"id": rule_id}, status=201)

    async def list_faults(self, world: World, call: Call) -> Answer:  # noqa: ARG002 - a handler
        return said(world.faults.listed())

    async def clear_faults(self, world: World, call: Call) -> Answer:  # noqa: ARG002 - a handler
        world.faults.clear()
        self._attacks.call_off()
        return Answer(204)

    async def set_counters(self, world: World, call: Call) -> Answer:
        curve = _parsed(Curve, call)
        world.account(curve.account, at=now())
        world.curves[curve.account] = curve
        world.recounted_at.pop(curve.account, None)
        return said({"account": curve.account, "curve": curve.curve})

    async def add_accounts(self, world: World, call: Call) -> Answer:
        wanted = _parsed(NewAccounts, call)
        ids: list[str] = []
        for account in self.new_accounts(wanted):
            world.accounts.add(account)
            ids.append(account.id)
            if len(ids) % _AT_A_TIME == 0:
                await asyncio.sleep(0)
        return said({"ids": ids}, status=201)

    def new_accounts(self, wanted: NewAccounts) -> Iterator[Account]:
        """Return new accounts, each handle free at the moment it is returned."""
        at, tags, actor = now(), tuple(wanted.tags), Actor(wanted.actor, wanted.actor.partition(":")[0])
        down = None if wanted.active else Deactivation.made(by=actor, at=at, operation=None, reason=None)
        for _ in range(wanted.count):
            handle = self._free_handle(wanted.prefix)
            yield Account(
                id=self._world.accounts.new_id(),
                handle=handle,
                display_name=handle,
                followers=wanted.followers,
                tags=tags,
                active=wanted.active,
                deactivation=down,
                created=at,
                modified=at,
            )

    def _free_handle(self, prefix: str) -> str:
        while True:
            self._numbers[prefix] = number = self._numbers.get(prefix, 0) + 1
            if self._world.accounts.named(handle := f"{prefix}{number}") is None:
                return handle

    async def read_state(self, world: World, call: Call) -> Answer:
        """Answer the truth. `?account=ID` and `?after=SEQ` (of effects) keep the answer short."""
        wanted, after = call.query.get("account"), call.whole_number("after", 0)
        if wanted is None:
            accounts = [_truth(account) for account in world.accounts]
        else:
            accounts = [_truth(account) for account in [world.accounts.get(wanted)] if account is not None]
        effects = [
            effect.drawn(seq)
            for seq, effect in enumerate(world.effects[after:], start=after + 1)
            if wanted in (None, effect.account)
        ]
        return said({"accounts": accounts, "suspended": sorted(world.suspended), "effects": effects})

    async def read_heard(self, world: World, call: Call) -> Answer:  # noqa: ARG002 - a handler
        """Answer up to which position of the feed each of its readers has read."""
        return said(world.feed.heard_by)


def _truth(account: Account) -> dict[str, object]:
    return {
        "id": account.id,
        "handle": account.handle,
        "display_name": account.display_name,
        "active": account.active,
        "followers": account.followers,
        "following": account.following,
        "verified": account.verified,
        "tags": list(account.tags),
        "deactivation": None if account.deactivation is None else account.deactivation.drawn(),
        "etag": account.etag,
    }


def _parsed(kind: type[_Body], call: Call) -> _Body:
    try:
        return kind.model_validate(call.body)
    except ValidationError as error:
        raise RefusalError(400, f"{first_line(error)}.", scim_type="invalidValue") from error
