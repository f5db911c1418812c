"""The weekly digest: which week is due when, and its sums from the audit log."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from bot.core.approvers import Approvers, approvers_of
from bot.core.incident import Incident
from bot.core.policy import DigestRules
from bot.core.record import unstamp
from bot.core.request import Request, Undo
from bot.core.transition import Entry, Kind

COUNTED = (
    Kind.FILED,
    Kind.APPROVED,
    Kind.DENIED,
    Kind.WITHDRAWN,
    Kind.REVISED,
    Kind.EMERGENCY,
    Kind.RATIFIED,
    Kind.UNDONE,
    Kind.EXPIRED,
    Kind.SETTLED,
    Kind.OPENED,
    Kind.REFUSED,
    Kind.POLICY,
)
"""The kinds of entries that the sums look at; the rest of a week, most of it the guard's, need not be fetched."""
TWITTER_2017 = timedelta(minutes=11)
"""How long @realDonaldTrump was down on 2 November 2017, as the company stated: the measure of every restore."""


@dataclass(frozen=True, order=True, slots=True)
class Week:
    """An ISO week, printed as `2026-W46`."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02d}"

    @classmethod
    def of(cls, day: date) -> "Week":
        iso = day.isocalendar()
        return cls(iso.year, iso.week)

    @classmethod
    def parse(cls, text: str) -> "Week":
        """Raises ValueError unless `text` names an ISO week that exists."""
        year, _, number = text.partition("-W")
        if not (year.isdecimal() and len(year) == 4 and number.isdecimal() and len(number) == 2):  # noqa: PLR2004
            raise ValueError(f"“{text}” is not a week; write it like 2026-W46.")
        week = cls(int(year), int(number))
        if not MINYEAR < week.year < MAXYEAR:
            raise ValueError(f"“{text}” lies at the edge of the calendar; take a year in between.")
        try:
            date.fromisocalendar(week.year, week.number, 1)
        except ValueError:
            raise ValueError(f"The year {week.year} has no week {week.number}.") from None
        return week

    def starts(self, zone: ZoneInfo) -> datetime:
        """Monday 00:00 in the zone."""
        monday = date.fromisocalendar(self.year, self.number, 1)
        return datetime(monday.year, monday.month, monday.day, tzinfo=zone)

    def next(self) -> "Week":
        return Week.of(date.fromisocalendar(self.year, self.number, 1) + timedelta(days=7))

    def before(self) -> "Week":
        return Week.of(date.fromisocalendar(self.year, self.number, 1) - timedelta(days=7))


def due(week: Week, rules: DigestRules, zone: ZoneInfo) -> datetime:
    """When the digest *about* `week` is due: the first such weekday and hour after it has ended."""
    day = date.fromisocalendar(week.next().year, week.next().number, 1) + timedelta(days=rules.weekday)
    return datetime(day.year, day.month, day.day, rules.hour, tzinfo=zone)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """The oldest of the requests filed by the end of the week that wait now."""

    request: str
    filed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """The decisions made on one day, 00:00 to 24:00 in the policy's zone, on requests of people.

    `approved` are the approvals that completed a quorum, `denied` the denials. A request that was approved, revised
    and approved again was decided twice, where `Digest.approved` counts it once.
    """

    date: date
    approved: int
    denied: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """A week in figures. Times are None where there is nothing to measure."""

    week: Week
    starts: datetime
    ends: datetime
    filed: int
    approved: int
    denied: int
    expired: int
    withdrawn: int
    done: int
    failed: int
    refused: int
    median_to_decision: timedelta | None
    incidents: int
    median_to_restore: timedelta | None
    worst_to_restore: timedelta | None
    unrestored: int
    oldest_pending: Pending | None
    policy_changes: int
    enforces: bool
    days: tuple[Day, ...] = ()
    """Seven, Monday first."""
    happened: tuple[Incident, ...] = ()
    """The incidents seen in the week, in that order, as they stand now."""
    emergencies: int = 0
    """Filed in the week; they are among `filed` too."""
    ratified: int = 0
    undone: int = 0
    """Emergencies that ended unratified and whose accounts a read has shown active again."""
    approvers: Approvers = field(default_factory=Approvers)


def summarise(
    week: Week,
    zone: ZoneInfo,
    *,
    entries: Iterable[Entry],
    incidents: Sequence[Incident],
    requests: Mapping[str, Request],
    pending: Pending | None,
    enforces: bool,
) -> Digest:
    """The sums of a week from its audit entries; the guard's own restores are counted as incidents, not as requests.

    `entries` are those `COUNTED` and begin `QUICK` before the week or earlier; `requests` are those of `spoken_of`
    and their accounts'.
    """
    starts, ends = week.starts(zone), week.next().starts(zone)
    every = list(entries)
    log = [e for e in every if starts <= e.at < ends]
    people = [e for e in log if by_people(e)]
    seen = sorted((i for i in incidents if starts <= i.seen_at < ends), key=lambda i: (i.seen_at, i.id))
    down = sorted(i.down_for for i in seen if i.down_for is not None)
    return Digest(
        week=week,
        starts=starts,
        ends=ends,
        filed=_count(people, Kind.FILED) + _count(people, Kind.EMERGENCY),
        approved=len({e.request for e in people if _approves(e)}),
        denied=_count(people, Kind.DENIED),
        expired=_count(people, Kind.EXPIRED),
        withdrawn=_count(people, Kind.WITHDRAWN),
        done=sum(e.kind is Kind.SETTLED and _state(e) in {"done", "provisional"} for e in people),
        failed=sum(e.kind is Kind.SETTLED and _state(e) == "failed" for e in people),
        refused=sum(1 + int(e.facts.get("suppressed", 0)) for e in log if e.kind is Kind.REFUSED),
        median_to_decision=_median(_decisions(people)),
        incidents=_count(log, Kind.OPENED),
        median_to_restore=_median(down),
        worst_to_restore=down[-1] if down else None,
        unrestored=sum(i.state in {"open", "stuck", "observed"} for i in seen),
        oldest_pending=pending,
        policy_changes=sum(e.kind is Kind.POLICY and e.facts.get("before") is not None for e in log),
        enforces=enforces,
        days=tuple(_days(week, zone, people)),
        happened=tuple(seen),
        emergencies=_count(people, Kind.EMERGENCY),
        ratified=_count(people, Kind.RATIFIED),
        undone=sum(e.kind is Kind.UNDONE and e.facts["changes"]["undo"] == Undo.RESTORED for e in people),
        approvers=approvers_of(people, before=[e for e in every if e.at < starts], requests=requests),
    )


def by_people(entry: Entry) -> bool:
    """Of a request, and neither of one that the guard filed nor an incident's entry that names its restore."""
    return entry.request is not None and not entry.facts.get("by_policy") and "incident" not in entry.facts


