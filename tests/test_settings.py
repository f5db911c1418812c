"""One environment that is taken, and everything that is refused: the same with one variable changed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.core.errors import Misconfigured
from bot.settings import Part, Settings, load_settings

EXAMPLE = Path(__file__).parents[1] / ".env.example"

HTTP = {
    "SLACK_BOT_TOKEN": "xoxb-bot-secret",
    "SLACK_SIGNING_SECRET": "signing-secret",
    "APPROVALS_CHANNEL": "C0APPROVALS",
    "PLATFORM_URL": "https://api.example.com",
    "PLATFORM_TOKEN": "platform-secret",
}
SOCKET = {**HTTP, "SLACK_SIGNING_SECRET": "", "SLACK_APP_TOKEN": "xapp-app-secret"}
OTHERS = ("SLACK_API_URL", "SLACK_TEAM_ID", "DATABASE_URL", "POLICY_FILE", "PAGER_URL", "HOST", "PORT")
FORBIDDEN = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET")
UNREADABLE = (
    "host",
    "host/",
    "host/a/b",
    "host/a b",
    "host:port/db",
    "host:0/db",
    "host:65536/db",
    "one:5432,two:5432/db",
    "me:swap@ped@host/db",
    "me:swap/ped@host/db",
    "me:swap?ped@host/db",
    "me:swap#ped@host/db",
    "me:swap ped@host/db",
    "swapped@[::1/db",
)

Load = Callable[[dict[str, str]], Settings]


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SOCKET, *OTHERS, *FORBIDDEN):
        monkeypatch.delenv(name, raising=False)


def written(variables: dict[str, str], folder: Path) -> Path:
    file = folder / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()), encoding="utf-8")
    return file


@pytest.fixture
def load(tmp_path: Path) -> Load:
    return lambda variables: load_settings(written(variables, tmp_path))


def refused(variables: dict[str, str], folder: Path, **needs: set[Part]) -> tuple[str, ...]:
    with pytest.raises(Misconfigured) as refusal:
        load_settings(written(variables, folder), **needs)
    return refusal.value.sentences


def test_what_must_be_set_suffices_and_the_rest_has_its_default(load: Load) -> None:
    assert load(HTTP) == Settings(
        slack_bot_token=SecretStr("xoxb-bot-secret"),
        slack_signing_secrets=(SecretStr("signing-secret"),),
        slack_app_token=None,
        slack_api_url="https://slack.com/api/",
        slack_team_id=None,
        approvals_channel="C0APPROVALS",
        database_url="sqlite:///countersign.db",
        platform_url="https://api.example.com",
        platform_token=SecretStr("platform-secret"),
        policy_file=Path("policy.toml"),
        pager_url=None,
        host="127.0.0.1",
        port=3000,
    )


def test_an_app_token_chooses_socket_mode_and_needs_no_signing_secret(load: Load) -> None:
    settings = load(SOCKET)
    assert settings.socket_mode
    assert settings.slack_signing_secrets == ()
    assert not load(HTTP).socket_mode


def test_what_is_set_is_taken(load: Load) -> None:
    settings = load(
        {
            **HTTP,
            "SLACK_SIGNING_SECRET": "new, old",
            "SLACK_API_URL": "http://127.0.0.1:8700/api",
            "SLACK_TEAM_ID": "T0TEAM",
            "DATABASE_URL": "sqlite:////var/lib/countersign.db",
            "PLATFORM_URL": "http://127.0.0.1:8801/",
            "POLICY_FILE": "rules/policy.toml",
            "PAGER_URL": "https://pager.example.com/hook?key=1",
            "HOST": "::1",
            "PORT": "0",
        }
    )
    assert [secret.get_secret_value() for secret in settings.slack_signing_secrets] == ["new", "old"]
    assert settings.slack_api_url == "http://127.0.0.1:8700/api/"
    assert settings.slack_team_id == "T0TEAM"
    assert settings.database_url == "sqlite:////var/lib/countersign.db"
    assert settings.platform_url == "http://127.0.0.1:8801"
    assert settings.policy_file == Path("rules/policy.toml")
    assert settings.pager_url == "https://pager.example.com/hook?key=1"
    assert (settings.host, settings.port) == ("::1", 0)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, load: Load) -> None:
    monkeypatch.setenv("PORT", "4000")
    assert load({**HTTP, "PORT": "5000"}).port == 4000


def test_without_a_file_the_environment_suffices(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in HTTP.items():
        monkeypatch.setenv(name, value)
    assert load_settings(tmp_path / "none").platform_url == "https://api.example.com"
    assert load_settings(None).platform_url == "https://api.example.com"


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("SLACK_BOT_TOKEN", "", "is missing: copy the Bot User OAuth Token"),
        ("SLACK_BOT_TOKEN", "xoxp-user", "cannot be used: it must be the app's Bot User OAuth Token, which starts wi"),
        ("SLACK_BOT_TOKEN", "xoxb-", "cannot be used"),
        ("SLACK_BOT_TOKEN", "xoxb-a b", "cannot be used"),
        ("SLACK_APP_TOKEN", "xoxb-bot", "cannot be used: it must be an app-level token, which starts with xapp-"),
        ("SLACK_SIGNING_SECRET", "", "is missing: copy it from the app's page “Basic Information”, or set SLACK_APP"),
        ("SLACK_SIGNING_SECRET", "new,", "must hold one secret or two, the new one first"),
        ("SLACK_SIGNING_SECRET", ",", "must hold one secret or two"),
        ("SLACK_SIGNING_SECRET", "one,two,three", "must hold one secret or two"),
        ("SLACK_API_URL", "slack.com", "is not a URL that can be used: write it whole, as in https://"),
        ("SLACK_TEAM_ID", "Our team", "must be a workspace's id such as T0123ABCD, not a name."),
        ("APPROVALS_CHANNEL", "", "is missing: set it to the id of the channel"),
        ("APPROVALS_CHANNEL", "approvals", "must be a channel's id such as C0123ABCD, not a name."),
        *(
            ("DATABASE_URL", f"postgresql://{rest}", "is no address of a PostgreSQL: write postgresql://user")
            for rest in UNREADABLE
        ),
        ("DATABASE_URL", "countersign.db", "must be sqlite:///<file>, as in"),
        ("DATABASE_URL", "sqlite:///", "must be sqlite:///<file>, as in"),
        ("DATABASE_URL", "sqlite://countersign.db", "must be sqlite:///<file>, as in"),
        ("DATABASE_URL", "sqlite:///:memory:", "names a database in memory, which forgets"),
        ("DATABASE_URL", "mysql://host/db", "must be sqlite:///<file>, as in"),
        ("PLATFORM_URL", "", "is missing: set it to the base URL of the platform's API"),
        ("PLATFORM_URL", "ftp://api.example.com", "is not a URL that can be used"),
        ("PLATFORM_URL", "https://", "is not a URL that can be used"),
        ("PLATFORM_URL", "https://[::1", "is not a URL that can be used"),
        ("PLATFORM_URL", "https://host:port", "is not a URL that can be used"),
        ("PLATFORM_URL", "https://user:pass@api.example.com", "must be a base URL alone, without a user"),
        ("PLATFORM_URL", "https://api.example.com?v=1", "must be a base URL alone"),
        ("PLATFORM_TOKEN", "", "is missing: set it to the platform's service token"),
        ("PLATFORM_TOKEN", "tökén", "cannot be used: it must be the platform's service token for this bot, without"),
        ("PAGER_URL", "pager", "is not a URL that can be used"),
        ("PORT", "65536", "must be a whole number from 0 to 65535"),
        ("PORT", "-1", "must be a whole number from 0 to 65535"),
        ("PORT", "http", "must be a whole number from 0 to 65535"),
        ("SLACK_CLIENT_ID", "1.2", "is set, which silently turns on OAuth installation in Slack's library: unset it"),
        ("SLACK_CLIENT_SECRET", "x", "is set, which silently turns on OAuth installation in Slack's library: unset it"),
    ],
)
def test_one_variable_wrong_is_one_sentence_that_names_it(
    variable: str, value: str, sentence: str, tmp_path: Path
) -> None:
    (only,) = refused({**HTTP, variable: value}, tmp_path)
    assert only.startswith(f"{variable} {sentence}")
    assert only.endswith(".")


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    sentences = refused({"PORT": "x", "SLACK_CLIENT_ID": "1", "DATABASE_URL": "mysql://host/db"}, tmp_path)
    assert [sentence.split()[0] for sentence in sentences] == [
        "SLACK_CLIENT_ID",
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "APPROVALS_CHANNEL",
        "DATABASE_URL",
        "PLATFORM_URL",
        "PLATFORM_TOKEN",
        "PORT",
    ]


def test_a_command_is_asked_for_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    file = written({"DATABASE_URL": "sqlite:///other.db", "PORT": "x", "SLACK_CLIENT_ID": "1"}, tmp_path)
    assert load_settings(file, needs={Part.LEDGER}) == Settings(database_url="sqlite:///other.db")
    assert load_settings(file, needs={Part.POLICY}) == Settings()


def test_what_a_command_needs_is_still_demanded(tmp_path: Path) -> None:
    sentences = refused({}, tmp_path, needs={Part.PLATFORM, Part.LEDGER})
    assert [sentence.split()[0] for sentence in sentences] == ["PLATFORM_URL", "PLATFORM_TOKEN"]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://host/db",
        "postgresql://me@host/db",
        "postgresql://me:p%40ss%2Fw:rd@db.example.com:6432/countersign?sslmode=require&connect_timeout=5",
        "postgresql://me:secret@[2001:db8::1]:5432/db",
        "postgresql:///db",
        "postgresql://me@/db?host=/var/run/postgresql",
    ],
)
def test_a_postgresql_is_named_by_its_url(url: str, load: Load) -> None:
    assert load({**HTTP, "DATABASE_URL": url}).database_url == url
    short = url.replace("postgresql", "postgres", 1)
    assert load({**HTTP, "DATABASE_URL": short}).database_url == url, "as some hosters write it"


@pytest.mark.parametrize("rest", UNREADABLE)
def test_of_a_postgresql_that_cannot_be_read_nothing_is_repeated(rest: str, tmp_path: Path) -> None:
    (only,) = refused({**HTTP, "DATABASE_URL": f"postgresql://{rest}"}, tmp_path)
    assert "swap" not in only
    assert "ped" not in only


def test_no_secret_is_shown(load: Load) -> None:
    secrets = {**SOCKET, "SLACK_SIGNING_SECRET": "signing-secret"}
    addresses = {"DATABASE_URL": "sqlite:///db-secret.db", "PAGER_URL": "https://pager/hook-secret"}
    settings = load({**secrets, **addresses})
    assert "secret" not in repr(settings).replace("slack_signing_secrets", "")
    assert "secret" not in str(settings.slack_signing_secrets)


def test_no_secret_is_in_a_refusal(tmp_path: Path) -> None:
    wrong = {
        "DATABASE_URL": "postgresql://user:swapped@host/db",
        **HTTP,
        "SLACK_BOT_TOKEN": "swapped",
        "PLATFORM_TOKEN": "swa pped",
        "SLACK_SIGNING_SECRET": ",swapped",
    }
    assert not any("swapped" in sentence or "swa pped" in sentence for sentence in refused(wrong, tmp_path))


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"SLACK_BOT_TOKEN=\xff\xfe")
    with pytest.raises(Misconfigured, match="cannot be read"):
        load_settings(file)


def test_the_example_explains_every_variable_and_demands_what_has_no_default() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    named = {line.lstrip("#").split("=")[0] for line in text.splitlines() if "=" in line and " " not in line[:12]}
    assert named == {*SOCKET, *OTHERS}
    with pytest.raises(Misconfigured) as refusal:
        load_settings(EXAMPLE)
    assert {sentence.split()[0] for sentence in refusal.value.sentences} == set(HTTP)


def test_a_variable_that_was_lost_on_its_way_does_not_hide_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    file = written({**HTTP, "DATABASE_URL": "postgresql://db/countersign"}, tmp_path)
    assert load_settings(file).database_url == "postgresql://db/countersign"
