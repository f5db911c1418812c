"""Bring a pending request up again: which reminder is due and when the next one is.

A reminder is counted from the filing. Those that were due while the bot was down are joined: only the latest is said.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.policy import Policy, Reminders
from bot.core.request import OPEN, Request, State
from bot.core.tasks import remind
from bot.core.transition import Task

MOST_MENTIONED = 20
"""A mention that reaches more people than this is answered by none of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One time at which an unanswered request is brought up again."""

    after: timedelta
    """Counted from the filing."""
    escalates: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Reminder:
    """What is to be said in the thread of the request's card now."""

    to: tuple[str, ...] = ()
    """Slack users to mention: some where it is brought before others, none in a plain reminder."""


def steps(rules: Reminders) -> tuple[Step, ...]:
    """Every time at which something may be said, in order."""
    last = (Step(after=rules.escalate_after, escalates=True),) if rules.escalate_to else ()
    return (*(Step(after=after) for after in rules.after), *last)


def reminder_after(request: Request, rules: Reminders, *, step: int, at: datetime) -> tuple[Task, ...]:
    """The first one later than `at`, as a task; none where the request has expired by then."""
    for found in steps(rules):
        due = request.filed_at + found.after
        if due > at:
            late = request.expires_at is not None and due >= request.expires_at
            return () if late else (remind(request, step=step, since=at, due=due),)
    return ()


def reminder_due(request: Request, policy: Policy, *, since: datetime, at: datetime) -> Reminder | None:
    """The latest that fell due after `since`, unless nobody is there to be reminded of anything."""
    if request.state is not State.PENDING:
        return None
    due = [step for step in steps(policy.reminders) if since < request.filed_at + step.after <= at]
    to = mentioned(request, policy, at=at)
    said = next((step for step in reversed(due) if to or not step.escalates), None)
    if said is None:
        return None
    return Reminder(to=to if said.escalates else ())


def reminds_on(request: Request, *, at: datetime) -> bool:
    """Whether there may be something to say, now or after a revision; never once its time is over."""
    return request.state in OPEN and (request.expires_at is None or at < request.expires_at)


def mentioned(request: Request, policy: Policy, *, at: datetime) -> tuple[str, ...]:
    """One Slack user of each person whom the policy escalates to: never the requester, nobody who has left."""
    wanted = set(policy.reminders.escalate_to)
    able = [p for p in policy.people.values() if p.slack and p.id != request.requester and not policy.gone(p, at)]
    called = [p for p in able if wanted & {p.id, *policy.groups_of(p, at=at, requester=request.requester)}]
    return tuple(p.slack[0] for p in called[:MOST_MENTIONED])
