"""Record what a person decides on a request: approve, deny or withdraw. A click only records a vote."""

from dataclasses import dataclass

from bot.core.policy import SEEN_FOR
from bot.core.refusal import Refusal, Why
from bot.core.request import Choice, Request
from bot.core.transition import Change
from bot.core.voting import Ballot, missing, revise, vote, withdraw
from bot.flows.world import World
from bot.ports import View


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """A vote that counts, and the places of the quorum still empty after it."""

    request: Request
    missing: tuple[str, ...]


async def decide(
    world: World,
    *,
    request: str,
    slack_user: str,
    choice: Choice,
    digest: str,
    reason: str | None,
    replay: str | None,
) -> Counted | Refusal:
    """Count a click. Raises LedgerAway, Replayed."""
    policy, at = world.policy, world.now()
    person = policy.person_of_slack(slack_user)

    def propose(view: View) -> Change | Refusal:
        found = view.request(request)
        if found is None:
            return Refusal(why=Why.UNKNOWN_REQUEST)
        ballot = Ballot(
            request=found,
            person=person,
            slack_user=slack_user,
            choice=choice,
            digest=digest,
            policy=policy,
            at=at,
            unacknowledged=view.unacknowledged_of(person.id) if person else None,
            reason=reason,
        )
        counted = vote(ballot)
        if isinstance(counted, Refusal):
            return counted
        return _drifted(view, ballot) or Change(transitions=(counted,))

    outcome = await world.ledger.decide(propose, replay=replay)
    if isinstance(outcome, Change) and isinstance(outcome.answer, Refusal):
        return outcome.answer
    if isinstance(outcome, Refusal):
        by = person.id if person else slack_user
        await world.ledger.refused(outcome, by=by, at=at, request=request, replay=replay)
        return outcome
    after = outcome.request()
    return Counted(request=after, missing=missing(after, policy=policy, at=at))


async def preview(
    world: World, *, request: str, slack_user: str, choice: Choice, digest: str, replay: str | None
) -> Request | Refusal:
    """Whether such a click would count, before its reason is asked for. A no is recorded like any other."""
    policy, at = world.policy, world.now()
    person = policy.person_of_slack(slack_user)

    def ask(view: View) -> Request | Refusal:
        found = view.request(request)
        if found is None:
            return Refusal(why=Why.UNKNOWN_REQUEST)
        ballot = Ballot(
            request=found,
            person=person,
            slack_user=slack_user,
            choice=choice,
            digest=digest,
            policy=policy,
            at=at,
            unacknowledged=view.unacknowledged_of(person.id) if person else None,
        )
        counted = vote(ballot)
        return counted if isinstance(counted, Refusal) else found

    outcome = await world.ledger.read(ask)
    if isinstance(outcome, Refusal):
        by = person.id if person else slack_user
        await world.ledger.refused(outcome, by=by, at=at, request=request, replay=replay)
    return outcome


def _drifted(view: View, ballot: Ballot) -> Change | None:
    """The policy demands something else than the card shows: nobody approves what is not shown; a deny ends it."""
    request, policy = ballot.request, ballot.policy
    requester = policy.people.get(request.requester)
    if ballot.choice is Choice.DENY or requester is None:
        return None
    tier = policy.tier_of(request.subject, view.tiers_seen(request.subject.id, ballot.at - SEEN_FOR))
    quorum = policy.quorum_of(tier, requester=requester, at=ballot.at)
    why = [
        name for name, differs in (("tier", tier.name != request.tier), ("quorum", quorum != request.quorum)) if differs
    ]
    if not why:
        return None
    revised = revise(
        request, subject=request.subject, tier=tier.name, quorum=quorum, why=why, policy=policy, at=ballot.at
    )
    return Change(transitions=(revised,), answer=Refusal(why=Why.CARD_CHANGED))


async def take_back(world: World, *, request: str, slack_user: str, replay: str | None) -> Change | Refusal:
    """Withdraw one's own request. Raises LedgerAway, Replayed."""
    policy, at = world.policy, world.now()
    person = policy.person_of_slack(slack_user)

    def propose(view: View) -> Change | Refusal:
        found = view.request(request)
        if found is None:
            return Refusal(why=Why.UNKNOWN_REQUEST)
        withdrawn = withdraw(found, person=person, policy=policy, at=at)
        return withdrawn if isinstance(withdrawn, Refusal) else Change(transitions=(withdrawn,))

    outcome = await world.ledger.decide(propose, replay=replay)
    if isinstance(outcome, Refusal):
        by = person.id if person else slack_user
        await world.ledger.refused(outcome, by=by, at=at, request=request, replay=replay)
    return outcome
