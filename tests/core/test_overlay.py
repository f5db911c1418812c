"""Changes made in Slack: their one line, the text that holds them, and what they make of the policy."""

import string
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import Misconfigured
from bot.core.offering import on_file, parse_offered
from bot.core.overlay import Overlaid, RuleChange, RuleVerb, file_of, overlay_of, parse_change, rendered, with_change
from bot.core.policy import Person, Policy
from bot.core.policy_file import parse_policy
from bot.core.policy_values import EARLIEST, LATEST
from tests.core.build import account

AT = datetime(2026, 11, 21, 15, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)

FILE = """\
version = 1

[people.ada]
slack = ["U01ADA"]
groups = ["agent"]
team = "support"

[people.mona]
slack = ["U02MONA", "U02MONAALT"]
groups = ["agent", "manager"]
delegate = { to = "omar", from = 2026-11-01, until = 2026-12-31 }

[people.omar]
slack = ["U03OMAR"]
groups = ["manager"]

[people.kim]
slack = ["U04KIM"]
groups = ["manager"]
last_day = 2026-12-24

[[tier]]
name = "protected"
any = { tags = ["staff"] }
approvals = { manager = 1 }
emergency = ["duty"]

[[tier]]
name = "standard"
approvals = { manager = 1 }

[people.dot]
slack = ["U05DOT"]
groups = ["duty"]

[reminders]
escalate_to = ["omar", "manager"]
"""

NINA = RuleChange(verb=RuleVerb.ADD, person="nina", slack="U09NINA", groups=("manager", "agent"), team="support")
REMOVE = RuleChange(verb=RuleVerb.REMOVE, person="omar")
LEAVE = RuleChange(verb=RuleVerb.LEAVE, person="omar", last_day=date(2026, 11, 21))
PROTECT = RuleChange(verb=RuleVerb.PROTECT, account="acct_1", handle="maria_k")
OBSERVE = RuleChange(verb=RuleVerb.OBSERVE)
ENFORCE = RuleChange(verb=RuleVerb.ENFORCE)
BACK = RuleChange(verb=RuleVerb.ADD, person="omar", slack="U03OMAR", groups=("manager",))


def laid(*changes: RuleChange, on: str = FILE, at: datetime = AT) -> str:
    for number, change in enumerate(changes):
        on = with_change(on, change, at=at, request=f"REQ-{number}")
    return on


def policy(*changes: RuleChange, on: str = FILE) -> Policy:
    return parse_policy(laid(*changes, on=on))


def refused(text: str) -> tuple[str, ...]:
    with pytest.raises(Misconfigured) as refusal:
        parse_policy(text)
    return refusal.value.sentences


# The line


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (NINA, "roster add nina U09NINA agent,manager team=support"),
        (replace(NINA, team=None), "roster add nina U09NINA agent,manager"),
        (REMOVE, "roster remove omar"),
        (LEAVE, "roster leave omar 2026-11-21"),
        (PROTECT, "protect acct_1 maria_k"),
        (replace(PROTECT, handle=""), "protect acct_1"),
        (OBSERVE, "guard observe"),
        (ENFORCE, "guard enforce"),
    ],
)
def test_a_change_is_one_line_and_the_line_is_the_change(change: RuleChange, line: str) -> None:
    assert change.line() == line
    assert parse_change(line) == change


@pytest.mark.parametrize(
    "line",
    [
        "",
        "roster",
        "roster add",
        "roster add nina U09NINA",
        "roster add nina nina agent",
        "roster add nina U09NINA manager,agent",
        "roster add nina U09NINA agent,agent",
        "roster add nina U09NINA agent,",
        "roster add nina U09NINA agent support",
        "roster add nina U09NINA agent team=",
        "roster add nina U09NINA agent team=a team=b",
        "roster add ni/na U09NINA agent",
        "roster  add nina U09NINA agent",
        "roster add nina U09NINA  agent",
        "roster remove",
        "roster remove omar ",
        "roster remove omar mona",
        'roster remove "omar"',
        "roster leave omar",
        "roster leave omar 2026-02-30",
        "roster leave omar 20261121",
        "roster leave omar tomorrow",
        "protect",
        'protect acct_1"',
        "protect acct_1 maria k",
        "protect acct_1\nprotect acct_2",
        "guard",
        "guard observe 30m",
        "guard rest",
        "Roster remove omar",
    ],
)
def test_every_other_line_is_refused_with_a_sentence(line: str) -> None:
    with pytest.raises(ValueError, match=r"^.+\.$"):
        parse_change(line)


