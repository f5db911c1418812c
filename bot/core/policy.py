"""The policy in force: who may ask, who approves what, tiers, clocks and limits. Pure lookups, no clock."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.core.quorum import Approver, Quorum

PROTECTED = "protected"
SEEN_FOR = timedelta(days=30)
"""How long an account keeps the weight of a tier it was seen in."""
RULES = "rules"
"""The tier of the bot's own rules; it never matches an account."""
TIER_NAMES = (PROTECTED, "high", "standard", RULES)
"""From the weightiest down; the names are fixed, their contents are the policy's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delegate:
    """Who stands in for a person's groups, on the days `since` to `until`, both included."""

    to: str
    since: date
    until: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A canonical human of the roster."""

    id: str
    slack: tuple[str, ...] = ()
    platform: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()
    team: str | None = None
    joined: date | None = None
    last_day: date | None = None
    contractor: bool = False
    delegate: Delegate | None = None
    approves_from: datetime | None = None
    """Until then somebody who was added in Slack neither approves, denies nor lends groups."""


class Weighed(Protocol):
    """What a tier looks at: an account just read, or the subject that a card shows."""

    @property
    def id(self) -> str: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def followers(self) -> int | None: ...
    @property
    def verified(self) -> bool: ...
    @property
    def created(self) -> datetime | None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """Conditions on an account; each one given counts."""

    tags: frozenset[str] | None = None
    followers_at_least: int | None = None
    verified: bool | None = None
    younger_than: timedelta | None = None
    older_than: timedelta | None = None

    def hits(self, account: Weighed, *, at: datetime) -> list[bool]:
        """One truth a condition. Hidden counts and ages hit every threshold: in doubt the weightier tier."""
        found: list[bool] = []
        if self.tags is not None:
            found.append(bool(self.tags & set(account.tags)))
        if self.followers_at_least is not None:
            found.append(account.followers is None or account.followers >= self.followers_at_least)
        if self.verified is not None:
            found.append(account.verified is self.verified)
        if self.younger_than is not None:
            found.append(account.created is None or at - account.created < self.younger_than)
        if self.older_than is not None:
            found.append(account.created is None or at - account.created > self.older_than)
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Tier:
    """How weighty a subject is and what that demands."""

    name: str
    approvals: tuple[tuple[str, int], ...]
    any: Match | None = None
    all: Match | None = None
    from_different_teams: bool = False
    cooling_off: timedelta = timedelta(0)
    emergency: tuple[str, ...] = ()
    confirm_handle: bool = False

    @property
    def catches_all(self) -> bool:
        return self.any is None and self.all is None

    def matches(self, account: Weighed, *, at: datetime) -> bool:
        some = self.any is None or any(self.any.hits(account, at=at))
        return some and (self.all is None or all(self.all.hits(account, at=at)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The clocks and brakes."""

    request_expires: timedelta = timedelta(hours=24)
    execution_expires: timedelta = timedelta(minutes=10)
    ratify_within: timedelta = timedelta(minutes=15)
    requests_per_person_hour: int = 20
    deactivations_per_hour: int = 200
    emergencies_per_person_day: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardRules:
    """What the guard does and takes for explained."""

    enforces: bool = True
    """What the mode says; whether it is so now is `enforces_at`."""
    observes_since: datetime | None = None
    """From when on it only observes because that was approved; it ends by itself."""
    explained_actors: frozenset[str] = frozenset()
    sweep_every: timedelta = timedelta(seconds=60)
    observe_at_most: timedelta = timedelta(minutes=30)
    restores_unknown_actor: bool = True
    samples: tuple[timedelta, ...] = ()

    @property
    def observes_until(self) -> datetime | None:
        """The end of the observing that was approved."""
        return self.observes_since + self.observe_at_most if self.observes_since is not None else None

    def enforces_at(self, at: datetime) -> bool:
        """Whether what nobody approved is put back now."""
        return self.enforces and (self.observes_until is None or at >= self.observes_until)


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestRules:
    """When the weekly digest is due, in the policy's time zone; `weekday` 0 is Monday."""

    weekday: int = 0
    hour: int = 9


