"""“Explained” of the design as a decision table: actor × operation × request × restored since × what was before."""

from dataclasses import replace
from datetime import datetime
from itertools import product

import pytest

from bot.core.account import OWN_PRINCIPAL, Instance
from bot.core.policy import GuardRules
from bot.core.request import EXPLAINING, Action, Request, State, Subject
from bot.core.verdict import PAGED, Because, Facts, Previous, Verdict, judge
from tests.core.build import AT, HOUR, MS, SECOND, STANDING, account, instance

GUARD = GuardRules(explained_actors=frozenset({"system:legal"}))
NOTHING = Facts(keyed=None, restored_at=None, previous=None, stands=True)
OURS = instance(actor=OWN_PRINCIPAL, operation="op-a")
WHEN = OURS.at
assert WHEN is not None


def keyed(state: State = State.RUNNING, **changed: object) -> Request:
    return replace(STANDING[state](), **{"id": "REQ-A", "explains": None, "operation": "op-a", **changed})


def verdict(of: Instance, **facts: object) -> Verdict:
    return judge(of, replace(NOTHING, **facts), GUARD)


# By a request


REQUESTS: dict[str, tuple[Instance, Request | None, Because]] = {
    "the request's own": (OURS, keyed(), Because.REQUEST),
    "done before the feed told of it": (OURS, keyed(State.DONE), Because.REQUEST),
    "the same instance again": (OURS, replace(keyed(State.DONE), explains=OURS), Because.REQUEST),
    "another instance of the same key": (
        OURS,
        replace(keyed(State.DONE), explains=replace(OURS, at=WHEN - SECOND)),
        Because.KEY_USED,
    ),
    "no key": (replace(OURS, operation=None), None, Because.OWN_WITHOUT_KEY),
    "a key nobody knows": (OURS, None, Because.OWN_WITHOUT_KEY),
    "another request's key": (OURS, keyed(operation="op-b"), Because.OWN_WITHOUT_KEY),
    "a key of another account": (
        OURS,
        keyed(subject=Subject.of(account(id="acct_2"))),
        Because.OWN_WITHOUT_KEY,
    ),
    "a key of a restore": (OURS, keyed(action=Action.RESTORE), Because.OWN_WITHOUT_KEY),
    "our key in another's hand": (replace(OURS, actor="staff:rex"), keyed(), Because.STAFF),
    "our key with the actor lost": (replace(OURS, actor=None), keyed(), Because.UNKNOWN_ACTOR),
}


