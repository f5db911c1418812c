"""What went on beside a request, for running it again: the other requests of people and the policies in force."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter

from bot.core.policy import SEEN_FOR, Policy
from bot.core.request import Action, Request

HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What else went on: other requests of people, and the policies that were in force."""

    by_requester: Mapping[str, Sequence[Request]]
    by_account: Mapping[str, Sequence[Request]]
    claimed: Sequence[tuple[datetime, str]]
    """When a deactivation was claimed, and the request, in order."""
    policies: Sequence[tuple[datetime, Policy]]
    """Since when each was in force, in order; the first is taken for what was before it."""
    now: datetime

    @classmethod
    def of(cls, requests: Sequence[Request], policies: Sequence[tuple[datetime, Policy]], *, now: datetime) -> "Past":
        by_requester, by_account = defaultdict[str, list[Request]](list), defaultdict[str, list[Request]](list)
        for request in requests:
            by_requester[request.requester].append(request)
            by_account[request.subject.id].append(request)
        taken = [(r.claimed_at, r.id) for r in requests if r.claimed_at and r.action is Action.DEACTIVATE]
        return cls(by_requester=by_requester, by_account=by_account, claimed=sorted(taken), policies=policies, now=now)

    def policy_at(self, at: datetime) -> Policy:
        number = bisect_right(self.policies, at, key=itemgetter(0))
        return self.policies[max(number - 1, 0)][1]

    def filed_in_hour(self, request: Request) -> tuple[datetime, ...]:
        """When the requester's others of the hour before it were filed."""
        others = (r.filed_at for r in self.by_requester[request.requester] if r.id != request.id)
        return tuple(at for at in others if request.filed_at - HOUR < at <= request.filed_at)

    def claimed_in_hour(self, request: Request, at: datetime) -> tuple[datetime, ...]:
        began, ended = (bisect_right(self.claimed, when, key=itemgetter(0)) for when in (at - HOUR, at))
        return tuple(when for when, id in self.claimed[began:ended] if id != request.id)

    def tiers_seen(self, request: Request, policy: Policy) -> frozenset[str]:
        """The tiers that the policy would have seen the account in, at its requests of the 30 days before."""
        before = (r for r in self.by_account[request.subject.id] if r.filed_at < request.filed_at)
        late = (r for r in before if request.filed_at - SEEN_FOR <= r.filed_at)
        return frozenset(policy.tier_of(r.subject, at=r.filed_at).name for r in late)
