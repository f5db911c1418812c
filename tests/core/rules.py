"""Changes of the rules, small and valid; a test changes the one thing it is about."""

from typing import Any

from bot.core.outlook import outlook
from bot.core.overlay import RuleChange, RuleVerb
from bot.core.policy import Policy
from bot.core.policy_file import parse_policy
from bot.core.request import Request
from bot.core.ruling import Outlook, RuleClaim, RuleFiling, file_change
from tests.core.build import AT, MINUTE, moved

FILE = """
version = 1
[people.ada]
slack = ["U01ADA"]
groups = ["agent"]
[people.mona]
slack = ["U02MONA"]
groups = ["agent", "manager"]
[people.omar]
slack = ["U03OMAR"]
groups = ["manager"]
[people.tessa]
slack = ["U05TESSA"]
groups = ["trust-safety"]
[people.rex]
slack = ["U04REX"]
groups = ["agent"]
[[tier]]
name = "protected"
any = { followers_at_least = 1_000_000 }
approvals = { manager = 1, trust-safety = 1 }
[[tier]]
name = "standard"
approvals = { manager = 1 }
[[tier]]
name = "rules"
approvals = { manager = 1, trust-safety = 1 }
"""
RULED = parse_policy(FILE)
REMOVE_REX = RuleChange(verb=RuleVerb.REMOVE, person="rex")
ADD_NINA = RuleChange(verb=RuleVerb.ADD, person="nina", slack="U09NINA", groups=("agent", "manager"))
OBSERVE = RuleChange(verb=RuleVerb.OBSERVE)
PROTECT = RuleChange(verb=RuleVerb.PROTECT, account="acct_1", handle="maria")
NOBODY = Outlook(changes=False, stricter=True)
"""Nothing would be other than it is."""


def change_filing(change: RuleChange, *, policy: Policy = RULED, **changed: Any) -> RuleFiling:
    """A filing that passes every check."""
    values: dict[str, Any] = {
        "change": change,
        "person": policy.people["ada"],
        "policy": policy,
        "at": AT,
        "outlook": outlook(policy, change, at=AT, tier="standard"),
        "reason": "the contract ends",
        "evidence": None,
        "identity_known": True,
        "live": None,
        "filed_in_hour": (),
        "unacknowledged": None,
        "denied_before": None,
    }
    return RuleFiling(**{**values, **changed})


def filed_change(change: RuleChange) -> Request:
    return moved(file_change(change_filing(change), id="REQ-C", operation="op-c", slack_user="U01ADA"))


def change_due(request: Request, change: RuleChange, **changed: Any) -> RuleClaim:
    """A claim that passes every check."""
    values: dict[str, Any] = {
        "request": request,
        "policy": RULED,
        "at": AT + MINUTE,
        "unacknowledged": frozenset(),
        "outlook": outlook(RULED, change, at=AT, tier="standard"),
    }
    return RuleClaim(**{**values, **changed})
