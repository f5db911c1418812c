"""Stricter means: what gets through now got through before. Held by random requests, and key by key."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core import policy_keys as keys
from bot.core.overlay import RuleChange, RuleVerb, with_change
from bot.core.policy import Match, Policy, Tier
from bot.core.policy_file import parse_policy
from bot.core.stricter import STRICTER, looser
from bot.core.strictness import protecting_is_stricter
from tests.core.build import AT, DAY, HOUR, POLICY, TODAY, policy
from tests.core.random_rules import a_policy, a_scenario, changed, gets_through

TABLES: Mapping[str, keys.Keys] = {
    "": keys.TOP,
    "people": keys.PERSON,
    "people.delegate": keys.DELEGATE,
    "requests": keys.REQUESTS,
    "tier": keys.TIER,
    "tier.any": keys.MATCH,
    "tier.all": keys.MATCH,
    "leavers": keys.LEAVERS,
    "limits": keys.LIMITS,
    "guard": keys.GUARD,
    "digest": keys.DIGEST,
    "reminders": keys.REMINDERS,
    "notify": keys.NOTIFY,
    "overlay": keys.OVERLAY,
}
WHOLE = {"people.delegate"}
"""Compared as one value, whichever of its keys differs."""


def test_every_key_of_every_table_is_compared() -> None:
    every = {f"{table}.{key}".removeprefix(".") for table, of in TABLES.items() for key in of if table not in WHOLE}
    assert every - set(TABLES) <= set(STRICTER)
    assert set(STRICTER) <= every
    assert {id(of) for name, of in vars(keys).items() if name.isupper() and isinstance(of, dict)} == {
        id(of) for of in TABLES.values()
    }


# Random requests


def pair(rng: Random) -> tuple[Policy, Policy]:
    before = a_policy(rng)
    return before, changed(rng, before, rng.choice([1, 1, 1, 2, 3]))


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_what_gets_through_a_stricter_policy_got_through_before(seed: int) -> None:
    rng = Random(seed)
    before, after = pair(rng)
    for tried in [a_scenario(rng) for _ in range(8)]:
        if looser(before, after) == () and gets_through(after, tried):
            assert gets_through(before, tried), tried


@cache
def through_by_one_key() -> Counter[str]:
    """How often a request gets through that did not before, where a single key is not shown to be as strict."""
    found: Counter[str] = Counter()
    for seed in range(1500):
        rng = Random(seed)
        before, after = pair(rng)
        one = looser(before, after)
        for tried in [a_scenario(rng) for _ in range(4 if len(one) == 1 else 0)]:
            if gets_through(after, tried) and not gets_through(before, tried):
                found[one[0]] += 1
    return found


@pytest.mark.parametrize(
    "key",
    ["leavers.newcomers", "limits.request_expires", "people", "people.last_day", "requests.categories", "tier.all"],
)
def test_without_the_comparison_of_the_key_something_would_slip_through(key: str) -> None:
    assert through_by_one_key()[key]


def test_every_policy_is_as_strict_as_itself() -> None:
    for seed in range(20):
        rules = a_policy(Random(seed))
        assert looser(rules, rules) == ()


# Key by key


TEXT = """\
version = 1
timezone = "UTC"

[people.ada]
slack = ["U01ADA", "U01ALT"]
platform = ["staff:ada"]
groups = ["agent", "manager"]
team = "support"
joined = 2026-01-01
last_day = 2027-01-01
contractor = false
delegate = { to = "omar", from = 2026-12-20, until = 2027-01-03 }

[people.omar]
slack = ["U03OMAR"]
groups = ["agent", "manager", "lawyer"]

[people.mina]
slack = ["U06MINA"]
groups = ["manager", "lawyer"]
team = "field"

[people.kim]
slack = ["U08KIM"]
groups = ["manager"]
team = "office"

[requests]
may_ask = ["agent"]
categories = ["spam", "other"]

[[tier]]
name = "protected"
any = { tags = ["staff"], followers_at_least = 1000, younger_than = "30d" }
approvals = { manager = 2 }
cooling_off = "1h"
confirm_handle = true

[[tier]]
name = "high"
all = { followers_at_least = 100, verified = true, older_than = "90d" }
approvals = { manager = 1 }
emergency = ["lawyer"]

[[tier]]
name = "standard"
approvals = { manager = 1 }

[leavers]
window = "14d"
newcomers = "7d"
contractors = "as leavers"

[limits]
request_expires = "24h"
execution_expires = "10m"
ratify_within = "15m"
requests_per_person_hour = 20
deactivations_per_hour = 200
emergencies_per_person_day = 1

