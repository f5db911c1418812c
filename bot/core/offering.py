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


def on_file(file: str, overlay: Iterable[Overlaid], *, new: bool = False, observes: bool = True) -> str:
    """A file, itself valid, with the overlay of the policy in force.

    What the file makes impossible (to remove somebody who is not in it any more) or needless is dropped. Where it is
    `new`, not the one in force once more, its owner has the last word on the last days and the guard's mode that it
    states. Observing that is over (`observes` is false) is not taken up again because the file allows it for longer.
    Whether the rest can be together is for `parse_policy` to say.
    """
    policy, kept = parse_policy(file), list[Overlaid]()
    for one in overlay:
        made = laid(policy, one)
        if isinstance(made, str) or made == policy or (new and _stated(policy, one.change)):
            continue
        if one.change.verb is RuleVerb.OBSERVE and not observes:
            continue
        kept.append(one)
        policy = made
    return file + rendered(kept)


def _stated(file: Policy, change: RuleChange) -> bool:
    """Whether the file says otherwise itself."""
    person = file.people.get(change.person)
    if change.verb is RuleVerb.LEAVE:
        return person is not None and person.last_day is not None
    return change.verb is RuleVerb.ENFORCE and not file.guard.enforces
