"""What the guard commits: an incident, and the restore that it files, has approved by policy and claims at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.account import Account, Event, Instance
from bot.core.counts import Figures
from bot.core.incident import UNDOABLE, Incident, IncidentKind, IncidentState
from bot.core.policy import Person, Tier
from bot.core.request import BOT, Request, State, Subject
from bot.core.restoring import by_policy
from bot.core.tasks import carry_out, draw, near_purge, page, page_once, page_over, watch
from bot.core.transition import Kind, Task, Transition, move
from bot.core.verdict import Because, Verdict

NOT_UNDONE = frozenset({IncidentKind.RESTORED, IncidentKind.DELETED})
"""What nobody had approved and the bot does not undo."""
PAGED_IN = {IncidentState.STUCK: ("stuck",), IncidentState.LOST: ("counts_lost",)}
"""What an incident that stands so was paged for besides."""
PURGE_NEAR = {"purge_week": timedelta(days=7), "purge_day": timedelta(days=1)}
"""So long before the platform deletes for good what is still down, somebody is woken again."""


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
    heard: datetime | None = None,
    before: Figures | None = None,
) -> Incident:
    """A new incident of an unexplained instance, not yet stored.

    `heard` is when the guard knew of it, else `at`; `before` are the account's counts while it was up.
    """
    read = account if isinstance(account, Account) else None
    down = read.deactivation if read else None
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
        seen_at=heard or at,
        decided_at=at,
        purge_at=down.purge_at if down else None,
        followers_before=before.followers if before else read.followers if read else None,
        followers_after=None,
        request=None,
        restored_at=None,
        restored_by=None,
        cause=None,
        following_before=before.following if before else None,
        baseline_at=before.at if before else None,
        baseline_from=before.source if before else None,
    )


def opened(new: Incident, *, at: datetime, samples: Sequence[timedelta] = ()) -> Transition:
    """Open an incident: its card, and one page for it however much follows, that says what it is.

    One whose account is back already has its counts watched, at `samples`. A quiet one is one of very many: of them all
    there is one page, and it is in the list of incidents.
    """
    more = watch(new, samples, at=at) if new.state is IncidentState.RESTORED else _before_purge(new, at=at)
    said = () if new.quiet else (*draw(new, version=1, at=at), *page(new, paged_as(new), due=at))
    tasks = (*said, *more)
    return move(None, new, kind=Kind.OPENED, by=new.actor or "unknown", at=at, tasks=tasks)


def _before_purge(new: Incident, *, at: datetime) -> tuple[Task, ...]:
    """Wake the on-call again before the platform deletes the account; whether it is still down is asked then."""
    if new.purge_at is None:
        return ()
    due = [(why, new.purge_at - before) for why, before in PURGE_NEAR.items()]
    return tuple(near_purge(new, why, due=when) for why, when in due if when > at)


def warned(found: Incident, why: str, *, at: datetime) -> tuple[Task, ...]:
    """What is still down so near its deletion wakes the on-call again, once for each time."""
    return page_once(found, why, due=at) if found.state in UNDOABLE else ()


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
    pause: timedelta = timedelta(0),
) -> tuple[Transition, ...]:
    """The restore of an incident: filed, approved by policy and, where the lane is free, claimed in one commit.

    After a pause it is claimed from a read of then.
    """
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
        pause=pause,
    )
    if not lane_free or pause:
        return (filed,)
    assert isinstance(filed.after, Request)
    running = replace(filed.after, state=State.RUNNING, claimed_at=at, if_match=account.etag)
    claimed = move(filed.after, running, kind=Kind.CLAIMED, by=BOT, at=at, policy=policy)
    assert isinstance(claimed.after, Request)
    # what is to be done is handed on with the record: nothing stands between this commit and the call
    doing = carry_out(claimed.after, due=at, record=claimed.after)
    return (replace(filed, tasks=()), replace(claimed, tasks=(doing,)))


def joined(found: Incident, request: str, *, at: datetime) -> Transition:
    """Note on an incident which request undoes it."""
    return _moved(found, replace(found, request=request, state=IncidentState.OPEN), kind=Kind.JOINED, at=at)


def restored(
    found: Incident,
    *,
    at: datetime,
    restored_at: datetime,
    by: str,
    followers: int | None,
    sent_at: datetime | None = None,
    samples: Sequence[timedelta] = (),
) -> Transition:
    """The public view shows the account again; `restored_at` is that view's own time, `sent_at` our call's.

    The counts are watched at `samples`.
    """
    after = replace(
        found,
        state=IncidentState.RESTORED,
        restored_at=restored_at,
        restored_by=by,
        followers_after=followers,
        sent_at=sent_at,
    )
    moved = _moved(found, after, kind=Kind.RESTORED, at=at)
    return replace(moved, tasks=(*moved.tasks, *watch(found, samples, at=at)))


def told(found: Incident, *, at: datetime, restored_at: datetime, by: str) -> Transition:
    """The feed tells who restored what was found to be back already, and when."""
    return _moved(found, replace(found, restored_at=restored_at, restored_by=by), kind=Kind.RESTORED, at=at)


def left(found: Incident, *, because: Because | str, at: datetime) -> Transition:
    """Explained meanwhile: nothing is undone."""
    return _moved(found, replace(found, state=IncidentState.LEFT, cause=str(because)), kind=Kind.CLOSED, at=at)


def stuck(found: Incident, *, cause: str, at: datetime) -> Transition:
    """The platform refuses for good: a person has to look, with the evidence."""
    after = replace(found, state=IncidentState.STUCK, cause=cause, quiet=False)
    moved = _moved(found, after, kind=Kind.CLOSED, at=at)
    return replace(moved, tasks=(*moved.tasks, *page(found, "stuck", due=at)))


def acknowledged(found: Incident, *, by: str, at: datetime) -> Transition:
    """A person has seen it: whoever was paged need not look any more. That it is undone would not be enough."""
    after = replace(found, acknowledged_by=by, acknowledged_at=at)
    moved = _moved(found, after, kind=Kind.ACKNOWLEDGED, at=at, by=by)
    whys = (paged_as(found), *PAGED_IN.get(found.state, ()))
    return replace(moved, tasks=(*moved.tasks, *page_over(found, *whys, due=at)))


def _moved(before: Incident, after: Incident, *, kind: Kind, at: datetime, by: str = BOT) -> Transition:
    redraw = draw(after, version=before.version + 1, at=at)
    return move(before, after, kind=kind, by=by, at=at, tasks=redraw)
