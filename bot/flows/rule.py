"""Bring a policy into force: a row of the ledger, an entry, and a notice where it differs from the last."""

import difflib

from bot.core.policy import Policy
from bot.core.tasks import tell_of_policy
from bot.core.transition import Change, Entry, Kind, PolicyRow
from bot.flows.world import World
from bot.ports import Notice, View

DIFFERENCE_LINES = 60
"""What of the difference the channel is shown; the whole stands in the log."""


async def bring_into_force(world: World, policy: Policy, *, by: str) -> bool:
    """Whether it differs from the policy in force. Who owns the file owns the deployment: a looser one is taken too."""
    at = world.now()

    def propose(view: View) -> Change:
        last = view.policy_in_force()
        if last is not None and last.digest == policy.digest:
            return Change()
        difference = _difference(last.text, policy.text) if last is not None else []
        facts = {"digest": policy.digest, "before": last.digest if last is not None else None, "difference": difference}
        shown = {"digest": policy.digest, "difference": difference[:DIFFERENCE_LINES], "by": by}
        to = (world.channel, *((policy.security_channel,) if policy.security_channel else ()))
        told = tell_of_policy(policy.digest, Notice.POLICY, to=to, at=at, **shown)
        return Change(
            policy=PolicyRow(digest=policy.digest, text=policy.text, since=at, by=by),
            entries=(Entry(kind=Kind.POLICY, at=at, by=by, facts=facts),),
            tasks=told if last is not None else (),
            answer=True,
        )

    change = await world.ledger.decide(propose)
    return isinstance(change, Change) and change.answer is True


def _difference(before: str, after: str) -> list[str]:
    return [
        line
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
        if not line.startswith(("---", "+++"))
    ]
