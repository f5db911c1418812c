"""What people decide on a request: approve, deny, withdraw; and `revise`, when what they saw is no longer so."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.asking import REASON_MAX
from bot.core.ending import end, requester_of
from bot.core.policy import PROTECTED, RULES, Person, Policy
from bot.core.quorum import Approver, Quorum
from bot.core.refusal import Refusal, Why
from bot.core.request import BOT, OPEN, Choice, Request, State, Subject, Vote
from bot.core.tasks import carry_out, draw, expire, tell
from bot.core.transition import Kind, Task, Transition, move


@dataclass(frozen=True, kw_only=True, slots=True)
class Voting:
    """Who wants to decide on what: all that is known before there is a click."""

    request: Request
    person: Person | None
    policy: Policy
    at: datetime
    unacknowledged: str | None = None
    """An unacknowledged incident whose actor is this person."""

    @property
    def voter(self) -> Person:
        """The person, once the first check has passed."""
        assert self.person is not None
        return self.person


@dataclass(frozen=True, kw_only=True, slots=True)
class Ballot(Voting):
    """One click, with everything the checks look at."""

    slack_user: str
    choice: Choice
    digest: str
    """What the button carried."""
    identity_known: bool
    """Whether Slack has just confirmed who clicked."""
    reason: str | None = None


Check = Callable[[Ballot], Refusal | None]

DENIAL_MIN = 3
"""Characters of a deny's reason; the form asks for as many."""


def rostered(ballot: Voting) -> Refusal | None:
    return Refusal(why=Why.NOT_ROSTERED) if ballot.person is None else None


def not_gone(ballot: Voting) -> Refusal | None:
    return Refusal(why=Why.PAST_LAST_DAY) if ballot.policy.gone(ballot.voter, ballot.at) else None


def not_ended(ballot: Voting) -> Refusal | None:
    return None if ballot.request.decidable else already_decided(ballot.request)


def in_time(ballot: Voting) -> Refusal | None:
    """A click after the clock has run out loses to it, also when the expiry task is still on its way."""
    ends = ballot.request.decided_by
    if ends is not None and ballot.at >= ends:
        return Refusal(why=Why.EXPIRED, facts={"at": ends, "emergency": ballot.request.emergency})
    return None


def not_own(ballot: Voting) -> Refusal | None:
    return Refusal(why=Why.OWN_REQUEST) if ballot.voter.id == ballot.request.requester else None


def not_about_oneself(ballot: Voting) -> Refusal | None:
    """Nobody has a say in whether their own principal is let in again."""
    return Refusal(why=Why.ABOUT_YOURSELF) if ballot.request.lets_in in ballot.voter.platform else None


def by_requester(ballot: Voting) -> Refusal | None:
    if ballot.voter.id == ballot.request.requester:
        return None
    return Refusal(why=Why.NOT_THE_REQUESTER, facts={"requester": ballot.request.requester})


def no_open_incident(ballot: Voting) -> Refusal | None:
    if ballot.unacknowledged is None:
        return None
    return Refusal(why=Why.OPEN_INCIDENT_OF_YOURS, facts={"incident": ballot.unacknowledged})


def unrestricted(ballot: Voting) -> Refusal | None:
    if ballot.request.tier == PROTECTED and ballot.policy.restricted(ballot.voter, ballot.at):
        return Refusal(why=Why.RESTRICTED_ON_PROTECTED)
    return None


def approves_by_now(ballot: Voting) -> Refusal | None:
    """Whoever was added in Slack counts a day later: so long others can see the notice and object."""
    since = ballot.voter.approves_from
    if since is None or ballot.at >= since:
        return None
    return Refusal(why=Why.NOT_YET_AN_APPROVER, facts={"from": since})


def in_quorum(ballot: Voting) -> Refusal | None:
    approver = _approver(ballot.request, ballot.voter, policy=ballot.policy, at=ballot.at)
    if approver is not None and approver.groups & ballot.request.quorum.names:
        return None
    return Refusal(why=Why.NOT_AN_APPROVER, facts={"groups": sorted(ballot.request.quorum.names)})


def not_voted(ballot: Voting) -> Refusal | None:
    cast = ballot.request.vote_of(ballot.voter.id)
    return Refusal(why=Why.ALREADY_VOTED, facts={"choice": cast.choice.value, "at": cast.at}) if cast else None


