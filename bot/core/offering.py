"""What an operator offers: a file's own text, and how what was changed in Slack is put on it again."""

import tomllib
from collections.abc import Iterable

from bot.core.errors import Misconfigured
from bot.core.overlay import Overlaid, RuleChange, RuleVerb, rendered
from bot.core.overlay_effect import laid
from bot.core.policy import Policy
from bot.core.policy_file import parse_policy


def parse_offered(text: str) -> Policy:
    """The policy of a file alone. Raises Misconfigured with one sentence a problem."""
    if _overlaid(text):
        raise Misconfigured("overlay is written by the bot alone: take every [[overlay]] out of the file.")
    return parse_policy(text)


def _overlaid(text: str) -> bool:
    try:
        return "overlay" in tomllib.loads(text)
    except (ValueError, RecursionError):
        return False


def on_file(file: str, overlay: Iterable[Overlaid]) -> str:
    """A newly offered file, itself valid, with the overlay of the policy in force.

    What the new file makes impossible (to remove somebody who is not in it any more) or needless (a last day of
    somebody of whom it states one itself) is dropped. Whether the rest can be together is for `parse_policy` to say.
    """
    policy, kept = parse_policy(file), list[Overlaid]()
    for one in overlay:
        made = laid(policy, one)
        if isinstance(made, str) or made == policy or _stated(policy, one.change):
            continue
        kept.append(one)
        policy = made
    return file + rendered(kept)


def _stated(file: Policy, change: RuleChange) -> bool:
    """Whether it is a last day and the file states one: who owns the file has the last word on it."""
    person = file.people.get(change.person)
    return change.verb is RuleVerb.LEAVE and person is not None and person.last_day is not None
