"""What is known of an incident, where from, and what is not: for those who have to answer for it.

Nothing here is concluded that no record says. The operation key of an instance is a secret and no part of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.incident import BACK, BY_OTHERS, Baseline, Cause, Incident, IncidentKind, IncidentState
from bot.core.record import unstamp
from bot.core.request import BOT, State
from bot.core.transition import ActorStands, Entry, Kind, Sample, Standing
from bot.core.watching import DOWN_AGAIN

NOBODY_KNOWN = frozenset({None, "unknown"})


class Source(StrEnum):
    """Who says so."""

    FEED = "feed"
    """The platform's audit feed."""
    RECORD = "record"
    """The platform's record of the account, or its public view."""
    LEDGER = "ledger"
    """The bot's own log."""
    PERSON = "person"


class Step(StrEnum):
    """What a line of the timeline tells; those of `AWAITED` in the order in which they are expected."""

    FIRST_CALL = "first_call"
    SEEN = "seen"
    DECIDED = "decided"
    SENT = "sent"
    UNANSWERED = "unanswered"
    """The platform gave no answer to it; it is tried until one comes."""
    BACK = "back"
    WHOLE = "whole"
    RECOUNT = "recount"
    """The platform was asked to count again."""
    FELL = "fell"
    """The counts fell after they had been back."""
    LOST = "lost"
    WATCHED = "watched"
    """A person had the counts watched again."""
    CONTAINED = "contained"
    REINSTATED = "reinstated"
    CLOSED = "closed"
    """Left as it is, or beyond the bot."""
    ACKNOWLEDGED = "acknowledged"
    ESTABLISHED = "established"


class Unknown(StrEnum):
    """What a reader might take for known and is not."""

    TIME = "time"
    """The platform does not say when it was."""
    ACTOR = "actor"
    BEHIND = "behind"
    """Who used the principal that the platform names."""
    MOTIVE = "motive"
    AUDIENCE = "audience"
    """Who saw it, or missed the account, meanwhile."""
    BESIDE = "beside"
    """What else the actor did there: the bot follows nothing but whether accounts are active."""
    BASELINE = "baseline"
    """No figure from before it went down is known."""
    COUNTS = "counts"
    """The platform hides the counts now, or nobody has looked since."""
    UNANNOUNCED = "unannounced"
    """Why the feed did not tell of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One step: when it was, who says so, and who did it. No time where the source gives none."""

    step: Step
    at: datetime | None
    source: Source
    who: str | None
    cause: Cause | None = None
    """What was established; None then says that it is under investigation again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """One figure before and now, and how much of it is not back; None is not known."""

    before: int | None
    now: int | None

    @property
    def missing(self) -> int | None:
        return None if self.before is None or self.now is None else max(self.before - self.now, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Impact:
    """What it came to, as far as it is known."""

    down_for: timedelta | None
    down: bool
    """Not back as far as the bot knows; always False where nothing was taken down."""
    followers: Counts
    following: Counts
    before_at: datetime | None
    before_from: Baseline | None
    now_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All that may be told of an incident; `corrects` is the cause that was named before the one of now."""

    id: str
    kind: IncidentKind
    state: IncidentState
    account: str
    handle: str
    display_name: str
    actor: str | None
    person: str | None
    why: str
    found_by: str
    at: datetime | None
    seen_at: datetime
    restored_at: datetime | None
    closed_why: str | None
    contained: bool
    """Its actor is locked out now."""
    timeline: tuple[Line, ...]
    awaited: tuple[Step, ...]
    """What no record speaks of yet."""
    impact: Impact
    unknown: tuple[Unknown, ...]
    cause: Cause | None
    corrects: Cause | None
    again: str | None
    """The next incident by which the account was taken down again."""


def report(
    found: Incident,
    *,
    log: Sequence[Entry],
    samples: Sequence[Sample],
    actor: ActorStands | None,
    again: str | None = None,
) -> Report:
    """The report of an incident; `log` holds its entries and those of the requests that undo it, in order."""
    timeline = tuple(sorted(_timeline(found, log), key=_place))
    impact = _impact(found, samples)
    return Report(
        id=found.id,
        kind=found.kind,
        state=found.state,
        account=found.account,
        handle=found.handle,
        display_name=found.display_name,
        actor=found.actor,
        person=found.person,
        why=found.why,
        found_by=found.found_by,
        at=found.at,
        seen_at=found.seen_at,
        restored_at=found.restored_at,
        closed_why=found.cause,
        contained=actor is not None and actor.standing is Standing.CONTAINED,
        timeline=timeline,
        awaited=_awaited(found, {line.step for line in timeline}),
        impact=impact,
        unknown=tuple(_unknown(found, impact)),
        cause=found.established,
        corrects=_corrected(found, log),
        again=again,
    )


def undoable(found: Incident) -> bool:
    """Whether something was taken down that may come back."""
    return found.kind in {IncidentKind.DEACTIVATED, IncidentKind.LATE}


_ORDER = {step: place for place, step in enumerate(Step)}


def _place(line: Line) -> tuple[bool, datetime | None, int]:
    """By time; the act itself first, whatever the platform's clock says, or does not say."""
    if line.step is Step.FIRST_CALL:
        return (False, None, 0)
    return (True, line.at, _ORDER[line.step])


