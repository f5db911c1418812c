"""The move `establish`: a person says what the cause of an incident was, or that it is not known after all."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.core.acknowledging import Acknowledging, known, not_gone, rostered
from bot.core.acknowledging import not_the_actor as not_in_an_incident
from bot.core.incident import Cause
from bot.core.policy import RULES, Policy, Tier
from bot.core.refusal import Refusal, Why
from bot.core.tasks import draw
from bot.core.transition import Kind, Transition, move


@dataclass(frozen=True, kw_only=True, slots=True)
class Establishing(Acknowledging):
    """One choice, with everything the checks look at; `shown` is the cause that the form showed as that of now."""

    cause: Cause | None
    shown: Cause | None


Check = Callable[[Establishing], Refusal | None]


def not_the_actor(case: Establishing) -> Refusal | None:
    """Nobody writes the history of what they did themselves, acknowledged or not."""
    return Refusal(why=Why.OWN_INCIDENT) if case.found.person == case.reader.id else None


def may_say(case: Establishing) -> Refusal | None:
    groups = {name for name, _ in tier_that_establishes(case.policy).approvals}
    if case.policy.groups_of(case.reader, at=case.at, requester=case.found.person) & groups:
        return None
    return Refusal(why=Why.MAY_NOT_ESTABLISH, facts={"groups": sorted(groups)})


def counts_by_now(case: Establishing) -> Refusal | None:
    """Who was added in Slack of late says nothing that an approver says."""
    since = case.reader.approves_from
    if since is None or case.at >= since:
        return None
    return Refusal(why=Why.NOT_YET_AN_APPROVER, facts={"from": since})


def as_shown(case: Establishing) -> Refusal | None:
    """Two who look at once do not overrule each other unseen."""
    found = case.found
    if found.established == case.shown:
        return None
    return Refusal(why=Why.CAUSE_CHANGED, facts={"by": found.established_by}, input="cause")


def another(case: Establishing) -> Refusal | None:
    same = case.cause == case.found.established
    return Refusal(why=Why.CAUSE_ALREADY_SO, input="cause") if same else None


MAY_CHECKS: tuple[Check, ...] = (rostered, not_gone, known, not_the_actor, not_in_an_incident, may_say, counts_by_now)
ESTABLISH_CHECKS: tuple[Check, ...] = (*MAY_CHECKS, as_shown, another)


def may_establish(case: Establishing) -> Refusal | None:
    """What stands against this person's saying it, whatever the cause."""
    return next((refusal for check in MAY_CHECKS if (refusal := check(case))), None)


def tier_that_establishes(policy: Policy) -> Tier:
    """Whoever may vote on it says what a cause was: that of the bot's own rules, or else the weightiest of accounts."""
    return policy.tier(RULES) or policy.tiers[0]


def establish(case: Establishing, *, checks: tuple[Check, ...] = ESTABLISH_CHECKS) -> Transition | Refusal:
    """Put the cause on record, with the one that stood before; None takes it back."""
    for check in checks:
        if refusal := check(case):
            return refusal
    found, by = case.found, case.reader.id
    after = replace(found, established=case.cause, established_by=by, established_at=case.at)
    tasks = draw(found, version=found.version + 1, at=case.at)
    return move(found, after, kind=Kind.ESTABLISHED, by=by, at=case.at, tasks=tasks, earlier=_plain(found.established))


def _plain(cause: Cause | None) -> str | None:
    return cause.value if cause is not None else None
