"""What people do in Slack, parsed in the first lines: dictionaries go no further than this file.

What is parsed here has come through `bot.slack.app`, which leaves no character in it that cannot be stored.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.characters import storable_json
from bot.core.refusal import Refusal, Why

BUTTON = re.compile(r"(?P<id>[A-Z]+-[A-Z2-9]+) (?P<digest>[0-9a-f]{64})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A slash command."""

    user: str
    team: str
    text: str
    trigger_id: str
    response_url: str

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Command":
        return cls(
            user=body["user_id"],
            team=body["team_id"],
            text=body.get("text") or "",
            trigger_id=body["trigger_id"],
            response_url=body.get("response_url") or "",
        )

    @property
    def words(self) -> tuple[str, str]:
        """The first word and all that follows it."""
        first, _, rest = self.text.strip().partition(" ")
        return first, rest.strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class Click:
    """A button pressed, on a message or in the app's Home."""

    user: str
    team: str
    channel: str | None
    """None in the app's Home."""
    on_home: bool
    value: str
    trigger_id: str
    card: tuple[str, str] | None = None
    """The record whose card it was pressed on and that message's `ts`; None on anything but a card."""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Click":
        container = body.get("container") or {}
        channel = (body.get("channel") or {}).get("id") or container.get("channel_id")
        return cls(
            user=body["user"]["id"],
            team=_team(body),
            channel=channel,
            on_home=container.get("type") == "view" and (body.get("view") or {}).get("type") == "home",
            value=str(body["actions"][0].get("value") or ""),
            trigger_id=body.get("trigger_id") or "",
            card=_card(body.get("message") or {}),
        )

    def named(self) -> tuple[str, str] | Refusal:
        """The record's id and the digest that the button carries."""
        found = BUTTON.fullmatch(self.value)
        return (found["id"], found["digest"]) if found else Refusal(why=Why.UNKNOWN_REQUEST)

    def counts_from(self, approvals: str, *, direct: bool = False) -> bool:
        """Whether it was pressed in the approvals channel or the Home; with `direct` in a direct message too."""
        in_direct = direct and (self.channel or "").startswith("D")
        return self.on_home or self.channel == approvals or in_direct


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """A form sent in; `values`, `users` and `chosen` by the inputs' names, which are their block and action ids."""

    user: str
    team: str
    view_id: str
    metadata: dict[str, Any]
    values: dict[str, str | None]
    users: dict[str, str]
    """The Slack user ids of those chosen, where somebody was."""
    chosen: dict[str, tuple[str, ...]]
    """The values of the options chosen, of inputs that let one choose several."""
    ticked: frozenset[str]
    """The boxes ticked anywhere in the form."""
    inputs: frozenset[str]

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "Submission":
        view = body["view"]
        state = {name: block.get(name) or {} for name, block in view["state"]["values"].items()}
        return cls(
            user=body["user"]["id"],
            team=_team(body),
            view_id=view["id"],
            metadata=metadata_of(view),
            values={name: _value(given) for name, given in state.items()},
            users={name: str(given["selected_user"]) for name, given in state.items() if given.get("selected_user")},
            chosen={name: _options(given) for name, given in state.items() if "selected_options" in given},
            ticked=frozenset(
                o for given in state.values() if given.get("type") == "checkboxes" for o in _options(given)
            ),
            inputs=frozenset(state),
        )

    def text(self, name: str) -> str:
        """What was typed, trimmed; empty where nothing was."""
        return (self.values.get(name) or "").strip()


def _card(message: Mapping[str, Any]) -> tuple[str, str] | None:
    """A card's first block says whose it is."""
    blocks = message.get("blocks") or [{}]
    kind, _, id = str(blocks[0].get("block_id")).partition(":")
    return (id, str(message.get("ts"))) if kind in {"request", "incident"} and id else None


def _options(given: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(option["value"]) for option in given.get("selected_options") or ())


def _value(given: Mapping[str, Any]) -> str | None:
    option = given.get("selected_option")
    value = option["value"] if option else given.get("value")
    return None if value is None else str(value)


def metadata_of(view: Mapping[str, Any]) -> dict[str, Any]:
    """What a view carried with it; nothing where that is not what we gave it."""
    try:
        found = storable_json(json.loads(view.get("private_metadata") or "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _team(body: Mapping[str, Any]) -> str:
    return str(body["user"].get("team_id") or (body.get("team") or {}).get("id") or "")
