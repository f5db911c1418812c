"""The manifest against the handlers, and against the rules of Slack's manifest reference, version 2."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.slack.app import COMMANDS, EVENTS, SHORTCUTS
from bot.slack.status import HELP

FILE = Path(__file__).parents[2] / "manifest.yml"


@pytest.fixture
def manifest() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def test_it_names_its_version_and_nothing_that_a_manifest_does_not_have(manifest: dict[str, Any]) -> None:
    assert manifest["_metadata"]["major_version"] == 2
    assert set(manifest) == {"_metadata", "display_information", "features", "oauth_config", "settings"}
    assert set(manifest["features"]) == {"app_home", "bot_user", "slash_commands", "shortcuts"}


def test_what_is_displayed_fits(manifest: dict[str, Any]) -> None:
    shown = manifest["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000
    assert re.fullmatch("#[0-9a-f]{6}", shown["background_color"])
    assert re.fullmatch("[a-z0-9._-]{1,80}", manifest["features"]["bot_user"]["display_name"])


def test_every_command_has_its_handler_and_every_handler_its_command(manifest: dict[str, Any]) -> None:
    commands = {command["command"]: command for command in manifest["features"]["slash_commands"]}
    assert set(commands) == set(COMMANDS)
    for name, command in commands.items():
        assert re.fullmatch("/[a-z]{1,31}", name)
        assert set(command) == {"command", "description", "usage_hint", "should_escape"}
        assert command["should_escape"] is False
        assert len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000


def test_the_hint_names_every_subcommand(manifest: dict[str, Any]) -> None:
    hint = next(c["usage_hint"] for c in manifest["features"]["slash_commands"] if c["command"] == "/countersign")
    explained = {line.split()[1].rstrip(":") for line in HELP if line.startswith("/countersign")}
    assert explained == set(re.findall(r"\w+", hint)) - {"handle"}


def test_every_shortcut_has_its_handler_and_every_handler_its_shortcut(manifest: dict[str, Any]) -> None:
    shortcuts = {shortcut["callback_id"]: shortcut for shortcut in manifest["features"]["shortcuts"]}
    assert set(shortcuts) == set(SHORTCUTS)
    for shortcut in shortcuts.values():
        assert shortcut["type"] == "message"
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150


def test_every_event_has_its_handler_and_every_handler_its_event(manifest: dict[str, Any]) -> None:
    assert set(manifest["settings"]["event_subscriptions"]["bot_events"]) == set(EVENTS)


def test_the_bot_asks_for_no_scope_that_reads_what_people_write(manifest: dict[str, Any]) -> None:
    scopes = manifest["oauth_config"]["scopes"]
    assert scopes == {"bot": ["commands", "chat:write", "channels:read", "groups:read", "im:write", "users:read"]}


def test_buttons_home_and_direct_messages_work_over_socket_mode(manifest: dict[str, Any]) -> None:
    settings, home = manifest["settings"], manifest["features"]["app_home"]
    assert settings["interactivity"]["is_enabled"] is True
    assert settings["socket_mode_enabled"] is True
    assert settings["token_rotation_enabled"] is False
    assert home["home_tab_enabled"] is True
    assert home["messages_tab_enabled"] is True