@pytest.mark.parametrize(
    "values",
    [
        {"verb": RuleVerb.ADD, "person": "nina", "slack": "U09NINA"},
        {"verb": RuleVerb.REMOVE, "person": "omar", "slack": "U03OMAR"},
        {"verb": RuleVerb.REMOVE, "person": "o mar"},
        {"verb": RuleVerb.LEAVE, "person": "omar"},
        {"verb": RuleVerb.PROTECT, "account": "acct_1", "handle": 'x"'},
        {"verb": RuleVerb.OBSERVE, "account": "acct_1"},
    ],
)
def test_a_change_that_no_line_says_cannot_be_made(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^.+\.$"):
        RuleChange(**values)


NAME = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,12}", fullmatch=True)
WORD = st.text(string.ascii_letters + string.digits + "._:@+~-", min_size=1, max_size=12)
USER = st.from_regex(r"[UW][A-Z0-9]{1,8}", fullmatch=True)
CHANGES = st.one_of(
    st.builds(
        RuleChange,
        verb=st.just(RuleVerb.ADD),
        person=NAME,
        slack=USER,
        groups=st.lists(NAME, min_size=1, max_size=4).map(tuple),
        team=st.none() | NAME,
    ),
    st.builds(RuleChange, verb=st.just(RuleVerb.REMOVE), person=NAME),
    st.builds(RuleChange, verb=st.just(RuleVerb.LEAVE), person=NAME, last_day=st.dates(EARLIEST, LATEST)),
    st.builds(RuleChange, verb=st.just(RuleVerb.PROTECT), account=WORD, handle=st.just("") | WORD),
    st.sampled_from([OBSERVE, ENFORCE]),
)
OVERLAYS = st.lists(
    st.builds(
        Overlaid,
        change=CHANGES,
        at=st.datetimes(datetime(2000, 1, 1)).map(lambda at: at.replace(microsecond=0, tzinfo=UTC)),  # noqa: DTZ001
        request=NAME,
    ),
    max_size=5,
)


@given(CHANGES)
def test_every_change_is_what_its_line_says(change: RuleChange) -> None:
    assert parse_change(change.line()) == change


@given(
    st.text(max_size=40) | st.sampled_from(list(RuleVerb)).flatmap(lambda v: st.text(max_size=30).map(f"{v} ".__add__))
)
def test_a_line_is_a_change_that_says_the_same_or_none(line: str) -> None:
    try:
        change = parse_change(line)
    except ValueError:
        return
    assert change.line() == line


@given(OVERLAYS, st.sampled_from([FILE, FILE.rstrip(), f'{FILE}a = """\n[[overlay]]\n"""\n']))
def test_the_text_holds_the_file_and_every_change(overlay: list[Overlaid], file: str) -> None:
    text = file + rendered(overlay)
    assert overlay_of(text) == tuple(overlay)
    assert file_of(text) == file
    assert len(tomllib.loads(text).get("overlay", [])) == len(overlay)


# One more


def lines(text: str) -> list[str]:
    return [one.change.line() for one in overlay_of(text)]


def test_changes_of_different_things_stand_side_by_side() -> None:
    assert lines(laid(NINA, LEAVE, PROTECT, OBSERVE)) == [c.line() for c in (NINA, LEAVE, PROTECT, OBSERVE)]


def test_a_change_of_the_same_thing_replaces_the_earlier_one() -> None:
    later = replace(LEAVE, last_day=date(2026, 11, 22))
    assert lines(laid(LEAVE, PROTECT, later)) == [PROTECT.line(), later.line()]
    assert lines(laid(LEAVE, REMOVE)) == [REMOVE.line()]
    assert lines(laid(PROTECT, replace(PROTECT, handle="maria"))) == ["protect acct_1 maria"]


def test_what_stands_says_since_when_and_by_which_request() -> None:
    assert overlay_of(laid(LEAVE)) == (Overlaid(change=LEAVE, at=AT, request="REQ-0"),)
    assert laid(LEAVE) == (
        f'{FILE}\n[[overlay]]\nchange = "roster leave omar 2026-11-21"\n'
        'at = 2026-11-21T15:00:00.000Z\nrequest = "REQ-0"\n'
    )


def test_a_last_day_of_somebody_added_leaves_them_added() -> None:
    leave = replace(LEAVE, person="nina")
    assert lines(laid(NINA, leave)) == [NINA.line(), leave.line()]
    assert policy(NINA, leave).people["nina"].last_day == date(2026, 11, 21)


def test_who_was_added_and_is_removed_leaves_nothing_behind() -> None:
    assert laid(NINA, replace(REMOVE, person="nina")) == FILE


def test_to_enforce_ends_what_the_file_does_not_say() -> None:
    assert laid(OBSERVE, ENFORCE) == FILE
    observes = f'{FILE}\n[guard]\nmode = "observe"\n'
    assert lines(laid(ENFORCE, on=observes)) == [ENFORCE.line()]
    assert policy(ENFORCE, on=observes).guard.enforces_at(AT)


# What it makes of the policy


