"""What people do on Slack: ask, approve, deny, withdraw, acknowledge, by the right buttons and by wrong ones."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import timedelta

from bot.core.account import Account
from bot.core.acknowledging import Acknowledging, acknowledge
from bot.core.emergency import EmergencyFiling, file_emergency
from bot.core.filing import Draft, Filing, file
from bot.core.refusal import Refusal
from bot.core.request import Action, Choice, Request
from bot.core.request import State as Standing
from bot.core.transition import Change, Kind, Sighting, Transition
from bot.core.voting import Ballot, vote, withdraw
from bot.flows import decide
from tests.core.search.cards import shown
from tests.core.search.carrying import ratified_by_now, with_its_undoing
from tests.core.search.game import Game, Step
from tests.core.search.ledger import LedgerView
from tests.core.search.world import Shown, State


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """What a form comes back with, and whether Slack confirmed who sent it."""

    how: str
    action: Action = Action.DEACTIVATE
    category: str = "spam"
    reason: str = "sells pills"
    evidence: str | None = "https://pills.example/1"
    confirm_handle: str | None = None
    """None types the right one."""
    emergency: bool = False
    identity_known: bool = True

    def draft(self, account: Account) -> Draft:
        typed = self.confirm_handle or account.handle
        return Draft(
            action=self.action,
            category=self.category,
            reason=self.reason,
            evidence=self.evidence,
            confirm_handle=typed,
            emergency=self.emergency,
        )


ASKED = {
    "ask": Form(how="to deactivate"),
    "ask back": Form(how="to restore"),
    "ask of no category": Form(how="for no known category to deactivate", category="boredom"),
    "ask for no reason": Form(how="for too short a reason to deactivate", reason="pills"),
    "ask without evidence": Form(how="with evidence that is no link to deactivate", evidence="a photo"),
    "ask for another": Form(how="with another handle typed to deactivate", confirm_handle="somebody"),
    "ask unseen": Form(how="(whom Slack did not confirm) to deactivate", identity_known=False),
}
ASKED["ask back"] = replace(ASKED["ask back"], action=Action.RESTORE)
FORMS = ASKED | {
    f"{name} at once": replace(form, how=f"at once {form.how}", emergency=True) for name, form in ASKED.items()
}
"""What people may type, by the name under which a scope lets them."""


def steps(state: State, game: Game) -> Iterator[Step]:
    """Everything people may do next."""
    if game.asks_left(state):
        for name in sorted(game.scope.people & FORMS.keys()):
            for account in state.platform.accounts:
                for slack_user in game.scope.askers:
                    yield from _asks(state, game, FORMS[name], account, slack_user)
    for request in state.ledger.requests:
        if not request.by_policy:
            yield from _clicks(state, game, request)
    if "acknowledge" in game.scope.people and state.ledger.incidents:
        yield from _acknowledgements(state, game)


def _asks(state: State, game: Game, form: Form, account: Account, slack_user: str) -> Iterator[Step]:
    about = (game.number(form), slack_user, game.number(account), game.ledger(state), state.roster, state.now)
    change = game.once(about, lambda: _filing(state, game, form, account, slack_user))
    if change is not None:
        yield Step(
            kind="ask",
            label=f"{slack_user} asks {form.how} {account.id}",
            after=game.commit(state, change),
            change=change,
            by=slack_user,
            form=form,
            account=account,
        )


def _filing(state: State, game: Game, form: Form, account: Account, slack_user: str) -> Change | None:
    """The transaction of `flows.submit.submit`; None where it is refused."""
    view, policy, at, draft = LedgerView(state.ledger), game.policy(state), state.now, form.draft(account)
    person = policy.person_of_slack(slack_user)
    _, id, operation = game.ids(state)
    case = Filing(
        draft=draft,
        account=account,
        person=person,
        policy=policy,
        at=at,
        tier=policy.tier_of(account, view.tiers_seen(account.id, at), at=at),
        live=view.live_request(account.id, draft.action),
        filed_in_hour=view.filed_since(person.id, at - timedelta(hours=1)) if person else (),
        unacknowledged=view.unacknowledged_of(person.id) if person else None,
        denied_before=view.denied(account.id, draft.action, at - timedelta(days=30)),
    )
    ids = {"id": id, "operation": operation, "slack_user": slack_user}
    if draft.emergency:
        urgent = _at_once(view, case, identity_known=form.identity_known)
        filed = file_emergency(urgent, **ids, checks=game.rules.emergency)
    else:
        filed = file(case, **ids, checks=game.rules.file)
    if isinstance(filed, Refusal):
        return None
    seen = Sighting(account=account.id, tier=policy.tier_of(account, at=at).name, at=at)
    return Change(transitions=(filed,), sightings=(seen,))


def _at_once(view: LedgerView, case: Filing, *, identity_known: bool) -> EmergencyFiling:
    """`flows.submit._at_once`."""
    person, account, at = case.person, case.account.id, case.at
    unratified = view.unratified(person=person.id) if person else ()
    return EmergencyFiling(
        **{field.name: getattr(case, field.name) for field in fields(case)},
        identity_known=identity_known,
        unratified=next(iter(unratified), None),
        emergencies_today=view.emergencies_filed(person.id, case.policy.midnight(at)) if person else 0,
        busy=view.lane(account) is not None or view.open_incident(account) is not None,
        claimed_in_hour=view.deactivations_claimed_since(at - timedelta(hours=1)),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Click:
    """A button and what comes with it."""

    choice: Choice
    card: Shown
    digest: str
    reason: str | None = None
    identity_known: bool = True
    how: str = ""


def _clicks(state: State, game: Game, request: Request) -> Iterator[Step]:
    people, number = game.scope.people, game.number
    about = (number(request), number(state.cards))
    for click in game.once(("clicks", *about), lambda: _buttons(state, game, request)):
        for slack_user in game.scope.voters:
            yield from _cast(state, game, request, click, slack_user)
    if "withdraw" in people:
        for slack_user in game.scope.voters:
            yield from _withdrawal(state, game, request, slack_user)


def _buttons(state: State, game: Game, request: Request) -> list[Click]:
    """Those of the card as it stands, and of the one before it that somebody still sees."""
    card, digest, people = shown(request), request.digest, game.scope.people
    buttons = {
        "approve": Click(choice=Choice.APPROVE, card=card, digest=digest),
        "deny": Click(choice=Choice.DENY, card=card, digest=digest, reason="not so"),
        "deny for no reason": Click(choice=Choice.DENY, card=card, digest=digest, reason="no", how=" without a reason"),
        "approve unseen": Click(
            choice=Choice.APPROVE, card=card, digest=digest, identity_known=False, how=", whom Slack did not confirm"
        ),
    }
    found = [click for name, click in buttons.items() if name in people]
    if "approve an old card" in people:
        old = [(card, digest) for id, card, digest in state.cards if id == request.id]
        found += [Click(choice=Choice.APPROVE, card=card, digest=digest, how=" on an old card") for card, digest in old]
    return found


def _cast(state: State, game: Game, request: Request, click: Click, slack_user: str) -> Iterator[Step]:
    """The transaction of `flows.decide.decide`."""
    number = game.number
    about = (number(request), slack_user, number(click), game.ledger(state), state.roster, state.now)
    change = game.once(about, lambda: _counting(state, game, request, click, slack_user))
    if change is None:
        return
    after = game.commit(state, change)
    label = f"{slack_user} {'denies' if click.choice is Choice.DENY else 'approves'} {request.id}{click.how}"
    if change.transitions[0].after.revision > request.revision:
        label += ", which is shown anew"
    elif click.choice is Choice.APPROVE:
        after = replace(after, signed=after.signed | {(request.id, request.revision, slack_user, click.card)})
    yield Step(
        kind=click.choice.value,
        label=label,
        after=after,
        change=change,
        by=slack_user,
        card=click.card,
        identity_known=click.identity_known,
    )


def _counting(state: State, game: Game, request: Request, click: Click, slack_user: str) -> Change | None:
    view, policy = LedgerView(state.ledger), game.policy(state)
    person = policy.person_of_slack(slack_user)
    ballot = Ballot(
        request=request,
        person=person,
        slack_user=slack_user,
        choice=click.choice,
        digest=click.digest,
        identity_known=click.identity_known,
        policy=policy,
        at=state.now,
        unacknowledged=view.unacknowledged_of(person.id) if person else None,
        reason=click.reason,
    )
    counted = vote(ballot, checks=game.rules.vote)
    if isinstance(counted, Refusal):
        return None
    if revised := decide._drifted(view, ballot):
        return revised
    if click.choice is Choice.DENY and not game.rules.deny_ends:
        return Change(transitions=(_only_counted(counted),))
    after = counted.after
    assert isinstance(after, Request)
    ratified = ratified_by_now(state, game, after)
    return Change(transitions=(counted, ratified) if ratified else with_its_undoing(state, game, counted))


def _only_counted(denied: Transition) -> Transition:
    """A deny that ends nothing, as if it were only one more vote: a mutant's."""
    before = denied.before
    assert isinstance(before, Request)
    assert isinstance(denied.after, Request)
    after = replace(before, votes=denied.after.votes, version=denied.after.version)
    changes = {"votes": denied.entry.facts["changes"]["votes"], "version": after.version}
    entry = replace(denied.entry, facts={**denied.entry.facts, "changes": changes})
    kind = Kind.WAITED if before.state is Standing.APPROVED else Kind.APPROVED
    return replace(denied, after=after, entry=replace(entry, kind=kind), tasks=())


