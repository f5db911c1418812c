"""Every state × every move. The table is the design's; what it does not let happen is refused, or never asked."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.core.claiming import Wait, Waits, account_gone, claim, expire_due, supersede, wait
from bot.core.filing import file
from bot.core.refusal import Refusal
from bot.core.request import LIVE, Choice, Request, State, Subject
from bot.core.settling import done, explained, failed, release, uncertain
from bot.core.transition import Kind, Transition
from bot.core.voting import revise, vote, withdraw
from tests.core.build import (
    ADA,
    AT,
    DAY,
    LATER,
    MINA,
    MINUTE,
    ON_DUTY,
    POLICY,
    SECOND,
    STANDARD,
    STANDING,
    account,
    agrees,
    ballot,
    claiming,
    filing,
    instance,
)


def another(request: Request) -> object:
    """Ask again while this one stands: the ledger hands the filing what is live of it."""
    live = request if request.state in LIVE else None
    return file(filing(live=live), id="REQ-B", operation="op-b", slack_user="U01ADA")


def approve(request: Request) -> object:
    return vote(ballot(request, MINA, at=LATER, policy=ON_DUTY))


def deny(request: Request) -> object:
    return vote(ballot(request, MINA, at=LATER, policy=ON_DUTY, choice=Choice.DENY, reason="not enough"))


def take_back(request: Request) -> object:
    return withdraw(request, person=ON_DUTY.people[request.requester], policy=ON_DUTY, at=LATER)


def show_anew(request: Request) -> object:
    return revise(
        request,
        subject=Subject.of(account(handle="maria2")),
        tier="standard",
        quorum=POLICY.quorum_of(STANDARD, requester=ADA, at=LATER),
        why=["handle"],
        policy=POLICY,
        at=LATER,
    )


MOVES: dict[str, tuple[Callable[[Request], object], Kind]] = {
    "file": (another, Kind.FILED),
    "approve": (approve, Kind.APPROVED),
    "deny": (deny, Kind.DENIED),
    "withdraw": (take_back, Kind.WITHDRAWN),
    "revise": (show_anew, Kind.REVISED),
    "expire": (lambda request: expire_due(request, policy=POLICY, at=AT + DAY), Kind.EXPIRED),
    "claim": (lambda request: claim(claiming(request)), Kind.CLAIMED),
    "wait": (lambda request: wait(request, Waits.LANE, until=LATER + SECOND, at=LATER), Kind.WAITED),
    "gone": (lambda request: account_gone(request, at=LATER), Kind.VOIDED),
    "supersede": (lambda request: supersede(request, by="owner:acct_1", at=LATER), Kind.SUPERSEDED),
    "done": (lambda request: done(request, at=LATER, instance=None), Kind.SETTLED),
    "failed": (lambda request: failed(request, at=LATER, why="forbidden"), Kind.SETTLED),
    "uncertain": (lambda request: uncertain(request, at=LATER, why="no answer"), Kind.SETTLED),
    "release": (lambda request: release(request, at=LATER), Kind.RELEASED),
    "explained": (lambda request: explained(request, instance(), at=LATER), Kind.EXPLAINED),
}

# A state: what comes of it. !reason: a person is refused. 0: nothing to do, and no entry. x: not a move from there,
# so that no caller may ask for it.
TABLE = """
            file          approve           deny             withdraw         revise  expire
pending     !live_request approved          denied           withdrawn        pending expired
approved    !live_request !already_approved denied           withdrawn        pending expired
running     !live_request !already_decided  !already_decided !already_decided x       0
uncertain   !live_request !already_decided  !already_decided !already_decided x       0
provisional pending       provisional       denied           withdrawn        x       lapsed
ratified    pending       !already_decided  !already_decided !already_decided x       0
done        pending       !already_decided  !already_decided !already_decided x       0
failed      pending       !already_decided  !already_decided !already_decided x       0
denied      pending       !already_decided  !already_decided !already_decided x       0
withdrawn   pending       !already_decided  !already_decided !already_decided x       0
expired     pending       !already_decided  !already_decided !already_decided x       0
void        pending       !already_decided  !already_decided !already_decided x       0
lapsed      pending       !already_decided  !already_decided !already_decided x       0
superseded  pending       !already_decided  !already_decided !already_decided x       0

            claim         wait     gone     supersede  done failed uncertain release  explained
pending     x             x        x        superseded x    x      x         x        x
approved    running       approved void     superseded x    x      x         x        x
running     x             x        x        x          done failed uncertain approved running
uncertain   x             x        x        x          done failed 0         approved uncertain
provisional x             x        x        x          x    x      x         x        provisional
ratified    x             x        x        x          x    x      x         x        ratified
done        x             x        x        x          x    x      x         x        done
failed      x             x        x        x          x    x      x         x        x
denied      x             x        x        x          x    x      x         x        x
withdrawn   x             x        x        x          x    x      x         x        x
expired     x             x        x        x          x    x      x         x        x
void        x             x        x        x          x    x      x         x        x
lapsed      x             x        x        x          x    x      x         x        x
superseded  x             x        x        x          x    x      x         x        x
"""


def cells() -> list[tuple[State, str, str]]:
    found = []
    for block in TABLE.strip("\n").split("\n\n"):
        head, *rows = [line.split() for line in block.splitlines()]
        found += [(State(row[0]), name, cell) for row in rows for name, cell in zip(head, row[1:], strict=True)]
    return found


@pytest.mark.parametrize(("state", "name", "expected"), cells(), ids=str)
def test_a_move_does_what_the_table_says(state: State, name: str, expected: str) -> None:
    request, (make, kind) = STANDING[state](), MOVES[name]
    assert request.state is state
    if expected == "x":
        with pytest.raises(AssertionError):
            make(request)
        return
    outcome = make(request)
    outcome = outcome.transition if isinstance(outcome, Wait) else outcome
    if expected == "0":
        assert outcome is None
    elif expected.startswith("!"):
        assert isinstance(outcome, Refusal)
        assert outcome.why.value == expected.removeprefix("!")
    else:
        assert isinstance(outcome, Transition)
        agrees(outcome)
        assert isinstance(outcome.after, Request)
        assert outcome.after.state == expected
        assert outcome.entry.kind is (Kind.LAPSED if expected == "lapsed" else kind)
        assert outcome.entry.request == outcome.after.id


def test_the_table_holds_every_state_and_every_move() -> None:
    assert {(state, name) for state, name, _ in cells()} == {(state, name) for state in State for name in MOVES}


def test_an_approval_that_leaves_a_place_empty_leaves_it_pending() -> None:
    """The one cell with two answers."""
    request = STANDING[State.PENDING]()
    two = replace(request, quorum=replace(request.quorum, extra=1))
    outcome = vote(ballot(two, at=AT + MINUTE))
    assert isinstance(outcome, Transition)
    assert isinstance(outcome.after, Request)
    assert outcome.after.state is State.PENDING


@pytest.mark.parametrize("state", [state for state in State if state not in {State.PENDING, State.APPROVED}])
def test_a_restore_of_the_guard_never_expires(state: State) -> None:
    request = replace(STANDING[State.APPROVED](), by_policy=True)
    assert expire_due(request, policy=POLICY, at=AT + 10 * DAY) is None
    assert expire_due(replace(request, state=state), policy=POLICY, at=AT + 10 * DAY) is None
