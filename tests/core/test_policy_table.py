"""The table that `policy check` prints, of the packaged example."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.core.overlay import RuleChange, RuleVerb, with_change
from bot.core.policy_file import parse_policy
from bot.core.policy_table import TierRow, rows

EXAMPLE = (Path(__file__).parents[2] / "bot" / "sandbox" / "policy.toml").read_text(encoding="utf-8")
BEFORE = datetime(2026, 10, 1, 12, tzinfo=UTC)
LAST_DAY = datetime(2026, 11, 21, 12, tzinfo=UTC)
AFTER = datetime(2026, 11, 22, 12, tzinfo=UTC)


def row(name: str, at: datetime, text: str = EXAMPLE) -> TierRow:
    return next(row for row in rows(parse_policy(text), at) if row.name == name)


def test_there_is_a_row_for_every_tier_in_the_policys_order() -> None:
    assert [row.name for row in rows(parse_policy(EXAMPLE), BEFORE)] == ["protected", "high", "standard", "rules"]


def test_a_row_says_who_may_do_what() -> None:
    assert row("protected", BEFORE) == TierRow(
        name="protected",
        conditions=("tagged head-of-state or staff or at least 1,000,000 followers",),
        quorum=(("manager", 1), ("trust-safety", 1)),
        from_different_teams=True,
        asks=("mona", "ada", "rex"),
        approves=("mona", "omar", "tessa"),
        short_of=(),
        emergency=(),
        may_act_first=(),
        cooling_off=timedelta(0),
        confirm_handle=True,
        warnings=(),
    )


def test_conditions_that_must_all_hold_are_joined_by_and() -> None:
    assert row("high", BEFORE).conditions == ("at least 100,000 followers and verified",)
    unverified = EXAMPLE.replace("verified = true", "verified = false")
    assert row("high", BEFORE, unverified).conditions == ("at least 100,000 followers and not verified",)


def test_a_single_condition_stands_alone() -> None:
    alone = EXAMPLE.replace("followers_at_least = 100_000, verified = true", "verified = true")
    assert row("high", BEFORE, alone).conditions == ("verified",)
    alone = EXAMPLE.replace(", followers_at_least = 1_000_000", "")
    assert row("protected", BEFORE, alone).conditions == ("tagged head-of-state or staff",)


def test_the_last_tier_has_no_conditions() -> None:
    assert row("standard", BEFORE).conditions == ()


def test_a_leaver_asks_on_the_last_day_but_for_protected_accounts() -> None:
    assert row("protected", LAST_DAY).asks == ("mona", "ada")
    assert row("standard", LAST_DAY).asks == ("mona", "ada", "rex")


def test_who_is_past_the_last_day_is_warned_of() -> None:
    assert row("standard", AFTER).asks == ("mona", "ada")
    assert row("standard", AFTER).warnings == ("rex is past the last day, 2026-11-21, and counts for nothing.",)


def test_a_request_that_too_few_could_approve_now_is_warned_of() -> None:
    """On paper tessa is there; from the day after her last she fills no place."""
    text = EXAMPLE.replace('team = "safety"', 'team = "safety"\nlast_day = 2026-11-21')
    sentence = "A request by mona finds too few who could approve it: trust-safety."
    assert sentence in row("protected", AFTER, text).warnings
    assert sentence not in row("high", LAST_DAY, text).warnings


def test_the_approval_more_that_a_leaver_needs_may_be_what_is_missing() -> None:
    text = EXAMPLE.replace('groups = ["manager"]\n', 'groups = ["trust-safety"]\n')
    warnings = row("standard", LAST_DAY, text).warnings
    assert "A request by rex finds too few who could approve it: one more of any group." in warnings


def test_for_the_rules_anybody_on_the_roster_asks() -> None:
    assert row("rules", BEFORE).asks == ("mona", "omar", "tessa", "ada", "rex")
    assert row("rules", AFTER).asks == ("mona", "omar", "tessa", "ada")
    assert row("rules", BEFORE).approves == ("mona", "omar", "tessa")


def test_conditions_on_the_age_are_phrases() -> None:
    text = EXAMPLE.replace("verified = true", 'younger_than = "30d", older_than = "90s"')
    assert row("high", BEFORE, text).conditions == (
        "at least 100,000 followers and younger than 30 days and older than 90 s",
    )


def test_a_group_is_named_that_cannot_fill_its_places_without_leavers() -> None:
    """Tessa still votes on what is not protected, but not for long."""
    text = EXAMPLE.replace('team = "safety"', 'team = "safety"\nlast_day = 2026-11-30')
    assert row("high", LAST_DAY, text).short_of == ("trust-safety",)
    assert row("high", BEFORE, text).short_of == ()
    assert row("standard", LAST_DAY, text).short_of == ()


def test_who_asks_fills_no_place_so_a_group_of_one_is_too_small_for_that_one() -> None:
    text = EXAMPLE.replace('groups = ["trust-safety"]', 'groups = ["trust-safety", "agent"]')
    assert row("high", BEFORE, text).short_of == ("trust-safety",)


def test_who_may_act_first_asks_and_is_in_one_of_the_groups() -> None:
    text = EXAMPLE.replace("emergency = false", 'emergency = ["manager"]')
    found = row("protected", BEFORE, text)
    assert (found.emergency, found.may_act_first) == (("manager",), ("mona",))
    leaves = text.replace('team = "support"', 'team = "support"\nlast_day = 2026-11-21', 1)
    assert row("protected", LAST_DAY, leaves).may_act_first == ()


def test_who_was_added_in_slack_is_told_to_wait() -> None:
    nina = RuleChange(verb=RuleVerb.ADD, person="nina", slack="U09NINA", groups=("manager",))
    text = with_change(EXAMPLE, nina, at=LAST_DAY, request="REQ-A")
    sentence = "nina was added in Slack and approves from 2026-11-22T12:00:00.000Z on."
    assert sentence in row("standard", LAST_DAY, text).warnings
    assert sentence not in row("standard", AFTER, text).warnings


def test_a_leaver_does_not_act_first() -> None:
    duty = EXAMPLE.replace('groups = ["agent"]', 'groups = ["agent", "duty"]')
    assert row("standard", BEFORE, duty).may_act_first == ("mona", "ada", "rex")
    assert row("standard", LAST_DAY, duty).may_act_first == ("mona", "ada")
