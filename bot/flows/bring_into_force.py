"""Bring a policy into force: a row of the ledger, an entry, and a notice where it differs from the last."""

import difflib
from dataclasses import replace
from datetime import datetime

from bot.core.errors import Misconfigured
from bot.core.offering import on_file
from bot.core.overlay import file_of, overlay_of
from bot.core.policy import Policy
from bot.core.policy_file import parse_policy
from bot.core.stricter import STRICTER, looser
from bot.core.tasks import tell_of_policy
from bot.core.transition import Change, Entry, Kind, PolicyRow
from bot.flows.world import World
from bot.ports import Notice, View

DIFFERENCE_LINES = 60
"""What of the difference the channel is shown; the whole stands in the log."""


async def bring_into_force(world: World, offered: Policy, *, by: str) -> bool:
    """Put the overlay of the policy in force on a file's policy; whether the result differs from what was in force.

    Who owns the file owns the deployment: a looser one is taken too. Raises Misconfigured, and nothing has changed,
    where the file and the overlay cannot be together.
    """

    def propose(view: View) -> Change:
        last = view.policy_in_force()
        policy = with_overlay(offered, last, at=world.now()) if last is not None else offered
        if last is not None and last.digest == policy.digest:
            return Change()
        return replace(taking_force(world, last, policy, by=by, at=world.now()), answer=True)

    change = await world.ledger.decide(propose)
    await world.ledger.read(world.book.take_up)
    return isinstance(change, Change) and change.answer is True


def with_overlay(offered: Policy, last: PolicyRow, *, at: datetime) -> Policy:
    """The policy of a file with what was changed in Slack. Raises Misconfigured where they cannot be together."""
    overlay, new = overlay_of(last.text), offered.text != file_of(last.text)
    observes = _observes(last, at=at)
    try:
        return parse_policy(on_file(offered.text, overlay, new=new, observes=observes))
    except Misconfigured as wrong:
        said = (f"The file together with what was changed in Slack: {sentence}" for sentence in wrong.sentences)
        raise Misconfigured(*said) from None


def _observes(last: PolicyRow, *, at: datetime) -> bool:
    """Whether the guard only observes by what is in force; in doubt yes, for then nothing is taken from it."""
    try:
        return not parse_policy(last.text).guard.enforces_at(at)
    except Misconfigured:
        return True


def taking_force(
    world: World, last: PolicyRow | None, policy: Policy, *, by: str, at: datetime, request: str | None = None
) -> Change:
    """The row, its entry and the notices of a policy that takes the place of the last; `request` asked for it."""
    difference = _difference(last.text, policy.text) if last is not None else []
    compared = _compared(last, policy)
    facts = {"digest": policy.digest, "before": last.digest if last is not None else None, "difference": difference}
    shown = {
        "digest": policy.digest,
        "difference": difference[:DIFFERENCE_LINES],
        "by": by,
        "request": request,
        **compared,
    }
    told = tell_of_policy(policy.digest, Notice.POLICY, to=(world.channel, *policy.security), at=at, **shown)
    return Change(
        policy=PolicyRow(digest=policy.digest, text=policy.text, since=at, by=by),
        entries=(Entry(kind=Kind.POLICY, at=at, by=by, request=request, facts={**facts, **compared}),),
        tasks=told if last is not None else (),
    )


def _compared(last: PolicyRow | None, policy: Policy) -> dict[str, list[str]]:
    """The keys in which it is looser than the last, and those in which it is only stricter."""
    if last is None:
        return {}
    try:
        before = parse_policy(last.text)
    except Misconfigured:  # written by a program that took more than this one: in doubt all of it is looser
        return {"looser": list(STRICTER), "stricter": []}
    lax = looser(before, policy)
    return {"looser": list(lax), "stricter": [key for key in looser(policy, before) if key not in lax]}


def _difference(before: str, after: str) -> list[str]:
    return [
        line
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
        if not line.startswith(("---", "+++"))
    ]
