"""One policy that is taken, and everything that is refused: the same policy with one thing changed."""

import hashlib
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import Misconfigured
from bot.core.policy import Delegate, DigestRules, Match, Policy
from bot.core.policy_file import parse_policy

EXAMPLE = (Path(__file__).parents[2] / "bot" / "sandbox" / "policy.toml").read_text(encoding="utf-8")

TAKEN = """\
version = 1
timezone = "Europe/Berlin"

[people.mona]
slack = ["U02MONA", "U02MONAALT"]
platform = ["staff:mona"]
groups = ["agent", "manager"]
team = "support"
joined = 2024-01-01
delegate = { to = "omar", from = 2026-12-20, until = 2027-01-03 }

[people.omar]
slack = ["U03OMAR"]
platform = ["staff:omar"]
groups = ["manager"]
team = "operations"

[people.tessa]
slack = ["U05TESSA"]
groups = ["trust-safety"]
team = "safety"

[requests]
may_ask = ["agent"]
categories = ["spam", "other"]

[[tier]]
name = "protected"
any = { tags = ["staff"], followers_at_least = 1_000_000 }
approvals = { manager = 1, trust-safety = 1 }
from_different_teams = true
cooling_off = "250ms"
emergency = ["manager"]
confirm_handle = true

[[tier]]
name = "high"
[tier.all]
verified = true
followers_at_least = 1000
[tier.approvals]
manager = 1

[[tier]]
name = "standard"
approvals = { manager = 1 }

[leavers]
window = "14d"

[limits]
request_expires = "24h"

[guard]
mode = "enforce"
explained_actors = ["system:legal"]

[digest]
hour = 9

[reminders]
escalate_to = []

[notify]
security = "C0SECURITY"
"""


def changed(old: str, new: str) -> str:
    assert TAKEN.count(old) == 1, f"{old!r} stands there {TAKEN.count(old)} times"
    return TAKEN.replace(old, new)


def refused(text: str) -> tuple[str, ...]:
    with pytest.raises(Misconfigured) as refusal:
        parse_policy(text)
    return refusal.value.sentences


def test_what_the_text_says_is_what_the_policy_holds() -> None:
    policy = parse_policy(TAKEN)
    mona = policy.people["mona"]
    assert mona.slack == ("U02MONA", "U02MONAALT")
    assert mona.groups == {"agent", "manager"}
    assert mona.joined == date(2024, 1, 1)
    assert mona.delegate == Delegate(to="omar", since=date(2026, 12, 20), until=date(2027, 1, 3))
    assert policy.timezone.key == "Europe/Berlin"
    protected, high, standard = policy.tiers
    assert protected.any == Match(tags=frozenset({"staff"}), followers_at_least=1_000_000)
    assert protected.approvals == (("manager", 1), ("trust-safety", 1))
    assert protected.cooling_off == timedelta(milliseconds=250)
    assert protected.emergency == ("manager",)
    assert high.all == Match(verified=True, followers_at_least=1000)
    assert standard.catches_all
    assert policy.security_channel == "C0SECURITY"


def test_what_the_text_leaves_out_has_the_documented_default() -> None:
    policy = parse_policy(TAKEN)
    assert policy.channel_language == "en"
    assert policy.newcomers == timedelta(0)
    assert policy.contractors_as_leavers
    assert policy.limits.execution_expires == timedelta(minutes=10)
    assert policy.limits.ratify_within == timedelta(minutes=15)
    assert policy.limits.requests_per_person_hour == 20
    assert policy.guard.sweep_every == timedelta(seconds=60)
    assert policy.guard.restores_unknown_actor
    assert [s.total_seconds() for s in policy.guard.samples] == [1, 2, 5, 10, 30, 60, 300, 900, 3600]
    assert policy.digest_rules == DigestRules(weekday=0, hour=9)
    assert policy.reminders.after == (timedelta(hours=1), timedelta(hours=4))
    assert policy.on_call == ""


def test_no_actor_is_explained_that_the_text_does_not_name() -> None:
    policy = parse_policy(changed('explained_actors = ["system:legal"]\n', ""))
    assert policy.guard.explained_actors == frozenset()