def _withdrawal(state: State, game: Game, request: Request, slack_user: str) -> Iterator[Step]:
    """The transaction of `flows.decide.take_back`."""
    number = game.number

    def ask() -> Transition | Refusal:
        policy = game.policy(state)
        person = policy.person_of_slack(slack_user)
        return withdraw(request, person=person, policy=policy, at=state.now, checks=game.rules.withdraw)

    found = game.once(("withdraw", number(request), slack_user, state.roster, state.now), ask)
    if isinstance(found, Refusal):
        return
    change = Change(transitions=with_its_undoing(state, game, found))
    label = f"{slack_user} withdraws {request.id}"
    yield Step(kind="withdraw", label=label, after=game.commit(state, change), change=change, by=slack_user)


def _acknowledgements(state: State, game: Game) -> Iterator[Step]:
    """The transaction of `flows.acknowledge`; one click is for an incident that is not on record."""
    view, policy = LedgerView(state.ledger), game.policy(state)
    for slack_user in game.scope.voters:
        person = policy.person_of_slack(slack_user)
        for id in (*(incident.id for incident in state.ledger.incidents), "INC-NONE"):
            case = Acknowledging(
                incident=view.incident(id),
                person=person,
                policy=policy,
                at=state.now,
                unacknowledged=view.unacknowledged_of(person.id) if person else None,
            )
            found = acknowledge(case, checks=game.rules.acknowledge)
            if isinstance(found, Transition):
                change = Change(transitions=(found,))
                label, after = f"{slack_user} acknowledges {id}", game.commit(state, change)
                yield Step(kind="acknowledge", label=label, after=after, change=change, by=slack_user)
