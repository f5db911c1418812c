"""What the limits of an hour ask of the ledger: no more of it than they need, however much happened in that hour."""

from datetime import datetime, timedelta

from bot.core.policy import Person, Policy
from bot.ports import View

HOUR = timedelta(hours=1)


def filed_in_hour(view: View, policy: Policy, person: Person | None, *, at: datetime) -> tuple[datetime, ...]:
    """When the person filed the requests that fill the hour, the oldest first; none where it is not full."""
    if person is None:
        return ()
    return view.filed_since(person.id, at - HOUR, most=policy.limits.requests_per_person_hour)


def claimed_in_hour(view: View, policy: Policy, *, at: datetime) -> tuple[datetime, ...]:
    """When the deactivations were claimed that fill the hour, the oldest first; none where it is not full."""
    return view.deactivations_claimed_since(at - HOUR, most=policy.limits.deactivations_per_hour)