def test_the_digest_is_that_of_the_text() -> None:
    assert parse_policy(TAKEN).digest == hashlib.sha256(TAKEN.encode()).hexdigest()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("version = 1", "version = 2", "line 1: version must be 1, the only one this program reads."),
        ("version = 1", "version = true", "line 1: version must be 1, the only one this program reads."),
        ("version = 1\n", "", "line 1: version is missing."),
        ('zone = "Europe/Berlin"', 'zone = "Berlin"', "line 2: timezone must be a time zone of the IANA"),
        ('zone = "Europe/Berlin"', 'zone = "Europe"', "line 2: timezone must be a time zone of the IANA"),
        ('zone = "Europe/Berlin"', "zone = 1", "line 2: timezone must be a time zone of the IANA"),
        ("[people.tessa]", "[people.countersign]", "line 18: people.countersign is a name that no person may bear"),
        ("[people.tessa]", '[people."Unknown"]', "line 18: people.Unknown is a name that no person may bear"),
        ("[people.tessa]", '[people."tes sa"]', "line 18: people.tes sa must be a name of letters"),
        ('slack = ["U03OMAR"]', 'slack = ["U02MONA"]', "line 13: people.omar.slack holds “U02MONA”, which is mona's"),
        ('slack = ["U03OMAR"]', 'slack = ["@omar"]', "line 13: people.omar.slack holds “@omar”, which must be a Slack"),
        ('slack = ["U03OMAR"]', 'slack = "U03OMAR"', "line 13: people.omar.slack must be a list"),
        ('slack = ["U03OMAR"]', "slack = [3]", "line 13: people.omar.slack holds 3, which must be a Slack user id"),
        ('slack = ["U03OMAR"]', 'slack = ["U3", "U3"]', "line 13: people.omar.slack names “U3” twice."),
        ('["staff:omar"]', '["staff:mona"]', "line 14: people.omar.platform holds “staff:mona”, which is mona's"),
        ('["staff:omar"]', '["omar"]', "line 14: people.omar.platform holds “omar”, which must be a staff principal"),
        ("joined = 2024-01-01", 'joined = "2024-01-01"', "line 9: people.mona.joined must be a date without quotes"),
        ("joined = 2024-01-01", "joined = 2024-01-01T00:00:00Z", "line 9: people.mona.joined must be a date without"),
        (
            "joined = 2024-01-01",
            "joined = 2024-01-01\nlast_day = 2023-12-31",
            "line 10: people.mona.last_day must not be before joined.",
        ),
        ('to = "omar"', 'to = "mona"', "line 10: people.mona.delegate.to must be another person."),
        ('to = "omar"', 'to = "oscar"', "line 10: people.mona.delegate.to names “oscar”, who is no person"),
        ('to = "omar", ', "", "line 10: people.mona.delegate.to is missing."),
        ("until = 2027-01-03", "until = 2026-12-19", "line 10: people.mona.delegate.until must not be before from."),
        ('team = "safety"', 'team = ""', "line 21: people.tessa.team must be a name of letters"),
        ('team = "safety"', "contractor = 1", "line 21: people.tessa.contractor must be true or false."),
        (
            'may_ask = ["agent"]',
            'may_ask = ["agents"]',
            "line 24: requests.may_ask names “agents”, a group that nobody",
        ),
        ('may_ask = ["agent"]', "may_ask = []", "line 24: requests.may_ask must not be empty."),
        ('categories = ["spam", "other"]', "categories = []", "line 25: requests.categories must not be empty."),
        (
            '["spam", "other"]',
            f'["{"x" * 76}"]',
            f"line 25: requests.categories holds “{'x' * 76}”, which must be no longer than 75",
        ),
        (
            '["spam", "other"]',
            r'["spam\n<!channel>"]',
            "line 25: requests.categories holds “spam�<!channel>”, which must be one line without control characters",
        ),
        ('["spam", "other"]', '[""]', "line 25: requests.categories holds “”, which must be a text in quotes, neither"),
        ('[[tier]]\nname = "standard"\napprovals = { manager = 1 }\n', "", "line 36: tier needs a last tier"),
        ('any = { tags = ["staff"], followers_at_least = 1_000_000 }\n', "", "line 27: tier “protected” catches every"),
        ('tags = ["staff"], followers_at_least = 1_000_000', "", "line 29: tier.any must hold a condition"),
        ('tags = ["staff"]', "tags = []", "line 29: tier.any.tags must not be empty."),
        ("followers_at_least = 1_000_000", "followers_at_least = 0", "line 29: tier.any.followers_at_least must be a"),
        ("verified = true", 'verified = "yes"', "line 39: tier.all.verified must be true or false."),
        ('name = "high"', 'name = "highest"', "line 37: tier.name is “highest”, but a tier is one of protected, high"),
        ('name = "high"', 'name = "protected"', "line 37: tier.name is “protected” for the second time."),
        ('name = "high"\n', "", "line 36: tier.name is missing."),
        ('name = "high"', 'name = "rules"', "line 36: tier “rules” is for no account and takes neither any nor all."),
        ("approvals = { manager = 1, trust-safety = 1 }\n", "", "line 27: tier.approvals is missing."),
        ("manager = 1, trust-safety = 1", "", "line 30: tier.approvals must demand at least one approval."),
        (
            "manager = 1, trust-safety = 1",
            "manager = 0",
            "line 30: tier.approvals.manager must be a whole number from 1",
        ),
        ("manager = 1, trust-safety = 1", "manager = true", "line 30: tier.approvals.manager must be a whole number"),
        ("{ manager = 1, trust-safety = 1 }", '"manager"', "line 30: tier.approvals must be a table."),
        (
            "manager = 1, trust-safety = 1",
            "manager = 5, trust-safety = 5",
            "line 30: tier.approvals must demand no more",
        ),
        ('cooling_off = "250ms"', 'cooling_off = "250"', "line 32: tier.cooling_off must be a duration"),
        ('cooling_off = "250ms"', 'cooling_off = "-1s"', "line 32: tier.cooling_off must not be negative."),
        ('cooling_off = "250ms"', 'cooling_off = "1.5h"', "line 32: tier.cooling_off must be a duration"),
        ('cooling_off = "250ms"', "cooling_off = 250", "line 32: tier.cooling_off must be a duration"),
        ('cooling_off = "250ms"', 'cooling_off = "999999999999d"', "line 32: tier.cooling_off must be no longer than"),
        ('emergency = ["manager"]', "emergency = true", "line 33: tier.emergency must be false or a list of groups"),
        (
            'emergency = ["manager"]',
            'emergency = ["duty"]',
            "line 33: tier.emergency names “duty”, a group that nobody",
        ),
        ('window = "14d"', 'window = "36h"', "line 49: leavers.window must be whole days"),
        (
            'window = "14d"',
            'contractors = "as guests"',
            "line 49: leavers.contractors must be one of “as leavers”, “as",
        ),
        ('request_expires = "24h"', 'request_expires = "0s"', "line 52: limits.request_expires must be longer than"),
        (
            'request_expires = "24h"',
            "deactivations_per_hour = 0",
            "line 52: limits.deactivations_per_hour must be a whole",
        ),
        ('mode = "enforce"', 'mode = "watch"', "line 55: guard.mode must be one of “enforce”, “observe”."),
        (
            '["system:legal"]',
            '["unknown"]',
            "line 56: guard.explained_actors holds “unknown”, which must be a principal",
        ),
        ('["system:legal"]', '["svc:countersign"]', "line 56: guard.explained_actors holds “svc:countersign”, which"),
        ('["system:legal"]', '["staff:mona"]', "line 56: guard.explained_actors names “staff:mona”, who is mona"),
        (
            'mode = "enforce"',
            'samples = ["1s", "soon"]',
            "line 55: guard.samples holds “soon”, which must be a duration",
        ),
        ("hour = 9", "hour = 24", "line 59: digest.hour must be a whole number from 0 to 23."),
        ("hour = 9", 'weekday = "mon"', "line 59: digest.weekday must be one of “monday”"),
        ("escalate_to = []", 'escalate_to = ["nobody"]', "line 62: reminders.escalate_to names “nobody”, who is no"),
        ("escalate_to = []", 'after = ["2h", "1h"]', "line 62: reminders.after must grow: each time longer than the"),
        ("escalate_to = []", 'after = ["1h", "1h"]', "line 62: reminders.after names “1h” twice."),
        ("escalate_to = []", 'after = ["60m", "1h"]', "line 62: reminders.after names “60m” twice."),
        (
            "escalate_to = []",
            'after = ["0s"]',
            "line 62: reminders.after holds “0s”, which must be longer than nothing",
        ),
        ("escalate_to = []", 'after = ["-1h"]', "line 62: reminders.after holds “-1h”, which must not be negative."),
        ("escalate_to = []", 'escalate_after = "0s"', "line 62: reminders.escalate_after must be longer than nothing."),
        (
            "escalate_to = []",
            'escalate_after = "4h"',
            "line 62: reminders.escalate_after must be longer than every time",
        ),
        (
            "escalate_to = []",
            'escalate_to = ["omar"]\nafter = ["8h"]',
            "line 61: reminders.escalate_after must be longer than every time in after.",
        ),
        (
            'zone = "Europe/Berlin"',
            'zone = "UTC"\nchannel_language = "de"',
            "line 3: channel_language must be one of “en”",
        ),
        (
            'zone = "Europe/Berlin"',
            'zone = "UTC"\nchannel_language = 1',
            "line 3: channel_language must be one of “en”",
        ),
        ("joined = 2024-01-01", "joined = 2024-02-30", "line 9: “2024-02-30” is no date; write a day that exists"),
        ("joined = 2024-01-01", "joined = 2024-13-01", "line 9: “2024-13-01” is no date; write a day that exists"),
        ("joined = 2024-01-01", "joined = 2024-1-01", "line 9: “2024-1-01” is no date; write a day that exists"),
        ("joined = 2024-01-01", "joined = 2023-02-29T08:00:00Z", "line 9: “2023-02-29” is no date; write a day that"),
        ("from = 2026-12-20", "from = 2026-11-31", "line 10: “2026-11-31” is no date; write a day that exists"),
        ("joined = 2024-01-01", "joined = 2024-01-01 x = 2", "line 9: this is not TOML: Expected newline"),
        ("joined = 2024-01-01", r'joined = "\q2024-01-01"', "line 9: this is not TOML: Unescaped"),
        (
            'security = "C0SECURITY"',
            'security = "#security"',
            "line 65: notify.security must be the id of a Slack chan",
        ),
        (
            'security = "C0SECURITY"',
            'on_call = "@oncall"',
            "line 65: notify.on_call must be the id of a Slack user group",
        ),
        ("hour = 9", "huor = 9", "line 59: digest.huor is not known; the nearest key is “hour”."),
        ("[leavers]", "[leaver]", "line 48: leaver is not known; the nearest key is “leavers”."),
        (
            "followers_at_least = 1000\n",
            "followers = 1000\n",
            "line 40: tier.all.followers is not known; the nearest key",
        ),
        ("[notify]", "[notify", "line 64: this is not TOML: Expected ']' at the end of a table declaration."),
        ("hour = 9", "hour = 9\nhour = 10", "line 60: this is not TOML: Cannot overwrite a value."),
    ],
)
def test_one_thing_wrong_is_one_sentence_with_its_line(old: str, new: str, sentence: str) -> None:
    (only,) = refused(changed(old, new))
    assert only.startswith(sentence)
    assert only.endswith(".")


