"""Every fault that a step may meet: of the platform's mock, of Slack's stand-in, of the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CALL_STEPS = {
    "look-up": "list", "filing": "list", "read": "get", "call": "patch", "verify": "get", "public": "public",
    "emergency call": "patch", "lapse restore": "patch",
    "incident read": "get", "restore call": "patch", "restore verify": "public", "counts": "public",
    "containment": "staff",
}  # fmt: skip
"""Steps that are one call to the platform, and where it goes."""
EVENT_STEPS = ("own event", "incident event", "lapse restore")
"""Steps at which the feed tells of what was just done."""
STEPS = (
    "look-up", "filing", "card", "vote", "read", "claim", "call", "own event", "verify", "public", "settle", "telling",
    "emergency filed", "emergency call", "provisional", "ratify", "lapse", "lapse restore",
    "incident event", "incident read", "decided", "restore call", "restore verify", "counts", "incident card", "page",
    "acknowledge", "containment",
)  # fmt: skip
REFUSED = ("chat.postMessage", "chat.update", "chat.postEphemeral", "views.open", "views.update", "conversations.open")
"""What Slack may refuse for good; a `response_url` knows no such answer."""
SQLITE, POSTGRESQL = DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`of` says how it strikes: one call of one account, the events of one account, or all there is for `seconds`."""

    name: str
    of: str
    rule: Mapping[str, Any] = field(default_factory=dict, hash=False)
    seconds: float = 1.0
    steps: tuple[str, ...] = STEPS
    databases: tuple[str, ...] = DATABASES

    def strikes(self, step: str, database: str) -> bool:
        return step in self.steps and database in self.databases


def _calls() -> list[Fault]:
    """The first is the call itself, the second its first repetition: `times` is 2 where one call proves little."""
    kinds: dict[str, Mapping[str, Any]] = {
        "status 503": {"kind": "status", "code": 503, "times": 2},
        "status 429": {"kind": "status", "code": 429, "retry_after": 1, "times": 2},
        "status 500": {"kind": "status", "code": 500, "times": 1},
        "status 403": {"kind": "status", "code": 403, "times": 1},
        "status_after 500": {"kind": "status_after", "code": 500, "times": 1},
        "status_after 429": {"kind": "status_after", "code": 429, "times": 1},
        "timeout": {"kind": "timeout", "seconds": 6, "times": 1},
        "timeout_after": {"kind": "timeout_after", "seconds": 6, "times": 1},
        "late": {"kind": "late", "seconds": 6, "times": 1},
    }
    found = [Fault(name=name, of="call", rule=rule, steps=tuple(CALL_STEPS)) for name, rule in kinds.items()]
    patches = tuple(step for step, place in CALL_STEPS.items() if place == "patch")
    found += [
        Fault(name=kind, of="call", rule={"kind": kind, "times": 1}, steps=patches) for kind in ("no_op", "silent")
    ]
    restores = ("lapse restore", "restore call")
    return [*found, Fault(name="purged", of="call", rule={"kind": "purged"}, steps=restores)]


def _events() -> list[Fault]:
    kinds: dict[str, Mapping[str, Any]] = {
        "drop": {},
        "duplicate": {},
        "reorder": {},
        "delay": {"seconds": 2},
        "actor": {"actor": "system:legal"},
        "clock": {"offset": -3600},
    }
    told = [
        Fault(name=kind, of="events", rule={"kind": kind, "times": 1, **rule}, steps=EVENT_STEPS)
        for kind, rule in kinds.items()
    ]
    silent = Fault(
        name="silent (a rogue's)", of="events", rule={"kind": "silent", "times": 1}, steps=("incident event",)
    )
    again = {"kind": "reattack", "actor": "staff:again", "every": 0.3, "times": 2}
    return [*told, silent, Fault(name="reattack", of="events", rule=again, steps=("lapse restore", "restore call"))]


def _windows() -> list[Fault]:
    """What strikes everything that is under way; `database`, `slack` and `platform` say whose trouble it is."""
    many = {"kind": "bulk", "actor": "staff:many", "count": 8, "per_second": 50}
    platform = {
        "impossible_list": {"kind": "impossible_list"},
        "partial_list": {"kind": "partial_list", "keep": 0.3},
        "feed_down": {"kind": "feed_down"},
        "cursor_lost": {"kind": "cursor_lost", "times": 1},
        "platform away": {"kind": "status", "code": 503, "on": "any"},
    }
    slack: dict[str, Mapping[str, Any]] = {
        "Slack away": {"drop": True, "times": None},
        "Slack 429": {"status": 429, "retry_after": 1, "times": None},
        "Slack slow": {"delay": 1.5, "times": None},
        "Slack lost answers": {"drop": True, "after": True, "times": None},
        "Slack refuses": {"error": "restricted_action", "times": None, "methods": REFUSED},
    }
    return [
        *(Fault(name=name, of="platform", rule=rule) for name, rule in platform.items()),
        Fault(name="bulk", of="platform", rule=many, steps=("incident event", "call", "restore call")),
        *(Fault(name=name, of="slack", rule=rule) for name, rule in slack.items()),
        Fault(name="database locked", of="database", seconds=2.2),
        Fault(name="database full", of="database", databases=(SQLITE,)),
        Fault(name="database away", of="database", databases=(POSTGRESQL,)),
        Fault(name="database killed", of="database", seconds=0.1, databases=(POSTGRESQL,)),
    ]


FAULTS: tuple[Fault, ...] = (*_calls(), *_events(), *_windows())
DEFINITE = frozenset({"status 403", "no_op"})
"""Said once of the call itself they end a person's request in `failed`."""
