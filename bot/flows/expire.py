"""End what nobody decided, or nobody could carry out, or nobody ratified, in time."""

from datetime import datetime

from bot.core.claiming import expire_due
from bot.core.transition import Change, Task, Transition
from bot.flows.undo import with_its_undoing
from bot.flows.world import Result, World
from bot.ports import View


async def expire(world: World, task: Task) -> Result:
    """Ask the clock's rule; a clock that stood still meanwhile is looked at again when it would run out."""

    def propose(view: View) -> Change:
        request = view.request(task.payload["request"])
        found = expire_due(request, policy=world.policy_in(view), at=world.now()) if request else None
        if isinstance(found, Transition):
            return Change(transitions=with_its_undoing(world, view, found))
        return Change(answer=found)

    change = await world.ledger.decide(propose)
    answer = change.answer if isinstance(change, Change) else None
    return answer if isinstance(answer, datetime) else None
