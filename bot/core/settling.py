"""The moves `settle` and `release`: what a read after the call makes of a running request."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.account import Instance
from bot.core.ending import end, requester_of
from bot.core.request import BOT, EXPLAINING, IN_LANE, Request, State
from bot.core.tasks import carry_out, draw, expire, page, tell, thread
from bot.core.transition import Kind, Task, Transition, move

PAGED_AFTER = timedelta(minutes=1)
"""An outcome still unknown then wakes the on-call."""


class Failed(StrEnum):
    """Why nothing shows of a call. The platform's own word for it, where there is one, follows after a colon."""

    NO_EFFECT = "no_effect"
    """The platform said yes and nothing happened."""
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    """And nothing shows yet."""
    MOVED = "moved"
    """An emergency acts on what its author was shown, or not at all."""

    def saying(self, words: object) -> str:
        """The code with the platform's own word."""
        return f"{self.value}: {words}"


def done(request: Request, *, at: datetime, instance: Instance | None) -> Transition:
    """A read showed the effect. `instance` is the deactivation it made, which this request explains from now on."""
    assert request.state in IN_LANE
    after = replace(request, state=State.DONE, explains=request.explains or instance)
    if request.emergency:
        return _provisional(request, replace(after, state=State.PROVISIONAL, outcome=None), at=at)
    return end(request, after, kind=Kind.SETTLED, by=BOT, at=at, ended_by=BOT)


def _provisional(request: Request, after: Request, *, at: datetime) -> Transition:
    """What an emergency did is no end: it stands until it is ratified or undone."""
    tasks = (
        *draw(request, version=request.version + 1, at=at),
        *tell(request, "provisional", to=requester_of(request), at=at),
        thread(request, "provisional", at=at),
    )
    return move(request, after, kind=Kind.SETTLED, by=BOT, at=at, tasks=tasks)


def failed(request: Request, *, at: datetime, why: str) -> Transition:
    """A definitive answer, and a read that does not show the effect."""
    assert request.state in IN_LANE
    after = replace(request, state=State.FAILED, outcome=why)
    return end(request, after, kind=Kind.SETTLED, by=BOT, at=at, ended_by=BOT, why=why)


def uncertain(request: Request, *, at: datetime, why: str) -> Transition | None:
    """No answer and no effect seen: never an end, looked at again; None where that is no news."""
    if request.state is State.UNCERTAIN:
        return None
    assert request.state is State.RUNNING
    after = replace(request, state=State.UNCERTAIN, outcome=why)
    tasks = (
        *draw(request, version=request.version + 1, at=at),
        *tell(request, "uncertain", to=requester_of(request), at=at),
        *(() if request.by_policy else (thread(request, "uncertain", at=at),)),
        *page(request, "uncertain", due=at + PAGED_AFTER),
    )
    return move(request, after, kind=Kind.SETTLED, by=BOT, at=at, tasks=tasks, why=why)


def release(request: Request, *, at: datetime) -> Transition:
    """412: what was claimed on is no longer so. The lane is free, the claim is asked again from a new read."""
    assert request.state in IN_LANE
    after = replace(request, state=State.APPROVED, if_match=None, claimed_at=None, outcome=None)
    tasks: tuple[Task, ...] = (*draw(request, version=request.version + 1, at=at), carry_out(request, due=at))
    if request.execute_by is not None:
        # while it ran the expiry tasks found nothing to do and are gone; a clock that stood still ends later
        tasks = (*tasks, expire(request, due=request.execute_by))
    return move(request, after, kind=Kind.RELEASED, by=BOT, at=at, tasks=tasks)


def explained(request: Request, instance: Instance, *, at: datetime) -> Transition:
    """The feed told of this request's effect before its own read did: the first instance is stored on it."""
    assert request.state in EXPLAINING
    return move(request, replace(request, explains=instance), kind=Kind.EXPLAINED, by=BOT, at=at)
