"""What the rules look at, small and valid; a test changes the one thing it is about."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.account import OWN_PRINCIPAL, Account, Deactivation, Instance
from bot.core.claiming import Claim, account_gone, claim, expired, supersede
from bot.core.emergency import EmergencyFiling, file_emergency
from bot.core.filing import Draft, Filing, file
from bot.core.guarding import incident, opened, undo
from bot.core.incident import Incident, IncidentKind
from bot.core.policy import Limits, Match, Person, Policy, Tier
from bot.core.quorum import Quorum
from bot.core.ratifying import Ratifying, ratify
from bot.core.record import dump, fold
from bot.core.request import Action, Choice, Request, State, Subject, bound_digest
from bot.core.settling import done, failed, uncertain
from bot.core.transition import Transition
from bot.core.undoing import lapse
from bot.core.verdict import Because, Verdict
from bot.core.voting import Ballot, vote, withdraw

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MS = timedelta(milliseconds=1)

ADA = Person(id="ada", slack=("U01ADA",), groups=frozenset({"agent"}), team="support")
MONA = Person(id="mona", slack=("U02MONA",), groups=frozenset({"agent", "manager"}), team="support")
OMAR = Person(id="omar", slack=("U03OMAR",), groups=frozenset({"manager"}), team="field")
MINA = Person(id="mina", slack=("U06MINA",), groups=frozenset({"manager"}), team="support")
TESSA = Person(id="tessa", slack=("U05TESSA",), groups=frozenset({"trust-safety"}), team="safety")
TOM = Person(id="tom", slack=("U07TOM",), groups=frozenset({"trust-safety"}), team="support")
REX = Person(id="rex", slack=("U04REX",), platform=("staff:rex",), groups=frozenset({"agent"}), team="support")
SAM = Person(id="sam", slack=("U09SAM",))
EVERYBODY = (ADA, MONA, OMAR, MINA, TESSA, TOM, REX, SAM)

PROTECTED = Tier(
    name="protected",
    any=Match(tags=frozenset({"head-of-state", "staff"}), followers_at_least=1_000_000),
    approvals=(("manager", 1), ("trust-safety", 1)),
    from_different_teams=True,
    confirm_handle=True,
)
HIGH = Tier(
    name="high", any=Match(followers_at_least=10_000), approvals=(("manager", 1), ("trust-safety", 1)), cooling_off=HOUR
)
STANDARD = Tier(name="standard", approvals=(("manager", 1),))
TIERS = (PROTECTED, HIGH, STANDARD)


def policy(*changed: Person, without: str | None = None, **others: Any) -> Policy:
    """Everybody, but for the persons given as they are now."""
    people = {person.id: person for person in (*EVERYBODY, *changed) if person.id != without}
    values: dict[str, Any] = {
        "text": "",
        "digest": "p1",
        "timezone": ZoneInfo("UTC"),
        "channel_language": "en",
        "people": people,
        "may_ask": frozenset({"agent"}),
        "categories": ("spam", "other"),
        "tiers": TIERS,
    }
    return Policy(**{**values, **others})


POLICY = policy()
TODAY = date(2026, 11, 16)
YESTERDAY = TODAY - DAY


def leaving(person: Person, last_day: date = TODAY) -> Person:
    return replace(person, last_day=last_day)


def limits(**changed: Any) -> Limits:
    return replace(Limits(), **changed)


def account(**changed: Any) -> Account:
    """An active account of the tier `standard`."""
    return replace(
        Account(
            id="acct_1",
            handle="maria",
            display_name="Maria",
            active=True,
            verified=False,
            followers=120,
            following=7,
            tags=(),
            etag='W/"1"',
            deactivation=None,
        ),
        **changed,
    )


def down(of: Account | None = None, *, actor: str | None = "staff:rex", operation: str | None = None) -> Account:
    """The account as somebody took it down a second ago."""
    why = Deactivation(actor=actor, at=AT - SECOND, operation=operation, reason=None, purge_at=None)
    return replace(of or account(), active=False, etag='W/"2"', deactivation=why)


def down_by_us(request: Request) -> Account:
    return down(actor=OWN_PRINCIPAL, operation=request.operation)


def instance(**changed: Any) -> Instance:
    return replace(Instance(account="acct_1", at=AT - SECOND, actor="staff:rex", operation=None), **changed)


DRAFT = Draft(
    action=Action.DEACTIVATE, category="spam", reason="sells pills", evidence=None, confirm_handle=None, emergency=False
)


def filing(*, of: Account | None = None, draft: Draft = DRAFT, **changed: Any) -> Filing:
    """A filing that passes every check: ada, a standard account, nothing else going on."""
    of = of or account()
    values: dict[str, Any] = {
        "draft": draft,
        "account": of,
        "person": ADA,
        "policy": POLICY,
        "at": AT,
        "tier": POLICY.tier_of(of, at=AT),
        "live": None,
        "filed_in_hour": (),
        "unacknowledged": None,
    }
    return Filing(**{**values, **changed})


def drafted(**changed: Any) -> Filing:
    """The same with something else typed."""
    return filing(draft=replace(DRAFT, **changed))


def moved(outcome: object) -> Request:
    """The request after a move that was let through, in which entry and change agree (I9)."""
    assert isinstance(outcome, Transition), outcome
    after = outcome.after
    assert isinstance(after, Request)
    agrees(outcome)
    return after


def agrees(transition: Transition) -> None:
    """The version rises by one and the entry's changes make the record of the one before."""
    before, after = transition.before, transition.after
    assert after.version == (before.version if before else 0) + 1
    assert fold(dump(before) if before else None, transition.entry.facts["changes"]) == dump(after)


