"""What lies in docs/deploy: each file is one that its program reads, and sets nothing that the bot does not know."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import dockerfile
import pytest
import yaml

from bot.__main__ import main
from bot.settings import _VARIABLES

ROOT = Path(__file__).parents[1]
HERE = ROOT / "docs" / "deploy"
KNOWN = {variable.name for variable in _VARIABLES}
PINNED = re.compile(r"[a-z0-9./-]+:\d+\.\d+[a-z0-9.-]*")
DURATION = re.compile(r"(\d+(ms|s|m|h))+")

# the container

INSTRUCTIONS = {"FROM", "COPY", "RUN", "ENV", "WORKDIR", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
OF_THE_BUILD = re.compile(r"UV_[A-Z_]+|PATH|PYTHON[A-Z]+")


@pytest.fixture(scope="module")
def steps() -> list[dockerfile.Command]:
    return list(dockerfile.parse_file(str(HERE / "Dockerfile")))


def of(steps: list[dockerfile.Command], name: str) -> list[dockerfile.Command]:
    return [step for step in steps if step.cmd == name]


def ignored() -> set[str]:
    """What is let into the build, and nothing else."""
    lines = (HERE / "Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in lines
    return {line.removeprefix("!") for line in lines if line.startswith("!")}


def test_every_instruction_is_one_and_its_images_are_pinned(steps: list[dockerfile.Command]) -> None:
    assert {step.cmd for step in steps} <= INSTRUCTIONS
    images = [step.value[0] for step in of(steps, "FROM")]
    images += [flag.removeprefix("--from=") for step in of(steps, "COPY") for flag in step.flags if ":" in flag]
    assert len(images) == 3
    assert [image for image in images if not PINNED.fullmatch(image)] == []


def test_what_is_copied_is_there_and_let_into_the_build(steps: list[dockerfile.Command]) -> None:
    copied = [name for step in of(steps, "COPY") if not step.flags for name in step.value[:-1]]
    assert "uv.lock" in copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert set(copied) == ignored()


def test_stages_that_are_copied_from_are_named(steps: list[dockerfile.Command]) -> None:
    named = {step.value[2] for step in of(steps, "FROM") if len(step.value) == 3}
    used = {flag.removeprefix("--from=") for step in of(steps, "COPY") for flag in step.flags if ":" not in flag}
    assert named == used == {"build"}


def test_the_container_sets_what_the_bot_knows_and_runs_it_as_nobody_special(steps: list[dockerfile.Command]) -> None:
    names = {name for step in of(steps, "ENV") for name in step.value[::2]}
    assert {"HOST", "PORT"} <= names
    assert {name for name in names if not OF_THE_BUILD.fullmatch(name)} <= KNOWN
    (user,) = of(steps, "USER")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user.value[0])
    (start,) = of(steps, "ENTRYPOINT")
    (command,) = of(steps, "CMD")
    assert start.json
    assert command.json
    assert start.value == ("countersign",)
    assert command.value[0] in main.commands


def test_the_healthcheck_is_python_that_asks_for_health(steps: list[dockerfile.Command]) -> None:
    (check,) = of(steps, "HEALTHCHECK")
    assert check.value[:3] == ("CMD", "python", "-c")
    assert "/healthz" in check.value[3]
    compile(check.value[3], "healthcheck", "exec")


# compose

OF_A_SERVICE = {
    "image", "build", "command", "environment", "volumes", "ports", "depends_on", "networks", "restart", "healthcheck",
    "stop_grace_period", "read_only", "cap_drop", "security_opt", "shm_size",
}  # fmt: skip
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
FILLED = re.compile(r"\$\{([A-Z_]+)(?::[-?][^}]*)?\}")
THE_FILES_OWN = {"POSTGRES_PASSWORD", "SITE_ADDRESS"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((HERE / "compose.yaml").read_text())
    return found


def replicas(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: service for name, service in compose["services"].items() if re.fullmatch(r"bot\d", name)}


def test_compose_has_nothing_but_what_compose_knows(compose: dict[str, Any]) -> None:
    assert {key for key in compose if not key.startswith("x-")} == {"name", "services", "volumes", "networks"}
    for name, service in compose["services"].items():
        assert set(service) <= OF_A_SERVICE, name
        assert ("image" in service) or ("build" in service)
        assert service.get("restart") in {"always", "no"}
        assert set(service.get("networks", [])) <= set(compose["networks"])
        assert DURATION.fullmatch(service.get("stop_grace_period", "1s"))


def test_what_services_wait_for_is_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        waits = service.get("depends_on", [])
        assert set(waits) <= set(compose["services"])
        if isinstance(waits, dict):
            assert {how["condition"] for how in waits.values()} <= CONDITIONS
        for check in [service.get("healthcheck", {})]:
            assert set(check) <= {"test", "interval", "timeout", "retries", "disable"}


def test_what_compose_mounts_is_there_or_is_yours_to_write(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("."):
                assert source == "./policy" or (HERE / source).exists()
            else:
                assert source in compose["volumes"]


def test_there_are_three_replicas_alike_and_the_balancer_knows_them_all(compose: dict[str, Any]) -> None:
    one, two, three = replicas(compose).values()
    assert one == two == three
    build = one["build"]
    assert (HERE / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).exists()
    caddy = (HERE / "Caddyfile").read_text()
    port = one["environment"]["PORT"]
    assert f"reverse_proxy {' '.join(f'{name}:{port}' for name in replicas(compose))} {{" in caddy
    assert "health_uri /readyz" in caddy
    assert caddy.count("{") == caddy.count("}")
    assert set(re.findall(r"\{\$([A-Z_]+)\}", caddy)) == set(compose["services"]["balancer"]["environment"])


def test_the_images_are_pinned(compose: dict[str, Any]) -> None:
    images = {service["image"] for service in compose["services"].values() if "build" not in service}
    assert len(images) == 2
    assert [image for image in images if not PINNED.fullmatch(image)] == []


def test_every_name_that_a_replica_gets_is_one_that_settings_know(compose: dict[str, Any]) -> None:
    for service in [*replicas(compose).values(), compose["services"]["migrate"]]:
        assert set(service["environment"]) <= KNOWN
        filled = {name for value in service["environment"].values() for name in FILLED.findall(value)}
        assert filled <= KNOWN | THE_FILES_OWN
    assert set(replicas(compose)["bot1"]["environment"]) == KNOWN, "set in .env and not handed on it would do nothing"


def test_the_policy_is_mounted_by_its_folder(compose: dict[str, Any]) -> None:
    """A file that is replaced under its name stays the old one in a container that has mounted it alone."""
    one = replicas(compose)["bot1"]
    (mounted,) = (volume.split(":")[1] for volume in one["volumes"])
    assert Path(one["environment"]["POLICY_FILE"]).parent == Path(mounted)


def test_each_replica_can_be_asked_by_a_monitor_on_the_machine_alone(compose: dict[str, Any]) -> None:
    caddy = (HERE / "Caddyfile").read_text()
    for name in replicas(compose):
        assert f"handle_path /{name}/* {{\n\t\treverse_proxy {name}:3000\n" in caddy
    assert ":8080 {" in caddy
    assert "127.0.0.1:8080:8080" in compose["services"]["balancer"]["ports"]


SPOKEN = re.compile(r"(?:countersign|cs) (audit verify|doctor|backup)")


@pytest.mark.parametrize("file", ["compose.yaml", "countersign.service"])
def test_the_commands_that_are_told_of_are_there(file: str) -> None:
    told = set(SPOKEN.findall((HERE / file).read_text()))
    assert {"doctor", "audit verify"} <= told
    assert {words.split()[0] for words in told} <= set(main.commands)


def test_the_tables_are_made_before_a_replica_starts(compose: dict[str, Any]) -> None:
    migrate = compose["services"]["migrate"]
    assert isinstance(main.commands[migrate["command"][0]], click.Command)
    assert migrate["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert replicas(compose)["bot1"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


# systemd

UNIT = HERE / "countersign.service"
PROGRAM = "/opt/countersign/.venv/bin/countersign"


@pytest.fixture(scope="module")
def unit() -> dict[str, list[tuple[str, str]]]:
    """Every assignment by its section; a name may stand there more than once."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in UNIT.read_text().splitlines():
        if section := re.fullmatch(r"\[(\w+)\]", line):
            found[section[1]] = []
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, line
            found[list(found)[-1]].append((name, value))
    return found


