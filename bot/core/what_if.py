"""What would have become of requests that were, had another policy been in force: the core's own rules, run again.

Only what is known is told. A request is run again under the policies that really were in force, too: where that does
not lead to what really became of it (the platform was away, an incident was open), nothing is said about it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.core import asking, claiming, filing
from bot.core.account import Account
from bot.core.claiming import Claim, claim
from bot.core.filing import Draft, Filing, file
from bot.core.past import Past
from bot.core.policy import Policy
from bot.core.quorum import ANY_GROUP
from bot.core.refusal import Refusal
from bot.core.request import Action, Request, State, Vote
from bot.core.transition import Transition
from bot.core.voting import Ballot, missing, vote

PolicyAt = Callable[[datetime], Policy]
ENDED_BY_OTHERS = frozenset({State.WITHDRAWN, State.SUPERSEDED})
"""What was not claimed by then would not have been claimed later either."""


class End(StrEnum):
    """What became of a request, or would have."""

    REFUSED = "refused"
    CARRIED_OUT = "carried out"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    VOID = "void"
    SUPERSEDED = "superseded"
    OPEN = "open"
    UNDECIDED = "undecided"
    """Too few approvals by the time at which it really ended; whether more would have come is not known."""


_ENDS = {
    State.PENDING: End.OPEN,
    State.APPROVED: End.OPEN,
    State.DENIED: End.DENIED,
    State.WITHDRAWN: End.WITHDRAWN,
    State.EXPIRED: End.EXPIRED,
    State.VOID: End.VOID,
    State.SUPERSEDED: End.SUPERSEDED,
}
OF_ACCOUNTS = frozenset({Action.DEACTIVATE, Action.RESTORE})
FILED_BY_POLICY = (
    asking.rostered,
    asking.not_gone,
    filing.among_askers,
    filing.unrestricted,
    filing.known_category,
    asking.within_limit,
    asking.quorum_reachable,
)
"""Of the checks of a filing those that the policy decides; the others had let it through."""
CLAIMED_BY_POLICY = (
    claiming.no_deny,
    claiming.in_time,
    claiming.requester_entitled,
    claiming.shown_is_so,
    claiming.quorum_stands,
    claiming.cooled_off,
    claiming.within_limit,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """An end and, in a phrase, why; empty where the end says it all."""

    end: End
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A request that would have ended otherwise."""

    request: Request
    was: End
    would: Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """What came of running them all again; a request is in one of the three."""

    same: int
    differ: tuple[Difference, ...]
    unknown: int
    """Nothing can be said: they were revised, acted first, or ended by what no policy decides."""


def compare(requests: Iterable[Request], new: Policy, past: Past) -> Compared:
    """Every one of the requests under the policy, beside what really became of it."""
    found = [compared(request, new, past) for request in requests]
    differ = tuple(one for one in found if isinstance(one, Difference))
    return Compared(same=found.count(True), differ=differ, unknown=found.count(False))


def compared(request: Request, new: Policy, past: Past) -> Difference | bool:
    """The difference; True where there is none, False where none can be known."""
    was = _ENDS.get(request.state, End.CARRIED_OUT)
    if request.action not in OF_ACCOUNTS or request.emergency or request.revision > 1:
        return False
    if _again(request, past.policy_at, past).end is not was:
        return False
    would = _again(request, lambda _: new, past)
    return True if would.end is was else Difference(request=request, was=was, would=would)


def _again(request: Request, policy_at: PolicyAt, past: Past) -> Outcome:
    """Filed, voted on and claimed once more, each at its time."""
    filed = _filed(request, policy_at(request.filed_at), past)
    if isinstance(filed, Refusal):
        return Outcome(end=End.REFUSED, why=_phrase(filed))
    uncounted = list[str]()
    for cast in request.votes:
        if ended := _claimed(filed, policy_at, past, until=cast.at):
            return ended
        counted = _voted(filed, cast, policy_at(cast.at))
        if isinstance(counted, Refusal):
            uncounted.append(f"{cast.person}'s vote would not have counted: {_phrase(counted)}")
            continue
        filed = counted
        if filed.state is State.DENIED:
            return Outcome(end=End.DENIED, why=f"by {cast.person}")
    until = request.ended_at if request.state in ENDED_BY_OTHERS else None
    return _claimed(filed, policy_at, past, until=until) or _left(filed, request, policy_at, past, uncounted)


