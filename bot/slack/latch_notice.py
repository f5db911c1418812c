"""The notice that a sweep was latched, with the button that asks for its release."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.latching import SWEEP
from bot.core.record import unstamp
from bot.slack.language import Language
from bot.slack.text import Block, bold, button, moment, rich, words

NAMED = f"LATCH-{SWEEP.upper()}"
"""What its button names, in the form of a record's id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A message: its text, which Slack parses, and its blocks."""

    text: str
    blocks: list[Block]


def latched_words(lang: Language, facts: Mapping[str, Any]) -> Said:
    """How many were found, how few of them the public sees down, and since when nothing is restored."""
    unannounced, down, sampled = (_number(facts, name) for name in ("unannounced", "down", "sampled"))
    text = lang.say("⚠ The sweep is latched: it restores nothing that the feed did not announce.")
    found = lang.count(
        "The platform lists {n} inactive account that the feed did not announce; of {sampled} looked at in the public "
        "view {down} are down.",
        "The platform lists {n} inactive accounts that the feed did not announce; of {sampled} looked at in the public "
        "view {down} are down.",
        unannounced,
        sampled=sampled,
        down=down,
    )
    since = facts.get("since")
    when = lang.line("So since {when}, until people release it.", when=moment(unstamp(since)) if since else words("–"))
    value = f"{NAMED} {hashlib.sha256(NAMED.encode()).hexdigest()}"
    release = button("release", lang.say("Release the sweep"), value)
    row: Block = {"type": "actions", "block_id": f"actions:{NAMED}", "elements": [release]}
    return Said(text=text, blocks=[rich(bold(text), words(f" {found} "), *when), row])


def _number(facts: Mapping[str, Any], name: str) -> int:
    return int(facts.get(name) or 0)
