"""The rules that a search plays by: the core's own tuples of checks, and an environment that keeps the bot's habits.

A mutant is the same with one thing changed; there is no switch for any of it in the product.
"""

from dataclasses import dataclass
from typing import Any

from bot.core.acknowledging import ACKNOWLEDGE_CHECKS
from bot.core.claiming import CLAIM_CHECKS, POLICY_CLAIM_CHECKS
from bot.core.emergency import EMERGENCY_CHECKS
from bot.core.filing import FILE_CHECKS
from bot.core.ratifying import RATIFY_CHECKS
from bot.core.verdict import KEY_CHECKS
from bot.core.voting import VOTE_CHECKS, WITHDRAW_CHECKS
from tests.core.search.ledger import KEYS

Checks = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Each rule's checks; then what the driver does by itself, as the flows do."""

    file: Checks = FILE_CHECKS
    vote: Checks = VOTE_CHECKS
    withdraw: Checks = WITHDRAW_CHECKS
    acknowledge: Checks = ACKNOWLEDGE_CHECKS
    claim: Checks = CLAIM_CHECKS
    policy_claim: Checks = POLICY_CLAIM_CHECKS
    key: Checks = KEY_CHECKS
    emergency: Checks = EMERGENCY_CHECKS
    ratify: Checks = RATIFY_CHECKS

    aliases_known: bool = True
    """A Slack account belongs to a person; else each is taken for a person of its own."""
    keys: tuple[str, ...] = KEYS
    """What the ledger holds unique."""
    claims_first: bool = True
    """The intent is on disk before the call is sent."""
    sends_if_match: bool = True
    same_key: bool = True
    """A call sent again bears the key of the first."""
    looks: bool = True
    """Done is what a read shows, not what an answer says."""
    deny_ends: bool = True
    """A deny ends the request; else it is only counted."""
    undoes_at_once: bool = True
    """The restore of an emergency is filed in the commit that ends it."""
    records_restores: bool = True
    """Each restore is put on record before anything is judged."""
    guard_reads: bool = True
    """What stands on the platform is judged, not what the feed said was there."""
