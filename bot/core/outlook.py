"""What a change of the rules would make of the policy in force, before anybody has made it."""

from dataclasses import replace
from datetime import datetime

from bot.core.errors import Misconfigured
from bot.core.overlay import RuleChange, RuleVerb, overlay_of, with_change
from bot.core.policy import Policy
from bot.core.policy_checks import unfilled
from bot.core.policy_file import parse_policy
from bot.core.ruling import Outlook
from bot.core.stricter import looser
from bot.core.strictness import protecting_is_stricter


def changed(policy: Policy, change: RuleChange, *, at: datetime, request: str) -> Policy:
    """The policy with the change. Raises Misconfigured where there can be no such policy."""
    return parse_policy(with_change(policy.text, change, at=at, request=request))


def outlook(policy: Policy, change: RuleChange, *, at: datetime, tier: str | None, request: str = "REQ") -> Outlook:
    """What the change that the request asks for would do; `tier` is what the account of a `protect` is in now."""
    if change.verb is RuleVerb.ADD and change.person in policy.people and not _leaves_by_overlay(policy, change.person):
        problem = f"{change.person} is on the roster already"
        return Outlook(changes=True, stricter=False, problems=(problem,))
    try:
        after = changed(policy, change, at=at, request=request)
    except Misconfigured as wrong:
        return Outlook(changes=True, stricter=False, problems=wrong.sentences)
    if change.verb is RuleVerb.PROTECT:
        stricter = tier is not None and protecting_is_stricter(policy, tier)
    else:
        stricter = not looser(policy, after) and not _locks_out(after)
    return Outlook(changes=_unlike(policy, after), stricter=stricter, after=after)


def _leaves_by_overlay(policy: Policy, person: str) -> bool:
    """Whether their last day was noted in Slack, which an `add` takes back."""
    return any(one.change.verb is RuleVerb.LEAVE and one.change.person == person for one in overlay_of(policy.text))


def _locks_out(after: Policy) -> bool:
    """Whether nobody could ask any more, or some quorum be filled, once those have gone whose last day is noted.

    Each step towards that only takes people away, but together they would leave nobody to approve anything, and that
    is not for one person to do.
    """
    staying = {name: person for name, person in after.people.items() if person.last_day is None}
    stays = replace(after, people=staying)
    nobody_asks = not any(person.groups & after.may_ask for person in staying.values())
    return nobody_asks or any(unfilled(stays, tier) for tier in stays.tiers)


def _unlike(before: Policy, after: Policy) -> bool:
    """Whether they differ in more than how they are written."""
    return replace(before, text="", digest="") != replace(after, text="", digest="")