def _timeline(found: Incident, log: Sequence[Entry]) -> Iterable[Line]:
    told = Source.FEED if found.found_by == "feed" else Source.RECORD
    yield Line(step=Step.FIRST_CALL, at=found.at, source=told, who=found.actor)
    yield _ours(Step.SEEN, found.seen_at)
    yield from _undoing(found, log)
    if found.restored_at is not None:
        yield _back(found, found.restored_at)
    if found.contained_at is not None:
        yield _ours(Step.CONTAINED, found.contained_at)
    if found.acknowledged_at is not None:
        who = found.acknowledged_by
        yield Line(step=Step.ACKNOWLEDGED, at=found.acknowledged_at, source=Source.PERSON, who=who)
    for entry in log:
        yield from _logged(entry)


_OF_THE_LOG = {Kind.FELL: Step.FELL, Kind.LOST: Step.LOST, Kind.CLOSED: Step.CLOSED}


def _logged(entry: Entry) -> Iterable[Line]:
    """What may be more than once, or undone again: the record holds only how it stands."""
    changed = entry.facts.get("changes", {})
    if entry.kind in _OF_THE_LOG:
        yield _ours(_OF_THE_LOG[entry.kind], entry.at)
    elif entry.kind is Kind.WHOLE:
        yield Line(step=Step.WHOLE, at=unstamp(changed["whole_at"]), source=Source.RECORD, who=None)
    elif entry.kind is Kind.REINSTATED:
        yield Line(step=Step.REINSTATED, at=entry.at, source=Source.LEDGER, who=entry.by)
    elif entry.kind is Kind.ESTABLISHED:
        cause = _cause(changed["established"])
        yield Line(step=Step.ESTABLISHED, at=entry.at, source=Source.PERSON, who=entry.by, cause=cause)
    if entry.facts.get("watch_on"):
        yield Line(step=Step.WATCHED, at=entry.at, source=Source.PERSON, who=entry.by)
    if entry.facts.get("recount"):
        yield _ours(Step.RECOUNT, entry.at)


def _undoing(found: Incident, log: Sequence[Entry]) -> Iterable[Line]:
    """What the bot decided and sent; a report of an incident from before these were noted tells what its log does."""
    opened = next((entry.at for entry in log if entry.kind is Kind.OPENED), None)
    if (decided := found.decided_at or opened) is not None:
        yield _ours(Step.DECIDED, decided)
    if found.sent_at is not None:
        yield _ours(Step.SENT, found.sent_at)
    for entry in log:
        if entry.kind is Kind.SETTLED and entry.facts["changes"].get("state") == State.UNCERTAIN.value:
            yield Line(step=Step.UNANSWERED, at=entry.at, source=Source.LEDGER, who=None)


def _ours(step: Step, at: datetime) -> Line:
    return Line(step=step, at=at, source=Source.LEDGER, who=BOT)


def _back(found: Incident, at: datetime) -> Line:
    """Where the bot or the feed says who restored it, that; else only a read has shown it."""
    by = found.restored_by
    source = Source.RECORD if by in {BOT, BY_OTHERS, None} else Source.FEED
    return Line(step=Step.BACK, at=at, source=source, who=None if by == BY_OTHERS else by)


def _awaited(found: Incident, there: set[Step]) -> tuple[Step, ...]:
    expected = [Step.ACKNOWLEDGED, Step.ESTABLISHED]
    if undoable(found) and found.state is not IncidentState.LEFT:
        counts = () if found.cause == DOWN_AGAIN else (Step.WHOLE,)
        expected = [Step.BACK, *counts, *expected]
    if found.established is None:
        there = there - {Step.ESTABLISHED}
    if found.state is not IncidentState.WHOLE:
        there = there - {Step.WHOLE}
    if found.state is IncidentState.OPEN:
        expected = [Step.SENT, *expected]
    return tuple(step for step in expected if step not in there)


def _impact(found: Incident, samples: Sequence[Sample]) -> Impact:
    """The figures of the record; where it has none of now, those of the last look since the account is back."""
    since = found.restored_at
    last = next((s for s in reversed(samples) if since is not None and s.at >= since), None)
    followers, following, now_at = found.followers_after, None, since
    if found.sampled_at is not None:
        followers, following, now_at = found.followers_now, found.following_now, found.sampled_at
    elif last is not None:
        followers, following, now_at = last.followers, last.following, last.at
    return Impact(
        down_for=found.down_for if undoable(found) else None,
        down=undoable(found) and found.restored_at is None,
        followers=Counts(before=found.followers_before, now=followers),
        following=Counts(before=found.following_before, now=following),
        before_at=found.baseline_at,
        before_from=found.baseline_from,
        now_at=now_at,
    )


def _unknown(found: Incident, impact: Impact) -> Iterable[Unknown]:
    if found.at is None:
        yield Unknown.TIME
    yield Unknown.ACTOR if found.actor in NOBODY_KNOWN else Unknown.BEHIND
    if found.established in {None, Cause.DELIBERATE}:
        yield Unknown.MOTIVE
    yield Unknown.AUDIENCE
    if found.actor not in NOBODY_KNOWN:
        yield Unknown.BESIDE
    if found.found_by != "feed":
        yield Unknown.UNANNOUNCED
    if not undoable(found):
        return
    if found.baseline_from is not Baseline.SAMPLE:
        yield Unknown.BASELINE
    if found.state in BACK and impact.followers.now is None:
        yield Unknown.COUNTS


def _corrected(found: Incident, log: Sequence[Entry]) -> Cause | None:
    """The last cause that was named and is not the one of now."""
    named = [_cause(entry.facts.get("earlier")) for entry in log if entry.kind is Kind.ESTABLISHED]
    return next((cause for cause in reversed(named) if cause not in {None, found.established}), None)


def _cause(value: str | None) -> Cause | None:
    return Cause(value) if value is not None else None