def _filed(request: Request, policy: Policy, past: Past) -> Request | Refusal:
    subject, at = request.subject, request.filed_at
    draft = Draft(
        action=request.action,
        category=request.category,
        reason=request.reason,
        evidence=request.evidence,
        confirm_handle=subject.handle,
    )
    case = Filing(
        person=policy.person_of_slack(request.requester_slack),
        policy=policy,
        at=at,
        draft=draft,
        account=_account(request),
        tier=policy.tier_of(subject, past.tiers_seen(request, policy), at=at),
        live=None,
        filed_in_hour=past.filed_in_hour(request),
        unacknowledged=None,
    )
    slack_user = request.requester_slack or ""
    moved = file(case, id=request.id, operation=request.operation, slack_user=slack_user, checks=FILED_BY_POLICY)
    return moved if isinstance(moved, Refusal) else _after(moved)


def _account(request: Request) -> Account:
    """As it was recorded, and not yet as was asked."""
    subject = request.subject
    return Account(
        id=subject.id,
        handle=subject.handle,
        display_name=subject.display_name,
        active=not request.rule.makes_active,
        verified=subject.verified,
        followers=subject.followers,
        following=None,
        tags=subject.tags,
        etag=None,
        deactivation=None,
        created=subject.created,
    )


def _voted(request: Request, cast: Vote, policy: Policy) -> Request | Refusal:
    ballot = Ballot(
        request=request,
        person=policy.person_of_slack(cast.slack_user),
        policy=policy,
        at=cast.at,
        slack_user=cast.slack_user,
        choice=cast.choice,
        digest=request.digest,
        identity_known=True,
        reason=cast.reason,
    )
    moved = vote(ballot)
    return moved if isinstance(moved, Refusal) else _after(moved)


def _claimed(request: Request, policy_at: PolicyAt, past: Past, *, until: datetime | None) -> Outcome | None:
    """Its end by a claim that was due before `until`; None where it is still open then."""
    at = request.quorate_at
    while at is not None and (until is None or at < until):
        moved = claim(_claim(request, policy_at(at), past, at), checks=CLAIMED_BY_POLICY)
        if isinstance(moved, Transition):
            return _ended(_after(moved))
        request, at = _after(moved.transition) if moved.transition else request, moved.until
    return None


def _ended(request: Request) -> Outcome:
    """By the claim: carried out, or what stood against it."""
    if request.state is State.PENDING:
        return Outcome(end=End.UNDECIDED, why=f"asked anew: {request.revised_why} changed")
    return Outcome(end=_ENDS.get(request.state, End.CARRIED_OUT), why=_words(request.outcome or ""))


def _claim(request: Request, policy: Policy, past: Past, at: datetime) -> Claim:
    return Claim(
        request=request,
        account=_account(request),
        tier=policy.tier_of(request.subject, {request.tier}, at=at),
        policy=policy,
        at=at,
        lane=None,
        incident=None,
        verdict=None,
        unacknowledged=frozenset(),
        claimed_in_hour=past.claimed_in_hour(request, at),
    )


def _left(request: Request, really: Request, policy_at: PolicyAt, past: Past, uncounted: Sequence[str]) -> Outcome:
    """What is to be said of one that nobody has decided on when the real one ended."""
    ends = really.claimed_at or really.ended_at or past.now
    if request.expires_at is not None and request.expires_at <= ends:
        return Outcome(end=End.EXPIRED, why="; ".join(uncounted))
    end = _ENDS.get(really.state, End.CARRIED_OUT)
    if end in {End.WITHDRAWN, End.SUPERSEDED, End.OPEN}:
        return Outcome(end=end)
    short = missing(request, policy=policy_at(ends), at=ends)
    return Outcome(
        end=End.UNDECIDED, why="; ".join([*uncounted, f"still needed: {', '.join(_place(place) for place in short)}"])
    )


def _place(place: str) -> str:
    return "one more of any group" if place == ANY_GROUP else place


def _phrase(refusal: Refusal) -> str:
    groups = refusal.facts.get("groups")
    return _words(refusal.why.value) + (f" ({', '.join(groups)})" if groups else "")


def _words(code: str) -> str:
    return code.replace("_", " ")


def _after(moved: Transition) -> Request:
    assert isinstance(moved.after, Request)
    return moved.after
