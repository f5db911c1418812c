"""The bot guards its own rules: who is on the roster, which accounts are protected, whether the guard enforces.

A change of the rules is a request like any other, of the tier `rules`. One that only makes the rules stricter needs
nobody but its requester; every other one needs the tier's quorum.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.asking import (
    Asking,
    evidence_is_url,
    identified,
    no_live_twin,
    no_open_incident,
    not_gone,
    quorum_reachable,
    reason_fits,
    rostered,
    within_limit,
)
from bot.core.claiming import Due, Outcome, cooled_off, in_time, no_deny, quorum_stands, supersede, void
from bot.core.overlay import RuleChange, RuleVerb
from bot.core.policy import RULES, Person, Policy, Tier
from bot.core.quorum import Quorum
from bot.core.refusal import Refusal, Why
from bot.core.reminding import reminder_after
from bot.core.request import BOT, Action, Request, State, Subject, bound_digest
from bot.core.tasks import carry_out, draw, expire, tell
from bot.core.transition import Kind, Task, Transition, move
from bot.core.voting import revise

ACTION_OF: dict[RuleVerb, Action] = {
    RuleVerb.ADD: Action.ROSTER,
    RuleVerb.REMOVE: Action.ROSTER,
    RuleVerb.LEAVE: Action.ROSTER,
    RuleVerb.PROTECT: Action.PROTECT,
    RuleVerb.OBSERVE: Action.GUARD,
    RuleVerb.ENFORCE: Action.GUARD,
}
CATEGORY = "rules"
"""What stands for a category on a request about the rules."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """What a change would make of the policy in force."""

    changes: bool
    """Whether anything would be other than it is."""
    stricter: bool
    """Whether every request that gets through then gets through now."""
    problems: tuple[str, ...] = ()
    """Why there can be no such policy, in sentences."""
    after: Policy | None = None
    """The policy with the change, where there can be one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleFiling(Asking):
    """A wish to change the rules, with everything the checks look at, read in the transaction that files."""

    change: RuleChange
    outlook: Outlook
    reason: str
    evidence: str | None
    identity_known: bool
    live: Request | None
    """A live request for the same change."""
    filed_in_hour: tuple[datetime, ...]
    unacknowledged: str | None
    denied_before: str | None

    @property
    def tier(self) -> Tier:
        """The one of the rules, once it is known that there is one."""
        return rules_tier(self.policy)

    @property
    def quorum(self) -> Quorum:
        return quorum_of_change(self.policy, self.asker, stricter=self.outlook.stricter, at=self.at)


def rules_tier(policy: Policy) -> Tier:
    tier = policy.tier(RULES)
    assert tier is not None
    return tier


def quorum_of_change(policy: Policy, requester: Person, *, stricter: bool, at: datetime) -> Quorum:
    """What a change demands: the quorum of `rules`, or nobody more where it is stricter.

    One approval more, as everywhere, where the leaver rule binds the requester. The groups stay named even without a
    place of their own, for their members may deny.
    """
    tier = rules_tier(policy)
    extra = 1 if policy.restricted(requester, at) else 0
    groups = tuple((name, 0) for name, _ in tier.approvals) if stricter else tier.approvals
    return Quorum(groups=groups, different_teams=tier.from_different_teams, extra=extra)


def rules_in_slack(case: Asking) -> Refusal | None:
    return Refusal(why=Why.RULES_NOT_IN_SLACK) if case.policy.tier(RULES) is None else None


def possible(case: RuleFiling) -> Refusal | None:
    if not case.outlook.problems:
        return None
    return Refusal(why=Why.RULES_IMPOSSIBLE, input="handle", facts={"problem": case.outlook.problems[0]})


def changes_something(case: RuleFiling) -> Refusal | None:
    return None if case.outlook.changes else Refusal(why=Why.RULES_ALREADY_SO, input="handle")


RULE_ASK_CHECKS: tuple[Callable[[Asking], Refusal | None], ...] = (rostered, not_gone, rules_in_slack)
"""Those that need no change: whom they refuse is not even shown the form."""
RuleCheck = Callable[[RuleFiling], Refusal | None]
RULE_CHECKS: tuple[RuleCheck, ...] = (
    *RULE_ASK_CHECKS,
    identified,
    no_open_incident,
    possible,
    changes_something,
    no_live_twin,
    reason_fits,
    evidence_is_url,
    within_limit,
    quorum_reachable,
)


