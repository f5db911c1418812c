"""What a workspace is made of. Values do not change: a copy kept by a person is a stale copy, as on a screen."""

from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.slack.limits import elements_of

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class User:
    """A person (or a bot) as `users.info` tells of them."""

    id: str
    name: str
    real_name: str = ""
    tz: str = "UTC"
    locale: str = "en-US"
    team_id: str = ""  # "" is the workspace's own team
    is_bot: bool = False
    is_workflow_bot: bool = False
    deleted: bool = False
    is_admin: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False

    def as_slack(self, *, team_id: str, with_locale: bool = True) -> Json:
        """The `user` object of `users.info`."""
        team = self.team_id or team_id
        shown = self.real_name or self.name
        found: Json = {
            "id": self.id,
            "team_id": team,
            "name": self.name,
            "deleted": self.deleted,
            "real_name": shown,
            "tz": self.tz,
            "tz_label": self.tz,
            "tz_offset": 0,
            "profile": {"real_name": shown, "display_name": self.name, "team": team},
            "is_admin": self.is_admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_bot": self.is_bot,
            "is_app_user": False,
            **({"is_workflow_bot": True} if self.is_workflow_bot else {}),
            "updated": 0,
        }
        if self.is_stranger or team != team_id:
            found["is_stranger"] = self.is_stranger
        return {**found, "locale": self.locale} if with_locale else found


@dataclass(frozen=True, kw_only=True)
class Channel:
    """`members` of None are all people of the workspace and the bot; `user` is the other side of a direct message."""

    id: str
    name: str = ""
    members: frozenset[str] | None = None
    is_private: bool = False
    is_archived: bool = False
    user: str = ""

    @property
    def is_im(self) -> bool:
        return bool(self.user)

    def has(self, user: str) -> bool:
        return self.members is None or user in self.members

    def as_slack(self, *, bot_user: str, team_id: str) -> Json:
        """The `channel` object of `conversations.info`."""
        if self.is_im:
            return {"id": self.id, "created": 0, "is_im": True, "user": self.user, "is_archived": self.is_archived}
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": True,
            "is_group": False,
            "is_im": False,
            "is_mpim": False,
            "is_private": self.is_private,
            "is_archived": self.is_archived,
            "is_member": self.has(bot_user),
            "is_shared": False,
            "context_team_id": team_id,
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }


@dataclass(frozen=True, kw_only=True)
class Version:
    """What a message said from `at` on."""

    at: float
    text: str
    blocks: list[Json]
    metadata: Json | None


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as it stood when it was read; `ephemeral_to` is the only person who sees it."""

    channel: str
    ts: str
    user: str
    versions: tuple[Version, ...]
    thread_ts: str | None = None
    broadcast: bool = False
    edited_ts: str | None = None
    ephemeral_to: str | None = None

    @property
    def text(self) -> str:
        return self.versions[-1].text

    @property
    def blocks(self) -> list[Json]:
        return self.versions[-1].blocks

    @property
    def metadata(self) -> Json | None:
        return self.versions[-1].metadata

    def element(self, action_id: str, block_id: str | None = None) -> tuple[Json, Json] | None:
        return find_element(self.blocks, action_id, block_id)

    @property
    def action_ids(self) -> list[str]:
        return [element["action_id"] for block in self.blocks for element in elements_of(block)]

    def as_slack(self, *, bot_id: str, app_id: str, team_id: str) -> Json:
        """The `message` object of answers and of interactions."""
        found: Json = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text, "team": team_id}
        if bot_id:
            found |= {"bot_id": bot_id, "app_id": app_id}
        if self.blocks:
            found["blocks"] = self.blocks
        if self.metadata:
            found["metadata"] = self.metadata
        if self.thread_ts:
            found["thread_ts"] = self.thread_ts
        if self.edited_ts:
            found["edited"] = {"user": self.user, "ts": self.edited_ts}
        return found

    def as_json(self) -> Json:
        """All of it, for the control face and the page."""
        return {
            "channel": self.channel,
            "ts": self.ts,
            "user": self.user,
            "text": self.text,
            "blocks": self.blocks,
            "metadata": self.metadata,
            "thread_ts": self.thread_ts,
            "edited_ts": self.edited_ts,
            "ephemeral_to": self.ephemeral_to,
            "versions": [vars(version) for version in self.versions],
        }


@dataclass(frozen=True, kw_only=True)
class View:
    """A modal or a Home tab as it stood when it was read; `values` is what the person has put in so far."""

    id: str
    user: str
    hash: str
    content: Json
    root_view_id: str
    previous_view_id: str | None = None
    values: dict[str, Json] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return str(self.content["type"])

    @property
    def title(self) -> str:
        return str(self.content.get("title", {}).get("text", ""))

    @property
    def callback_id(self) -> str:
        return str(self.content.get("callback_id", ""))

    @property
    def private_metadata(self) -> str:
        return str(self.content.get("private_metadata", ""))

    @property
    def external_id(self) -> str:
        return str(self.content.get("external_id", ""))

    @property
    def blocks(self) -> list[Json]:
        return list(self.content["blocks"])

    @property
    def inputs(self) -> dict[str, Json]:
        """Input blocks by their block id."""
        return {block["block_id"]: block for block in self.blocks if block["type"] == "input"}

    def element(self, action_id: str, block_id: str | None = None) -> tuple[Json, Json] | None:
        return find_element(self.blocks, action_id, block_id)

    @property
    def action_ids(self) -> list[str]:
        return [element["action_id"] for block in self.blocks for element in elements_of(block)]

    def as_slack(self, *, bot_id: str, app_id: str, team_id: str) -> Json:
        """The `view` object of answers and of interactions."""
        return {
            "id": self.id,
            "team_id": team_id,
            "app_id": app_id,
            "app_installed_team_id": team_id,
            "bot_id": bot_id,
            "type": self.type,
            "blocks": self.blocks,
            "private_metadata": self.private_metadata,
            "callback_id": self.callback_id,
            "external_id": self.external_id,
            "hash": self.hash,
            "state": {"values": self.values},
            "title": self.content.get("title"),
            "submit": self.content.get("submit"),
            "close": self.content.get("close"),
            "clear_on_close": self.content.get("clear_on_close", False),
            "notify_on_close": self.content.get("notify_on_close", False),
            "root_view_id": self.root_view_id,
            "previous_view_id": self.previous_view_id,
        }

    def as_json(self) -> Json:
        return {**self.as_slack(bot_id="", app_id="", team_id=""), "user": self.user}


def find_element(blocks: list[Json], action_id: str, block_id: str | None) -> tuple[Json, Json] | None:
    """The block and the element of it that bears this action id; the first when several do."""
    for block in blocks:
        if block_id is not None and block.get("block_id") != block_id:
            continue
        for element in elements_of(block):
            if element.get("action_id") == action_id:
                return block, element
    return None


def identified(blocks: list[Json], prefix: str) -> list[Json]:
    """The same blocks with the ids that Slack makes up where the app gave none."""

    def named(element: Any, where: str) -> Any:
        interactive = isinstance(element, dict) and element.get("type") not in {None, "image"}
        return {"action_id": where, **element} if interactive else element

    done = []
    for index, block in enumerate(blocks):
        where = f"{prefix}{index}"
        new = {"block_id": where, **block}
        for part in ("accessory", "element"):
            if part in new:
                new[part] = named(new[part], f"{where}e")
        if new["type"] == "actions":
            new["elements"] = [named(element, f"{where}e{number}") for number, element in enumerate(new["elements"])]
        done.append(new)
    return done
