"""Record what a person decides on a request: approve, deny or withdraw. A click only records a vote."""

from dataclasses import dataclass

from bot.core.policy import SEEN_FOR
from bot.core.refusal import Refusal, Why
from bot.core.request import Choice, Request
from bot.core.transition import Change, Transition
from bot.core.voting import Ballot, missing, revise, vote, withdraw
from bot.flows.note import note
from bot.flows.ratify import ratified_by_now
from bot.flows.undo import with_its_undoing
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
    identity_known: bool,
    reason: str | None,
    replay: str | None,
) -> Counted | Refusal:
    """Count a click. Raises LedgerAway, Replayed."""

    def propose(view: View) -> Change | Refusal:
        ballot = _cast(
            world,
            request,
            view,
            slack_user=slack_user,
            choice=choice,
            digest=digest,
            identity_known=identity_known,
            reason=reason,
        )
        if isinstance(ballot, Refusal):
            return ballot
        counted = vote(ballot)
        if isinstance(counted, Refusal):
            return counted
        return _drifted(view, ballot) or _written(world, view, counted)

    outcome = await world.ledger.decide(propose, replay=replay)
    if isinstance(outcome, Change) and isinstance(outcome.answer, Refusal):
        return outcome.answer
    if isinstance(outcome, Refusal):
        await note(world, outcome, slack_user=slack_user, request=request, replay=replay)
        return outcome
    after = outcome.answer if isinstance(outcome.answer, Request) else outcome.request()
    return Counted(request=after, missing=missing(after, policy=world.policy, at=world.now()))


def _written(world: World, view: View, counted: Transition) -> Change:
    """The vote, and what follows of it at once for an emergency: ratified by it, or undone."""
    request = counted.after
    assert isinstance(request, Request)
    ratified = ratified_by_now(world, view, request, at=counted.entry.at)
    moves = (counted, ratified) if ratified is not None else with_its_undoing(world, view, counted)
    return Change(transitions=moves, answer=ratified.after if ratified is not None else request)


async def preview(
    world: World,
    *,
    request: str,
    slack_user: str,
    choice: Choice,
    digest: str,
    identity_known: bool,
    replay: str | None,
) -> Request | Refusal:
    """Whether such a click would count, before its reason is asked for. A no is recorded like any other."""

    def ask(view: View) -> Request | Refusal:
        ballot = _cast(
            world,
            request,
            view,
            slack_user=slack_user,
            choice=choice,
            digest=digest,
            identity_known=identity_known,
            reason=None,
        )
        if isinstance(ballot, Refusal):
            return ballot
        counted = vote(ballot)
        return counted if isinstance(counted, Refusal) else ballot.request

    outcome = await world.ledger.read(ask)
    if isinstance(outcome, Refusal):
        await note(world, outcome, slack_user=slack_user, request=request, replay=replay)
    return outcome


def _cast(
    world: World,
    request: str,
    view: View,
    *,
    slack_user: str,
    choice: Choice,
    digest: str,
    identity_known: bool,
    reason: str | None,
) -> Ballot | Refusal:
    """The click with all that the checks look at, from this transaction."""
    policy, found = world.policy_in(view), view.request(request)
    person = policy.person_of_slack(slack_user)
    if found is None:
        return Refusal(why=Why.UNKNOWN_REQUEST)
    return Ballot(
        request=found,
        person=person,
        slack_user=slack_user,
        choice=choice,
        digest=digest,
        identity_known=identity_known,
        policy=policy,
        at=world.now(),
        unacknowledged=view.unacknowledged_of(person.id) if person else None,
        reason=reason,
    )


def _drifted(view: View, ballot: Ballot) -> Change | None:
    """The policy demands something else than the card shows: nobody approves what is not shown; a deny ends it."""
    request, policy = ballot.request, ballot.policy
    requester = policy.people.get(request.requester)
    if ballot.choice is Choice.DENY or requester is None or request.emergency or not request.of_an_account:
        # what an emergency did is done already: it is ratified as it was drawn; what a request about no account
        # demands is asked again when it is carried out
        return None
    tier = policy.tier_of(request.subject, view.tiers_seen(request.subject.id, ballot.at - SEEN_FOR), at=ballot.at)
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
    at = world.now()

    def propose(view: View) -> Change | Refusal:
        policy, found = world.policy_in(view), view.request(request)
        if found is None:
            return Refusal(why=Why.UNKNOWN_REQUEST)
        withdrawn = withdraw(found, person=policy.person_of_slack(slack_user), policy=policy, at=at)
        if isinstance(withdrawn, Refusal):
            return withdrawn
        return Change(transitions=with_its_undoing(world, view, withdrawn))

    outcome = await world.ledger.decide(propose, replay=replay)
    if isinstance(outcome, Refusal):
        await note(world, outcome, slack_user=slack_user, request=request, replay=replay)
    return outcome
