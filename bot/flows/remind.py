"""Bring a request that nobody decided up again, in the thread of its card."""

from bot.core.ending import requester_of
from bot.core.record import unstamp
from bot.core.reminding import Reminder, reminder_after, reminder_due, reminds_on
from bot.core.request import Request
from bot.core.tasks import tell
from bot.core.transition import Change, Task
from bot.core.voting import missing
from bot.flows.show import Drawing
from bot.flows.world import Result, World
from bot.ports import Message, Notice


async def remind(drawing: Drawing, world: World, task: Task) -> Result:
    """Say the reminder that is due; the next one is filed in the transaction that ends this one.

    Killed in between it is said again: twice is better than never.
    """
    request, at = await world.ledger.read(lambda view: view.request(task.payload["request"])), world.now()
    if request is None or not reminds_on(request, at=at):
        return None
    due = reminder_due(request, world.policy, since=unstamp(task.payload["since"]), at=at)
    if due is not None:
        await _say(drawing, world, request.id, due)
    following = reminder_after(request, world.policy.reminders, step=task.payload["step"] + 1, at=at)
    if request.emergency and due is not None and not following:
        following = (*following, *tell(request, Notice.NEAR_ITS_END, to=requester_of(request), at=at))
    return Change(tasks=following)


async def _say(drawing: Drawing, world: World, id: str, due: Reminder) -> None:
    """The card first: in the thread of a deleted one nobody would read it. Drawing it may have taken a while."""
    card = await drawing.again(world, id)
    request: Request | None = await world.ledger.read(lambda view: view.request(id))
    if card is None or request is None or not request.waits_for_people:
        return
    called = {"to": list(due.to)} if due.to else {}
    facts = {**called, "missing": missing(request, policy=world.policy, at=world.now())}
    notice = Notice.NEAR_ITS_END if request.emergency else Notice.ESCALATED if due.to else Notice.REMINDER
    await world.desk.thread(card, Message(notice=notice, record=request, facts=facts))