def tasks_of(outcome: object) -> list[str]:
    """The keys of the tasks left behind."""
    assert isinstance(outcome, Transition), outcome
    return [task.key for task in outcome.tasks]


def pending(case: Filing | None = None, *, by: Person | None = None) -> Request:
    case = case or filing()
    person = by or case.asker
    return moved(file(replace(case, person=person), id="REQ-A", operation="op-a", slack_user=person.slack[0]))


def ballot(request: Request, voter: Person | None = OMAR, **changed: Any) -> Ballot:
    """A click on the card as it stands."""
    values: dict[str, Any] = {
        "request": request,
        "person": voter,
        "slack_user": voter.slack[0] if voter else "U99",
        "choice": Choice.APPROVE,
        "digest": request.digest,
        "identity_known": True,
        "policy": POLICY,
        "at": AT + MINUTE,
    }
    return Ballot(**{**values, **changed})


def approved(request: Request | None = None, *voters: Person, at: datetime = AT + MINUTE, **changed: Any) -> Request:
    request = request or pending()
    for voter in voters or (OMAR,):
        request = moved(vote(ballot(request, voter, at=at, **changed)))
    assert request.state is State.APPROVED
    return request


def guards_restore(state: State = State.APPROVED) -> Request:
    """A restore that the guard filed and policy approved."""
    tier = POLICY.tier_of(account(), at=AT)
    free = state is State.RUNNING
    transitions = undo(
        open_incident(), down(), id="REQ-G", operation="op-g", tier=tier, policy="p1", lane_free=free, at=AT
    )
    return moved(transitions[-1])


def claiming(request: Request | None = None, **changed: Any) -> Claim:
    """A claim that passes every check."""
    request = request or approved()
    read = changed.pop("account", account())
    values: dict[str, Any] = {
        "request": request,
        "account": read,
        "tier": POLICY.tier_of(read, at=AT),
        "policy": POLICY,
        "at": AT + 2 * MINUTE,
        "lane": None,
        "incident": None,
        "verdict": None,
        "claimed_in_hour": (),
        "unacknowledged": frozenset(),
    }
    return Claim(**{**values, **changed})