@dataclass(frozen=True, kw_only=True, slots=True)
class Reminders:
    """When an unanswered request is brought up again, counted from its filing: strictly growing times.

    `escalate_to` are persons or groups of the roster, whom a request is brought before last; with none nobody is.
    """

    after: tuple[timedelta, ...] = (timedelta(hours=1), timedelta(hours=4))
    escalate_after: timedelta = timedelta(hours=8)
    escalate_to: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """One valid policy. `digest` is the SHA-256 of `text`, by which votes, claims and entries name it."""

    text: str
    digest: str
    timezone: ZoneInfo
    channel_language: str
    """`en` or `fr`: in which the bot speaks where more than one person reads."""
    people: dict[str, Person]
    may_ask: frozenset[str]
    categories: tuple[str, ...]
    tiers: tuple[Tier, ...]
    leaver_window: timedelta = timedelta(days=14)
    newcomers: timedelta = timedelta(0)
    contractors_as_leavers: bool = True
    limits: Limits = field(default_factory=Limits)
    guard: GuardRules = field(default_factory=GuardRules)
    digest_rules: DigestRules = field(default_factory=DigestRules)
    reminders: Reminders = field(default_factory=Reminders)
    security_channel: str = ""
    on_call: str = ""
    protected: frozenset[str] = frozenset()
    """Ids of accounts that are in the tier `protected` whatever they look like."""
    _lenders: dict[str, tuple[Person, ...]] = field(init=False, repr=False, compare=False)
    """Who lends their groups to whom, whenever that is: in a roster of thousands few do."""

    def __post_init__(self) -> None:
        lenders: defaultdict[str, tuple[Person, ...]] = defaultdict(tuple)
        for person in self.people.values():
            if person.delegate is not None:
                lenders[person.delegate.to] += (person,)
        object.__setattr__(self, "_lenders", dict(lenders))

    @property
    def security(self) -> tuple[str, ...]:
        """The channel of those who watch, for a notice to be sent to; none where the policy names none."""
        return (self.security_channel,) if self.security_channel else ()

    def person_of_slack(self, user: str | None) -> Person | None:
        """The person behind a Slack user id; nobody is found by name or e-mail."""
        return next((p for p in self.people.values() if user in p.slack), None) if user else None

    def person_of_principal(self, principal: str | None) -> Person | None:
        """The person behind a staff principal of the platform."""
        return next((p for p in self.people.values() if principal in p.platform), None) if principal else None

    def today(self, at: datetime) -> date:
        return at.astimezone(self.timezone).date()

    def tomorrow(self, at: datetime) -> datetime:
        """00:00 of the next day in the policy's time zone."""
        return datetime.combine(self.today(at) + timedelta(days=1), time(), tzinfo=self.timezone)

    def midnight(self, at: datetime) -> datetime:
        """00:00 of the day in the policy's time zone."""
        return datetime.combine(self.today(at), time(), tzinfo=self.timezone)

    def gone(self, person: Person, at: datetime) -> bool:
        """Past the last day, from 00:00 of the next day in the policy's time zone: nothing at all any more."""
        return person.last_day is not None and self.today(at) > person.last_day

    def restricted(self, person: Person, at: datetime) -> bool:
        """Bound by the leaver rule: a leaver in the window, a contractor or newcomer where the policy says so."""
        today = self.today(at)
        leaving = person.last_day is not None and person.last_day - self.leaver_window <= today
        new = person.joined is not None and today < person.joined + self.newcomers
        return leaving or new or (person.contractor and self.contractors_as_leavers)

    def groups_of(self, person: Person, *, at: datetime, requester: str | None = None) -> frozenset[str]:
        """The person's own groups and those stood in for; never the requester's own, lent back for the request."""
        lent = (
            other.groups
            for other in self._lenders.get(person.id, ())
            if other.id != requester and self._counts(other, at) and self._lends(other, at)
        )
        return person.groups.union(*lent)

    def _counts(self, person: Person, at: datetime) -> bool:
        return not self.gone(person, at) and (person.approves_from is None or at >= person.approves_from)

    def _lends(self, person: Person, at: datetime) -> bool:
        lent = person.delegate
        return lent is not None and lent.since <= self.today(at) <= lent.until

    def tier(self, name: str) -> Tier | None:
        return next((t for t in self.tiers if t.name == name), None)

    def tier_of(self, account: Weighed, seen: Iterable[str] = (), *, at: datetime) -> Tier:
        """The weightiest of what the account is now and the names of tiers it was `seen` in of late."""
        accounts = [t for t in self.tiers if t.name != RULES]
        now = next(t for t in accounts if t.matches(account, at=at))
        besides = {*seen, PROTECTED} if account.id in self.protected else set(seen)
        return min([now, *(t for t in accounts if t.name in besides)], key=accounts.index)

    def quorum_of(self, tier: Tier, *, requester: Person, at: datetime) -> Quorum:
        """What the tier demands of a request by that person: one approval more where the leaver rule binds them."""
        extra = 1 if self.restricted(requester, at) else 0
        return Quorum(groups=tier.approvals, different_teams=tier.from_different_teams, extra=extra)

    def approver(self, person: Person, *, tier: str, at: datetime, requester: str) -> Approver | None:
        """The person as one who may vote on that tier now, or None. The requester never is."""
        if (
            person.id == requester
            or not self._counts(person, at)
            or (tier == PROTECTED and self.restricted(person, at))
        ):
            return None
        return Approver(person=person.id, groups=self.groups_of(person, at=at, requester=requester), team=person.team)

    def eligible(self, quorum: Quorum, *, tier: str, at: datetime, requester: str) -> tuple[Approver, ...]:
        """Everybody who may vote on such a request now."""
        able = (self.approver(p, tier=tier, at=at, requester=requester) for p in self.people.values())
        return tuple(a for a in able if a is not None and a.groups & quorum.names)
