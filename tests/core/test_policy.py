"""Lookups of a policy: people by their ids, days in its time zone, tiers by weight, who may approve."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.core.account import Account
from bot.core.policy import Delegate, Match, Person, Policy, Tier
from bot.core.quorum import Quorum

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TIERS = (
    Tier(
        name="protected",
        any=Match(tags=frozenset({"staff"}), followers_at_least=1000),
        approvals=(("manager", 1), ("trust-safety", 1)),
        from_different_teams=True,
    ),
    Tier(name="high", all=Match(verified=True, followers_at_least=10), approvals=(("manager", 2),)),
    Tier(name="standard", approvals=(("manager", 1),)),
    Tier(name="rules", approvals=(("manager", 1),)),
)


def policy(*people: Person, zone: str = "UTC", newcomers: timedelta = timedelta(0), contractors: bool = True) -> Policy:
    return Policy(
        text="",
        digest="",
        timezone=ZoneInfo(zone),
        channel_language="en",
        people={person.id: person for person in people},
        may_ask=frozenset({"agent"}),
        categories=("other",),
        tiers=TIERS,
        newcomers=newcomers,
        contractors_as_leavers=contractors,
    )


def account(*, followers: int | None = 5, verified: bool = False, tags: tuple[str, ...] = ()) -> Account:
    return Account(
        id="acct_1",
        handle="someone",
        display_name="Someone",
        active=True,
        verified=verified,
        followers=followers,
        following=None,
        tags=tags,
        etag=None,
        deactivation=None,
    )


MONA = Person(id="mona", slack=("U1", "U2"), platform=("staff:mona",), groups=frozenset({"manager"}), team="a")
ADA = Person(id="ada", slack=("U3",), groups=frozenset({"agent"}))


def test_a_person_is_found_by_each_of_the_slack_ids() -> None:
    both = policy(MONA, ADA)
    assert both.person_of_slack("U1") == both.person_of_slack("U2") == MONA


@pytest.mark.parametrize("user", ["mona", "U", "", None])
def test_nobody_is_found_by_anything_else(user: str | None) -> None:
    assert policy(MONA).person_of_slack(user) is None


def test_a_person_is_found_by_the_staff_principal() -> None:
    assert policy(ADA, MONA).person_of_principal("staff:mona") == MONA
    assert policy(ADA, MONA).person_of_principal("staff:ada") is None
    assert policy(ADA, MONA).person_of_principal(None) is None


# Days


def leaver(last: date) -> Person:
    return Person(id="rex", groups=frozenset({"agent"}), last_day=last)


def test_on_the_last_day_one_is_not_gone_and_on_the_next_one_is() -> None:
    rex = leaver(NOON.date())
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    assert not policy(rex).gone(rex, midnight - timedelta(milliseconds=1))
    assert policy(rex).gone(rex, midnight)


def test_the_next_day_begins_in_the_time_zone_of_the_policy() -> None:
    rex = leaver(date(2026, 11, 21))
    at = datetime(2026, 11, 22, 3, tzinfo=UTC)
    assert policy(rex, zone="Europe/Berlin").gone(rex, at)
    assert not policy(rex, zone="America/New_York").gone(rex, at)


def test_who_does_not_leave_is_never_gone() -> None:
    assert not policy(ADA).gone(ADA, NOON + timedelta(days=36500))


def test_the_leaver_rule_holds_from_the_first_day_of_the_window() -> None:
    rex = leaver(NOON.date() + timedelta(days=14))
    assert policy(rex).restricted(rex, NOON)
    assert not policy(rex).restricted(rex, NOON - timedelta(days=1))


def test_a_newcomer_is_bound_for_so_long_as_the_policy_says() -> None:
    new = Person(id="nia", joined=NOON.date() - timedelta(days=6))
    assert policy(new, newcomers=timedelta(days=7)).restricted(new, NOON)
    assert not policy(new, newcomers=timedelta(days=6)).restricted(new, NOON)


def test_a_contractor_is_bound_where_the_policy_says_so() -> None:
    con = Person(id="con", contractor=True)
    assert policy(con).restricted(con, NOON)
    assert not policy(con, contractors=False).restricted(con, NOON)


# Standing in


AWAY = Delegate(to="ada", since=NOON.date(), until=NOON.date() + timedelta(days=1))
AWAY_MONA = Person(id="mona", groups=frozenset({"manager"}), delegate=AWAY, team="a")


def test_who_stands_in_has_both_groups_on_both_days() -> None:
    lent = policy(AWAY_MONA, ADA)
    for day in (NOON, NOON + timedelta(days=1)):
        assert lent.groups_of(ADA, at=day) == {"agent", "manager"}


@pytest.mark.parametrize("day", [NOON - timedelta(days=1), NOON + timedelta(days=2)])
def test_before_and_after_nobody_stands_in(day: datetime) -> None:
    assert policy(AWAY_MONA, ADA).groups_of(ADA, at=day) == {"agent"}


def test_the_groups_of_a_requester_are_not_lent_for_the_own_request() -> None:
    assert policy(AWAY_MONA, ADA).groups_of(ADA, at=NOON, requester="mona") == {"agent"}


def test_who_has_left_lends_nothing() -> None:
    gone = Person(id="mona", groups=frozenset({"manager"}), delegate=AWAY, last_day=NOON.date() - timedelta(days=1))
    assert policy(gone, ADA).groups_of(ADA, at=NOON) == {"agent"}


def test_who_stands_in_for_one_who_stands_in_has_nothing_of_the_first() -> None:
    """Lent groups are the own ones: they do not travel on."""
    ada = Person(id="ada", groups=frozenset({"agent"}), delegate=Delegate(to="zoe", since=AWAY.since, until=AWAY.until))
    zoe = Person(id="zoe")
    assert policy(AWAY_MONA, ada, zoe).groups_of(zoe, at=NOON) == {"agent"}


# Tiers


@pytest.mark.parametrize(
    ("subject", "tier"),
    [
        (account(tags=("staff",)), "protected"),
        (account(followers=1000), "protected"),
        (account(followers=999), "standard"),
        (account(followers=999, verified=True), "high"),
        (account(followers=9, verified=True), "standard"),
        (account(tags=("other",)), "standard"),
    ],
)
def test_the_first_tier_that_matches_is_the_tier(subject: Account, tier: str) -> None:
    assert policy().tier_of(subject, at=NOON).name == tier


def test_only_the_conditions_that_are_given_count() -> None:
    assert Match(verified=False).hits(account(followers=None), at=NOON) == [True]
    assert Match(tags=frozenset({"staff"})).hits(account(verified=True), at=NOON) == [False]


def test_hidden_counts_are_taken_for_high_ones() -> None:
    assert policy().tier_of(account(followers=None), at=NOON).name == "protected"


@pytest.mark.parametrize(
    ("condition", "just", "not_yet"),
    [
        (Match(younger_than=timedelta(days=30)), timedelta(days=30, seconds=-1), timedelta(days=30)),
        (Match(older_than=timedelta(days=30)), timedelta(days=30, seconds=1), timedelta(days=30)),
    ],
)
def test_an_account_weighs_by_its_age(condition: Match, just: timedelta, not_yet: timedelta) -> None:
    hits = [condition.hits(replace(account(), created=NOON - age), at=NOON) for age in (just, not_yet)]
    assert hits == [[True], [False]]


def test_an_age_that_is_hidden_is_taken_for_the_weightier_one() -> None:
    both = Match(younger_than=timedelta(days=30), older_than=timedelta(days=3650))
    assert both.hits(account(), at=NOON) == [True, True]


def test_an_account_seen_in_a_weightier_tier_is_still_in_it() -> None:
    assert policy().tier_of(account(), seen=["standard", "protected", "high"], at=NOON).name == "protected"


def test_an_account_seen_in_a_lighter_tier_is_in_that_of_now() -> None:
    assert policy().tier_of(account(tags=("staff",)), seen=["standard"], at=NOON).name == "protected"


def test_no_account_was_ever_seen_in_the_tier_of_the_rules() -> None:
    assert policy().tier_of(account(), seen=["rules", "unheard-of"], at=NOON).name == "standard"


def test_a_tier_is_found_by_its_name() -> None:
    assert policy().tier("high") is TIERS[1]
    assert policy().tier("low") is None


# Who may approve


def test_a_request_of_a_leaver_needs_one_approval_more() -> None:
    rex = leaver(NOON.date())
    both = policy(rex, ADA)
    assert both.quorum_of(TIERS[2], requester=ADA, at=NOON) == Quorum(groups=(("manager", 1),))
    assert both.quorum_of(TIERS[2], requester=rex, at=NOON) == Quorum(groups=(("manager", 1),), extra=1)


def test_a_quorum_of_different_teams_says_so() -> None:
    assert policy(ADA).quorum_of(TIERS[0], requester=ADA, at=NOON).different_teams


def test_nobody_approves_the_own_request() -> None:
    assert policy(MONA).approver(MONA, tier="standard", at=NOON, requester="mona") is None
    assert policy(MONA).approver(MONA, tier="standard", at=NOON, requester="ada") is not None


def test_a_leaver_votes_on_anything_but_protected_accounts() -> None:
    rex = leaver(NOON.date())
    assert policy(rex).approver(rex, tier="protected", at=NOON, requester="ada") is None
    assert policy(rex).approver(rex, tier="high", at=NOON, requester="ada") is not None


def test_who_has_left_votes_on_nothing() -> None:
    rex = leaver(NOON.date() - timedelta(days=1))
    assert policy(rex).approver(rex, tier="standard", at=NOON, requester="ada") is None


def test_eligible_are_those_of_the_quorums_groups_but_the_requester() -> None:
    omar = Person(id="omar", groups=frozenset({"manager"}))
    able = policy(MONA, omar, ADA).eligible(
        Quorum(groups=(("manager", 1),)), tier="standard", at=NOON, requester="mona"
    )
    assert [approver.person for approver in able] == ["omar"]


def test_a_day_begins_and_ends_at_midnight_in_the_policys_zone() -> None:
    tokyo = replace(policy(), timezone=ZoneInfo("Asia/Tokyo"))
    evening = datetime(2026, 11, 16, 16, tzinfo=UTC)
    assert tokyo.midnight(evening) == datetime(2026, 11, 16, 15, tzinfo=UTC)
    assert tokyo.tomorrow(evening) == datetime(2026, 11, 17, 15, tzinfo=UTC)
