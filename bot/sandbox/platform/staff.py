"""Containing a member of staff: the tokens of the suspended get 403 from the next call on."""

from bot.sandbox.platform.moments import now
from bot.sandbox.platform.principals import SERVICE
from bot.sandbox.platform.wire import Answer, Call, said
from bot.sandbox.platform.world import Effect, World


async def suspend(world: World, call: Call) -> Answer:
    return _settled(world, call, action="suspend")


async def reinstate(world: World, call: Call) -> Answer:
    return _settled(world, call, action="reinstate")


def _settled(world: World, call: Call, *, action: str) -> Answer:
    by, name = world.who(call, kinds=(SERVICE,)), call.parts["name"]
    suspended = action == "suspend"
    if call.fault != "no_op" and (name in world.suspended) != suspended:
        (world.suspended.add if suspended else world.suspended.discard)(name)
        effect = Effect(
            at=now(),
            account=None,
            staff=name,
            action=action,
            actor=by,
            operation=call.operation,
            reason=call.reason,
        )
        world.commit(effect, rule=call.rule)
    return said({"name": name, "suspended": suspended})
