"""The move `file`: a person's wish becomes a pending request, or a refusal that names the field at fault."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.core.account import Account
from bot.core.asking import (
    Asking,
    evidence_is_url,
    no_live_twin,
    no_open_incident,
    not_gone,
    quorum_reachable,
    reason_fits,
    rostered,
    within_limit,
)
from bot.core.policy import PROTECTED, Person, Policy, Tier
from bot.core.quorum import Quorum
from bot.core.refusal import Refusal, Why
from bot.core.reminding import reminder_after
from bot.core.request import ACTIONS, Action, Request, State, Subject
from bot.core.tasks import draw, expire, tell
from bot.core.transition import Kind, Transition, move


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What the person typed, trimmed."""

    action: Action
    category: str
    reason: str
    evidence: str | None
    confirm_handle: str | None
    emergency: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Filing(Asking):
    """Everything the checks look at, read in the transaction that files."""

    draft: Draft
    account: Account
    tier: Tier
    live: Request | None
    """A live request for the same account and action."""
    filed_in_hour: tuple[datetime, ...]
    """When the person's requests of the last hour were filed, oldest first."""
    unacknowledged: str | None
    """An unacknowledged incident whose actor is this person."""
    denied_before: str | None = None
    """The last request for the same that was denied, of the last 30 days."""

    @property
    def quorum(self) -> Quorum:
        return self.policy.quorum_of(self.tier, requester=self.asker, at=self.at)

    @property
    def reason(self) -> str:
        return self.draft.reason

    @property
    def evidence(self) -> str | None:
        return self.draft.evidence


Check = Callable[[Filing], Refusal | None]


def among_askers(case: Asking) -> Refusal | None:
    if case.policy.groups_of(case.asker, at=case.at) & case.policy.may_ask:
        return None
    return Refusal(why=Why.MAY_NOT_ASK, facts={"groups": sorted(case.policy.may_ask)})


def unrestricted(case: Filing) -> Refusal | None:
    if case.tier.name == PROTECTED and case.policy.restricted(case.asker, case.at):
        return Refusal(why=Why.RESTRICTED_ON_PROTECTED, input="handle")
    return None


def not_already_so(case: Filing) -> Refusal | None:
    return already_so(case.draft.action, case.account)


def already_so(action: Action, account: Account) -> Refusal | None:
    """What stands against asking for what is so already; a form can say it before anything is typed."""
    if account.active is not ACTIONS[action].makes_active:
        return None
    facts = {"handle": account.handle, "active": account.active}
    return Refusal(why=Why.ALREADY_SO, input="handle", facts=facts)


def known_category(case: Filing) -> Refusal | None:
    if case.draft.category in case.policy.categories:
        return None
    return Refusal(why=Why.UNKNOWN_CATEGORY, input="category", facts={"categories": list(case.policy.categories)})


def handle_confirmed(case: Filing) -> Refusal | None:
    typed = (case.draft.confirm_handle or "").removeprefix("@").casefold()
    if not case.tier.confirm_handle or typed == case.account.handle.casefold():
        return None
    return Refusal(why=Why.CONFIRM_HANDLE, input="confirm_handle", facts={"handle": case.account.handle})


ASK_CHECKS: tuple[Callable[[Asking], Refusal | None], ...] = (rostered, not_gone, among_askers)
"""Those that need no account: whom they refuse is not even shown the form."""
FILE_CHECKS: tuple[Check, ...] = (
    *ASK_CHECKS,
    no_open_incident,
    unrestricted,
    not_already_so,
    no_live_twin,
    known_category,
    reason_fits,
    evidence_is_url,
    handle_confirmed,
    within_limit,
    quorum_reachable,
)


def may_ask(policy: Policy, person: Person | None, at: datetime) -> Refusal | None:
    """What stands against this person's asking for anything at all."""
    case = Asking(person=person, policy=policy, at=at)
    return next((refusal for check in ASK_CHECKS if (refusal := check(case))), None)


def asked(case: Filing, *, id: str, operation: str, slack_user: str) -> Request:
    """The request that a draft makes, not yet stored: pending until its quorum stands."""
    return Request(
        id=id,
        version=0,
        revision=1,
        action=case.draft.action,
        subject=Subject.of(case.account),
        tier=case.tier.name,
        quorum=case.quorum,
        emergency=False,
        category=case.draft.category,
        reason=case.draft.reason,
        evidence=case.draft.evidence,
        requester=case.asker.id,
        requester_slack=slack_user,
        by_policy=False,
        incident=None,
        state=State.PENDING,
        operation=operation,
        policy=case.policy.digest,
        filed_at=case.at,
        expires_at=case.at + case.policy.limits.request_expires,
        denied_before=case.denied_before,
    )


def file(
    case: Filing,
    *,
    id: str,
    operation: str,
    slack_user: str,
    checks: tuple[Check, ...] = FILE_CHECKS,
) -> Transition | Refusal:
    """File what passes every check: pending, its expiry and its first reminder armed and its card to be drawn."""
    for check in checks:
        if refusal := check(case):
            return refusal
    request = asked(case, id=id, operation=operation, slack_user=slack_user)
    assert request.expires_at is not None
    return move(
        None,
        request,
        kind=Kind.FILED,
        by=case.asker.id,
        at=case.at,
        tasks=(
            *draw(request, version=1, at=case.at),
            expire(request, due=request.expires_at),
            *reminder_after(request, case.policy.reminders, step=1, at=case.at),
            *tell(request, "filed", to=(slack_user,), at=case.at),
        ),
    )