def may_change(policy: Policy, person: Person | None, at: datetime) -> Refusal | None:
    """What stands against this person's asking for any change of the rules."""
    case = Asking(person=person, policy=policy, at=at)
    return next((refusal for check in RULE_ASK_CHECKS if (refusal := check(case))), None)


def file_change(
    case: RuleFiling, *, id: str, operation: str, slack_user: str, checks: tuple[RuleCheck, ...] = RULE_CHECKS
) -> Transition | Refusal:
    """File what passes every check: pending, or approved at once where nobody more is needed."""
    for check in checks:
        if refusal := check(case):
            return refusal
    at, limits, quorum = case.at, case.policy.limits, case.quorum
    ends = at + limits.request_expires
    request = Request(
        id=id,
        version=0,
        revision=1,
        action=ACTION_OF[case.change.verb],
        subject=subject_of(case.change),
        tier=RULES,
        quorum=quorum,
        emergency=False,
        category=CATEGORY,
        reason=case.reason,
        evidence=case.evidence,
        requester=case.asker.id,
        requester_slack=slack_user,
        by_policy=False,
        incident=None,
        state=State.PENDING,
        operation=operation,
        policy=case.policy.digest,
        filed_at=at,
        expires_at=ends,
        denied_before=case.denied_before,
    )
    tasks: tuple[Task, ...] = draw(request, version=1, at=at)
    if quorum.places:
        tasks = (
            *tasks,
            *tell(request, "filed", to=(slack_user,), at=at),
            expire(request, due=ends),
            *reminder_after(request, case.policy.reminders, step=1, at=at),
        )
    else:
        ends = at + limits.execution_expires
        request = replace(request, state=State.APPROVED, quorate_at=at, execute_by=ends)
        tasks = (carry_out(request, due=at), *tasks, expire(request, due=ends))
    return move(None, request, kind=Kind.FILED, by=case.asker.id, at=at, tasks=tasks)


def subject_of(change: RuleChange) -> Subject:
    """The change as the subject of its request: its line is the id, so that the digest binds all of it."""
    name = change.person or change.handle or change.account or change.verb.value
    line = change.line()
    return Subject(id=line, handle=name, display_name=line, verified=False, tags=(), followers=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleClaim(Due):
    """An approved change of the rules, in the transaction that makes it."""

    outlook: Outlook


def rules_still_in_slack(claim: Due) -> Outcome | None:
    return void(claim, "rules_not_in_slack") if claim.policy.tier(RULES) is None else None


def requester_rostered(claim: Due) -> Outcome | None:
    person = claim.policy.people.get(claim.request.requester)
    if person is None or claim.policy.gone(person, claim.at):
        return void(claim, "requester_left")
    return void(claim, "requester_in_incident") if person.id in claim.unacknowledged else None


def still_possible(claim: RuleClaim) -> Outcome | None:
    return void(claim, "rules_impossible") if claim.outlook.problems else None


def not_yet_so(claim: RuleClaim) -> Outcome | None:
    return None if claim.outlook.changes else supersede(claim.request, by=None, at=claim.at)


def demands_as_shown(claim: RuleClaim) -> Outcome | None:
    """What the change demands now, by the rules of now, is what every approval signed, and what nobody had to sign."""
    request, requester = claim.request, claim.policy.people[claim.request.requester]
    quorum = quorum_of_change(claim.policy, requester, stricter=claim.outlook.stricter, at=claim.at)
    now = bound_digest(request, subject=request.subject, tier=RULES, quorum=quorum)
    if now == request.digest and all(vote.digest == now for vote in request.approvals):
        return None
    return revise(
        request, subject=request.subject, tier=RULES, quorum=quorum, why=["quorum"], policy=claim.policy, at=claim.at
    )


RULE_CLAIM_CHECKS: tuple[Callable[[RuleClaim], Outcome | None], ...] = (
    no_deny,
    in_time,
    rules_still_in_slack,
    requester_rostered,
    still_possible,
    demands_as_shown,
    quorum_stands,
    cooled_off,
    not_yet_so,
)


def claim_change(
    case: RuleClaim, *, checks: tuple[Callable[[RuleClaim], Outcome | None], ...] = RULE_CLAIM_CHECKS
) -> Outcome:
    """Go on to make the change, or say what stands against it."""
    assert case.request.state is State.APPROVED
    for check in checks:
        if outcome := check(case):
            return outcome
    digest = case.policy.digest
    running = replace(
        case.request, state=State.RUNNING, claimed_at=case.at, policy=digest, waits_for=None, waits_since=None
    )
    return move(case.request, running, kind=Kind.CLAIMED, by=BOT, at=case.at, policy=digest)
