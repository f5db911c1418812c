"""The commands as somebody types them: one sentence for a mistake, an exit code, no traceback."""

import asyncio
import json
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.stage import Stage, stage
from tests.commands import KEPT, ROOT, Ran, Staged, begun, countersign
from tests.stories.scene import ADA, REASON


async def typed(*words: str, cwd: Path, **environment: str) -> Ran:
    """From the interpreter's own start on, as a shell has it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *words, cwd=cwd, env={**KEPT, **environment}, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    return Ran(await process.wait(), out.decode(), err.decode())


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


@pytest.fixture
async def staged() -> AsyncIterator[Stage]:
    """A bot in a process of its own."""
    async with stage(of=Staged) as found:
        await found.start_bot()
        yield found


async def beside(staged: Stage, *words: str) -> Ran:
    return await countersign(*words, cwd=staged.folder, **staged.environment)


HELPFUL = [
    "",
    "run",
    "demo",
    "platform",
    "doctor",
    "request",
    "incident",
    "digest",
    "policy",
    "policy check",
    "policy what-if",
    "audit verify",
    "backup",
]


@pytest.mark.parametrize("words", HELPFUL)
async def test_every_command_has_help(words: str, tmp_path: Path) -> None:
    ran = await (countersign if words else typed)(*words.split(), "--help", cwd=tmp_path)

    assert ran.code == 0
    assert "Usage:" in ran.out


WRONG = [
    ["nonsense"],
    ["run", "--nonsense"],
    ["digest", "--week", "last"],
    ["request", "--state", "dreaming"],
    ["incident", "--format", "pdf"],
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
async def test_wrong_usage_is_exit_code_2_and_a_sentence(words: list[str], tmp_path: Path) -> None:
    policy = ROOT / "bot" / "sandbox" / "policy.toml"

    ran = await countersign(*words, cwd=tmp_path, POLICY_FILE=str(policy))

    assert ran.code == 2
    assert "Error:" in ran.err
    assert "Traceback" not in ran.err


async def test_an_empty_environment_is_told_all_at_once(tmp_path: Path) -> None:
    ran = await typed("run", cwd=tmp_path)

    assert ran.code == 1
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "APPROVALS_CHANNEL", "PLATFORM_URL", "PLATFORM_TOKEN"):
        assert name in ran.err
    assert "Traceback" not in ran.err


async def test_a_malformed_policy_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("version = 1\n[requests]\nmay_sk = []\n")

    ran = await countersign("policy", "check", cwd=tmp_path)

    assert ran.code == 1
    assert "line 3" in ran.err
    assert "may_ask" in ran.err
    assert "Traceback" not in ran.err


async def test_the_sample_policy_is_valid_and_says_who_may_do_what(tmp_path: Path) -> None:
    sample = str(ROOT / "bot" / "sandbox" / "policy.toml")

    ran = await countersign("policy", "check", sample, cwd=tmp_path)
    read = await countersign("policy", "check", sample, "--json", cwd=tmp_path)

    assert ran.code == 0
    for word in ("protected", "mona", "tessa", "standard"):
        assert word in ran.out
    assert {tier["name"] for tier in json.loads(read.out)["tiers"]} >= {"protected", "standard"}


async def test_no_database_is_a_sentence(tmp_path: Path) -> None:
    for words in (["audit", "verify"], ["audit", "export"], ["request"], ["incident"]):
        ran = await countersign(*words, cwd=tmp_path)
        assert ran.code == 1
        assert "database" in ran.err
        assert "Traceback" not in ran.err
    assert is_empty(tmp_path)


async def test_the_doctor_finds_everything_well(staged: Stage) -> None:
    ran = await beside(staged, "doctor")

    assert ran.code == 0, ran.out + ran.err
    assert "WRONG" not in ran.out
    for what in ("policy", "database", "Slack", "channel", "platform"):
        assert what in ran.out


async def test_the_doctor_names_what_is_wrong_and_the_cure(staged: Stage) -> None:
    broken = {**staged.environment, "PLATFORM_TOKEN": "wrong", "APPROVALS_CHANNEL": "C0NOWHERE"}

    ran = await countersign("doctor", cwd=staged.folder, **broken)

    assert ran.code == 1
    assert "PLATFORM_TOKEN" in ran.out
    assert "APPROVALS_CHANNEL" in ran.out
    assert "wrong\n" not in ran.out


async def test_the_doctor_tries_the_token_of_socket_mode_too(staged: Stage) -> None:
    well = await countersign(
        "doctor", cwd=staged.folder, **{**staged.environment, "SLACK_APP_TOKEN": staged.workspace.app_token}
    )
    ran = await countersign("doctor", cwd=staged.folder, **{**staged.environment, "SLACK_APP_TOKEN": "xapp-wrong"})

    assert well.code == 0, well.out
    assert ran.code == 1
    assert "SLACK_APP_TOKEN is refused by Slack (invalid_auth)" in ran.out


async def test_a_second_run_on_the_same_file_is_refused(staged: Stage) -> None:
    ran = await beside(staged, "run")

    assert ran.code == 1
    assert "Another" in ran.err
    assert "Traceback" not in ran.err


async def test_the_log_is_exported_and_verified_and_a_changed_row_is_found(staged: Stage) -> None:
    await staged.workspace.command(ADA, "/deactivate", f"@maria_k {REASON}")
    view = await staged.workspace.wait_for_view(ADA, lambda v: any(b.get("block_id") == "reason" for b in v.blocks))
    await staged.workspace.submit(ADA, view, {"handle": "maria_k", "category": "spam", "reason": REASON})
    well = await beside(staged, "audit", "verify")
    exported = await beside(staged, "audit", "export")
    lines = [json.loads(line) for line in exported.out.splitlines()]
    await staged.stop_bot()

    with sqlite3.connect(staged.folder / "countersign.db") as database:
        database.execute("update requests set requester = 'mona'")
    found = await beside(staged, "audit", "verify")

    assert well.code == 0, well.out
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert set(lines[0]) == {"seq", "at", "kind", "by", "request", "facts"}
    (filed,) = [line for line in lines if line["kind"] == "filed"]
    assert found.code == 1
    assert f"Entry {filed['seq']} " in found.out
    assert "requester" in found.out


async def test_a_request_is_shown_with_its_timeline(staged: Stage) -> None:
    await staged.workspace.command(ADA, "/deactivate", f"@maria_k {REASON}")
    view = await staged.workspace.wait_for_view(ADA, lambda v: any(b.get("block_id") == "reason" for b in v.blocks))
    await staged.workspace.submit(ADA, view, {"handle": "maria_k", "category": "spam", "reason": REASON})

    (found,) = json.loads((await beside(staged, "request", "--json")).out)
    whole = await beside(staged, "request", found["id"])
    by_handle = await beside(staged, "request", "@maria_k")
    none = await beside(staged, "request", "REQ-NOSUCHONE")

    assert found["state"] == "pending"
    assert REASON in whole.out
    assert "filed by ada" in whole.out
    assert found["id"] in by_handle.out
    assert none.code == 1
    assert "no request" in none.err


async def test_sigterm_drains_and_ends_well(staged: Stage) -> None:
    assert staged.process is not None

    staged.process.send_signal(signal.SIGTERM)
    out, _ = await asyncio.wait_for(staged.process.communicate(), 20)

    assert staged.process.returncode == 0
    assert b"Draining" in out
    assert "Traceback" not in (staged.folder / "bot.log").read_text()


async def test_no_secret_is_in_the_log_or_in_an_error(staged: Stage) -> None:
    await staged.workspace.command(ADA, "/deactivate", f"@maria_k {REASON}")
    staged.workspace.faults.add("chat.postMessage", status=503, times=2)
    await beside(staged, "doctor")
    await staged.stop_bot()

    printed = (staged.folder / "bot.log").read_text()

    for secret in (staged.workspace.bot_token, staged.workspace.signing_secret, "bot-dev-token"):
        assert secret not in printed


async def test_the_whole_story_holds(tmp_path: Path) -> None:
    ran = await typed("demo", "--script", cwd=tmp_path)

    assert ran.code == 0, ran.out + ran.err
    assert "6 of 6 steps held" in ran.out
    assert "11 minutes" in ran.out


async def test_the_mock_platform_says_where_it_listens(tmp_path: Path) -> None:
    words = ("platform", "--port", "0", "--control-port", "0", "--accounts", "20")
    process = await begun("bot", *words, cwd=tmp_path, env=KEPT, stdout=PIPE)
    assert process.stdout is not None
    first = await asyncio.wait_for(process.stdout.readline(), 20)
    process.terminate()
    await process.communicate()

    assert b"http://127.0.0.1:" in first
    assert process.returncode == 0


async def test_a_seed_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "seed.json").write_text("{")

    ran = await countersign("platform", "--port", "0", "--control-port", "0", "--seed", "seed.json", cwd=tmp_path)

    assert ran.code == 1
    assert "seed.json" in ran.err
    assert "Traceback" not in ran.err


async def test_a_demo_ended_from_outside_takes_its_bot_down_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {**KEPT, "PYTHONUNBUFFERED": "1", "TMPDIR": str(tmp_path)}
    process = await begun("bot", "demo", "--script", cwd=tmp_path, env=environment, stdout=PIPE)
    assert process.stdout is not None
    assert b"are up" in await asyncio.wait_for(process.stdout.readline(), 20)

    process.terminate()
    await asyncio.wait_for(process.communicate(), 20)

    assert process.returncode == 130
    assert is_empty(tmp_path)


async def test_a_start_is_broken_off_by_a_signal_and_survives_a_hangup(staged: Stage, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(staged.policy.read_text())
    environment = {
        **staged.environment,
        "SLACK_API_URL": "http://127.0.0.1:9/",
        "DATABASE_URL": "sqlite:///countersign.db",
        "POLICY_FILE": "policy.toml",
    }
    process = await begun("bot", "run", cwd=tmp_path, env=environment, stderr=PIPE)
    assert process.stderr is not None
    assert b"Slack cannot be reached yet" in await asyncio.wait_for(process.stderr.readuntil(b"reached yet"), 20)

    process.send_signal(signal.SIGHUP)
    await asyncio.sleep(0.2)
    assert process.returncode is None
    process.terminate()
    _, err = await asyncio.wait_for(process.communicate(), 20)

    assert process.returncode == 130
    assert b"Traceback" not in err


async def test_a_port_that_is_taken_is_a_sentence(staged: Stage, tmp_path: Path) -> None:
    taken = staged.platform.url.rpartition(":")[2]

    ran = await countersign("platform", "--port", taken, "--control-port", "0", cwd=tmp_path)

    assert ran.code == 1
    assert "in use" in ran.err
    assert "Traceback" not in ran.err
