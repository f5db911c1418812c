"""The environment (and a `.env` file) as frozen settings, with every error at once."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.core.errors import Misconfigured

HIGHEST_PORT = 65535
MOST_SIGNING_SECRETS = 2
"""The new one and, while Slack still signs with it, the one before."""

POSTGRESQL = re.compile(
    r"postgres(ql)?://(?P<user>[^/?#@\s]*@)?(\[[0-9A-Fa-f:.]+\]|[^:/?#@\s\[\]]*)(:(?P<port>[0-9]{1,5}))?"
    r"/[^/?#@\s]+(\?[^#\s]*)?"
)
"""Nothing of a password may be taken for the host's name, which errors tell."""
NO_SECRET = SecretStr("")


class Part(StrEnum):
    """What a command needs settings for. A part that it does not need is neither demanded nor checked."""

    SLACK = "slack"
    LEDGER = "ledger"
    PLATFORM = "platform"
    POLICY = "policy"
    PAGER = "pager"
    LISTENER = "listener"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Valid settings. What a command did not need holds its default or nothing."""

    slack_bot_token: SecretStr = NO_SECRET
    slack_signing_secrets: tuple[SecretStr, ...] = ()
    """New first; none is needed in Socket Mode."""
    slack_app_token: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    slack_team_id: str | None = None
    """None: whatever team `auth.test` says the token is of."""
    approvals_channel: str = ""
    database_url: str = field(default="sqlite:///countersign.db", repr=False)
    platform_url: str = ""
    platform_token: SecretStr = NO_SECRET
    policy_file: Path = Path("policy.toml")
    pager_url: str | None = field(default=None, repr=False)
    """A web hook's address is its key."""
    host: str = "127.0.0.1"
    port: int = 3000

    @property
    def socket_mode(self) -> bool:
        return self.slack_app_token is not None


class _Environment(BaseSettings):
    """The variables as they stand, `.env` below the environment; reading them fails on nothing."""

    model_config = SettingsConfigDict(
        case_sensitive=True,
        extra="ignore",
        env_file_encoding="utf-8",
        env_ignore_empty=True,  # one that was lost on its way must not hide the file's
    )

    SLACK_BOT_TOKEN: str | None = None
    SLACK_SIGNING_SECRET: str | None = None
    SLACK_APP_TOKEN: str | None = None
    SLACK_API_URL: str | None = None
    SLACK_TEAM_ID: str | None = None
    APPROVALS_CHANNEL: str | None = None
    DATABASE_URL: str | None = None
    PLATFORM_URL: str | None = None
    PLATFORM_TOKEN: str | None = None
    POLICY_FILE: str | None = None
    PAGER_URL: str | None = None
    HOST: str | None = None
    PORT: str | None = None
    SLACK_CLIENT_ID: str | None = None
    SLACK_CLIENT_SECRET: str | None = None


class _Wrong(ValueError):
    """The message goes on after the variable's name and says the cure."""


@dataclass(frozen=True, slots=True)
class _Variable:
    """One line of the environment's table; `cure` is said where it must be set and is not."""

    name: str
    part: Part
    read: Callable[[str], Any]
    cure: str | None = None

    @property
    def field(self) -> str:
        """The field of `Settings` that holds it."""
        return "slack_signing_secrets" if self.name == "SLACK_SIGNING_SECRET" else self.name.lower()


def load_settings(env_file: str | Path | None = ".env", *, needs: Collection[Part] = frozenset(Part)) -> Settings:
    """The settings for a command that needs those parts; the environment wins over the file.

    Raises Misconfigured with one sentence for each variable at fault.
    """
    given = _given(env_file)
    values: dict[str, Any] = {}
    sentences = _oauth(given) if Part.SLACK in needs else []
    spared = {"SLACK_SIGNING_SECRET"} if "SLACK_APP_TOKEN" in given else set[str]()
    for variable in _VARIABLES:
        if variable.part not in needs:
            continue
        try:
            if variable.name in given:
                values[variable.field] = variable.read(given[variable.name])
            elif variable.cure and variable.name not in spared:
                sentences.append(f"{variable.name} is missing: {variable.cure}.")
        except _Wrong as wrong:
            sentences.append(f"{variable.name} {wrong}.")
    if sentences:
        raise Misconfigured(*sentences)
    return Settings(**values)


def _given(env_file: str | Path | None) -> dict[str, str]:
    """Every variable that says something, without blanks around it."""
    try:
        found = _Environment(_env_file=env_file)
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"The file {env_file} cannot be read ({type(error).__name__}): save it as UTF-8.") from None
    values = found.model_dump()
    return {name: value.strip() for name, value in values.items() if value is not None and value.strip()}