@pytest.mark.parametrize(("of", "request_", "because"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_explains_what_it_did_itself_and_nothing_else(
    of: Instance, request_: Request | None, because: Because
) -> None:
    found = verdict(of, keyed=request_)
    assert (found.explained, found.because) == (because is Because.REQUEST, because)
    assert found.request == ("REQ-A" if because in {Because.REQUEST, Because.KEY_USED} else None)


@pytest.mark.parametrize("state", State)
def test_only_a_request_that_was_claimed_and_did_not_end_otherwise_explains(state: State) -> None:
    """A deactivation that lands for a request already ended, or not yet claimed, is `late`."""
    found = verdict(OURS, keyed=keyed(state))
    explains = state in {State.RUNNING, State.UNCERTAIN, State.DONE, State.PROVISIONAL, State.RATIFIED}
    assert found == Verdict(explained=explains, because=Because.REQUEST if explains else Because.LATE, request="REQ-A")


@pytest.mark.parametrize(
    ("at", "restored_at", "because"),
    [
        (WHEN, None, Because.REQUEST),
        (WHEN, WHEN - MS, Because.REQUEST),
        (WHEN, WHEN, Because.REQUEST),
        (WHEN, WHEN + MS, Because.KEY_USED),
        (None, None, Because.REQUEST),
        (None, WHEN, Because.KEY_USED),
    ],
    ids=["never restored", "restored before", "at the same moment", "restored since", "no time", "no time, restored"],
)
def test_a_request_explains_nothing_that_was_restored_since(
    at: datetime | None, restored_at: datetime | None, because: Because
) -> None:
    assert verdict(replace(OURS, at=at), keyed=keyed(State.DONE), restored_at=restored_at).because is because


# By somebody else, or nobody


ACTORS = {
    "owner:acct_1": Because.OWNER,
    "owner:acct_2": Because.STAFF,
    "system:legal": Because.REGISTERED,
    "system:spam": Because.UNREGISTERED,
    "svc:other": Because.UNREGISTERED,
    "staff:rex": Because.STAFF,
    "unknown": Because.UNKNOWN_ACTOR,
    None: Because.UNKNOWN_ACTOR,
}
LEFT_ALONE = {Because.REQUEST, Because.OWNER, Because.REGISTERED, Because.KNOWN, Because.REPLACES_EXPLAINED}


@pytest.mark.parametrize(("actor", "because"), ACTORS.items())
def test_the_owner_and_the_registered_explain_themselves_and_nobody_else(actor: str | None, because: Because) -> None:
    found = verdict(instance(actor=actor))
    assert (found.explained, found.because) == (because in LEFT_ALONE, because)


@pytest.mark.parametrize("restored_at", [None, AT - HOUR, AT], ids=["never", "before", "since"])
@pytest.mark.parametrize("actor", ["owner:acct_1", "system:legal"])
def test_what_was_restored_before_does_not_bind_the_owner_nor_the_registered(
    actor: str, restored_at: datetime | None
) -> None:
    assert verdict(instance(actor=actor), restored_at=restored_at).explained


def test_our_own_principal_is_never_registered() -> None:
    """Written into the policy it still has to show a key."""
    guard = GuardRules(explained_actors=frozenset({OWN_PRINCIPAL}))
    assert judge(replace(OURS, operation=None), NOTHING, guard).because is Because.OWN_WITHOUT_KEY


# What replaces an explained one


BEFORE = AT - HOUR
RIGHTLY = Previous(instance=instance(actor="owner:acct_1", at=BEFORE), explained=True)
REPLACED: dict[str, tuple[Previous | None, datetime | None, bool]] = {
    "rightly down before": (RIGHTLY, None, True),
    "up before that": (RIGHTLY, BEFORE - MS, True),
    "nothing before": (None, None, False),
    "wrongly down before": (replace(RIGHTLY, explained=False), None, False),
    "restored between": (RIGHTLY, BEFORE + MS, False),
    "restored at that moment": (RIGHTLY, BEFORE, False),
    "nobody knows since when": (replace(RIGHTLY, instance=instance(at=None)), None, True),
    "nobody knows since when, restored": (replace(RIGHTLY, instance=instance(at=None)), BEFORE, False),
    "the very same": (Previous(instance=instance(), explained=True), None, False),
}


@pytest.mark.parametrize(("previous", "restored_at", "explained"), REPLACED.values(), ids=REPLACED)
@pytest.mark.parametrize("actor", [actor for actor, because in ACTORS.items() if because not in LEFT_ALONE])
def test_what_relabels_an_account_rightly_down_makes_no_incident(
    actor: str | None, previous: Previous | None, restored_at: datetime | None, *, explained: bool
) -> None:
    previous = replace(previous, instance=replace(previous.instance, actor=actor)) if previous else None
    found = verdict(instance(actor=actor), previous=previous, restored_at=restored_at)
    # by any other hand than a system's a new instance proves that the account was up between
    explained = explained and actor is not None and actor.startswith("system:")
    assert found.explained is explained
    assert found.because is (Because.REPLACES_EXPLAINED if explained else ACTORS[actor])


def test_our_own_principal_without_a_key_is_unexplained_whatever_was_before() -> None:
    """The platform lets none but owner and systems relabel: what bears our name without a key was not us."""
    found = verdict(replace(OURS, operation=None), previous=RIGHTLY)
    assert (found.explained, found.because) == (False, Because.OWN_WITHOUT_KEY)


# The whole table at once


def test_every_combination_is_explained_exactly_as_the_design_says() -> None:
    actors = [OWN_PRINCIPAL, *ACTORS]
    operations = [None, "op-a", "op-b"]
    restores = [None, BEFORE - MS, BEFORE + MS, AT]
    befores = [None, RIGHTLY, replace(RIGHTLY, explained=False)]
    for actor, operation, state, restored_at, previous in product(actors, operations, State, restores, befores):
        of = instance(actor=actor, operation=operation)
        request = KEYED[state] if operation == "op-a" else None
        found = verdict(of, keyed=request, restored_at=restored_at, previous=previous)
        assert of.at is not None
        if actor == OWN_PRINCIPAL:
            since = restored_at is not None and restored_at > of.at
            expected = request is not None and state in EXPLAINING and not since
        elif actor in {"owner:acct_1", "system:legal"}:
            expected = True
        else:
            may_replace = actor is not None and actor.startswith("system:")
            expected = may_replace and previous is RIGHTLY and (restored_at is None or restored_at < BEFORE)
        assert found.explained is expected, (actor, operation, state, restored_at, previous)


KEYED = {state: keyed(state) for state in State}


# Whom nobody knows


def test_whoever_acted_as_us_or_as_a_system_or_as_nobody_is_nobody_known() -> None:
    assert set(Because) - LEFT_ALONE - {Because.STAFF} == PAGED
