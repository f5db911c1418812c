"""What becomes of an incident whose account is back: its counts are watched until they are whole, or a person decides.

restored → whole | lost; whole → restored where they fall again; lost → restored where a person has them watched again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.acknowledging import Acknowledging, known, not_gone, not_the_actor, rostered
from bot.core.counts import Figures, Finding, Where, settling
from bot.core.incident import Incident, IncidentState
from bot.core.refusal import Refusal, Why
from bot.core.request import BOT
from bot.core.tasks import draw, page, page_once, sample, watch
from bot.core.transition import Change, Kind, Sample, Task, Transition, move

DOWN_AGAIN = "down_again"
"""The cause of an incident whose account went down again before its counts were judged: the next one's watch counts."""
RECOUNTED = (timedelta(seconds=30), timedelta(minutes=5))
"""Counts that are low for so long have the platform asked to count again, once each."""
MOST_FALLS = 3
"""Counts that became whole and fell again so often are for a person to judge."""


def watched(incident: Incident) -> bool:
    """Whether its counts are still looked at."""
    return incident.state in {IncidentState.RESTORED, IncidentState.WHOLE} and incident.cause != DOWN_AGAIN


def recounts(due: Sequence[timedelta]) -> frozenset[int]:
    """The places of the samples at which low counts have the platform asked to count again; never the last.

    In a short list they are those at half and at three quarters of its time.
    """
    ends = due[-1]
    marks = (min(RECOUNTED[0], ends / 2), min(RECOUNTED[1], 3 * ends / 4))
    places = {next(n for n, after in enumerate(due) if after >= mark) for mark in marks}
    return frozenset(places - {len(due) - 1})


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One sample and what it is to be judged by; `n` is its place among those due, and may lie behind the last."""

    sample: Sample
    finding: Finding
    before: Figures | None
    edges: int | None
    due: tuple[timedelta, ...]
    n: int
    since: datetime
    falls: int

    @property
    def last(self) -> bool:
        return self.n >= len(self.due) - 1


def asks_recount(found: Incident, look: Look) -> bool:
    """Whether the platform is to be asked to count again: what was whole has fallen, or is low for long."""
    if look.finding.where is not Where.LOW:
        return False
    return found.state is IncidentState.WHOLE or look.n in recounts(look.due)


def looked(found: Incident, look: Look, *, at: datetime) -> Change:
    """What a sample makes of the incident, if that is news, and the next sample, if there is one."""
    fell = found.state is IncidentState.WHOLE and look.finding.where is Where.LOW
    if fell and look.falls < MOST_FALLS:
        moved = _seen(found, look, IncidentState.RESTORED, kind=Kind.FELL, at=at)
        woken = page_once(found, "counts_fell", due=at, **_figures(look))
        return _change(look, moved, *woken, *watch(found, look.due, at=at, falls=look.falls + 1))
    if fell or (look.last and look.finding.where is Where.LOW and found.state is IncidentState.RESTORED):
        moved = _seen(found, look, IncidentState.LOST, kind=Kind.LOST, at=at)
        return _change(look, moved, *page(found, "counts_lost", due=at, **_figures(look)))
    if found.state is IncidentState.RESTORED and look.finding.where is Where.WHOLE:
        return _change(look, _seen(found, look, IncidentState.WHOLE, kind=Kind.WHOLE, at=at), *_next(found, look, at))
    news = _is_news(found, look)
    same = _seen(found, look, found.state, kind=Kind.SAMPLED, at=at) if news else None
    return _change(look, same, *_next(found, look, at))


def _change(look: Look, moved: Transition | None, *tasks: Task) -> Change:
    return Change(transitions=(moved,) if moved else (), samples=(look.sample,), tasks=tasks)


def _is_news(found: Incident, look: Look) -> bool:
    """While they are not whole the counts are news whenever they move."""
    if found.baseline_from is None and look.before is not None:
        return True
    if found.state is IncidentState.WHOLE:
        return False
    moved = (look.sample.followers, look.sample.following) != (found.followers_now, found.following_now)
    return asks_recount(found, look) or moved or found.sampled_at is None


def _next(found: Incident, look: Look, at: datetime) -> tuple[Task, ...]:
    """The next sample; behind the last one only as long as what is right has not been so for long enough."""
    by = settling(look.due)
    if not look.last:
        pause = look.due[look.n + 1] - look.due[look.n]
    elif look.finding.where is Where.SETTLING and found.state is IncidentState.RESTORED:
        pause = by.over / max(by.in_a_row - 1, 1)
    else:
        return ()
    return (sample(found, since=look.since, n=look.n + 1, falls=look.falls, due=at + pause),)


def _seen(found: Incident, look: Look, state: IncidentState, *, kind: Kind, at: datetime) -> Transition:
    after = replace(
        found,
        state=state,
        quiet=found.quiet and state is not IncidentState.LOST,
        followers_now=look.sample.followers,
        following_now=look.sample.following,
        sampled_at=look.sample.at,
        whole_at=look.sample.at if kind is Kind.WHOLE else found.whole_at if kind is Kind.SAMPLED else None,
    )
    if look.before is not None:
        before = look.before
        after = replace(
            after,
            followers_before=before.followers,
            following_before=before.following,
            baseline_at=before.at,
            baseline_from=before.source,
        )
    redraw = draw(after, version=found.version + 1, at=at)
    told = {"drifted": look.finding.drifted, "recount": asks_recount(found, look), **_figures(look)}
    return move(found, after, kind=kind, by=BOT, at=at, tasks=redraw, **told)


def _figures(look: Look) -> dict[str, int | None]:
    """What whoever is woken compares."""
    return {
        "followers": look.sample.followers,
        "baseline": look.before.followers if look.before else None,
        "edges": look.edges,
    }


def down_again(found: Incident, *, at: datetime) -> Change:
    """The account is down again: the watch ends, and what counts that were not whole would have done is not known."""
    if found.state is IncidentState.WHOLE:
        return Change()
    redraw = draw(found, version=found.version + 1, at=at)
    gone = move(found, replace(found, cause=DOWN_AGAIN), kind=Kind.SAMPLED, by=BOT, at=at, tasks=redraw)
    return Change(transitions=(gone,))


def lost(case: Acknowledging) -> Refusal | None:
    """Only what a person is to decide about is watched again."""
    return None if case.found.state is IncidentState.LOST else Refusal(why=Why.NOT_LOST)


def another_acted(case: Acknowledging) -> Refusal | None:
    """Acknowledged or not, who acted in it does not decide on it."""
    if case.found.person != case.reader.id:
        return None
    return Refusal(why=Why.OPEN_INCIDENT_OF_YOURS, facts={"incident": case.found.id})


Check = Callable[[Acknowledging], Refusal | None]
WATCH_CHECKS: tuple[Check, ...] = (rostered, not_gone, known, lost, not_the_actor, another_acted)


def watch_on(
    case: Acknowledging, due: Sequence[timedelta], *, checks: tuple[Check, ...] = WATCH_CHECKS
) -> Transition | Refusal:
    """A person has counts watched again that did not come back in time."""
    for check in checks:
        if refusal := check(case):
            return refusal
    found = case.found
    after = replace(found, state=IncidentState.RESTORED)
    tasks = (*draw(found, version=found.version + 1, at=case.at), *watch(found, due, at=case.at))
    return move(found, after, kind=Kind.SAMPLED, by=case.reader.id, at=case.at, tasks=tasks, watch_on=True)