def test_more_categories_than_a_select_holds_are_refused() -> None:
    many = ", ".join(f'"{n}"' for n in range(100))
    assert len(parse_policy(changed('"spam", "other"', many)).categories) == 100
    (only,) = refused(changed('"spam", "other"', f'{many}, "other"'))
    assert only == "line 25: requests.categories must be no longer than 100."


def test_the_channel_is_spoken_to_in_english_or_french() -> None:
    for name in ("en", "fr"):
        taken = parse_policy(changed('zone = "Europe/Berlin"', f'zone = "UTC"\nchannel_language = "{name}"'))
        assert taken.channel_language == name
    (only,) = refused(changed('zone = "Europe/Berlin"', 'zone = "UTC"\nchannel_language = "en-GB"'))
    assert only == "line 3: channel_language must be one of “en”, “fr”."


def test_a_request_need_not_be_brought_up_again() -> None:
    reminders = parse_policy(changed("escalate_to = []", "after = []")).reminders
    assert (reminders.after, reminders.escalate_to) == ((), ())


def test_how_long_until_an_escalation_to_nobody_is_all_the_same() -> None:
    assert parse_policy(changed("escalate_to = []", 'after = ["1h", "12h"]')).reminders.escalate_to == ()


def test_an_unanswered_request_goes_to_people_or_groups_of_the_roster() -> None:
    policy = parse_policy(changed("escalate_to = []", 'escalate_to = ["omar", "trust-safety"]'))
    assert policy.reminders.escalate_to == ("omar", "trust-safety")


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    text = changed("version = 1", "version = 2").replace("hour = 9", "hour = 99").replace("U03OMAR", "U02MONA")
    assert [sentence.split(":")[0] for sentence in refused(text)] == ["line 1", "line 13", "line 59"]


