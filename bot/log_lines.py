"""What the log says of a change that was committed: one line for whatever operations would look for.

Accounts, requests and incidents by their ids, actors as the platform calls them; no names, no reasons, no keys.
"""

from collections.abc import Collection, Iterator

from bot.core.incident import BACK, Incident
from bot.core.request import Request, State
from bot.core.transition import Change, Task, TaskKind, Transition

TOLD = frozenset(
    {State.DONE, State.FAILED, State.UNCERTAIN, State.PROVISIONAL, State.RATIFIED, State.LAPSED}
)  # fmt: skip
"""What carrying a request out comes to."""


def lines_of(change: Change, *, told: Collection[str] = ()) -> Iterator[str]:
    """In the order in which it was written; without the pages whose keys were `told` before: these are on file."""
    for transition in change.transitions:
        yield from _moved(transition)
    for stands in change.actors:
        yield f"actor {stands.actor}: {stands.standing}"
    yield from (_page(task) for task in pages_of(change) if task.key not in told)


def pages_of(change: Change) -> Iterator[Task]:
    tasks = (*change.tasks, *(task for transition in change.transitions for task in transition.tasks))
    return (task for task in tasks if task.kind is TaskKind.PAGE)


def _moved(transition: Transition) -> Iterator[str]:
    before, after = transition.before, transition.after
    if before is not None and before.state == after.state:
        return
    if isinstance(after, Request):
        if after.state in TOLD:
            of = f" {after.subject.id}" if after.of_an_account else ""
            yield f"request {after.id}: {after.action}{of}: {after.state}"
        return
    if before is None:
        yield f"incident {after.id} opened: {after.account} {after.kind} by {after.actor or 'unknown'} ({after.why})"
    if before is not None or after.state in BACK:
        yield f"incident {after.id}: {after.state}{_how_long(after)}"


def _how_long(incident: Incident) -> str:
    if incident.state not in BACK or incident.down_for is None:
        return ""
    return f", {incident.account} was down for {incident.down_for.total_seconds():.3f} s"


def _page(task: Task) -> str:
    about = task.payload.get("record") or task.payload.get("account") or "nothing in particular"
    return f"page {'over' if task.payload.get('over') else 'filed'}: {task.payload['why']}, about {about}"
