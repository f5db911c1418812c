"""What the guard commits: an incident, and the restore that it files, has approved by policy and claims at once."""

from dataclasses import replace
from datetime import datetime

from bot.core.account import Account, Event, Instance
from bot.core.incident import Incident, IncidentKind, IncidentState
from bot.core.policy import Person, Tier
from bot.core.request import BOT, Request, State, Subject
from bot.core.restoring import by_policy
from bot.core.tasks import draw, page, page_over
from bot.core.transition import Kind, Transition, move
from bot.core.verdict import Because, Verdict

NOT_UNDONE = frozenset({IncidentKind.RESTORED, IncidentKind.DELETED})
"""What nobody had approved and the bot does not undo."""


def incident(
    instance: Instance,
    *,
    id: str,
    kind: IncidentKind,
    account: Account | Event,
    verdict: Verdict,
    person: Person | None,
    found_by: str,
    at: datetime,
) -> Incident:
    """A new incident of an unexplained instance, not yet stored."""
    read = account if isinstance(account, Account) else None
    return Incident(
        id=id,
        version=0,
        kind=kind,
        state=IncidentState.OPEN,
        account=instance.account,
        handle=account.handle,
        display_name=read.display_name if read else account.handle,
        actor=instance.actor,
        person=person.id if person else None,
        operation=instance.operation,
        why=verdict.because.value,
        found_by=found_by,
        at=instance.at,
        seen_at=at,
        followers_before=read.followers if read else None,
        followers_after=None,
        request=None,
        restored_at=None,
        restored_by=None,
        cause=None,
    )


def opened(new: Incident, *, at: datetime) -> Transition:
    """Open an incident: its card, and one page for it however much follows, that says what it is."""
    tasks = (*draw(new, version=1, at=at), *page(new, paged_as(new), due=at))
    return move(None, new, kind=Kind.OPENED, by=new.actor or "unknown", at=at, tasks=tasks)


def paged_as(found: Incident) -> str:
    """The reason of the page that an incident makes when it is opened."""
    return found.kind.value if found.kind in NOT_UNDONE else found.why


def undo(
    found: Incident,
    account: Account,
    *,
    id: str,
    operation: str,
    tier: Tier,
    policy: str,
    lane_free: bool,
    at: datetime,
) -> tuple[Transition, ...]:
    """The restore of an incident: filed, approved by policy and, where the lane is free, claimed in one commit."""
    filed = by_policy(
        Subject.of(account),
        id=id,
        operation=operation,
        tier=tier.name,
        category="incident",
        reason=f"unapproved: {found.why}",
        policy=policy,
        at=at,
        incident=found.id,
    )
    if not lane_free:
        return (filed,)
    assert isinstance(filed.after, Request)
    running = replace(filed.after, state=State.RUNNING, claimed_at=at, if_match=account.etag)
    return (filed, move(filed.after, running, kind=Kind.CLAIMED, by=BOT, at=at, policy=policy))


def joined(found: Incident, request: str, *, at: datetime) -> Transition:
    """Note on an incident which request undoes it."""
    return _moved(found, replace(found, request=request, state=IncidentState.OPEN), kind=Kind.JOINED, at=at)


def restored(found: Incident, *, at: datetime, restored_at: datetime, by: str, followers: int | None) -> Transition:
    """The public view shows the account again; `restored_at` is that view's own time."""
    after = replace(
        found, state=IncidentState.RESTORED, restored_at=restored_at, restored_by=by, followers_after=followers
    )
    return _moved(found, after, kind=Kind.RESTORED, at=at)


def left(found: Incident, *, because: Because | str, at: datetime) -> Transition:
    """Explained meanwhile: nothing is undone."""
    return _moved(found, replace(found, state=IncidentState.LEFT, cause=str(because)), kind=Kind.CLOSED, at=at)


def stuck(found: Incident, *, cause: str, at: datetime) -> Transition:
    """The platform refuses for good: a person has to look, with the evidence."""
    moved = _moved(found, replace(found, state=IncidentState.STUCK, cause=cause), kind=Kind.CLOSED, at=at)
    return replace(moved, tasks=(*moved.tasks, *page(found, "stuck", due=at)))


def acknowledged(found: Incident, *, by: str, at: datetime) -> Transition:
    """A person has seen it: whoever was paged need not look any more. That it is undone would not be enough."""
    after = replace(found, acknowledged_by=by, acknowledged_at=at)
    moved = _moved(found, after, kind=Kind.ACKNOWLEDGED, at=at, by=by)
    whys = (paged_as(found), *(("stuck",) if found.state is IncidentState.STUCK else ()))
    return replace(moved, tasks=(*moved.tasks, *page_over(found, *whys, due=at)))


def _moved(before: Incident, after: Incident, *, kind: Kind, at: datetime, by: str = BOT) -> Transition:
    redraw = draw(before, version=before.version + 1, at=at)
    return move(before, after, kind=kind, by=by, at=at, tasks=redraw)