def test_the_unit_is_an_ini_file_with_the_sections_of_a_service() -> None:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.read(UNIT)
    assert parser.sections() == ["Unit", "Service", "Install"]


def test_the_unit_runs_a_command_that_is_there_and_always_again(unit: dict[str, list[tuple[str, str]]]) -> None:
    service = dict(unit["Service"])
    program, command = service["ExecStart"].split()
    assert program == PROGRAM
    assert command in main.commands
    assert service["Restart"] == "always"
    assert dict(unit["Unit"])["StartLimitIntervalSec"] == "0", "however often it ended"
    assert "HUP" in service["ExecReload"]
    assert service["EnvironmentFile"]


def test_the_unit_sets_what_settings_know(unit: dict[str, list[tuple[str, str]]]) -> None:
    names = {value.partition("=")[0] for name, value in unit["Service"] if name == "Environment"}
    assert names
    assert names <= KNOWN


def test_the_unit_may_do_little(unit: dict[str, list[tuple[str, str]]]) -> None:
    service = dict(unit["Service"])
    assert service["CapabilityBoundingSet"] == ""
    for name in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "MemoryDenyWriteExecute", "RestrictSUIDSGID"):
        assert service[name] == "yes"
    assert service["ProtectSystem"] == "strict"


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    verify, anything = shutil.which("systemd-analyze"), shutil.which("true")
    if verify is None or anything is None:
        pytest.skip("no systemd-analyze here")
    text = UNIT.read_text()
    assert PROGRAM in text
    for wrong, said in (("", ""), ("Restart=allways\n", "Failed to parse service restart")):
        copy = tmp_path / UNIT.name
        copy.write_text(text.replace(PROGRAM, anything).replace("[Install]", f"{wrong}\n[Install]"))
        ran = subprocess.run(  # noqa: S603 - the program found above, on our own file
            [verify, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
        )
        found = [line for line in ran.stderr.splitlines() if UNIT.name in line]
        assert (said in "".join(found)) if said else found == [], ran.stderr