[guard]
mode = "enforce"
explained_actors = ["system:legal"]
sweep_every = "60s"
observe_at_most = "30m"
unknown_actor = "restore"
samples = ["1s"]

[digest]
weekday = "monday"
hour = 9

[reminders]
after = ["1h"]
escalate_after = "8h"

[notify]
security = "C0SECURITY"
on_call = ""
"""

ONE_WAY = [
    # key, as it is, stricter: the other way round it is looser
    ("people", '[people.kim]\nslack = ["U08KIM"]\ngroups = ["manager"]\nteam = "office"\n', ""),
    ("people.slack", '"U01ADA", "U01ALT"', '"U01ADA"'),
    ("people.groups", '["agent", "manager", "lawyer"]', '["agent", "manager"]'),
    ("people.team", 'team = "field"\n', ""),
    ("people.joined", "joined = 2026-01-01", "joined = 2026-02-01"),
    ("people.last_day", "last_day = 2027-01-01", "last_day = 2026-12-01"),
    ("people.contractor", "contractor = false", "contractor = true"),
    ("people.delegate", "until = 2027-01-03", "until = 2027-01-02"),
    ("people.delegate", "from = 2026-12-20", "from = 2026-12-21"),
    ("people.delegate", 'delegate = { to = "omar", from = 2026-12-20, until = 2027-01-03 }\n', ""),
    ("people.platform", 'slack = ["U03OMAR"]', 'slack = ["U03OMAR"]\nplatform = ["staff:omar"]'),
    ("requests.may_ask", 'may_ask = ["agent", "lawyer"]', 'may_ask = ["agent"]'),
    ("requests.categories", '["spam", "other"]', '["other"]'),
    ("tier.any.tags", 'tags = ["staff"]', 'tags = ["staff", "press"]'),
    ("tier.any.followers_at_least", "followers_at_least = 1000,", "followers_at_least = 999,"),
    ("tier.any.younger_than", 'younger_than = "30d"', 'younger_than = "31d"'),
    ("tier.any.older_than", 'younger_than = "30d"', 'younger_than = "30d", older_than = "900d"'),
    ("tier.any.verified", 'younger_than = "30d"', 'younger_than = "30d", verified = true'),
    ("tier.approvals", "approvals = { manager = 2 }", "approvals = { manager = 3 }"),
    ("tier.approvals", "approvals = { manager = 2 }", "approvals = { manager = 2, lawyer = 1 }"),
    ("tier.from_different_teams", 'cooling_off = "1h"', 'cooling_off = "1h"\nfrom_different_teams = true'),
    ("tier.cooling_off", 'cooling_off = "1h"', 'cooling_off = "2h"'),
    ("tier.confirm_handle", "emergency", "confirm_handle = true\nemergency"),
    ("tier.emergency", 'emergency = ["lawyer"]', "emergency = false"),
    ("leavers.window", 'window = "14d"', 'window = "15d"'),
    ("leavers.newcomers", 'newcomers = "7d"', 'newcomers = "8d"'),
    ("leavers.contractors", '"as anyone"', '"as leavers"'),
    ("limits.request_expires", '"24h"', '"23h"'),
    ("limits.execution_expires", '"10m"', '"9m"'),
    ("limits.ratify_within", '"15m"', '"14m"'),
    ("limits.requests_per_person_hour", "_hour = 20\n", "_hour = 19\n"),
    ("limits.deactivations_per_hour", "= 200", "= 199"),
    ("limits.emergencies_per_person_day", "_day = 1", "_day = 0"),
    ("guard.mode", '"observe"', '"enforce"'),
    ("guard.explained_actors", '["system:legal"]', "[]"),
    ("guard.sweep_every", '"60s"', '"59s"'),
    ("guard.observe_at_most", '"30m"', '"29m"'),
    ("guard.unknown_actor", '"page"', '"restore"'),
    ("notify.security", 'security = ""', 'security = "C0SECURITY"'),
    ("notify.on_call", 'on_call = ""', 'on_call = "S0ONCALL"'),
]
"""Where the first is not in the text, it is put in the place of its other."""


def written(part: str, other: str) -> Policy:
    """The text with that part, whichever of the two it holds."""
    if TEXT.count(part) == 1:
        return parse_policy(TEXT)
    assert TEXT.count(other) == 1, other
    return parse_policy(TEXT.replace(other, part))


def other(old: str, new: str) -> Policy:
    assert TEXT.count(old) == 1, old
    return parse_policy(TEXT.replace(old, new))


@pytest.mark.parametrize(("key", "loose", "strict"), ONE_WAY)
def test_one_value_is_stricter_and_the_other_way_round_looser(key: str, loose: str, strict: str) -> None:
    lax = other(loose, strict) if not loose else written(loose, strict)
    tight = other(loose, strict) if TEXT.count(loose) == 1 else parse_policy(TEXT)
    assert looser(lax, tight) == ()
    assert looser(tight, lax) == (key,)


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("timezone", '"UTC"', '"Europe/Berlin"'),
        ("people.platform", 'platform = ["staff:ada"]', 'platform = ["staff:ad"]'),
        ("people.team", 'team = "field"', 'team = "garden"'),
        ("people.delegate", 'to = "omar"', 'to = "kim"'),
        ("notify.security", "C0SECURITY", "C0OTHER"),
        (
            "tier.approvals",
            "approvals = { manager = 1 }\nemergency",
            "approvals = { manager = 1, lawyer = 1 }\nemergency",
        ),
        ("tier.all.verified", "verified = true", "verified = false"),
        ("tier.all.followers_at_least", "followers_at_least = 100,", "followers_at_least = 101,"),
        ("tier.all.older_than", 'older_than = "90d"', 'older_than = "91d"'),
        ("tier.all.tags", "verified = true", 'verified = true, tags = ["press"]'),
        (
            "tier.name",
            '[[tier]]\nname = "standard"',
            '[[tier]]\nname = "rules"\napprovals = {manager = 1}\n[[tier]]\nname = "standard"',
        ),
    ],
)
def test_what_may_let_something_through_is_looser(key: str, old: str, new: str) -> None:
    assert key in looser(parse_policy(TEXT), other(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version = 1", 'version = 1\nchannel_language = "fr"'),
        ('samples = ["1s"]', 'samples = ["2s"]'),
        ('weekday = "monday"', 'weekday = "friday"'),
        ("hour = 9", "hour = 10"),
        ('after = ["1h"]', "after = []"),
        ('escalate_after = "8h"', 'escalate_after = "9h"\nescalate_to = ["omar"]'),
        ('categories = ["spam", "other"]', 'categories = ["other", "spam"]'),
    ],
)
def test_what_lets_nothing_through_is_neither(old: str, new: str) -> None:
    before, after = parse_policy(TEXT), other(old, new)
    assert looser(before, after) == looser(after, before) == ()


def test_an_id_of_slack_that_moves_to_another_person_is_looser() -> None:
    moved = TEXT.replace('"U01ADA", "U01ALT"', '"U01ADA"').replace('"U03OMAR"', '"U03OMAR", "U01ALT"')
    assert looser(parse_policy(TEXT), parse_policy(moved)) == ("people.slack",)


def test_a_principal_that_moves_to_another_person_is_looser() -> None:
    moved = TEXT.replace('platform = ["staff:ada"]\n', "").replace('U03OMAR"]', 'U03OMAR"]\nplatform = ["staff:ada"]')
    assert looser(parse_policy(TEXT), parse_policy(moved)) == ("people.platform",)


# Tiers and what they take


def tiers(*of: Tier, **others: Any) -> Policy:
    return policy(tiers=of, **others)


TWO = Tier(name="protected", any=Match(verified=True), approvals=(("manager", 2),))
ONE = Tier(name="standard", approvals=(("manager", 1),))
WIDER = replace(TWO, any=Match(verified=True, tags=frozenset({"staff"})))


def test_a_tier_may_take_more_accounts_where_it_is_stricter_than_those_below() -> None:
    assert looser(tiers(TWO, ONE), tiers(WIDER, ONE)) == ()
    assert looser(tiers(WIDER, ONE), tiers(TWO, ONE)) == ("tier.any.tags",)
    lawyers = replace(ONE, approvals=(("lawyer", 1),))
    assert looser(tiers(TWO, lawyers), tiers(WIDER, lawyers)) == ("tier.any.tags",)


def test_a_table_of_conditions_taken_away_takes_more_and_one_added_takes_fewer() -> None:
    both = replace(TWO, all=Match(followers_at_least=10))
    assert looser(tiers(both, ONE), tiers(TWO, ONE)) == ()
    assert looser(tiers(TWO, ONE), tiers(both, ONE)) == ("tier.all",)


def test_a_group_added_must_not_make_the_one_more_of_any_group_easier() -> None:
    """For one whom the leaver rule binds: two managers before, perhaps a manager and two lawyers after."""
    group = replace(ONE, approvals=(("lawyer", 1), ("manager", 1)))
    assert looser(tiers(TWO, ONE), tiers(TWO, group)) == ("tier.approvals",)
    more = replace(ONE, approvals=(("lawyer", 1), ("manager", 2)))
    assert looser(tiers(TWO, ONE), tiers(TWO, more)) == ()


def test_who_is_bound_never_asks_on_protected_accounts_so_a_group_may_be_added_there() -> None:
    three = replace(TWO, approvals=(("lawyer", 1), ("manager", 2)))
    assert looser(tiers(TWO, ONE), tiers(three, ONE)) == ()


# What was changed in Slack


def test_to_protect_is_stricter_where_the_tier_is_stricter_than_every_other() -> None:
    rules = tiers(TWO, ONE)
    assert looser(rules, replace(rules, protected=frozenset({"acct_1"}))) == ()
    assert looser(replace(rules, protected=frozenset({"acct_1"})), rules) == ("overlay.change",)
    slower = tiers(TWO, replace(ONE, cooling_off=HOUR))
    assert looser(slower, replace(slower, protected=frozenset({"acct_1"}))) == ("overlay.change",)
    assert looser(tiers(ONE), tiers(ONE, protected=frozenset({"acct_1"}))) == ("overlay.change",)


def test_whether_to_protect_is_stricter_is_asked_of_the_tier_the_account_is_in() -> None:
    high = Tier(name="high", any=Match(verified=True), approvals=(("manager", 1),), cooling_off=HOUR)
    rules = tiers(TWO, high, ONE)
    assert protecting_is_stricter(rules, "standard")
    assert protecting_is_stricter(rules, "protected")
    assert not protecting_is_stricter(rules, "high")
    assert not protecting_is_stricter(rules, "heavy")
    assert not protecting_is_stricter(tiers(ONE), "standard")


def slacked(*changes: RuleChange) -> Policy:
    text = TEXT
    for change in changes:
        text = with_change(text, change, at=AT, request="REQ-A")
    return parse_policy(text)


ADD = RuleChange(verb=RuleVerb.ADD, person="nina", slack="U09NINA", groups=("agent",))
OBSERVE, ENFORCE = RuleChange(verb=RuleVerb.OBSERVE), RuleChange(verb=RuleVerb.ENFORCE)


@pytest.mark.parametrize(
    "change",
    [
        RuleChange(verb=RuleVerb.REMOVE, person="kim"),
        RuleChange(verb=RuleVerb.REMOVE, person="ada"),
        RuleChange(verb=RuleVerb.LEAVE, person="omar", last_day=TODAY),
        RuleChange(verb=RuleVerb.LEAVE, person="ada", last_day=TODAY),
        RuleChange(verb=RuleVerb.PROTECT, account="acct_1"),
        ENFORCE,
    ],
)
def test_a_stricter_change_in_slack(change: RuleChange) -> None:
    assert looser(slacked(), slacked(change)) == ()


@pytest.mark.parametrize(
    ("before", "changes", "keys_"),
    [
        ((), (ADD,), ("people",)),
        ((), (OBSERVE,), ("guard.mode",)),
        ((RuleChange(verb=RuleVerb.REMOVE, person="kim"),), (), ("people",)),
        (
            (RuleChange(verb=RuleVerb.LEAVE, person="omar", last_day=TODAY),),
            (RuleChange(verb=RuleVerb.LEAVE, person="omar", last_day=TODAY + DAY),),
            ("people.last_day",),
        ),
    ],
)
def test_a_looser_change_in_slack(
    before: tuple[RuleChange, ...], changes: tuple[RuleChange, ...], keys_: tuple[str, ...]
) -> None:
    assert looser(slacked(*before), slacked(*changes)) == keys_


def test_to_observe_for_less_long_is_stricter_and_for_longer_is_looser() -> None:
    now = slacked(OBSERVE)
    sooner = replace(now, guard=replace(now.guard, observes_since=AT - HOUR))
    assert looser(now, sooner) == ()
    assert looser(sooner, now) == ("guard.mode",)
    assert looser(replace(now, guard=replace(now.guard, enforces=False)), now) == ()


def test_the_wait_of_somebody_added_is_not_to_be_shortened() -> None:
    people = {**POLICY.people, "omar": replace(POLICY.people["omar"], approves_from=AT)}
    waits = replace(POLICY, people=people)
    assert looser(POLICY, waits) == ()
    assert looser(waits, POLICY) == ("overlay.at",)