def not_counted(ballot: Ballot) -> Refusal | None:
    """A person has one vote. Who approved may still deny with it, as long as that stops anything; never the reverse."""
    cast = ballot.request.vote_of(ballot.voter.id)
    if cast is not None and cast.choice is Choice.APPROVE and ballot.choice is Choice.DENY:
        return None
    return not_voted(ballot)


def identified(ballot: Ballot) -> Refusal | None:
    """Where most is at stake nobody votes who may have become a guest, or have been deactivated, unseen."""
    if ballot.identity_known or (ballot.request.of_an_account and ballot.request.tier not in {PROTECTED, RULES}):
        return None
    return Refusal(why=Why.IDENTITY_UNKNOWN)


def not_yet_approved(ballot: Ballot) -> Refusal | None:
    if ballot.choice is Choice.APPROVE and ballot.request.state is State.APPROVED:
        return Refusal(why=Why.ALREADY_APPROVED, facts={"by": last_voter(ballot.request)})
    return None


def shown_is_so(ballot: Ballot) -> Refusal | None:
    return Refusal(why=Why.CARD_CHANGED) if ballot.digest != ballot.request.digest else None


def deny_says_why(ballot: Ballot) -> Refusal | None:
    """None is a deny whose reason is still to be asked for; it goes no further than a preview."""
    if ballot.reason is None or DENIAL_MIN <= len(ballot.reason) <= REASON_MAX:
        return None
    facts = {"length": len(ballot.reason), "min": DENIAL_MIN, "max": REASON_MAX}
    return Refusal(why=Why.REASON_LENGTH, input="reason", facts=facts)


VOTER_CHECKS: tuple[Callable[[Voting], Refusal | None], ...] = (
    rostered,
    not_gone,
    not_ended,
    in_time,
    not_own,
    not_about_oneself,
    no_open_incident,
    unrestricted,
    approves_by_now,
    in_quorum,
)
"""Those that need no click: whom they refuse has no say in it."""
VOTE_CHECKS: tuple[Check, ...] = (*VOTER_CHECKS, identified, not_counted, not_yet_approved, shown_is_so, deny_says_why)
WITHDRAW_CHECKS: tuple[Callable[[Voting], Refusal | None], ...] = (rostered, not_gone, by_requester, not_ended)


def may_vote(
    request: Request, person: Person | None, policy: Policy, at: datetime, *, unacknowledged: str | None
) -> Refusal | None:
    """What stands against this person's deciding on the request, whichever way."""
    case = Voting(request=request, person=person, policy=policy, at=at, unacknowledged=unacknowledged)
    return next((refusal for check in (*VOTER_CHECKS, not_voted) if (refusal := check(case))), None)


def already_decided(request: Request) -> Refusal:
    """Too late: by whom, and how. What was carried out was decided by its last voter, not by the bot."""
    carried_out = request.ended_by == BOT and request.state in {State.DONE, State.FAILED}
    by = None if carried_out else request.ended_by
    facts = {"state": request.state.value, "by": by or last_voter(request) or request.requester}
    return Refusal(why=Why.ALREADY_DECIDED, facts=facts)


def last_voter(request: Request) -> str | None:
    return request.votes[-1].person if request.votes else None


def _approver(request: Request, person: Person, *, policy: Policy, at: datetime) -> Approver | None:
    if request.lets_in in person.platform:
        return None
    return policy.approver(person, tier=request.tier, at=at, requester=request.requester)


def standing_approvals(request: Request, *, policy: Policy, at: datetime) -> tuple[Approver, ...]:
    """Of the approvals of this revision, those whose voter would still be let vote."""
    voters = (policy.people.get(vote.person) for vote in request.approvals)
    able = (_approver(request, voter, policy=policy, at=at) for voter in voters if voter is not None)
    return tuple(a for a in able if a is not None)


def quorum_missing(
    request: Request, *, policy: Policy, at: datetime, unacknowledged: frozenset[str]
) -> tuple[str, ...]:
    """The places still empty of approvals that count at the last moment: not those of actors in open incidents."""
    approvals = standing_approvals(request, policy=policy, at=at)
    return request.quorum.missing(a for a in approvals if a.person not in unacknowledged)


def missing(request: Request, *, policy: Policy, at: datetime) -> tuple[str, ...]:
    """The places of the quorum still empty."""
    return request.quorum.missing(standing_approvals(request, policy=policy, at=at))


