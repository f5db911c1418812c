"""Bring a request that nobody decided up again, in the thread of its card."""

from datetime import datetime

from bot.core.ending import requester_of
from bot.core.record import unstamp
from bot.core.reminding import Reminder, reminder_after, reminder_due, reminds_on
from bot.core.request import Request
from bot.core.tasks import tell
from bot.core.transition import Change, Task
from bot.core.voting import missing
from bot.flows.show import again, posting
from bot.flows.world import Result, World
from bot.ports import CardAt, Message, Notice


async def remind(world: World, task: Task) -> Result:
    """Say the reminder that is due; the next one is filed in the transaction that ends this one.

    Killed in between it is said again: twice is better than never.
    """
    request, at = await world.ledger.read(lambda view: view.request(task.payload["request"])), world.now()
    if request is None or not reminds_on(request, at=at):
        return None
    due = reminder_due(request, world.policy, since=unstamp(task.payload["since"]), at=at)
    if due is not None and (later := await _say(world, task, due)) is not None:
        return later
    following = reminder_after(request, world.policy.reminders, step=task.payload["step"] + 1, at=at)
    if request.emergency and due is not None and not following:
        following = (*following, *tell(request, Notice.NEAR_ITS_END, to=requester_of(request), at=at))
    return Change(tasks=following)


async def _say(world: World, task: Task, due: Reminder) -> datetime | None:
    """The card first: in the thread of a deleted one nobody would read it. Answers when to try again where it is gone.

    Drawing it may have taken a while, and so may one's turn.
    """
    id = task.payload["request"]
    card = await again(world, task, id)
    if not isinstance(card, CardAt):
        return card
    async with posting(world, task, card.channel):
        request: Request | None = await world.ledger.read(lambda view: view.request(id))
        if request is None or not request.waits_for_people:
            return None
        called = {"to": list(due.to)} if due.to else {}
        facts = {**called, "missing": missing(request, policy=world.policy, at=world.now())}
        notice = Notice.NEAR_ITS_END if request.emergency else Notice.ESCALATED if due.to else Notice.REMINDER
        await world.desk.thread(card, Message(notice=notice, record=request, facts=facts))
    return None