def test_an_added_person_is_on_the_roster_and_approves_a_day_later() -> None:
    rules = policy(NINA)
    nina = rules.people["nina"]
    assert nina == Person(
        id="nina",
        slack=("U09NINA",),
        groups=frozenset({"agent", "manager"}),
        team="support",
        approves_from=AT + DAY,
    )
    assert rules.person_of_slack("U09NINA") == nina
    assert rules.approver(nina, tier="standard", at=AT + DAY - SECOND, requester="ada") is None
    assert rules.approver(nina, tier="standard", at=AT + DAY, requester="ada") is not None


def test_a_removed_person_is_nobody_and_stands_in_for_nobody() -> None:
    rules = policy(REMOVE)
    assert "omar" not in rules.people
    assert rules.people["mona"].delegate is None
    assert rules.reminders.escalate_to == ("manager",)
    assert policy().people["mona"].delegate is not None


def test_a_last_day_is_noted_and_the_earlier_one_stands() -> None:
    assert policy(LEAVE).people["omar"].last_day == date(2026, 11, 21)
    earlier, later = (replace(LEAVE, person="kim", last_day=date(2026, 12, day)) for day in (1, 31))
    assert policy(earlier).people["kim"].last_day == date(2026, 12, 1)
    assert policy(later).people["kim"].last_day == date(2026, 12, 24)


@pytest.mark.parametrize("gone", [REMOVE, LEAVE])
def test_who_is_added_again_is_as_the_file_says_and_approves_a_day_later(gone: RuleChange) -> None:
    rules = policy(gone, BACK)
    omar = rules.people["omar"]
    assert omar == replace(policy().people["omar"], approves_from=AT + DAY)
    assert rules.people["mona"].delegate is not None


def test_who_is_added_again_lends_no_groups_before_a_day_is_over() -> None:
    again = replace(BACK, person="mona", slack="U02MONAALT", groups=("agent", "manager"))
    rules = policy(again)
    assert rules.groups_of(rules.people["omar"], at=AT + DAY - SECOND) == {"manager"}
    assert rules.groups_of(rules.people["omar"], at=AT + DAY) == {"agent", "manager"}


def test_a_protected_account_is_in_the_weightiest_tier_whatever_it_looks_like() -> None:
    assert policy().tier_of(account(), at=AT).name == "standard"
    assert policy(PROTECT).tier_of(account(), at=AT).name == "protected"
    assert policy(PROTECT).tier_of(account(id="acct_2"), at=AT).name == "standard"


def test_to_observe_ends_by_itself() -> None:
    guard = policy(OBSERVE).guard
    assert not guard.enforces_at(AT)
    assert not guard.enforces_at(AT + timedelta(minutes=30) - SECOND)
    assert guard.enforces_at(AT + timedelta(minutes=30))
    assert guard.observes_until == AT + timedelta(minutes=30)
    assert policy().guard.observes_until is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (replace(REMOVE, person="nobody"), "but nobody is no person of the roster"),
        (replace(LEAVE, person="nobody"), "but nobody is no person of the roster"),
        (replace(NINA, slack="U03OMAR"), "but “U03OMAR” is omar's: an id belongs to one person"),
        (replace(NINA, groups=("mangers",)), "but nothing in the policy speaks of the group “mangers”"),
        (replace(BACK, groups=("duty",)), "but omar is on the roster as “U03OMAR manager”"),
        (replace(BACK, team="safety"), "but omar is on the roster as “U03OMAR manager”"),
        (replace(BACK, slack="U09OMAR"), "but omar is on the roster as “U03OMAR manager”"),
        (
            replace(BACK, person="ada", slack="U01ADA"),
            "but ada is on the roster as “U01ADA agent team=support”",
        ),
    ],
)
def test_a_change_that_cannot_be_made_is_a_sentence(change: RuleChange, says: str) -> None:
    (only,) = refused(laid(change))
    line = FILE.count("\n") + 3
    assert only == f"line {line}: overlay.change says “{change.line()}”, {says}."


def test_a_last_day_brings_nobody_back_who_was_removed() -> None:
    (only,) = refused(laid(REMOVE, LEAVE))
    assert only.endswith("says “roster leave omar 2026-11-21”, but omar is no person of the roster.")


def test_nothing_can_be_protected_without_the_tier() -> None:
    file = FILE.replace('name = "protected"', 'name = "high"')
    (only,) = refused(laid(PROTECT, on=file))
    assert only.endswith("but there is no tier “protected”.")


def test_a_guard_that_observes_without_an_end_is_given_none() -> None:
    (only,) = refused(laid(OBSERVE, on=f'{FILE}\n[guard]\nmode = "observe"\n'))
    assert only.endswith("but the guard only observes already, and without an end.")


