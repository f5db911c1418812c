"""Who asks for what, and the checks that any wish is held against: an account's state or a change of the rules."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from bot.core.policy import Person, Policy, Tier
from bot.core.quorum import ANY_GROUP, Quorum
from bot.core.refusal import Refusal, Why
from bot.core.request import Request

REASON_MIN, REASON_MAX = 10, 3000
EVIDENCE_MAX = 3000
"""Slack's own bound on an input's text."""


class Known(Protocol):
    """What one person alone may set going, where nobody else looks first."""

    @property
    def identity_known(self) -> bool:
        """Slack has said of late who the person is."""
        ...


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


class Wish(Protocol):
    """What is asked for, an account's state or a change of the rules, as far as the same checks look at both."""

    @property
    def policy(self) -> Policy: ...
    @property
    def at(self) -> datetime: ...
    @property
    def asker(self) -> Person: ...
    @property
    def tier(self) -> Tier: ...
    @property
    def quorum(self) -> Quorum: ...
    @property
    def reason(self) -> str: ...
    @property
    def evidence(self) -> str | None: ...
    @property
    def live(self) -> Request | None:
        """A live request for the same."""
        ...

    @property
    def filed_in_hour(self) -> tuple[datetime, ...]:
        """When the person's requests of the last hour were filed, oldest first."""
        ...

    @property
    def unacknowledged(self) -> str | None:
        """An unacknowledged incident whose actor is this person."""
        ...


def rostered(case: Asking) -> Refusal | None:
    return Refusal(why=Why.NOT_ROSTERED) if case.person is None else None


def not_gone(case: Asking) -> Refusal | None:
    return Refusal(why=Why.PAST_LAST_DAY) if case.policy.gone(case.asker, case.at) else None


def identified(case: Known) -> Refusal | None:
    """It is known who does it, or it is not done."""
    return None if case.identity_known else Refusal(why=Why.IDENTITY_UNKNOWN)


def no_open_incident(case: Wish) -> Refusal | None:
    if case.unacknowledged is None:
        return None
    return Refusal(why=Why.OPEN_INCIDENT_OF_YOURS, facts={"incident": case.unacknowledged})


def no_live_twin(case: Wish) -> Refusal | None:
    if case.live is None:
        return None
    return Refusal(
        why=Why.LIVE_REQUEST,
        input="handle",
        facts={"request": case.live.id, "state": case.live.state.value, "requester": case.live.requester},
    )


def reason_fits(case: Wish) -> Refusal | None:
    if REASON_MIN <= len(case.reason) <= REASON_MAX:
        return None
    return Refusal(
        why=Why.REASON_LENGTH,
        input="reason",
        facts={"length": len(case.reason), "min": REASON_MIN, "max": REASON_MAX},
    )


def evidence_is_url(case: Wish) -> Refusal | None:
    return (
        None if case.evidence is None or is_url(case.evidence) else Refusal(why=Why.EVIDENCE_NO_URL, input="evidence")
    )


def within_limit(case: Wish) -> Refusal | None:
    limit = case.policy.limits.requests_per_person_hour
    if len(case.filed_in_hour) < limit:
        return None
    freed = case.filed_in_hour[-limit] if limit else case.at
    return Refusal(
        why=Why.TOO_MANY_REQUESTS, input="reason", facts={"limit": limit, "again_at": freed + timedelta(hours=1)}
    )


def quorum_reachable(case: Wish) -> Refusal | None:
    able = case.policy.eligible(case.quorum, tier=case.tier.name, at=case.at, requester=case.asker.id)
    missing = case.quorum.missing(able)
    if not missing:
        return None
    groups = sorted(case.quorum.names) if ANY_GROUP in missing else sorted(set(missing))
    return Refusal(why=Why.NOBODY_ELIGIBLE, input="handle", facts={"groups": groups, "tier": case.tier.name})


def is_url(text: str) -> bool:
    """Whether Slack would make an honest link of it: http or https, a host, no blanks and no controls."""
    if len(text) > EVIDENCE_MAX or not text.isprintable() or any(c.isspace() or c in "<>|" for c in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