def test_a_tier_weightier_than_one_above_it_is_refused() -> None:
    text = TAKEN.replace('"protected"', '"x"').replace('"high"', '"protected"').replace('"x"', '"high"')
    (only,) = refused(text)
    assert only == "line 37: tier.name is “protected”, which is weightier than “high” and must stand above it."


def test_a_list_of_tiers_must_not_be_empty() -> None:
    before, _, after = TAKEN.partition("[[tier]]")
    (only,) = refused(before + after[after.index("[leavers]") :])
    assert only.startswith("line 1: tier needs a last tier")


def test_a_table_where_the_list_of_tiers_should_be_is_refused() -> None:
    before, _, after = TAKEN.partition("[[tier]]")
    (only,) = refused(f'{before}[tier]\nname = "standard"\n{after[after.index("[leavers]") :]}')
    assert only == "line 27: tier must be written [[tier]], once for each."


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "1" * 5000, "[people", 'x = "', "x = 2026-02-30"])
def test_no_text_makes_more_than_a_sentence(text: str) -> None:
    (only,) = refused(text)
    assert only.startswith(("line 1: ", "The file ends too early: "))


@given(st.text(alphabet='[]{}=",.#\n abc1-_tierpeople', max_size=60))
def test_whatever_the_text_is_it_is_a_policy_or_refused_in_sentences(text: str) -> None:
    sentences: tuple[str, ...] = ("A policy.",)
    try:
        parse_policy(text)
    except Misconfigured as refusal:
        sentences = refusal.sentences
    assert sentences
    assert all(sentence.endswith(".") for sentence in sentences)


