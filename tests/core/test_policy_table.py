"""The table that `policy check` prints, of the packaged example."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

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
        emergency=(),
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


def test_of_the_rules_the_policy_says_who_approves_not_who_asks() -> None:
    assert row("rules", BEFORE).asks == ()
    assert row("rules", BEFORE).approves == ("mona", "omar", "tessa")