def spoken_of(entries: Iterable[Entry]) -> frozenset[str]:
    """The requests whose records the sums look at, beside the entries."""
    wanted = {Kind.APPROVED, Kind.SETTLED}
    return frozenset(str(e.request) for e in entries if e.kind in wanted and by_people(e))


def _days(week: Week, zone: ZoneInfo, people: Sequence[Entry]) -> Iterator[Day]:
    for number in range(1, 8):
        day = date.fromisocalendar(week.year, week.number, number)
        made = [e for e in people if _decides(e) and e.at.astimezone(zone).date() == day]
        denied = _count(made, Kind.DENIED)
        yield Day(date=day, approved=len(made) - denied, denied=denied)


def _decides(entry: Entry) -> bool:
    return entry.kind is Kind.DENIED or _approves(entry)


def _approves(entry: Entry) -> bool:
    """Whether it tells of a quorum that is complete."""
    return entry.kind is Kind.RATIFIED or (entry.kind is Kind.APPROVED and _state(entry) == "approved")


def _count(entries: Iterable[Entry], kind: Kind) -> int:
    return sum(e.kind is kind for e in entries)


def _state(entry: Entry) -> str | None:
    state = entry.facts.get("changes", {}).get("state")
    return str(state) if state is not None else None


def _decisions(entries: Iterable[Entry]) -> list[timedelta]:
    """Filing to the vote that decided, of each decision made in the week."""
    return [entry.at - unstamp(entry.facts["filed_at"]) for entry in entries if _decides(entry)]


def _median(values: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(v.total_seconds() for v in values)) if values else None
