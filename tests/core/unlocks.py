"""Requests to let in again and to release, small and valid; a test changes the one thing it is about."""

from typing import Any

from bot.core.policy import Policy
from bot.core.policy_file import parse_policy
from bot.core.request import Action, Request
from bot.core.unlocking import UnlockClaim, Unlocking, file_unlocking
from bot.core.voting import vote
from tests.core.build import AT, MINUTE, ballot, moved
from tests.core.rules import FILE, RULED

STAFF = "staff:rex"


def owned_by(name: str) -> Policy:
    """The rules' policy with the actor's principal in that person's table."""
    text = FILE.replace(f"[people.{name}]\n", f'[people.{name}]\nplatform = ["{STAFF}"]\n')
    return parse_policy(text)


def unlocking(action: Action = Action.REINSTATE, *, policy: Policy = RULED, **changed: Any) -> Unlocking:
    """A filing that passes every check."""
    values: dict[str, Any] = {
        "action": action,
        "subject": STAFF if action is Action.REINSTATE else "sweep",
        "locked": True,
        "person": policy.people["ada"],
        "policy": policy,
        "at": AT,
        "reason": "it was a script, stopped by now",
        "evidence": None,
        "identity_known": True,
        "live": None,
        "filed_in_hour": (),
        "unacknowledged": None,
        "denied_before": None,
    }
    return Unlocking(**{**values, **changed})


def wished(action: Action = Action.REINSTATE, **changed: Any) -> Request:
    case = unlocking(action, **changed)
    return moved(file_unlocking(case, id="REQ-U", operation="op-u", slack_user="U01ADA"))


def agreed(action: Action = Action.REINSTATE, policy: Policy = RULED) -> Request:
    """Approved by the quorum."""
    request = wished(action, policy=policy)
    for name in ("omar", "tessa"):
        request = moved(vote(ballot(request, policy.people[name], policy=policy)))
    return request


def unlock_due(request: Request | None = None, **changed: Any) -> UnlockClaim:
    """A claim that passes every check."""
    values: dict[str, Any] = {
        "request": request or agreed(),
        "policy": RULED,
        "at": AT + 2 * MINUTE,
        "unacknowledged": frozenset(),
        "locked": True,
    }
    return UnlockClaim(**{**values, **changed})