def test_what_no_quorum_survives_is_refused() -> None:
    kim, mona = (replace(REMOVE, person=name) for name in ("kim", "mona"))
    assert any("can never be filled" in sentence for sentence in refused(laid(REMOVE, kim, mona)))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("roster remove omar", "roster fire omar", "overlay.change cannot be read: “roster fire omar” is no change"),
        ("at = 2026-11-21T15:00:00.000Z", "at = 2026-11-21", "overlay.at must be a moment in UTC without quotes"),
        ("at = 2026-11-21T15:00:00.000Z", "at = 2026-11-21T15:00:00", "overlay.at must be a moment in UTC without"),
        ('request = "REQ-0"', "", "overlay.request is missing."),
        ("at = 2026-11-21T15:00:00.000Z", "at = 2026-11-21T15:00:00Z", "overlay must stand at the end of the text as"),
        ('request = "REQ-0"', 'request = "REQ-0" # mine', "overlay must stand at the end of the text as the bot"),
    ],
)
def test_what_the_bot_did_not_write_like_that_is_refused(old: str, new: str, says: str) -> None:
    (only,) = refused(laid(REMOVE).replace(old, new))
    assert says in only


def test_one_table_where_there_should_be_a_list_is_refused() -> None:
    assert "overlay must stand at the end" in refused(laid(REMOVE).replace("[[overlay]]", "[overlay]"))[0]
    assert refused(f"overlay = 3\n{FILE}") == ("line 1: overlay must be a table.",)


# A file offered


def test_a_file_that_holds_an_overlay_is_refused_with_one_sentence() -> None:
    assert parse_offered(FILE) == parse_policy(FILE)
    for text in (laid(REMOVE), f"overlay = []\n{FILE}"):
        with pytest.raises(Misconfigured) as refusal:
            parse_offered(text)
        (only,) = refusal.value.sentences
        assert only == "overlay is written by the bot alone: take every [[overlay]] out of the file."


def test_a_file_that_is_no_toml_is_refused_as_any_other() -> None:
    with pytest.raises(Misconfigured, match="this is not TOML"):
        parse_offered("[people\n")


def offered(file: str, *changes: RuleChange) -> list[str]:
    text = on_file(file, overlay_of(laid(*changes)))
    assert file_of(text) == file
    parse_policy(text)
    return lines(text)


ALL = (NINA, LEAVE, PROTECT, OBSERVE)
EVERY_LINE = [change.line() for change in ALL]


def test_the_same_file_keeps_the_whole_overlay() -> None:
    assert on_file(FILE, overlay_of(laid(*ALL))) == laid(*ALL)
    assert on_file(FILE, ()) == FILE


def test_another_file_keeps_what_it_does_not_speak_of() -> None:
    assert offered(FILE.replace("2026-12-24", "2026-12-23"), *ALL) == EVERY_LINE


WITHOUT_OMAR = (
    FILE.replace('[people.omar]\nslack = ["U03OMAR"]\ngroups = ["manager"]\n', "")
    .replace('delegate = { to = "omar", from = 2026-11-01, until = 2026-12-31 }\n', "")
    .replace('escalate_to = ["omar", "manager"]', "escalate_to = []")
)


@pytest.mark.parametrize("change", [REMOVE, LEAVE])
def test_somebody_who_is_not_in_the_file_any_more_needs_no_removing(change: RuleChange) -> None:
    assert offered(WITHOUT_OMAR, change, PROTECT) == [PROTECT.line()]


def test_a_last_day_that_the_file_notes_itself_is_not_needed() -> None:
    file = FILE.replace(
        'groups = ["manager"]\n\n[people.kim]', 'groups = ["manager"]\nlast_day = 2026-11-20\n\n[people.kim]'
    )
    assert offered(file, LEAVE) == []


def test_somebody_whom_the_file_takes_in_otherwise_is_as_the_file_says() -> None:
    file = f'{FILE}\n[people.nina]\nslack = ["U09NINA"]\ngroups = ["agent"]\n'
    assert offered(file, NINA) == []


def test_somebody_who_is_back_still_waits_for_a_day() -> None:
    assert offered(FILE, REMOVE, BACK) == [BACK.line()]


def test_a_guard_that_the_file_lets_enforce_or_observe_needs_no_telling() -> None:
    observes = f'{FILE}\n[guard]\nmode = "observe"\n'
    assert offered(observes, OBSERVE) == []
    assert on_file(FILE, overlay_of(laid(ENFORCE, on=observes))) == FILE


def test_a_change_that_a_newer_program_made_is_told_in_a_sentence() -> None:
    text = 'version = 1\n[[overlay]]\nchange = "roster rename omar"\nat = 2026-11-21T15:00:00.000Z\nrequest = "REQ-A"\n'
    with pytest.raises(Misconfigured, match="Run the program that wrote it"):
        overlay_of(text)