def _oauth(given: dict[str, str]) -> list[str]:
    return [
        f"{name} is set, which silently turns on OAuth installation in Slack's library: unset it,"
        " this program uses SLACK_BOT_TOKEN."
        for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET")
        if name in given
    ]


def _token(what: str, *, starts: str = "") -> Callable[[str], SecretStr]:
    """A token that can stand in a header. What was found is never repeated: it may be another secret."""

    def read(text: str) -> SecretStr:
        if not text.startswith(starts) or text == starts or not re.fullmatch(r"[!-~]+", text) or text[0] in "'\"":
            begins = f", which starts with {starts}" if starts else ""
            raise _Wrong(f"cannot be used: it must be {what}{begins}, without blanks and quotes")
        return SecretStr(text)

    return read


def _signing_secrets(text: str) -> tuple[SecretStr, ...]:
    secrets = [secret.strip() for secret in text.split(",")]
    if not all(secrets) or len(secrets) > MOST_SIGNING_SECRETS:
        raise _Wrong("must hold one secret or two, the new one first, with one comma between and neither empty")
    return tuple(SecretStr(secret) for secret in secrets)


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        well_formed = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        well_formed = False
    if not well_formed or not re.fullmatch(r"[!-~]+", text):
        raise _Wrong("is not a URL that can be used: write it whole, as in https://api.example.com")
    return text


def _base_url(text: str) -> str:
    """An address that paths are put after: nothing may stand behind it, and no password in it."""
    url = _url(text)
    parts = urlsplit(url)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise _Wrong("must be a base URL alone, without a user, a query or a fragment, as in https://api.example.com")
    return url.rstrip("/")


def _database(text: str) -> str:
    if text == "sqlite:///:memory:":
        raise _Wrong("names a database in memory, which forgets: name a file, as in sqlite:///countersign.db")
    if re.match("sqlite:///[^?]", text):
        return text
    if not re.match("postgres(ql)?://", text):
        raise _Wrong("must be sqlite:///<file>, as in sqlite:///countersign.db, or postgresql://user@host/database")
    found = POSTGRESQL.fullmatch(text)
    if not found or int(found["port"] or "1") not in range(1, HIGHEST_PORT + 1):
        raise _Wrong(
            "is no address of a PostgreSQL: write postgresql://user:password@host:5432/database,"
            " and of a password what is no letter and no digit as %40 for @"
        )
    return "postgresql://" + text.partition("://")[2]


def _id(pattern: str, what: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise _Wrong(f"must be {what}, not a name")
        return text

    return read


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > HIGHEST_PORT:
        raise _Wrong(f"must be a whole number from 0 to {HIGHEST_PORT}, where 0 is any free port")
    return int(text)


_VARIABLES = (
    _Variable(
        "SLACK_BOT_TOKEN",
        Part.SLACK,
        _token("the app's Bot User OAuth Token", starts="xoxb-"),
        "copy the Bot User OAuth Token (xoxb-…) from the app's page “OAuth & Permissions”",
    ),
    _Variable("SLACK_APP_TOKEN", Part.SLACK, _token("an app-level token", starts="xapp-")),
    _Variable(
        "SLACK_SIGNING_SECRET",
        Part.SLACK,
        _signing_secrets,
        "copy it from the app's page “Basic Information”, or set SLACK_APP_TOKEN to use Socket Mode",
    ),
    _Variable("SLACK_API_URL", Part.SLACK, lambda text: _base_url(text) + "/"),
    _Variable("SLACK_TEAM_ID", Part.SLACK, _id("[TE][A-Z0-9]+", "a workspace's id such as T0123ABCD")),
    _Variable(
        "APPROVALS_CHANNEL",
        Part.SLACK,
        _id("[CG][A-Z0-9]+", "a channel's id such as C0123ABCD"),
        "set it to the id of the channel where requests are approved, such as C0123ABCD",
    ),
    _Variable("DATABASE_URL", Part.LEDGER, _database),
    _Variable(
        "PLATFORM_URL",
        Part.PLATFORM,
        _base_url,
        "set it to the base URL of the platform's API; it has no default on purpose",
    ),
    _Variable(
        "PLATFORM_TOKEN",
        Part.PLATFORM,
        _token("the platform's service token for this bot"),
        "set it to the platform's service token for this bot; it has no default on purpose",
    ),
    _Variable("POLICY_FILE", Part.POLICY, Path),
    _Variable("PAGER_URL", Part.PAGER, _url),
    _Variable("HOST", Part.LISTENER, str),
    _Variable("PORT", Part.LISTENER, _port),
)
