import json
from dataclasses import replace
from typing import Any

import pytest

from bot.core.request import State
from bot.slack.home import SHOWN, Home, home, only
from bot.slack.language import Language
from tests.slack.examples import EN, HOSTILE, LONG, MONA, PENDING, QUIET_WEEK, URL, WEEK, hostile, in_state
from tests.slack.validators import check_view, shown

ORDINARY = Home(rostered=True, waiting=(PENDING,), own=(), enforces=True, feed_lag=0.4, week=WEEK)


def actions(view: dict[str, object]) -> list[list[str]]:
    blocks = view["blocks"]
    assert isinstance(blocks, list)
    return [[e["action_id"] for e in block["elements"]] for block in blocks if block["type"] == "actions"]


@pytest.mark.parametrize("text", ["plain", LONG, *HOSTILE])
def test_the_home_is_one_that_slack_takes_however_much_waits(lang: Language, text: str) -> None:
    many = tuple(hostile(replace(PENDING, id=f"REQ-{n:03}", evidence=URL), text) for n in range(100))
    view = home(lang, replace(ORDINARY, waiting=many, own=many))
    check_view(view)
    assert "mrkdwn" not in str(view)


def test_the_lists_are_paged_each_by_itself() -> None:
    many = tuple(replace(PENDING, id=f"REQ-{n:03}") for n in range(2 * SHOWN + 1))
    first = home(EN, replace(ORDINARY, waiting=many, own=many))
    assert turns(first) == {"turn:waiting": {"home_on": "waiting:1"}, "turn:own": {"home_on": "own:1"}}
    between = home(EN, replace(ORDINARY, waiting=many, own=many, pages={"waiting": 1}))
    assert turns(between)["turn:waiting"] == {"home_back": "waiting:0", "home_on": "waiting:2"}
    assert turns(between)["turn:own"] == {"home_on": "own:1"}
    assert [request.id in shown(between["blocks"][:60]) for request in many[SHOWN - 1 : SHOWN + 1]] == [False, True]
    last = home(EN, replace(ORDINARY, waiting=many, pages={"waiting": 2}))
    assert turns(last) == {"turn:waiting": {"home_back": "waiting:1"}}
    assert json.loads(last["private_metadata"]) == {"waiting": 2, "own": 0}


@pytest.mark.parametrize("page", [99, -1])
def test_a_page_that_is_no_more_is_the_nearest_one(page: int) -> None:
    view = home(EN, replace(ORDINARY, pages={"waiting": page}))
    check_view(view)
    assert json.loads(view["private_metadata"]) == {"waiting": 0, "own": 0}
    assert actions(view) == [["approve", "deny"]]


def turns(view: dict[str, Any]) -> dict[str, dict[str, str]]:
    rows = [block for block in view["blocks"] if str(block.get("block_id")).startswith("turn:")]
    return {row["block_id"]: {e["action_id"]: e["value"] for e in row["elements"]} for row in rows}


def test_what_waits_has_approve_and_deny_and_ones_own_has_withdraw() -> None:
    view = home(EN, replace(ORDINARY, own=(in_state(State.APPROVED),)))
    check_view(view)
    assert actions(view) == [["approve", "deny"], ["withdraw"]]


def test_an_approval_in_the_home_asks_once_more_too() -> None:
    rows = [block for block in home(EN, ORDINARY)["blocks"] if block["type"] == "actions"]
    assert "1000001" in rows[0]["elements"][0]["confirm"]["text"]["text"]


def test_who_is_not_on_the_roster_is_told_so_and_sees_no_request() -> None:
    view = home(EN, replace(ORDINARY, rostered=False))
    check_view(view)
    assert actions(view) == []
    assert "not on the roster" in shown(view["blocks"])


def test_what_waits_shows_who_has_approved_already() -> None:
    view = home(EN, replace(ORDINARY, waiting=(replace(PENDING, votes=(MONA,)),)))
    assert "1 of 2: " in shown(view["blocks"])


def test_where_there_is_nothing_to_see_the_home_says_why() -> None:
    view = only("Guests may not use this.")
    check_view(view)
    assert "Guests may not use this." in shown(view["blocks"])


def test_the_guard_and_the_week_are_seen_by_all() -> None:
    said = shown(home(EN, replace(ORDINARY, rostered=False))["blocks"])
    for fact in ("The guard enforces", "400 ms ago", "12", "4 min 10 s", "840 ms (11 min in 2017)"):
        assert fact in said


def test_an_observing_guard_and_a_quiet_week_are_said_plainly() -> None:
    view = home(EN, replace(ORDINARY, waiting=(), enforces=False, feed_lag=None, week=QUIET_WEEK))
    check_view(view)
    for fact in ("only observes", "has not answered yet", "Nothing waits for you.", "You have no live request."):
        assert fact in shown(view["blocks"])
