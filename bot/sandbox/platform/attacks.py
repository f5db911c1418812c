"""Rules that act by themselves: a member of staff who deactivates again after each restore, or many accounts at once.

They act as that member would through the API, so a suspension ends them.
"""

from time import monotonic

from bot.sandbox.platform.accounts import Actor
from bot.sandbox.platform.changes import Wish, applied
from bot.sandbox.platform.faults import Rule
from bot.sandbox.platform.moments import now
from bot.sandbox.platform.world import Effect, World

_STRIDE = 0.005  # seconds between the steps of a bulk; each step does what is due by then


class Attacks:
    """The attacks under way on one platform. `call_off` makes those begun before it end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._called_off = 0
        world.after_restore = self._restored

    def call_off(self) -> None:
        self._called_off += 1

    def begin_bulk(self, rule_id: str, rule: Rule) -> None:
        self._world.background.begin(self._bulk(rule_id, rule, self._called_off))

    def _restored(self, effect: Effect) -> None:
        if effect.account is None:
            return
        rule = self._world.faults.for_restore(account=effect.account, by=effect.actor.id)
        if rule is not None:
            self._world.background.begin(self._again(effect.account, rule, self._called_off))

    async def _again(self, account_id: str, rule: Rule, begun: int) -> None:
        if await self._world.background.hang(rule.every or 0.0) and begun == self._called_off:
            self._take_down(account_id, by=_actor(rule))

    async def _bulk(self, rule_id: str, rule: Rule, begun: int) -> None:
        """Deactivate `count` accounts, by id, at `per_second`."""
        assert rule.count is not None
        assert rule.per_second is not None
        start, done, last = monotonic(), 0, ""
        while done < rule.count and begun == self._called_off:
            due = min(rule.count, int((monotonic() - start) * rule.per_second) + 1)
            while done < due:
                account = self._world.accounts.active_after(last)
                if account is None or not self._take_down(account.id, by=_actor(rule)):
                    return
                last, done = account.id, done + 1
                self._world.faults.hit(rule_id)
            if not await self._world.background.hang(_STRIDE):
                return

    def _take_down(self, account_id: str, *, by: Actor) -> bool:
        """Deactivate as that actor; return whether it happened."""
        world, at = self._world, now()
        account = world.accounts.get(account_id)
        if account is None or world.is_suspended(by) or world.accounts.is_purged(account_id, at=at):
            return False
        change = applied(account, Wish(active=False), by=by, at=at, operation=None, reason=None)
        if change is None:
            return False
        effect = Effect(at=at, account=account.id, handle=account.handle, action=change.action, actor=by)
        world.commit(effect, after=change.after)
        return True


def _actor(rule: Rule) -> Actor:
    assert rule.actor is not None
    return Actor(rule.actor.id, rule.actor.kind)
