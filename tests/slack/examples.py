"""Records in every state, ordinary and as hostile and long as Slack and the platform let them be."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot.core.account import Account
from bot.core.approvers import Approvers, Load, Overturned, Pair, QuickVote
from bot.core.digest import Day, Digest, Pending, Week
from bot.core.incident import Incident, IncidentKind, IncidentState
from bot.core.overlay import RuleChange, RuleVerb
from bot.core.quorum import Quorum
from bot.core.request import ACTIONS, BOT, Action, Choice, Request, State, Subject, Vote
from bot.core.ruling import ACTION_OF, subject_of
from bot.core.transition import Entry, Kind
from bot.slack.language import language

EN, FR = language("en"), language("fr")
FILED = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)
HOSTILE = (
    "<!channel>",
    "*bold* _slanted_ ~struck~ `code`",
    "<https://evil.example|Approve here>",
    "<@U00ROOT> &amp; :tada:",
    "\u202egnp.exe\u202c",
    "a\u200bb\u2066c\x00d\x1b[31m",
    "first\nApproved by Mona\r\nthird\u2028fourth",
    "\u05d0\u05d1\u05d2 1 of 2",
    "аdmin",  # the first letter is Cyrillic
    "   ",
    "\U000e0041\ufe00\u3164",
)
LONG = "<!channel>*\u202e" + "x" * 2987
"""3,000 characters, the most that an input of Slack's takes."""
URL = "https://evidence.example/case/1?" + "q" * 2968
BOTH = Quorum(groups=(("manager", 1), ("trust-safety", 1)))

SUBJECT = Subject(
    id="1000001",
    handle="president",
    display_name="The President",
    verified=True,
    tags=("head-of-state",),
    followers=41_700_000,
)
PENDING = Request(
    id="REQ-ABCDEFGH23",
    version=1,
    revision=1,
    action=Action.DEACTIVATE,
    subject=SUBJECT,
    tier="protected",
    quorum=BOTH,
    emergency=False,
    category="impersonation",
    reason="Somebody else writes from this account since noon.",
    evidence="https://evidence.example/case/1",
    requester="ada",
    requester_slack="U01ADA",
    by_policy=False,
    incident=None,
    state=State.PENDING,
    operation="op-secret",
    policy="p" * 64,
    filed_at=FILED,
    expires_at=FILED + timedelta(hours=24),
    quorate_at=None,
    not_before=None,
    execute_by=None,
    claimed_at=None,
    if_match=None,
    waits_for=None,
    waits_since=None,
    revised_why=None,
    ended_at=None,
    ended_by=None,
    outcome=None,
    explains=None,
)
OUTCOME = {
    State.DENIED: "It is a parody account.",
    State.FAILED: "The platform said yes and nothing happened.",
    State.EXPIRED: "not_decided",
    State.VOID: "no_quorum",
    State.SUPERSEDED: "owner:1000001",
}
NOT_ENDED = {State.PENDING, State.APPROVED, State.RUNNING, State.UNCERTAIN, State.PROVISIONAL, State.RATIFIED}


def vote(person: str, group: str, *, choice: Choice = Choice.APPROVE, **more: Any) -> Vote:
    given: dict[str, Any] = {
        "person": person,
        "revision": 1,
        "choice": choice,
        "at": FILED + timedelta(minutes=3),
        "slack_user": f"U02{person.upper()}",
        "groups": (group,),
        "team": f"team of {person}",
        "reason": None,
        "digest": "d" * 64,
        "policy": "p" * 64,
    }
    return Vote(**{**given, **more})


MONA, TESSA = vote("mona", "manager"), vote("tessa", "trust-safety")


def in_state(state: State, **more: Any) -> Request:
    """A request as it stands in that state."""
    moved: dict[str, Any] = {"state": state}
    if state is not State.PENDING:
        moved |= {"votes": (MONA, TESSA), "quorate_at": FILED + timedelta(minutes=3)}
        moved |= {"not_before": moved["quorate_at"], "execute_by": FILED + timedelta(minutes=13)}
    if state is State.DENIED:
        moved["votes"] = (MONA, vote("omar", "manager", choice=Choice.DENY))
    if state not in NOT_ENDED:
        by = {State.DENIED: "omar", State.WITHDRAWN: "ada", State.SUPERSEDED: "owner:1000001"}.get(state, BOT)
        moved |= {"ended_at": FILED + timedelta(minutes=65), "ended_by": by, "outcome": OUTCOME.get(state)}
    return replace(PENDING, **{**moved, **more})


def by_guard(state: State) -> Request:
    """The restore that the guard files."""
    return replace(
        in_state(state),
        action=Action.RESTORE,
        quorum=Quorum(groups=()),
        requester=BOT,
        requester_slack=None,
        by_policy=True,
        expires_at=None,
        execute_by=None,
        votes=(),
    )


def hostile(request: Request, text: str, *, tags: int = 50) -> Request:
    """The same with that text wherever a person or the platform could have put it."""
    subject = Subject(id=text, handle=text, display_name=text, verified=False, tags=(text,) * tags, followers=None)
    return replace(request, subject=subject, category=text[:75], reason=text, outcome=text if request.outcome else None)