# Quorums that somebody could fill


def test_a_group_too_small_beside_the_one_who_asks_is_refused() -> None:
    (only,) = refused(changed("[tier.approvals]\nmanager = 1", "[tier.approvals]\nmanager = 2"))
    assert only == (
        "line 41: tier.approvals of “high” can never be filled: “manager” has too few members besides the one who asks."
    )


def test_a_group_that_suffices_for_one_of_those_who_ask_is_taken() -> None:
    text = changed("[tier.approvals]\nmanager = 1", "[tier.approvals]\nmanager = 2")
    policy = parse_policy(text.replace('groups = ["trust-safety"]', 'groups = ["trust-safety", "agent"]'))
    assert policy.tiers[1].approvals == (("manager", 2),)


def test_a_group_that_nobody_is_in_fills_no_quorum() -> None:
    (only,) = refused(changed("trust-safety = 1 }", "trust-and-safety = 1 }"))
    assert "“trust-and-safety” has too few members" in only


def test_approvers_of_one_team_do_not_fill_a_quorum_of_different_teams() -> None:
    (only,) = refused(changed('team = "safety"', 'team = "operations"'))
    assert only.startswith("line 30: tier.approvals of “protected” can never be filled")
    assert only.endswith("has too few members of different teams besides the one who asks.")


def test_a_contractor_bound_like_a_leaver_fills_no_quorum_of_protected_accounts() -> None:
    text = changed('team = "safety"', 'team = "safety"\ncontractor = true')
    (only,) = refused(text)
    assert "“trust-safety” has too few members" in only
    assert not parse_policy(text.replace('window = "14d"', 'contractors = "as anyone"')).contractors_as_leavers


def test_of_the_rules_anybody_may_ask() -> None:
    text = TAKEN + '[[tier]]\nname = "rules"\napprovals = { manager = 2 }\n'
    assert parse_policy(text).tier("rules") is not None


def test_of_a_roster_half_read_nobody_is_told_that_groups_are_too_small() -> None:
    (only,) = refused(changed('groups = ["trust-safety"]', 'groups = "trust-safety"'))
    assert only == "line 20: people.tessa.groups must be a list in square brackets."


# The example


@pytest.fixture(scope="module")
def example() -> Policy:
    return parse_policy(EXAMPLE)


def test_the_example_is_a_policy_with_every_tier(example: Policy) -> None:
    assert [tier.name for tier in example.tiers] == ["protected", "high", "standard", "rules"]
    assert set(example.people) == {"mona", "omar", "tessa", "ada", "rex"}
    assert example.people["rex"].last_day == date(2026, 11, 21)


def test_the_example_states_the_defaults(example: Policy) -> None:
    """A reader of the example learns what happens where a key is left out; `explained_actors` alone has none."""
    start = EXAMPLE.index("[leavers]")
    bare = parse_policy(EXAMPLE[:start])
    for name in ("leaver_window", "newcomers", "contractors_as_leavers", "limits", "digest_rules", "reminders"):
        assert getattr(bare, name) == getattr(example, name)
    assert bare.guard.samples == example.guard.samples
    assert bare.guard.sweep_every == example.guard.sweep_every
