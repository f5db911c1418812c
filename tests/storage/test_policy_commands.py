"""What `policy check` and `policy what-if` print of a ledger; both only read it."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.core.errors import Misconfigured
from bot.core.overlay import RuleChange, RuleVerb, with_change
from bot.core.policy import Policy
from bot.core.policy_file import parse_policy
from bot.core.transition import Change, PolicyRow
from bot.doctor import _database
from bot.policy_printing import print_policy, print_what_if
from bot.settings import Part, load_settings
from storage.ledger import SqlLedger
from tests.storage.scene import Shelf, filing, voting

FILE = """\
version = 1

[people.ada]
slack = ["U01ADA"]
groups = ["agent"]
team = "support"

[people.m0]
slack = ["UM0"]
groups = ["manager"]

[people.m1]
slack = ["UM1"]
groups = ["manager"]

[requests]
categories = ["spam"]

[[tier]]
name = "standard"
approvals = { manager = 1 }
"""
REMOVE = RuleChange(verb=RuleVerb.REMOVE, person="m0")


def write(file: Path, text: str) -> None:
    file.write_text(text)


@pytest.fixture
def file(tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", shelf.url)
    monkeypatch.setenv("POLICY_FILE", "policy.toml")
    (tmp_path / "policy.toml").write_text(FILE)
    return tmp_path / "policy.toml"


async def in_force(ledger: SqlLedger, text: str) -> Policy:
    policy, at = parse_policy(text), SystemClock().now() - timedelta(days=3)
    await ledger.decide(lambda _: Change(policy=PolicyRow(digest=policy.digest, text=text, since=at, by="file")))
    return policy


def changed(text: str = FILE) -> str:
    return with_change(text, REMOVE, at=SystemClock().now() - timedelta(days=1), request="REQ-R")


# policy check


async def test_without_a_ledger_the_file_alone_is_checked(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await print_policy(None, as_json=False)
    said = capsys.readouterr()
    assert f"policy.toml is valid; its digest is {parse_policy(FILE).digest[:12]}." in said.out
    assert "approves               m0, m1" in said.out
    assert "There is no tier “rules”" in said.out
    assert (said.err, list(file.parent.glob("*.db"))) == ("", [])


async def test_what_was_changed_in_slack_lies_over_the_file(
    file: Path, ledger: SqlLedger, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = await in_force(ledger, changed())
    await print_policy(file, as_json=False)
    said = capsys.readouterr().out
    assert f"is valid; its digest with what was changed in Slack is {policy.digest[:12]}." in said
    assert "changed in Slack: roster remove m0 (since " in said
    assert "by REQ-R)" in said
    assert "approves               m1\n" in said
    await print_policy(file, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert [(one["change"], one["request"], one["kept"]) for one in told["overlay"]] == [
        ("roster remove m0", "REQ-R", True)
    ]
    assert told["digest"] == policy.digest
    assert told["tiers"][0]["approves"] == ["m1"]


async def test_what_the_file_makes_needless_is_said_to_be(
    file: Path, ledger: SqlLedger, capsys: pytest.CaptureFixture[str]
) -> None:
    await in_force(ledger, changed())
    write(file, FILE.replace("people.m0", "people.zoe"))
    await print_policy(None, as_json=False)
    assert "by REQ-R; the file makes it needless, and it is dropped)" in capsys.readouterr().out


async def test_a_file_that_cannot_be_together_with_the_overlay_is_refused(file: Path, ledger: SqlLedger) -> None:
    await in_force(ledger, changed())
    write(file, FILE.replace("manager = 1", "manager = 2"))
    with pytest.raises(Misconfigured, match=r"The file together with what was changed in Slack: .*never be filled"):
        await print_policy(None, as_json=False)


async def test_a_ledger_that_cannot_be_read_is_said_and_the_file_checked(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{file.parent}/nowhere/bot.db")
    await print_policy(None, as_json=False)
    said = capsys.readouterr()
    assert "What was changed in Slack is not shown: DATABASE_URL: the folder" in said.err
    assert "is valid" in said.out


async def test_the_doctor_does_not_take_a_change_in_slack_for_another_file(file: Path, ledger: SqlLedger) -> None:
    await in_force(ledger, changed())
    settings = load_settings(needs={Part.LEDGER})
    assert (await _database(settings)).endswith(
        "the policy in force is the file's, with what was changed in Slack (1)."
    )
    write(file, f"{FILE}\n[digest]\nhour = 3\n")
    with pytest.raises(Exception, match="The policy in force is not the file's"):
        await _database(settings)


# policy what-if


async def asked(ledger: SqlLedger, id: str, *, days_ago: int, approved: bool) -> None:
    at = SystemClock().now() - timedelta(days=days_ago)
    await ledger.decide(lambda _: filing(id, of=f"acct_{id}", at=at))
    if approved:
        await ledger.decide(lambda view: voting(view, id, at=at + timedelta(minutes=1)))


async def test_it_says_which_requests_would_have_ended_otherwise_and_writes_nothing(
    file: Path, ledger: SqlLedger, shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    await in_force(ledger, FILE)
    await asked(ledger, "REQ-1", days_ago=0, approved=False)
    new = file.with_name("new.toml")
    new.write_text(FILE.replace("manager = 1", "manager = 2"))
    before = shelf.everything()
    await print_what_if(new, weeks=8, as_json=False)
    assert "Of 1 requests of the last 8 weeks 0 would have ended otherwise and 1 the same" in capsys.readouterr().out
    new.write_text(FILE.replace('groups = ["agent"]', 'groups = ["asker"]') + '[people.max]\ngroups = ["agent"]\n')
    await print_what_if(new, weeks=1, as_json=False)
    said = capsys.readouterr().out
    assert "REQ-1  20" in said
    assert "ada  deactivate @Handle_acct_REQ-1 (acct_REQ-1)\n" in said
    assert "  was open → would be refused: may not ask (agent)\n" in said
    assert "Of 1 requests of the last week 1 would have ended otherwise and 0 the same; of 0 nothing can be" in said
    assert shelf.everything() == before


async def test_as_json_it_says_the_same(file: Path, ledger: SqlLedger, capsys: pytest.CaptureFixture[str]) -> None:
    await in_force(ledger, FILE)
    await asked(ledger, "REQ-1", days_ago=0, approved=False)
    await asked(ledger, "REQ-2", days_ago=2, approved=True)
    await asked(ledger, "REQ-3", days_ago=70, approved=False)
    new = file.with_name("new.toml")
    new.write_text(FILE.replace('categories = ["spam"]', 'categories = ["other"]'))
    await print_what_if(new, weeks=8, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["requests"], told["same"], told["unknown"]) == (2, 0, 1)
    (one,) = told["differ"]
    assert (one["id"], one["was"], one["would"], one["why"]) == ("REQ-1", "open", "refused", "unknown category")
    assert (one["requester"], one["action"], one["account"]) == ("ada", "deactivate", "acct_REQ-1")


async def test_a_policy_that_no_program_reads_any_more_is_no_obstacle(
    file: Path, ledger: SqlLedger, capsys: pytest.CaptureFixture[str]
) -> None:
    row = PolicyRow(digest="old", text="version = 0", since=SystemClock().now(), by="file")
    await ledger.decide(lambda _: Change(policy=row))
    await asked(ledger, "REQ-1", days_ago=0, approved=False)
    await print_what_if(file, weeks=8, as_json=False)
    assert "1 the same" in capsys.readouterr().out


async def test_without_a_ledger_there_is_nothing_to_run_again(file: Path) -> None:
    with pytest.raises(Misconfigured, match="database"):
        await print_what_if(file, weeks=8, as_json=False)
