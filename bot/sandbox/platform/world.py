"""The state of one mock platform, and the one door through which it changes: `commit`.

Every change leaves an effect, for ever: that is what tests trust. What the feed says of it may be a lie,
where a fault says so.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from secrets import token_hex
from typing import Any

from bot.sandbox.platform.accounts import Account, Accounts, Actor
from bot.sandbox.platform.background import Background
from bot.sandbox.platform.counters import Curve
from bot.sandbox.platform.faults import Faults, Rule
from bot.sandbox.platform.feed import Feed
from bot.sandbox.platform.moments import written
from bot.sandbox.platform.principals import OWNER, STAFF, Principals
from bot.sandbox.platform.wire import Answer, Call, RefusalError

# action → the event that tells of it
EVENT_OF = {
    "create": "account.created",
    "update": "account.updated",
    "deactivate": "account.deactivated",
    "restore": "account.restored",
    "delete": "account.deleted",
    "suspend": "staff.suspended",
    "reinstate": "staff.reinstated",
}

OVERTAKEN_AT_MOST = 0.5  # seconds an event waits to be overtaken under `reorder`
RECOUNT_TAKES = 200  # milliseconds until a recount shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One change that really happened. `account` is None where it concerns a member of staff."""

    at: int
    account: str | None
    action: str
    actor: Actor
    operation: str | None = None
    reason: str | None = None
    handle: str | None = None
    staff: str | None = None

    def drawn(self, seq: int) -> dict[str, Any]:
        effect = {
            "seq": seq,
            "at": written(self.at),
            "account": self.account,
            "action": self.action,
            "actor": self.actor.drawn(),
            "operation": self.operation,
        }
        return effect if self.staff is None else {**effect, "staff": self.staff}

    def event(self) -> dict[str, Any]:
        event = {
            "id": f"evt_{token_hex(8)}",
            "type": EVENT_OF[self.action],
            "account": None if self.account is None else {"id": self.account, "handle": self.handle},
            "actor": self.actor.drawn(),
            "at": written(self.at),
            "operation": self.operation,
            "reason": self.reason,
        }
        return event if self.staff is None else {**event, "staff": {"name": self.staff}}


@dataclass
class World:
    """Everything one mock platform knows."""

    principals: Principals
    background: Background
    accounts: Accounts = field(default_factory=Accounts)
    feed: Feed = field(default_factory=Feed)
    faults: Faults = field(default_factory=Faults)
    effects: list[Effect] = field(default_factory=list)
    suspended: set[str] = field(default_factory=set)
    curves: dict[str, Curve] = field(default_factory=dict)
    restored_at: dict[str, int] = field(default_factory=dict)
    recounted_at: dict[str, int] = field(default_factory=dict)
    answers: dict[tuple[str, str, str, str], tuple[str, Answer]] = field(default_factory=dict)
    after_restore: Callable[[Effect], None] = lambda _: None
    base_url: str = ""
    _to_be_overtaken: dict[str, Any] | None = None

    def who(self, call: Call, *, kinds: tuple[str, ...] | None = None) -> Actor:
        """Return who calls; 401 without a known token, 403 where suspended or not of these kinds."""
        actor = self.principals.of(call.headers.get("Authorization"))
        if actor is None:
            raise RefusalError(401, "No token, or one that nobody bears.")
        if self.is_suspended(actor):
            raise RefusalError(403, f"The session of {actor.id} is suspended.")
        if kinds is not None and actor.kind not in kinds:
            raise RefusalError(403, f"{actor.id} may not do this: it is for {' and '.join(kinds)} tokens.")
        return actor

    def is_suspended(self, actor: Actor) -> bool:
        return actor.kind == STAFF and actor.id.removeprefix("staff:") in self.suspended

    def account(self, account_id: str, *, at: int) -> Account:
        """Return the account; 404 where there is none, 410 where it was purged."""
        account = self.accounts.get(account_id)
        if account is None:
            raise RefusalError(404, f"There is no account {account_id}.")
        if self.accounts.is_purged(account_id, at=at):
            raise RefusalError(410, f"The account {account_id} was purged.")
        return account

    def commit(self, effect: Effect, *, after: Account | None = None, rule: Rule | None = None) -> None:
        """Let a change happen: the state, the effect, and, unless a rule silences it, the event."""
        if effect.action == "restore" and after is not None:
            after = self._moved(after)
            self.restored_at[after.id] = effect.at
            self.recounted_at.pop(after.id, None)
        if effect.action == "delete" and effect.account is not None:
            self.accounts.remove(effect.account)
        elif effect.action == "create" and after is not None:
            self.accounts.add(after)
        elif after is not None:
            self.accounts.put(after)
        self.effects.append(effect)
        if rule is None or rule.kind != "silent":
            self._tell(effect)
        if effect.action == "restore":
            self.after_restore(effect)

    def _moved(self, account: Account) -> Account:
        curve = self.curves.get(account.id)
        if curve is None:
            return account
        return replace(account, followers=curve.moved_while_down(account.followers))

    def _tell(self, effect: Effect) -> None:
        """Publish the event of an effect, as the faults will have it."""
        event = effect.event()
        rule = self.faults.for_event(account=effect.account, by=effect.actor.id)
        match None if rule is None else rule.kind:
            case "drop":
                return
            case "delay":
                assert rule is not None
                self.background.begin(self._publish_later(event, rule.seconds or 0.0))
                return
            case "reorder" if self._to_be_overtaken is None:
                self._to_be_overtaken = event
                self.background.begin(self._publish_unless_overtaken(event))
                return
            case "actor":
                assert rule is not None
                event["actor"] = None if rule.actor is None else rule.actor.model_dump()
            case "clock":
                assert rule is not None
                event["at"] = written(effect.at + round(1000 * (rule.offset or 0.0)))
        self.feed.publish(event, copies=2 if rule is not None and rule.kind == "duplicate" else 1)
        if self._to_be_overtaken is not None:
            event, self._to_be_overtaken = self._to_be_overtaken, None
            self.feed.publish(event)

    async def _publish_later(self, event: dict[str, Any], seconds: float) -> None:
        if await self.background.hang(seconds):
            self.feed.publish(event)

    async def _publish_unless_overtaken(self, event: dict[str, Any]) -> None:
        if await self.background.hang(OVERTAKEN_AT_MOST) and self._to_be_overtaken is event:
            self._to_be_overtaken = None
            self.feed.publish(event)

    def public_counts(self, account: Account, *, at: int) -> dict[str, int]:
        """Return the counts as the public sees them; a hidden one is absent."""
        if not account.active:
            return {"followers": 0, "following": 0}
        curve, restored = self.curves.get(account.id), self.restored_at.get(account.id)
        recounted = self.recounted_at.get(account.id)
        if curve is None or restored is None or (recounted is not None and at >= recounted + RECOUNT_TAKES):
            return {"followers": account.followers, "following": account.following}
        shown = curve.shown(account.followers, since=at - restored)
        return {} if shown is None else {"followers": shown, "following": account.following}


def may_touch(actor: Actor, account_id: str) -> bool:
    """Whether the actor may change that account: an owner the own, all others any."""
    return actor.kind != OWNER or actor.id == f"owner:{account_id}"


Handler = Callable[[World, Call], Awaitable[Answer]]
