"""Bring a pending request up again: which reminder is due and when the next one is.

A reminder is counted from the filing. Those that were due while the bot was down are joined: only the latest is said.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.policy import Policy, Reminders
from bot.core.request import Request
from bot.core.tasks import remind
from bot.core.transition import Task

NEAR_ITS_END = timedelta(minutes=2)
"""So long before it is undone an emergency is brought up for the last time."""
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


def steps(request: Request, rules: Reminders) -> tuple[Step, ...]:
    """Every time at which something may be said, in order."""
    if request.emergency:
        return tuple(Step(after=after, escalates=True) for after in _before_the_deadline(request))
    last = (Step(after=rules.escalate_after, escalates=True),) if rules.escalate_to else ()
    return (*(Step(after=after) for after in rules.after), *last)


def _before_the_deadline(request: Request) -> list[timedelta]:
    """Of an emergency: at half of its time, and shortly before it is undone."""
    assert request.ratify_by is not None
    whole = request.ratify_by - request.filed_at
    return sorted({whole / 2, max(whole - NEAR_ITS_END, whole / 2)})


def reminder_after(request: Request, rules: Reminders, *, step: int, at: datetime) -> tuple[Task, ...]:
    """The first one later than `at`, as a task; none where the request has expired by then."""
    for found in steps(request, rules):
        due, ends = request.filed_at + found.after, request.decided_by or request.expires_at
        if due > at:
            late = ends is not None and due >= ends
            return () if late else (remind(request, step=step, since=at, due=due),)
    return ()


def reminder_due(request: Request, policy: Policy, *, since: datetime, at: datetime) -> Reminder | None:
    """The latest that fell due after `since`, unless nobody is there to be reminded of anything."""
    if not request.waits_for_people:
        return None
    due = [step for step in steps(request, policy.reminders) if since < request.filed_at + step.after <= at]
    to = mentioned(request, policy, at=at)
    said = next((step for step in reversed(due) if to or not step.escalates), None)
    if said is None:
        return None
    return Reminder(to=to if said.escalates else ())


def reminds_on(request: Request, *, at: datetime) -> bool:
    """Whether there may be something to say, now or after a revision; never once its time is over."""
    ends = request.decided_by or request.expires_at
    return request.decidable and (ends is None or at < ends)


def mentioned(request: Request, policy: Policy, *, at: datetime) -> tuple[str, ...]:
    """One Slack user of each person whom it is brought before: never the requester, nobody who has left.

    Whom the policy escalates to; of an emergency those who can ratify it.
    """
    if request.emergency:
        able = policy.eligible(request.quorum, tier=request.tier, at=at, requester=request.requester)
        return tuple(slack[0] for a in able[:MOST_MENTIONED] if (slack := policy.people[a.person].slack))
    wanted = set(policy.reminders.escalate_to)
    here = [p for p in policy.people.values() if p.slack and p.id != request.requester and not policy.gone(p, at)]
    called = [p for p in here if wanted & {p.id, *policy.groups_of(p, at=at, requester=request.requester)}]
    return tuple(p.slack[0] for p in called[:MOST_MENTIONED])
