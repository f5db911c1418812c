from dataclasses import replace

import pytest

from bot.core.request import State
from bot.slack.home import SHOWN, Home, home
from tests.slack.examples import HOSTILE, LONG, PENDING, QUIET_WEEK, URL, WEEK, hostile, in_state
from tests.slack.validators import check_view, shown

ORDINARY = Home(rostered=True, waiting=(PENDING,), own=(), enforces=True, feed_lag=0.4, week=WEEK)


def actions(view: dict[str, object]) -> list[list[str]]:
    blocks = view["blocks"]
    assert isinstance(blocks, list)
    return [[e["action_id"] for e in block["elements"]] for block in blocks if block["type"] == "actions"]


@pytest.mark.parametrize("text", ["plain", LONG, *HOSTILE])
def test_the_home_is_one_that_slack_takes_however_much_waits(text: str) -> None:
    many = tuple(hostile(replace(PENDING, id=f"REQ-{n:03}", evidence=URL), text) for n in range(100))
    view = home(replace(ORDINARY, waiting=many, own=many))
    check_view(view)
    assert "mrkdwn" not in str(view)
    assert f"{100 - SHOWN} more follow" in shown(view["blocks"])


def test_what_waits_has_approve_and_deny_and_ones_own_has_withdraw() -> None:
    view = home(replace(ORDINARY, own=(in_state(State.APPROVED),)))
    check_view(view)
    assert actions(view) == [["approve", "deny"], ["withdraw"]]


def test_an_approval_in_the_home_asks_once_more_too() -> None:
    rows = [block for block in home(ORDINARY)["blocks"] if block["type"] == "actions"]
    assert "1000001" in rows[0]["elements"][0]["confirm"]["text"]["text"]


def test_who_is_not_on_the_roster_is_told_so_and_sees_no_request() -> None:
    view = home(replace(ORDINARY, rostered=False))
    check_view(view)
    assert actions(view) == []
    assert "not on the roster" in shown(view["blocks"])


def test_the_guard_and_the_week_are_seen_by_all() -> None:
    said = shown(home(replace(ORDINARY, rostered=False))["blocks"])
    for fact in ("The guard enforces", "400 ms ago", "12", "4 min 10 s", "840 ms (11 min in 2017)"):
        assert fact in said


def test_an_observing_guard_and_a_quiet_week_are_said_plainly() -> None:
    view = home(replace(ORDINARY, waiting=(), enforces=False, feed_lag=None, week=QUIET_WEEK))
    check_view(view)
    for fact in ("only observes", "has not answered yet", "Nothing waits for you.", "You have no live request."):
        assert fact in shown(view["blocks"])
