"""What the commands print: a digest, a policy's tiers, the doctor's cures and the times of the log."""

import json
import logging
import re
import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from bot.core.approvers import Approvers, Load, Overturned, Pair, QuickVote
from bot.core.digest import Digest, Week, summarise
from bot.digest_lines import MOST_LISTED, digest_json, digest_lines
from bot.doctor import _unreached, examine
from bot.policy_printing import print_policy
from bot.serving import Stamped
from tests.core.build import open_incident

SAMPLE = Path(__file__).parents[1] / "bot" / "sandbox" / "policy.toml"

VOTERS = Approvers(
    quick=(QuickVote(request="REQ-A", person="omar", took=timedelta(seconds=4, milliseconds=250)),),
    pairs=(Pair(people=("mona", "nia"), approvals=3),),
    load=(Load(person="omar", votes=5), Load(person="tessa", votes=2)),
    overturned=(Overturned(request="REQ-A", restored_by="REQ-B", account="acct_1", handle="mar\x1bia"),),
)


def digest(**changed: object) -> Digest:
    week = summarise(
        Week(2026, 47), ZoneInfo("UTC"), entries=(), incidents=(open_incident(),), requests={}, pending=None,
        enforces=True,
    )  # fmt: skip
    return replace(week, **{"approvers": VOTERS, **changed})


def test_a_digest_tells_of_the_days_the_incidents_and_the_approvers() -> None:
    lines = digest_lines(digest())
    assert "  Mon 2026-11-16     0 approved     0 denied" in lines
    assert "  2026-11-16T09:00:00.000Z  INC-A  deactivated  open      @maria (acct_1)" in lines
    assert "Votes: omar 5, tessa 2" in lines
    assert "Emergencies: 0 filed, 0 ratified, 0 undone" in lines
    told = "\n".join(lines)
    assert "Votes in less than 10 s:\n  REQ-A  omar, after 4.2 s" in told
    assert "Approve only each other:\n  mona and nia, 3 approvals" in told
    assert "Overturned:\n  REQ-A  @mar�ia (acct_1), restored by REQ-B" in told
    assert len(digest().days) == 7


def test_a_quiet_week_says_so_in_a_line_each() -> None:
    lines = digest_lines(digest(approvers=Approvers(), happened=()))
    for title in ("What happened", "Votes", "Votes in less than 10 s", "Approve only each other", "Overturned"):
        assert f"{title}: none" in lines


def test_of_thousands_of_incidents_a_few_are_printed_and_the_rest_counted() -> None:
    lines = digest_lines(digest(happened=(open_incident(),) * 1000))
    assert sum("INC-A" in line for line in lines) == MOST_LISTED
    assert "  … and 980 more, which --json has" in lines


def test_as_json_it_has_every_field_with_lengths_in_seconds() -> None:
    read = json.loads(digest_json(digest(median_to_decision=timedelta(minutes=2))))
    assert set(read) == set(Digest.__dataclass_fields__)
    assert (read["week"], read["median_to_decision"], read["worst_to_restore"]) == ("2026-W47", 120.0, None)
    assert read["days"][0] == {"date": "2026-11-16", "approved": 0, "denied": 0}
    assert read["happened"][0]["id"] == "INC-A"
    assert read["approvers"]["quick"] == [{"request": "REQ-A", "person": "omar", "took": 4.25}]
    assert read["approvers"]["pairs"] == [{"people": ["mona", "nia"], "approvals": 3}]
    assert read["approvers"]["overturned"][0]["restored_by"] == "REQ-B"


async def test_a_tier_without_conditions_says_what_it_catches(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await print_policy(SAMPLE, as_json=False)
    told = re.findall(r"name +(\S+)\n  conditions +(.+)", capsys.readouterr().out)
    assert dict(told)["standard"] == "everything else"
    assert dict(told)["rules"] == "the bot's own rules"
    assert "followers" in dict(told)["high"]


def test_the_times_of_the_log_are_in_utc_with_milliseconds() -> None:
    record = logging.LogRecord("bot", logging.INFO, __file__, 1, "said", None, None)
    record.created = datetime(2026, 11, 16, 9, 0, 0, 7_900, tzinfo=UTC).timestamp()
    assert Stamped("%(asctime)s %(message)s").format(record) == "2026-11-16T09:00:00.007Z said"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (TimeoutError(), "no answer came in time"),
        (socket.gaierror(8, "x"), "no address is known for that name"),
        (ConnectionRefusedError(), "nothing listens there"),
        (ssl.SSLCertVerificationError(), "its certificate is not one"),
        (aiohttp.ServerDisconnectedError(), "the connection cannot be made or broke off"),
    ],
)
def test_what_keeps_an_answer_away_is_said_as_people_say_it(error: Exception, why: str) -> None:
    said = _unreached("Slack", "https://slack.com/api/", error)
    assert said.startswith(f"Slack cannot be reached at https://slack.com/api/: {why}")
    assert type(error).__name__ not in said


async def test_the_doctor_names_the_address_that_nobody_answers_at_and_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    given = {
        "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "APPROVALS_CHANNEL": "C0APPROVALS",
        "SLACK_API_URL": nowhere, "PLATFORM_URL": nowhere, "PLATFORM_TOKEN": "t", "POLICY_FILE": str(SAMPLE),
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    code = await examine(as_json=True)

    found = {line["what"]: line["says"] for line in json.loads(capsys.readouterr().out) if not line["ok"]}
    assert code == 1
    assert found["Slack"] == f"Slack cannot be reached at {nowhere}/: nothing listens there. Check SLACK_API_URL."
    assert found["approvals channel"] == found["Slack"]
    assert found["platform"].startswith(f"The platform cannot be reached at {nowhere}: nothing listens there.")
    assert "PLATFORM_URL" in found["platform"]
