"""What the rules ask again and again, built once: building a statement takes longer than running it."""

from sqlalchemy import BindParameter, ColumnElement, FromClause, Integer, and_, bindparam, or_, select

from bot.core.incident import UNDOABLE, IncidentKind
from bot.core.request import Action, State
from storage.driver import Question
from storage.tables import IN_LANE as IS_IN_LANE
from storage.tables import LIVE as IS_LIVE
from storage.tables import NOT_UNDONE as IS_NOT_UNDONE
from storage.tables import table

requests = table("requests")
heads = table("audit_head")
votes = table("votes")
incidents = table("incidents")
audit = table("audit")
verdicts = table("verdicts")
sightings = table("sightings")
restores = table("restores")
policies = table("policies")
cursors = table("cursors")
tasks = table("tasks")
cards = table("cards")
samples = table("samples")
actors = table("actors")
latches = table("latches")
leases = table("leases")


def is_an_instance(judged: FromClause) -> ColumnElement[bool]:
    """Not the mark of an event that took nothing down."""
    operation = judged.c.operation
    return or_(operation.is_(None), and_(operation.not_like("restored:%"), operation.not_like("deleted:%")))


FEED = "feed"
DRAWINGS = 100
"""Versions before one that are looked through for a drawing still to be done."""
COUNTED = 64
"""Of an actor's unexplained instances no more are counted: more change nothing."""
# Built once: building a statement takes longer than running it, and the guard's commit runs all of these.
ACCOUNT: BindParameter[str] = bindparam("account")
REQUEST = Question(
    select(requests, *(column.label(f"vote_{column.name}") for column in votes.c))
    .outerjoin(votes, votes.c.request == requests.c.id)
    .where(requests.c.id == bindparam("id"))
    .order_by(votes.c.place)
)
"""A row a vote, one where there is none."""
KEYED = Question(select(requests).where(requests.c.operation == bindparam("operation")))
VOTES_OF = Question(select(votes).where(votes.c.request == bindparam("request")).order_by(votes.c.place))
VOTES = (
    select(votes)
    .where(votes.c.request.in_(bindparam("requests", expanding=True)))
    .order_by(votes.c.request, votes.c.place)
)
LIVE_OF_KIND = Question(
    select(requests)
    .where(requests.c.account == ACCOUNT, requests.c.action == bindparam("action"), IS_LIVE)
    .order_by(requests.c.by_policy, requests.c.filed_at)
    .limit(1)
)
MOST, SKIPPED = bindparam("most", type_=Integer), bindparam("skipped", type_=Integer)
FILED_SINCE = Question(
    select(requests.c.filed_at)
    .where(requests.c.requester == bindparam("person"), requests.c.filed_at > bindparam("since"))
    .order_by(requests.c.filed_at.desc())
    .limit(MOST)
    .offset(SKIPPED)
)
CLAIMED_SINCE = Question(
    select(requests.c.claimed_at)
    .where(requests.c.action == Action.DEACTIVATE.value, requests.c.claimed_at > bindparam("since"))
    .order_by(requests.c.claimed_at.desc())
    .limit(MOST)
    .offset(SKIPPED)
)
DENIED = Question(
    select(requests.c.id)
    .where(
        requests.c.account == ACCOUNT,
        requests.c.action == bindparam("action"),
        requests.c.state == State.DENIED.value,
        requests.c.filed_at >= bindparam("since"),
    )
    .order_by(requests.c.filed_at.desc())
    .limit(1)
)
LANE = Question(select(requests).where(requests.c.account == ACCOUNT, IS_IN_LANE))
INCIDENT = Question(select(incidents).where(incidents.c.id == bindparam("id")))
OPEN_INCIDENT = Question(select(incidents).where(incidents.c.account == ACCOUNT, IS_NOT_UNDONE))
IS_DOWN_BY_INCIDENT = and_(
    or_(incidents.c.kind == IncidentKind.DEACTIVATED.value, incidents.c.kind == IncidentKind.LATE.value),
    or_(*(incidents.c.state == state.value for state in UNDOABLE)),
)
NOT_UNDONE = Question(
    select(incidents).where(incidents.c.account == ACCOUNT, IS_DOWN_BY_INCIDENT).order_by(incidents.c.seen_at)
)
IS_TO_BE_SEEN = (incidents.c.acknowledged_at.is_(None), incidents.c.quiet.is_(False))
"""Nobody acknowledged it yet, and somebody can: a quiet one has no card, and others beside it have."""
UNACKNOWLEDGED = Question(
    select(incidents.c.id).where(incidents.c.person == bindparam("person"), *IS_TO_BE_SEEN).limit(1)
)
UNACKNOWLEDGED_ACTORS = Question(
    select(incidents.c.person).where(incidents.c.person.is_not(None), *IS_TO_BE_SEEN).distinct()
)
TIERS_SEEN = Question(
    select(sightings.c.tier).where(sightings.c.account == ACCOUNT, sightings.c.at >= bindparam("since"))
)
SEEN_AS = select(sightings.c.account).where(
    sightings.c.tier == bindparam("tier"),
    sightings.c.account.in_(bindparam("accounts", expanding=True)),
    sightings.c.at >= bindparam("since"),
)
AWAITING_JUDGEMENT = select(tasks.c.payload).where(
    tasks.c.state.in_(["waiting", "running"]), tasks.c.kind.in_(["judge", "backlog"])
)
RESTORED_AT = Question(select(restores.c.at).where(restores.c.account == ACCOUNT))
JUDGED = Question(select(verdicts).where(verdicts.c.key == bindparam("key")))
PREVIOUS = Question(
    select(verdicts)
    .where(verdicts.c.account == ACCOUNT, is_an_instance(verdicts))
    .order_by(verdicts.c.place.desc())
    .limit(1)
)
FIRST_OF_KEY = Question(
    select(verdicts)
    .where(verdicts.c.account == ACCOUNT, verdicts.c.operation == bindparam("operation"))
    .order_by(verdicts.c.place)
    .limit(1)
)
LAST_JUDGED = Question(
    select(verdicts.c.actor, verdicts.c.judged_at, verdicts.c.explained)
    .where(verdicts.c.account == ACCOUNT)
    .order_by(verdicts.c.place.desc())
    .limit(COUNTED)
)
UNEXPLAINED_SINCE = (
    select(verdicts.c.key)
    .where(verdicts.c.judged_at > bindparam("since"), verdicts.c.explained.is_(False))
    .limit(COUNTED)
)
UNEXPLAINED = Question(UNEXPLAINED_SINCE.where(verdicts.c.actor == bindparam("actor")))
UNEXPLAINED_BY_NOBODY = Question(UNEXPLAINED_SINCE.where(verdicts.c.actor.is_(None)))
ACTOR = Question(select(actors).where(actors.c.actor == bindparam("actor")))
LAST_SAMPLE = Question(
    select(samples)
    .where(samples.c.account == ACCOUNT, samples.c.at < bindparam("before"), samples.c.at >= bindparam("since"))
    .order_by(samples.c.at.desc())
    .limit(1)
)
POLICY_MARK = Question(select(policies.c.place, policies.c.digest).order_by(policies.c.place.desc()).limit(1))
CURSOR = Question(select(cursors.c.value).where(cursors.c.name == FEED))
LEASE = Question(select(leases).where(leases.c.name == bindparam("name")))
CARD = Question(select(cards).where(cards.c.record == bindparam("record")))
LATCH = Question(select(latches).where(latches.c.name == bindparam("name")))
TASK = Question(select(tasks).where(tasks.c.key == bindparam("key")))
POLICY = Question(select(policies).order_by(policies.c.place.desc()).limit(1))