def running(request: Request | None = None) -> Request:
    return moved(claim(claiming(request or approved())))


EXPLAINED = Verdict(explained=True, because=Because.OWNER)
UNEXPLAINED = Verdict(explained=False, because=Because.STAFF)


def open_incident(**changed: Any) -> Incident:
    """An incident of rex's deactivation, as stored."""
    new = incident(
        instance(),
        id="INC-A",
        kind=IncidentKind.DEACTIVATED,
        account=down(),
        verdict=UNEXPLAINED,
        person=REX,
        found_by="feed",
        at=AT,
    )
    stored = opened(new, at=AT).after
    assert isinstance(stored, Incident)
    return replace(stored, **changed)


LATER = AT + 3 * MINUTE


URGENT = replace(STANDARD, emergency=("duty",))
DORA = Person(id="dora", slack=("U08DORA",), groups=frozenset({"agent", "duty"}), team="support")
ON_DUTY = policy(DORA, tiers=(PROTECTED, HIGH, URGENT))


def at_once(**changed: Any) -> EmergencyFiling:
    """An emergency that passes every check: dora is on duty, and nothing else goes on."""
    base = filing(policy=ON_DUTY, person=DORA, tier=URGENT, draft=replace(DRAFT, emergency=True))
    values: dict[str, Any] = {
        **{f.name: getattr(base, f.name) for f in fields(base)},
        "identity_known": True,
        "unratified": None,
        "emergencies_today": 0,
        "busy": False,
        "claimed_in_hour": (),
    }
    return EmergencyFiling(**{**values, **changed})


def emergency() -> Request:
    return moved(file_emergency(at_once(), id="REQ-E", operation="op-e", slack_user="U08DORA"))


def provisional() -> Request:
    request = emergency()
    return moved(done(request, at=AT + SECOND, instance=down_by_us(request).instance))


def ratifiable() -> Request:
    """Verified, and approved by all it needs."""
    return moved(vote(ballot(provisional(), policy=ON_DUTY)))


def ratifying(request: Request | None = None, **changed: Any) -> Ratifying:
    """A ratification that passes every check."""
    values: dict[str, Any] = {
        "request": request or ratifiable(),
        "policy": ON_DUTY,
        "at": AT + 2 * MINUTE,
        "unacknowledged": frozenset(),
        "restored_at": None,
    }
    return Ratifying(**{**values, **changed})


STANDING: dict[State, Callable[[], Request]] = {
    State.PENDING: pending,
    State.APPROVED: approved,
    State.RUNNING: running,
    State.UNCERTAIN: lambda: moved(uncertain(running(), at=LATER, why="no answer")),
    State.PROVISIONAL: provisional,
    State.RATIFIED: lambda: moved(ratify(ratifying())),
    State.DONE: lambda: moved(done(running(), at=LATER, instance=None)),
    State.FAILED: lambda: moved(failed(running(), at=LATER, why="forbidden")),
    State.DENIED: lambda: moved(vote(ballot(pending(), choice=Choice.DENY, reason="not so"))),
    State.WITHDRAWN: lambda: moved(withdraw(pending(), person=ADA, policy=POLICY, at=LATER)),
    State.EXPIRED: lambda: moved(expired(pending(), at=AT + DAY)),
    State.VOID: lambda: moved(account_gone(approved(), at=LATER)),
    State.LAPSED: lambda: moved(lapse(provisional(), policy=ON_DUTY, at=AT + DAY)),
    State.SUPERSEDED: lambda: moved(supersede(pending(), by="owner:acct_1", at=LATER)),
}
"""A request in each state, led there by the moves themselves."""


def digest_with(request: Request, *, of: Account, tier: Tier, quorum: Quorum) -> str:
    """What the claim would recompute of a read."""
    return bound_digest(request, subject=Subject.of(of), tier=tier.name, quorum=quorum)
