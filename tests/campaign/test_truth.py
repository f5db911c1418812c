"""The machine's judge sees each kind of wrong when there is one: the right history with one thing changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.core.request import Action, Choice, Request, State
from tests.campaign.moves import BASE
from tests.campaign.roster import Roster
from tests.campaign.truth import OURS, Told, claim_broke, effects_broke, standing_broke, votes_broke
from tests.core.build import DAY, HOUR, OMAR, approved, running

CLAIMED = running(approved(None, OMAR))
"""Ada asked, Omar approved, it was claimed a minute later; Omar is a manager of the machine's roster too."""
AT = CLAIMED.filed_at
TOLD = Told(votes={(CLAIMED.id, 1, "omar"): Choice.APPROVE}, filed={CLAIMED.id})
ACCOUNT = CLAIMED.subject.id
DONE = replace(CLAIMED, state=State.DONE)


def broke(request: Request = CLAIMED, roster: Roster = BASE, told: Told = TOLD, **shown: Any) -> list[str]:
    case = {"handle": CLAIMED.subject.handle, "tier": "standard", "paused": False}
    return claim_broke(request, roster, told, **{**case, **shown})


def test_a_claim_in_order_broke_nothing() -> None:
    assert broke() == []


WRONG: dict[str, Callable[[], list[str]]] = {
    "nobody approved": lambda: broke(told=Told()),
    "the one who asked approved": lambda: broke(told=Told(votes={(CLAIMED.id, 1, "ada"): Choice.APPROVE})),
    "an approval of another revision": lambda: broke(told=Told(votes={(CLAIMED.id, 2, "omar"): Choice.APPROVE})),
    "who approved lost the group": lambda: broke(roster=BASE.changed("omar", groups=("nobody",))),
    "who approved is past the last day": lambda: broke(roster=BASE.changed("omar", last_day=(AT - DAY).date())),
    "who asked is gone": lambda: broke(roster=BASE.without("ada")),
    "who asked is a contractor, and nobody more approved": lambda: broke(roster=BASE.changed("ada", contractor=True)),
    "somebody denied": lambda: broke(
        replace(CLAIMED, votes=(*CLAIMED.votes, replace(CLAIMED.votes[0], person="mina", choice=Choice.DENY)))
    ),
    "another name than the card showed": lambda: broke(handle="somebody_else"),
    "a weightier account than the card showed": lambda: broke(tier="protected"),
    "the approval was kept for an hour": lambda: broke(replace(CLAIMED, claimed_at=AT + HOUR)),
    "the quorum came a day later": lambda: broke(
        replace(CLAIMED, quorate_at=CLAIMED.filed_at + DAY, claimed_at=CLAIMED.filed_at + DAY)
    ),
    "an emergency of somebody not on duty": lambda: broke(replace(CLAIMED, emergency=True)),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_claim_with_one_thing_wrong_is_seen(what: str) -> None:
    assert WRONG[what]()


def effect(action: str, actor: str, operation: str | None = None) -> dict[str, Any]:
    return {"action": action, "actor": {"id": actor}, "operation": operation, "account": ACCOUNT}


RESTORE = replace(DONE, id="REQ-R", operation="op-r", by_policy=True, action=Action.RESTORE)
KNOWN = {DONE.operation: DONE, "op-r": RESTORE}
OURS_DOWN, OURS_UP = effect("deactivate", OURS, DONE.operation), effect("restore", OURS, "op-r")
ROGUE, LEGAL = effect("deactivate", "staff:rex"), effect("deactivate", "system:legal")


@pytest.mark.parametrize("history", [[OURS_DOWN], [ROGUE, OURS_UP], [LEGAL], [ROGUE, LEGAL]])
def test_effects_in_order_broke_nothing(history: list[dict[str, Any]]) -> None:
    assert effects_broke(history, KNOWN, ACCOUNT) == []


@pytest.mark.parametrize(
    "history",
    [
        [OURS_DOWN, ROGUE, OURS_DOWN],
        [LEGAL, OURS_UP],
        [effect("deactivate", f"owner:{ACCOUNT}"), OURS_UP],
        [OURS_DOWN, OURS_UP],
        [effect("deactivate", OURS, "op-nobody")],
        [effect("restore", OURS, DONE.operation)],
    ],
)
def test_effects_with_one_thing_wrong_are_seen(history: list[dict[str, Any]]) -> None:
    assert effects_broke(history, KNOWN, ACCOUNT)


def test_what_is_down_for_no_reason_is_seen_and_what_is_down_rightly_is_not() -> None:
    down = {"id": ACCOUNT, "active": False, "deactivation": {"actor": {"id": "staff:rex"}}}
    assert standing_broke(down, [ROGUE], KNOWN)
    assert standing_broke(down, [LEGAL, effect("restore", "staff:mona"), ROGUE], KNOWN)
    assert not standing_broke(down, [LEGAL, ROGUE], KNOWN)
    assert not standing_broke({**down, "active": True}, [ROGUE, OURS_UP], KNOWN)


def test_a_vote_or_a_filing_that_was_told_and_is_not_on_disk_is_seen() -> None:
    assert votes_broke([CLAIMED], TOLD) == []
    assert votes_broke([CLAIMED], Told(filed={CLAIMED.id}))
    assert votes_broke([replace(CLAIMED, votes=())], TOLD)
    assert votes_broke([], Told(filed={CLAIMED.id}))