def vote(ballot: Ballot, *, checks: tuple[Check, ...] = VOTE_CHECKS) -> Transition | Refusal:
    """Count a click that passes every check. The approval that fills the quorum approves; a deny ends it."""
    for check in checks:
        if refusal := check(ballot):
            return refusal
    groups = ballot.policy.groups_of(ballot.voter, at=ballot.at, requester=ballot.request.requester)
    cast = Vote(
        person=ballot.voter.id,
        revision=ballot.request.revision,
        choice=ballot.choice,
        at=ballot.at,
        slack_user=ballot.slack_user,
        groups=tuple(sorted(groups & ballot.request.quorum.names)),
        team=ballot.voter.team,
        reason=ballot.reason,
        digest=ballot.digest,
        policy=ballot.policy.digest,
    )
    votes = _with(ballot.request.votes, cast)
    counted = replace(ballot.request, votes=votes, policy=ballot.policy.digest)
    return _denied(ballot, counted) if ballot.choice is Choice.DENY else _approved(ballot, counted)


def _with(votes: tuple[Vote, ...], cast: Vote) -> tuple[Vote, ...]:
    """A person's vote on a revision is one: a new one stands in the place of the one before."""
    if any(vote.key == cast.key for vote in votes):
        return tuple(cast if vote.key == cast.key else vote for vote in votes)
    return (*votes, cast)


def _denied(ballot: Ballot, counted: Request) -> Transition:
    return end(
        ballot.request,
        replace(counted, state=State.DENIED, outcome=ballot.reason),
        kind=Kind.DENIED,
        by=ballot.voter.id,
        at=ballot.at,
        ended_by=ballot.voter.id,
    )


def _approved(ballot: Ballot, counted: Request) -> Transition:
    before, at = ballot.request, ballot.at
    redraw = draw(before, version=before.version + 1, at=at)
    if before.emergency or missing(counted, policy=ballot.policy, at=at):
        return move(before, counted, kind=Kind.APPROVED, by=ballot.voter.id, at=at, tasks=redraw)
    tier = ballot.policy.tier(before.tier)
    starts = at + tier.cooling_off if tier else at
    ends = starts + ballot.policy.limits.execution_expires
    approved = replace(counted, state=State.APPROVED, quorate_at=at, not_before=starts, execute_by=ends)
    tasks: tuple[Task, ...] = (carry_out(approved, due=at), *redraw, expire(approved, due=ends))
    return move(before, approved, kind=Kind.APPROVED, by=ballot.voter.id, at=at, tasks=tasks)


def withdraw(
    request: Request,
    *,
    person: Person | None,
    policy: Policy,
    at: datetime,
    checks: tuple[Callable[[Voting], Refusal | None], ...] = WITHDRAW_CHECKS,
) -> Transition | Refusal:
    """The requester takes it back; nobody else can, and not once it is claimed or ended."""
    case = Voting(request=request, person=person, policy=policy, at=at)
    for check in checks:
        if refusal := check(case):
            return refusal
    by = case.voter.id
    return end(request, replace(request, state=State.WITHDRAWN), kind=Kind.WITHDRAWN, by=by, at=at, ended_by=by)


def revise(
    request: Request, *, subject: Subject, tier: str, quorum: Quorum, why: Iterable[str], policy: Policy, at: datetime
) -> Transition:
    """Show what is so now and void the approvals; the card says why, the voters are asked again."""
    assert request.state in OPEN
    reasons = ", ".join(why)
    revised = replace(
        request,
        revision=request.revision + 1,
        state=State.PENDING,
        subject=subject,
        tier=tier,
        quorum=quorum,
        policy=policy.digest,
        quorate_at=None,
        not_before=None,
        execute_by=None,
        waits_for=None,
        waits_since=None,
        revised_why=reasons,
    )
    voters = tuple(dict.fromkeys(v.slack_user for v in request.approvals))
    return move(
        request,
        revised,
        kind=Kind.REVISED,
        by=BOT,
        at=at,
        why=reasons,
        tasks=(
            *draw(request, version=request.version + 1, at=at),
            *tell(request, "revised", to=requester_of(request), at=at, why=reasons),
            *tell(request, "vote_again", to=voters, at=at, why=reasons),
        ),
    )
