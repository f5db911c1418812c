"""The move `file`: a person's wish becomes a pending request, or a refusal that names the field at fault."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from bot.core.account import Account
from bot.core.policy import PROTECTED, Person, Policy, Tier
from bot.core.quorum import ANY_GROUP, Quorum
from bot.core.refusal import Refusal, Why
from bot.core.reminding import reminder_after
from bot.core.request import ACTIONS, Action, Request, State, Subject
from bot.core.tasks import draw, expire, tell
from bot.core.transition import Kind, Transition, move

REASON_MIN, REASON_MAX = 10, 3000
EVIDENCE_MAX = 3000
"""Slack's own bound on an input's text."""


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
class Asking:
    """Who wants to ask: all that is known before an account is named."""

    person: Person | None
    policy: Policy
    at: datetime

    @property
    def asker(self) -> Person:
        """The person, once the first check has passed."""
        assert self.person is not None
        return self.person


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


Check = Callable[[Filing], Refusal | None]


def rostered(case: Asking) -> Refusal | None:
    return Refusal(why=Why.NOT_ROSTERED) if case.person is None else None


def not_gone(case: Asking) -> Refusal | None:
    return Refusal(why=Why.PAST_LAST_DAY) if case.policy.gone(case.asker, case.at) else None


def among_askers(case: Asking) -> Refusal | None:
    if case.policy.groups_of(case.asker, at=case.at) & case.policy.may_ask:
        return None
    return Refusal(why=Why.MAY_NOT_ASK, facts={"groups": sorted(case.policy.may_ask)})


def no_open_incident(case: Filing) -> Refusal | None:
    if case.unacknowledged is None:
        return None
    return Refusal(why=Why.OPEN_INCIDENT_OF_YOURS, facts={"incident": case.unacknowledged})


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


def no_live_twin(case: Filing) -> Refusal | None:
    if case.live is None:
        return None
    return Refusal(
        why=Why.LIVE_REQUEST,
        input="handle",
        facts={"request": case.live.id, "state": case.live.state.value, "requester": case.live.requester},
    )


def known_category(case: Filing) -> Refusal | None:
    if case.draft.category in case.policy.categories:
        return None
    return Refusal(why=Why.UNKNOWN_CATEGORY, input="category", facts={"categories": list(case.policy.categories)})


def reason_fits(case: Filing) -> Refusal | None:
    if REASON_MIN <= len(case.draft.reason) <= REASON_MAX:
        return None
    return Refusal(
        why=Why.REASON_LENGTH,
        input="reason",
        facts={"length": len(case.draft.reason), "min": REASON_MIN, "max": REASON_MAX},
    )


def evidence_is_url(case: Filing) -> Refusal | None:
    return (
        None
        if case.draft.evidence is None or is_url(case.draft.evidence)
        else Refusal(why=Why.EVIDENCE_NO_URL, input="evidence")
    )


def handle_confirmed(case: Filing) -> Refusal | None:
    typed = (case.draft.confirm_handle or "").removeprefix("@").casefold()
    if not case.tier.confirm_handle or typed == case.account.handle.casefold():
        return None
    return Refusal(why=Why.CONFIRM_HANDLE, input="confirm_handle", facts={"handle": case.account.handle})


def within_limit(case: Filing) -> Refusal | None:
    limit = case.policy.limits.requests_per_person_hour
    if len(case.filed_in_hour) < limit:
        return None
    freed = case.filed_in_hour[-limit] if limit else case.at
    return Refusal(
        why=Why.TOO_MANY_REQUESTS, input="reason", facts={"limit": limit, "again_at": freed + timedelta(hours=1)}
    )


def quorum_reachable(case: Filing) -> Refusal | None:
    able = case.policy.eligible(case.quorum, tier=case.tier.name, at=case.at, requester=case.asker.id)
    missing = case.quorum.missing(able)
    if not missing:
        return None
    groups = sorted(case.quorum.names) if ANY_GROUP in missing else sorted(set(missing))
    return Refusal(why=Why.NOBODY_ELIGIBLE, input="handle", facts={"groups": groups, "tier": case.tier.name})


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


def is_url(text: str) -> bool:
    """Whether Slack would make an honest link of it: http or https, a host, no blanks and no controls."""
    if len(text) > EVIDENCE_MAX or not text.isprintable() or any(c.isspace() or c in "<>|" for c in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


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