INCIDENT = Incident(
    id="INC-ABCDEFGH23",
    version=1,
    kind=IncidentKind.DEACTIVATED,
    state=IncidentState.OPEN,
    account="1000001",
    handle="president",
    display_name="The President",
    actor="staff:rex",
    person="rex",
    operation=None,
    why="staff",
    found_by="feed",
    at=FILED,
    seen_at=FILED + timedelta(milliseconds=12),
    followers_before=41_700_000,
    followers_after=None,
    request="REQ-ABCDEFGH24",
    restored_at=None,
    restored_by=None,
    cause=None,
)
RESTORED = replace(
    INCIDENT,
    state=IncidentState.RESTORED,
    restored_at=FILED + timedelta(milliseconds=840),
    restored_by=BOT,
    followers_after=5_400,
)


def hostile_incident(incident: Incident, text: str) -> Incident:
    return replace(
        incident, account=text, handle=text, display_name=text, actor=text, person=text, cause=text, restored_by=text
    )


WEEK = Digest(
    week=Week(2026, 46),
    starts=datetime(2026, 11, 9, tzinfo=UTC),
    ends=datetime(2026, 11, 16, tzinfo=UTC),
    filed=12,
    approved=7,
    denied=2,
    expired=1,
    withdrawn=1,
    done=6,
    failed=1,
    refused=3,
    median_to_decision=timedelta(minutes=4, seconds=10),
    incidents=2,
    median_to_restore=timedelta(milliseconds=840),
    worst_to_restore=timedelta(seconds=12.3),
    unrestored=0,
    oldest_pending=Pending(request="REQ-ABCDEFGH23", filed_at=FILED),
    policy_changes=1,
    enforces=True,
)
QUIET_WEEK = replace(
    WEEK,
    filed=0,
    incidents=0,
    unrestored=1,
    median_to_decision=None,
    median_to_restore=None,
    worst_to_restore=None,
    oldest_pending=None,
    policy_changes=0,
    enforces=False,
)

DAYS = tuple(Day(date=date(2026, 11, 9 + n), approved=n % 3, denied=n % 2) for n in range(7))
BUSY_WEEK = replace(
    WEEK,
    days=DAYS,
    happened=(INCIDENT, RESTORED),
    emergencies=1,
    ratified=1,
    approvers=Approvers(
        quick=(QuickVote(request="REQ-ABCDEFGH23", person="mona", took=timedelta(seconds=4.1)),),
        pairs=(Pair(people=("mona", "omar"), approvals=4),),
        load=(Load(person="mona", votes=12), Load(person="omar", votes=8)),
        overturned=(
            Overturned(request="REQ-ABCDEFGH23", restored_by="REQ-ABCDEFGH24", account="1000001", handle="president"),
        ),
    ),
)


def endless_week(text: str) -> Digest:
    """A week in which everything happened a thousand times, to people of that name."""
    incidents = tuple(
        replace(hostile_incident(RESTORED, text), id=f"INC-{n:010}", state=state, kind=kind)
        for n, (state, kind) in enumerate([(s, k) for s in IncidentState for k in IncidentKind] * 50)
    )
    votes = tuple(QuickVote(request=f"REQ-{n:010}", person=text, took=timedelta(seconds=1)) for n in range(1000))
    return replace(
        BUSY_WEEK,
        filed=10**9,
        refused=10**9,
        happened=incidents,
        emergencies=10**6,
        approvers=Approvers(
            quick=votes,
            pairs=(Pair(people=(text, text), approvals=10**6),) * 1000,
            load=(Load(person=text, votes=10**6),) * 1000,
            overturned=(Overturned(request="REQ-1", restored_by="REQ-2", account=text, handle=text),) * 1000,
        ),
    )


def life(by: str, moves: int = 1) -> tuple[Entry, ...]:
    """A request's entries of every kind, so many times over."""
    return tuple(Entry(kind=kind, at=FILED, by=by, request=PENDING.id, facts={}) for kind in list(Kind) * moves)


def an_emergency(state: State) -> Request:
    """An emergency where it stands; what has ended was ended by its own deadline."""
    standing = replace(in_state(state), emergency=True, ratify_by=FILED + timedelta(minutes=15), expires_at=None)
    return replace(standing, claimed_at=FILED)


ACCOUNT = Account(
    id="1000001",
    handle="president",
    display_name="The President",
    active=True,
    verified=True,
    followers=41_700_000,
    following=45,
    tags=("head-of-state",),
    etag='W/"1"',
    deactivation=None,
)
ON_ACCOUNTS = tuple(action for action in Action if ACTIONS[action].makes_active is not None)
CHANGES = {
    RuleVerb.ADD: RuleChange(verb=RuleVerb.ADD, person="nina", slack="U09NINA", groups=("agent", "manager"), team="x"),
    RuleVerb.REMOVE: RuleChange(verb=RuleVerb.REMOVE, person="rex"),
    RuleVerb.LEAVE: RuleChange(verb=RuleVerb.LEAVE, person="rex", last_day=date(2026, 11, 21)),
    RuleVerb.PROTECT: RuleChange(verb=RuleVerb.PROTECT, account="acct_" + "9" * 250, handle="~@" + "x" * 250),
    RuleVerb.OBSERVE: RuleChange(verb=RuleVerb.OBSERVE),
    RuleVerb.ENFORCE: RuleChange(verb=RuleVerb.ENFORCE),
}


def of_the_rules(verb: RuleVerb, state: State = State.PENDING) -> Request:
    """A request for a change of the bot's own rules."""
    change = CHANGES[verb]
    return replace(in_state(state), action=ACTION_OF[verb], subject=subject_of(change), tier="rules", category="rules")
